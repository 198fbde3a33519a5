package controls

import (
	"maps"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// The parts of a line add up to it: in, unknown, and out by which rule.
func TestPartsAddUp(t *testing.T) {
	place := map[string]any{"/located": []any{"eu-west-1"}}
	unseen, out, in := bucket(t, "unseen", place), bucket(t, "out", place), bucket(t, "in", place)
	for f, tags := range map[*evidence.Fact]map[string]string{out: {"class": "public"}, in: nil} {
		delete(f.Unknowns, "/tags")
		f.SetTags(tags)
	}
	input := world1(t, in, out, unseen)
	input.Register.Scope = []engagement.ScopeRule{{ID: "o", Scope: "out", Tags: map[string]string{"class": "public"}, Because: "because"}}
	_, l := judge(t, input)
	var got Part
	population, ruledOut := 0, 0
	for _, p := range l.Parts {
		population += p.In + p.Unknown
		for _, n := range p.Out {
			ruledOut += n
		}
		if p.Kind == "aws.s3.bucket" {
			got = p
		}
	}
	if got.In != 1 || got.Unknown != 1 || !maps.Equal(got.Out, map[string]int{"o": 1}) || len(got.Sources) != 1 || got.Sources[0] != got.Kind {
		t.Errorf("the buckets are %+v", got)
	}
	if population != l.Population || ruledOut != l.OutOfScope || len(l.Parts) < 2 {
		t.Errorf("%d kinds add up to %d and %d out; the line says %d and %d", len(l.Parts), population, ruledOut, l.Population, l.OutOfScope)
	}
}

// A view shows what the tests read: the copy's place from the other end, the ruling by the graph.
func TestViewJoins(t *testing.T) {
	from := bucket(t, "from", map[string]any{"/located": []any{"eu-west-1"}, "/copies": []any{map[string]any{"how": "replica", "to": "to", "active": true, "owner": nil}}})
	to := bucket(t, "to", map[string]any{"/located": []any{"us-east-1"}})
	input := world1(t, from, to)
	v, err := load(t, map[string]string{"a.yaml": file("EDS-RES-01", located)}).View(input)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for f, err := range v.Facts() {
		if err != nil {
			t.Fatal(err)
		}
		if at, _ := f.Get("/copies/0/located/0"); f.ID == "from" && at != "us-east-1" {
			t.Errorf("the copy lies in %v", at)
		}
		if scope, rule := v.Scope(f); scope != In || rule != "default" {
			t.Errorf("%s is %s by %s", f.ID, scope, rule)
		}
		seen++
	}
	if seen != 2 {
		t.Errorf("%d facts", seen)
	}
}
