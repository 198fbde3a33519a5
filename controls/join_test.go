package controls

import (
	"fmt"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// The region that a replica's ARN names is not all that is known of where it lies: where it was collected, and stands in a
// Local Zone, or where its own place was not seen, the copy lies there too.
func TestCopiesLieWhereTheirOtherEndsLie(t *testing.T) {
	const there = "arn:aws:s3:::there"
	for name, c := range map[string]struct {
		other *evidence.Fact
		at    any // what the copy itself says
		want  string
	}{
		"not collected":           {nil, []any{"eu-central-1"}, "[eu-central-1]"},
		"where it says":           {bucket(t, there, map[string]any{"/located": []any{"eu-central-1"}}), []any{"eu-central-1"}, "[eu-central-1]"},
		"in a Local Zone":         {bucket(t, there, map[string]any{"/located": []any{"eu-central-1", "eu-central-1-waw-1a"}}), []any{"eu-central-1"}, "[eu-central-1 eu-central-1-waw-1a]"},
		"somewhere else":          {bucket(t, there, map[string]any{"/located": []any{"us-east-1"}}), []any{"eu-central-1"}, "[eu-central-1 us-east-1]"},
		"its place not seen":      {bucket(t, there, nil), []any{"eu-central-1"}, "[eu-central-1] and unknown: " + caseRow},
		"nothing said, collected": {bucket(t, there, map[string]any{"/located": []any{"us-east-1"}}), nil, "[us-east-1]"},
	} {
		made := map[string]any{"how": "replica", "to": there, "active": true, "owner": nil}
		if c.at != nil {
			made["located"] = c.at
		}
		facts := []*evidence.Fact{bucket(t, "arn:aws:s3:::here", map[string]any{"/copies": []any{made}})}
		if c.other != nil {
			facts = append(facts, c.other)
		}
		f := indexed(t, world1(t, facts...)).resolve(facts[0])
		v, _ := f.Get("/copies/0/located")
		got := fmt.Sprint(v)
		if why, cut := f.Unknowns["/copies/0/located/-"]; cut {
			got += " and unknown: " + why
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if v, _ := facts[0].Get("/copies/0/located"); c.at != nil && fmt.Sprint(v) != fmt.Sprint(c.at) {
			t.Errorf("%s: the fact itself was changed: %v", name, v)
		}
	}
	place := []any{map[string]any{"x": "y"}} // what is no text is compared with nothing
	here, other := bucket(t, "arn:aws:s3:::here", nil), bucket(t, there, nil)
	other.Unknowns, here.Unknowns = nil, nil
	other.Fields["located"], here.Fields["copies"] = place, []any{map[string]any{"how": "replica", "to": there, "located": place}}
	if v, _ := indexed(t, world1(t, here, other)).resolve(here).Get("/copies/0/located"); fmt.Sprint(v) != "[map[x:y] map[x:y]]" {
		t.Error(v)
	}
}

// Two facts of one id whose places are no texts differ, and end nothing.
func TestSaidTwiceOfNoText(t *testing.T) {
	one, two := bucket(t, "arn:aws:s3:::b", nil), bucket(t, "arn:aws:s3:::b", nil)
	for _, f := range []*evidence.Fact{one, two} {
		f.Unknowns, f.Fields["located"] = nil, []any{map[string]any{"x": "y"}}
	}
	if e, _ := indexed(t, world1(t, one, two)).ends.get("arn:aws:s3:::b"); e.ruling.scope != ScopeUnknown {
		t.Errorf("%+v", e)
	}
}
