package controls

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

const (
	legacyOwner = "aws-111122223333"
	exportTasks = "aws-111122223333/eu-west-1/rds:DescribeExportTasks"
)

// legacyOf derives the row of one legacy store, called deleted, of a run that lists what RDS and EC2 hold.
func legacyOf(t *testing.T, id string, exports evidence.Status, facts ...*evidence.Fact) *evidence.Fact {
	t.Helper()
	in := world1(t, facts...)
	in.Register.Legacy = []engagement.Legacy{{ID: id, Owner: legacyOwner, State: "deleted"}}
	for _, r := range []evidence.Row{
		{ID: "aws-111122223333/eu-west-1/rds:DescribeDBInstances", Operation: "rds:DescribeDBInstances", Kinds: []string{"aws.rds.instance"}, Status: evidence.OK},
		{ID: exportTasks, Operation: "rds:DescribeExportTasks", Kinds: []string{"aws.rds.export"}, Status: exports},
	} {
		r.Target, r.Region, r.List = legacyOwner, "eu-west-1", true
		in.Coverage = append(in.Coverage, r)
	}
	return legacyRows(indexed(t, in, legacyKinds()...))[0]
}

func legacyKinds() (out []*evidence.Kind) {
	for name, facets := range map[string][]string{"aws.rds.instance": {"store", "origin"}, "aws.rds.snapshot": {"store", "origin"}, "aws.rds.export": {"copies", "origin"},
		"aws.ec2.volume": {"store", "origin"}, "aws.ec2.snapshot": {"store", "origin"}} {
		out = append(out, &evidence.Kind{Name: name, Schema: 1, Facets: facets})
	}
	return out
}

// copyFact is a copy; of nil where it is not known of what.
func copyFact(t *testing.T, kind, id string, of any) *evidence.Fact {
	t.Helper()
	for _, k := range legacyKinds() {
		if k.Name == kind {
			set := map[string]any{}
			if of != nil {
				set["/origin"] = of
			}
			return said(t, k, id, legacyOwner, set)
		}
	}
	t.Fatal(kind)
	return nil
}

// "Gone, and no copy of it was found" needs that each list that could show a copy was answered, and that whatever
// is a copy of its service says of what.
func TestLegacyCopiesThatWereNotLookedAt(t *testing.T) {
	const db, volume, gone = "arn:aws:rds:eu-west-1:111122223333:db:old", "arn:aws:ec2:eu-west-1:111122223333:volume/vol-0123abcd", "arn:aws:rds:us-east-1:999999999999:snapshot:s"
	for name, c := range map[string]struct {
		id      string
		exports evidence.Status
		facts   []*evidence.Fact
		found   string
		remains string
	}{
		"gone":                       {db, evidence.OK, nil, "false", "[]"},
		"exports refused":            {db, evidence.Denied, nil, "false", "[] and unknown: " + exportTasks},
		"a snapshot of it":           {db, evidence.OK, []*evidence.Fact{copyFact(t, "aws.rds.snapshot", "s", db)}, "false", "[s]"},
		"a snapshot of what":         {db, evidence.OK, []*evidence.Fact{copyFact(t, "aws.rds.snapshot", "s", nil)}, "false", "[] and unknown: " + caseRow},
		"an export of what":          {db, evidence.OK, []*evidence.Fact{copyFact(t, "aws.rds.export", "e", nil)}, "false", "[] and unknown: " + caseRow},
		"another service's":          {db, evidence.OK, []*evidence.Fact{copyFact(t, "aws.ec2.snapshot", "s", nil)}, "false", "[]"},
		"of a volume":                {volume, evidence.OK, []*evidence.Fact{copyFact(t, "aws.ec2.snapshot", "s", nil)}, "false", "[] and unknown: " + caseRow},
		"service not known":          {"old", evidence.OK, []*evidence.Fact{copyFact(t, "aws.ec2.snapshot", "s", nil)}, "unknown: the register's id is the id of no store: old", "[] and unknown: " + caseRow},
		"a copy of a lost snapshot":  {db, evidence.OK, []*evidence.Fact{copyFact(t, "aws.rds.snapshot", "s", gone)}, "false", "[] and unknown: what it is a copy of was not collected: " + gone},
		"of a collected snapshot":    {db, evidence.OK, []*evidence.Fact{copyFact(t, "aws.rds.snapshot", "s", gone), copyFact(t, "aws.rds.snapshot", gone, "x")}, "false", "[]"},
		"of another account's id":    {"arn:aws:rds:eu-west-1:999999999999:db:old", evidence.OK, nil, "unknown: the register says that aws-111122223333 held it, and its id that aws-999999999999 did: arn:aws:rds:eu-west-1:999999999999:db:old", "[]"},
		"in a region that none asks": {"arn:aws:rds:eu-wset-1:111122223333:db:old", evidence.OK, nil, "unknown: nothing of this run lists stores of the service and region of arn:aws:rds:eu-wset-1:111122223333:db:old", "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			f := legacyOf(t, c.id, c.exports, c.facts...)
			if found, remains := attr(f, "found"), attr(f, "remains"); found != c.found || remains != c.remains {
				t.Errorf("found %s, want %s; remains %s, want %s", found, c.found, remains, c.remains)
			}
		})
	}
}

// An id that no store has, or none of that account, was looked for in vain: that is no proof that the store is gone.
func TestLegacyIDsOfNoStore(t *testing.T) {
	const real = "arn:aws:rds:eu-west-1:111122223333:db:real"
	for id, want := range map[string]string{
		real: "true",
		"arn:aws:rds:eu-west-1:111122223333:db:old":       "false",
		"arn:aws:rds:eu-west-1:111122223333:db-real":      "misspelt? the register's id",
		"arn:aws:rds:eu-west-1:111122223333:db:real/":     "misspelt? the register's id",
		"arn:aws:rds:eu-west-1:111122223333:db:old/":      "is no id of a store of rds",
		"arn:aws:rds:eu-west-1:111122223333:db-old":       "is no id of a store of rds",
		"arn:aws:rds:eu-west-1:111122223333:db:":          "is no id of a store of rds",
		"arn:aws:rds:eu-west-1:111122223333:database:old": "is no id of a store of rds",
		"arn:aws:rds::old":                                "is no id of a store of rds",
		"arn:aws:rds:eu-west-1:111122223333:db:оld":       "is no id of a store of rds",
		"arn:aws-cn:rds:eu-west-1:111122223333:db:old":    "is of another partition of AWS than its owner, which is of aws",
		"arn:aws-eusc:s3:::old":                           "is of another partition",
		"dc:volume/оld":                                   "letters that look like others",
	} {
		if found := attr(legacyOf(t, id, evidence.OK, copyFact(t, "aws.rds.instance", real, nil)), "found"); found != want && (len(want) < 10 || !strings.HasPrefix(found, "unknown: ") || !strings.Contains(found, want)) {
			t.Errorf("%s: found %s, want %s", id, found, want)
		}
	}
}

// A snapshot that was carried here from another account, which the run does not see, is out by no label.
func TestScopeOfCarriedSnapshots(t *testing.T) {
	const from = "arn:aws:rds:us-east-1:999999999999:snapshot:s"
	carried, taken := copyFact(t, "aws.rds.snapshot", "carried", from), copyFact(t, "aws.rds.snapshot", "taken", "arn:aws:rds:eu-west-1:111122223333:db:deleted")
	carried.Name, taken.Name = "out1", "out2"
	in := world1(t, carried, taken)
	in.Register.Scope = scratchOut
	j := indexed(t, in, legacyKinds()...)
	for id, want := range map[string]ruling{"carried": {ScopeUnknown, "o", "what it is a copy of was not collected: " + from}, "taken": {scope: Out, rule: "o"}} {
		e, _ := j.ends.get(id)
		if r := j.rulingOf(id, e); r != want {
			t.Errorf("%s: %+v, want %+v", id, r, want)
		}
	}
}

// Of several sources that were not collected, the same one is named each time: results are re-performed byte by byte.
func TestOneLostSourceIsNamed(t *testing.T) {
	image := &evidence.Kind{Name: "aws.ec2.image", Schema: 1, Facets: []string{"store", "origin"}, Attrs: []evidence.Field{{Name: "snapshots", Type: evidence.String, List: true}}}
	kinds := append(legacyKinds(), image)
	const at = "arn:aws:ec2:eu-west-1:111122223333:"
	parts := []any{at + "snapshot/snap-3", at + "snapshot/snap-1", at + "snapshot/snap-2"}
	for range 30 {
		in := world1(t, said(t, image, at+"image/ami-1", legacyOwner, map[string]any{"/origin": nil, "/attrs/snapshots": parts}))
		in.Register.Legacy = []engagement.Legacy{{ID: at + "volume/vol-0123abcd", Owner: legacyOwner, State: "deleted"}}
		const want = "[] and unknown: what it is a copy of was not collected: arn:aws:ec2:eu-west-1::snapshot/snap-1"
		if got := attr(legacyRows(indexed(t, in, kinds...))[0], "remains"); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}
