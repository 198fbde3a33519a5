package controls

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// A legacy id that nothing has, where something of its service and account is named almost so, was probably misspelt:
// the store is not shown to be gone. Known good, known bad and known unknown.
func TestMisspeltLegacyIDs(t *testing.T) {
	const at, table = "arn:aws:rds:eu-west-1:111122223333:", "arn:aws:dynamodb:eu-west-1:111122223333:table/"
	db := func(id string) *evidence.Fact { return copyFact(t, "aws.rds.instance", id, nil) }
	for name, c := range map[string]struct {
		id    string
		facts []*evidence.Fact
		want  string // of found; what is unknown names this id
	}{
		"as it is":                          {at + "db:orders", []*evidence.Fact{db(at + "db:orders"), db(at + "db:order")}, "true"},
		"gone":                              {at + "db:orders", []*evidence.Fact{db(at + "db:letters")}, "false"},
		"two letters wrong":                 {at + "db:orders", []*evidence.Fact{db(at + "db:ardars")}, "false"},
		"two letters missing":               {at + "db:orders", []*evidence.Fact{db(at + "db:orde")}, "false"},
		"another account's":                 {at + "db:orders", []*evidence.Fact{db("arn:aws:rds:eu-west-1:111122223334:db:orders")}, "false"},
		"another service's":                 {at + "db:orders", []*evidence.Fact{db(table + "orders")}, "false"},
		"one letter wrong":                  {at + "db:orderz", []*evidence.Fact{db(at + "db:orders")}, at + "db:orders"},
		"one letter missing":                {at + "db:oders", []*evidence.Fact{db(at + "db:orders")}, at + "db:orders"},
		"one letter too many":               {at + "db:oorders", []*evidence.Fact{db(at + "db:orders")}, at + "db:orders"},
		"two letters in the wrong order":    {at + "db:ordesr", []*evidence.Fact{db(at + "db:orders")}, at + "db:orders"},
		"small letters":                     {"arn:aws:s3:::orders", []*evidence.Fact{copyFact(t, "aws.rds.instance", "arn:aws:s3:::Orders_US", nil), copyFact(t, "aws.rds.instance", "arn:aws:s3:::ORDERS", nil)}, "arn:aws:s3:::ORDERS"},
		"a snapshot":                        {at + "snapshot:orders-1", []*evidence.Fact{copyFact(t, "aws.rds.snapshot", at+"snapshot:orders-l", nil)}, at + "snapshot:orders-l"},
		"of a volume, by another account":   {"arn:aws:ec2:eu-west-1:111122223333:volume/vol-0123abcd", []*evidence.Fact{copyFact(t, "aws.ec2.volume", "arn:aws:ec2:eu-west-1:999999999999:volume/vol-0123abce", nil)}, "volume/vol-0123abce"},
		"gone, and a snapshot is not named": {at + "db:orderz", []*evidence.Fact{copyFact(t, "aws.rds.snapshot", "s", at+"db:orders")}, at + "db:orders"},
		"in the next region":                {at + "db:orders", []*evidence.Fact{db("arn:aws:rds:eu-west-2:111122223333:db:orders")}, "arn:aws:rds:eu-west-2:111122223333:db:orders"},
		"several": {at + "db:orders-0", []*evidence.Fact{db(at + "db:orders-3"), db(at + "db:orders-1"), db(at + "db:orders-2")},
			at + "db:orders-1, " + at + "db:orders-2, " + at + "db:orders-3:"},
		"many": {at + "db:orders-0", []*evidence.Fact{db(at + "db:orders-6"), db(at + "db:orders-5"), db(at + "db:orders-4"), db(at + "db:orders-3"), db(at + "db:orders-1"), db(at + "db:orders-2")},
			at + "db:orders-1, " + at + "db:orders-2, " + at + "db:orders-3, " + at + "db:orders-4 and others:"},
	} {
		t.Run(name, func(t *testing.T) {
			found := attr(legacyOf(t, c.id, evidence.OK, c.facts...), "found")
			if c.want == "true" || c.want == "false" {
				if found != c.want {
					t.Errorf("found %s, want %s", found, c.want)
				}
				return
			}
			if !strings.HasPrefix(found, "unknown: misspelt? ") || !strings.Contains(found, c.id) || !strings.Contains(found, c.want) || !strings.Contains(found, "correct the id, or") {
				t.Errorf("found %s, want a doubt that names %s", found, c.want)
			}
		})
	}
}

// Who lists what is near too, with what the programme says of that, meant both: the row is judged as it stands.
func TestLegacyIDsThatWereMeant(t *testing.T) {
	const at = "arn:aws:rds:eu-west-1:111122223333:db:"
	in := world1(t, copyFact(t, "aws.rds.instance", at+"orders-2", nil))
	in.Coverage = append(in.Coverage, evidence.Row{ID: "rds", Operation: "rds:DescribeDBInstances", Target: legacyOwner, Region: "eu-west-1", List: true, Kinds: []string{"aws.rds.instance"}, Status: evidence.OK})
	gone, stays := engagement.Legacy{ID: at + "orders-1", Owner: legacyOwner, State: "deleted"}, engagement.Legacy{ID: at + "orders-2", Owner: legacyOwner, State: "exempt", Why: "in use"}
	for want, legacy := range map[string][]engagement.Legacy{"unknown: misspelt?": {gone}, "false": {gone, stays}} {
		in.Register = &engagement.Register{Legacy: legacy}
		if got := attr(legacyRows(indexed(t, in, legacyKinds()...))[0], "found"); !strings.HasPrefix(got, want) {
			t.Errorf("%d rows: found %s, want %s", len(legacy), got, want)
		}
	}
}

// Wherever one typing error stands in an id, it is found.
func TestEveryTypingError(t *testing.T) {
	for _, id := range []string{"dc:x", "dc:volume/abcdefgh", "dc:volume/Ågård"} {
		l := newLookalikes([]engagement.Legacy{{ID: "dc:other"}, {ID: id}, {ID: id + "-and-more"}})
		letters, start := []rune(id), len("dc:")
		for i := start; i <= len(letters); i++ {
			wrong := map[string][]rune{"too many": slices.Concat(letters[:i], []rune("q"), letters[i:])}
			if i < len(letters) {
				wrong["another"] = slices.Concat(letters[:i], []rune("q"), letters[i+1:])
				wrong["missing"] = slices.Concat(letters[:i], letters[i+1:])
				wrong["no ASCII"] = slices.Concat(letters[:i], []rune("é"), letters[i+1:])
			}
			if i+1 < len(letters) {
				wrong["order"] = slices.Concat(letters[:i], []rune{letters[i+1], letters[i]}, letters[i+2:])
			}
			for what, word := range wrong {
				if got := fmt.Sprint(l.of(string(word))); got != fmt.Sprintf("[{1 %s}]", string(word)) {
					t.Errorf("%s, %s at %d: %s gives %s", id, what, i, string(word), got)
				}
			}
		}
		if got := l.of(id); got != nil {
			t.Errorf("%s is like itself: %v", id, got)
		}
	}
}
