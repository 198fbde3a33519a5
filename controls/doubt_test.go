package controls

import (
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

var scratchOut = []engagement.ScopeRule{{ID: "o", Scope: "out", Names: []string{"out*"}, Because: "scratch"}}

// A store that is ruled out may be the copy that was not seen of one that is in scope. That reaches as far as
// the copy can: to stores of its kind, where a call was refused, and not where nobody asks.
func TestUnseenCopiesCastDoubt(t *testing.T) {
	const row = "aws-111122223333/eu-west-1/s3:GetBucketReplication"
	source := func(id string, cut bool) *evidence.Fact {
		set := map[string]any{"/located": []any{"eu-west-1"}}
		if cut {
			set["/copies"] = []any{}
		}
		f := bucket(t, id, set)
		delete(f.Unknowns, "/copies")
		if cut {
			return f.Unknown(row, "/copies/-")
		}
		return f.Unknown(row, "/copies")
	}
	whole := func(id string, to ...any) *evidence.Fact {
		copies := []any{}
		for _, id := range to {
			copies = append(copies, map[string]any{"how": "replica", "to": id, "active": true, "owner": nil})
		}
		return bucket(t, id, map[string]any{"/located": []any{"eu-west-1"}, "/copies": copies})
	}
	hidden := func(id string) *evidence.Fact {
		f := whole(id, "x")
		list, _ := f.Get("/copies")
		delete(list.([]any)[0].(map[string]any), "to")
		return f.Unknown(evidence.WithheldBy("r", row), "/copies/0/to")
	}
	for name, c := range map[string]struct {
		facts  []*evidence.Fact
		status evidence.Status
		want   map[string]Scope
	}{
		"refused":                {[]*evidence.Fact{source("in", false), whole("out")}, evidence.Denied, map[string]Scope{"out": ScopeUnknown}},
		"cut off":                {[]*evidence.Fact{source("in", true), whole("out")}, evidence.Throttled, map[string]Scope{"out": ScopeUnknown}},
		"and what it copies":     {[]*evidence.Fact{source("in", false), whole("out", "out2"), whole("out2")}, evidence.Failed, map[string]Scope{"out": ScopeUnknown, "out2": ScopeUnknown}},
		"seen":                   {[]*evidence.Fact{whole("in"), whole("out")}, evidence.Denied, map[string]Scope{"out": Out}},
		"answered, says nothing": {[]*evidence.Fact{source("in", false), whole("out")}, evidence.OK, map[string]Scope{"out": Out}},
		"switched off":           {[]*evidence.Fact{source("in", false), whole("out")}, evidence.Disabled, map[string]Scope{"out": Out}},
		"withheld":               {[]*evidence.Fact{hidden("in"), whole("out")}, evidence.OK, map[string]Scope{"out": ScopeUnknown}},
		"of what is out":         {[]*evidence.Fact{source("out", false), whole("out2")}, evidence.Denied, map[string]Scope{"out": Out, "out2": Out}},
	} {
		t.Run(name, func(t *testing.T) {
			volume := said(t, testVolume, "out-volume", "aws-111122223333", nil)
			in := world1(t, append(c.facts, volume)...)
			in.Register.Scope = append([]engagement.ScopeRule{{ID: "v", Scope: "out", Kinds: []string{testVolume.Name}, Because: "scratch"}}, scratchOut...)
			in.Coverage = append(in.Coverage, evidence.Row{ID: row, Target: "aws-111122223333", Region: "eu-west-1", Operation: "s3:GetBucketReplication", Status: c.status})
			j := indexed(t, in)
			for id, want := range c.want {
				e, _ := j.ends.get(id)
				if r := j.rulingOf(id, e); r.scope != want || want == ScopeUnknown && (evidence.RowOf(r.why) != row || r.rule != "graph:in" && r.rule != "graph:out") {
					t.Errorf("%s: %+v, want %s", id, r, want)
				}
			}
			e, _ := j.ends.get("out-volume")
			if r := j.rulingOf("out-volume", e); r.scope != Out {
				t.Errorf("a volume is taken for the copy of a bucket: %+v", r)
			}
		})
	}
}

// The replicas of a table have its name; exports go to buckets; an image opens what its snapshots hold; a
// snapshot of what nothing names may be one of anything.
func TestDoubtFollowsTheWayOfCopying(t *testing.T) {
	const row = "aws-111122223333/eu-west-1/x:Describe"
	store := func(name string, attrs ...evidence.Field) *evidence.Kind {
		return &evidence.Kind{Name: name, Schema: 1, Facets: []string{"store", "located", "copies", "origin"}, Attrs: attrs}
	}
	table, export := store("aws.dynamodb.table"), store("aws.dynamodb.export")
	image := store("aws.ec2.image", evidence.Field{Name: "snapshots", Type: evidence.String, List: true})
	snapshot := store("aws.ec2.snapshot")
	kinds := []*evidence.Kind{table, export, image, snapshot}
	thing := func(kind *evidence.Kind, id, name string, unseen bool, set map[string]any) *evidence.Fact {
		all := map[string]any{"/origin": nil, "/copies": []any{}}
		for k, v := range set {
			all[k] = v
		}
		if unseen {
			delete(all, "/copies")
		}
		f := said(t, kind, id, "aws-111122223333", all)
		if f.Name = name; unseen {
			f.Unknowns["/copies"] = row
		}
		return f
	}
	lost := said(t, snapshot, "lost", "aws-111122223333", map[string]any{"/copies": []any{}}) // its origin was not seen
	lost.Name = "out"
	facts := []*evidence.Fact{
		thing(table, "arn:aws:dynamodb:eu-west-1:1:table/a", "a", true, nil), thing(table, "arn:aws:dynamodb:us-east-1:1:table/a", "out", false, nil),
		thing(table, "arn:aws:dynamodb:us-east-1:1:table/b", "out", false, nil),
		thing(export, "export", "e", true, nil), bucket(t, "out", map[string]any{"/copies": []any{}}),
		thing(snapshot, "snapshot", "s", false, nil), thing(image, "image", "out", false, map[string]any{"/attrs/snapshots": []any{"snapshot"}}),
		thing(image, "image2", "out", false, map[string]any{"/attrs/snapshots": []any{}}), lost,
	}
	in := world1(t, facts...)
	in.Register.Scope = scratchOut
	in.Coverage = append(in.Coverage, evidence.Row{ID: row, Target: "aws-111122223333", Status: evidence.Denied})
	j := indexed(t, in, kinds...)
	for id, want := range map[string]Scope{"arn:aws:dynamodb:us-east-1:1:table/a": ScopeUnknown, "arn:aws:dynamodb:us-east-1:1:table/b": Out, "out": ScopeUnknown,
		"image": In, "image2": Out, "lost": ScopeUnknown} {
		e, _ := j.ends.get(id)
		if r := j.rulingOf(id, e); r.scope != want {
			t.Errorf("%s: %+v, want %s", id, r, want)
		}
	}
}

// What is of unknown scope only because it may be such a copy has exports, and where they went was not seen.
func TestDoubtGoesOn(t *testing.T) {
	const row = "aws-111122223333/eu-west-1/x:Describe"
	store := func(name string) *evidence.Kind {
		return &evidence.Kind{Name: name, Schema: 1, Facets: []string{"store", "located", "copies", "origin"}}
	}
	table, export := store("aws.dynamodb.table"), store("aws.dynamodb.export")
	thing := func(kind *evidence.Kind, id, name string, origin any) *evidence.Fact {
		f := said(t, kind, id, "aws-111122223333", map[string]any{"/origin": origin})
		f.Name, f.Unknowns["/copies"] = name, row
		return f
	}
	const replica = "arn:aws:dynamodb:us-east-1:1:table/a"
	in := world1(t, thing(table, "arn:aws:dynamodb:eu-west-1:1:table/a", "a", nil), thing(table, replica, "out", nil), thing(export, "export", "out", replica),
		bucket(t, "out", map[string]any{"/copies": []any{}}))
	in.Register.Scope = scratchOut
	in.Coverage = append(in.Coverage, evidence.Row{ID: row, Target: "aws-111122223333", Status: evidence.Denied})
	j := indexed(t, in, table, export)
	for _, id := range []string{replica, "export", "out"} {
		e, _ := j.ends.get(id)
		if r := j.rulingOf(id, e); r.scope != ScopeUnknown {
			t.Errorf("%s: %+v", id, r)
		}
	}
}
