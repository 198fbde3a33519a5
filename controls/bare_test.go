package controls

import (
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

func TestBare(t *testing.T) {
	for id, want := range map[string]string{
		"arn:aws:ec2:eu-west-1:111122223333:snapshot/snap-1": "arn:aws:ec2:eu-west-1::snapshot/snap-1",
		"arn:aws:ec2:eu-west-1::snapshot/snap-1":             "arn:aws:ec2:eu-west-1::snapshot/snap-1",
		"arn:aws-cn:ec2:cn-north-1:1:volume/vol-1":           "arn:aws-cn:ec2:cn-north-1::volume/vol-1",
		"arn:aws:ec2:eu-west-1:1:image/ami-1":                "arn:aws:ec2:eu-west-1::image/ami-1",
		"arn:aws:ec2:eu-west-1:1:instance/i-1":               "arn:aws:ec2:eu-west-1:1:instance/i-1",
		"arn:aws:rds:eu-west-1:1:snapshot:ec2:x":             "arn:aws:rds:eu-west-1:1:snapshot:ec2:x",
		"arn:aws:ec2:eu-west-1":                              "arn:aws:ec2:eu-west-1",
		"dc:ec2:eu-west-1:1:2:volume/vol-1":                  "dc:ec2:eu-west-1:1:2:volume/vol-1",
		"":                                                   "",
	} {
		if got := bare(id); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

// What was made of another account's snapshot names it as its own account's: it is found by its region and name.
func TestCopiesOfWhatAnotherAccountShared(t *testing.T) {
	const a, b = "arn:aws:ec2:eu-west-1:111122223333:", "arn:aws:ec2:eu-west-1:222233334444:"
	kinds := legacyKinds()
	image := &evidence.Kind{Name: "aws.ec2.image", Schema: 1, Facets: []string{"store", "origin"}, Attrs: []evidence.Field{{Name: "snapshots", Type: evidence.String, List: true}}}
	kinds = append(kinds, image)
	fact := func(kind, id, name, target string, of any, parts ...any) *evidence.Fact {
		set := map[string]any{"/origin": of}
		if parts != nil {
			set["/attrs/snapshots"] = parts
		}
		for _, k := range kinds {
			if k.Name == kind {
				f := said(t, k, id, target, set)
				f.Name = name
				return f
			}
		}
		t.Fatal(kind)
		return nil
	}
	const first, second = "aws-111122223333", "aws-222233334444"
	lent, made := fact("aws.ec2.snapshot", a+"snapshot/snap-1", "in", first, nil), fact("aws.ec2.volume", b+"volume/vol-2", "out", second, b+"snapshot/snap-1")
	after := fact("aws.ec2.snapshot", b+"snapshot/snap-3", "out", second, b+"volume/vol-2")
	for name, c := range map[string]struct {
		facts []*evidence.Fact
		of    string
		want  ruling
	}{
		"a volume":                {[]*evidence.Fact{lent, made}, made.ID, ruling{scope: In, rule: "graph:" + lent.ID}},
		"a volume, said first":    {[]*evidence.Fact{made, lent}, made.ID, ruling{scope: In, rule: "graph:" + lent.ID}},
		"and what is made of it":  {[]*evidence.Fact{lent, after, made}, after.ID, ruling{scope: In, rule: "graph:" + made.ID}},
		"an image":                {[]*evidence.Fact{fact("aws.ec2.image", a+"image/ami-1", "in", first, nil), fact("aws.ec2.image", b+"image/ami-2", "out", second, b+"image/ami-1")}, b + "image/ami-2", ruling{scope: In, rule: "graph:" + a + "image/ami-1"}},
		"what an image opens":     {[]*evidence.Fact{lent, fact("aws.ec2.image", b+"image/ami-2", "out", second, nil, b+"snapshot/snap-1")}, b + "image/ami-2", ruling{scope: In, rule: "graph:" + lent.ID}},
		"in another region":       {[]*evidence.Fact{fact("aws.ec2.snapshot", "arn:aws:ec2:us-east-1:111122223333:snapshot/snap-1", "in", first, nil), made}, made.ID, ruling{scope: Out, rule: "o"}},
		"of what is out":          {[]*evidence.Fact{fact("aws.ec2.snapshot", lent.ID, "out", first, nil), made}, made.ID, ruling{scope: Out, rule: "o"}},
		"of two of one name":      {[]*evidence.Fact{fact("aws.ec2.snapshot", lent.ID, "out", first, nil), fact("aws.ec2.snapshot", b+"snapshot/snap-1", "out", second, nil), made}, made.ID, ruling{scope: ScopeUnknown, rule: "graph:arn:aws:ec2:eu-west-1::snapshot/snap-1"}},
		"of what is not in a run": {[]*evidence.Fact{made}, made.ID, ruling{scope: Out, rule: "o"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, c.facts...)
			in.Register.Scope = []engagement.ScopeRule{{ID: "o", Scope: "out", Names: []string{"out"}, Because: "scratch"}}
			in.Targets = append(in.Targets, Target{ID: second, Provider: "aws", Account: "222233334444"})
			j := indexed(t, in, kinds...)
			e, ok := j.ends.get(c.of)
			if r := j.rulingOf(c.of, e); !ok || r != c.want {
				t.Errorf("%+v, want %+v", r, c.want)
			}
		})
	}
	in := world1(t, made)
	in.Register.Legacy = []engagement.Legacy{{ID: lent.ID, Owner: first, State: "deleted"}}
	if got := attr(legacyRows(indexed(t, in, kinds...))[0], "remains"); got != "["+made.ID+"] and unknown: what it is a copy of was not collected: arn:aws:ec2:eu-west-1::snapshot/snap-1" {
		t.Errorf("what was made of a legacy snapshot in another account: %s", got)
	}
}
