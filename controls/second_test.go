package controls

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// listedTwice makes a run whose second source lists things of kinds; each of them is kind:id.
func listedTwice(t testing.TB, status evidence.Status, native []*evidence.Fact, second ...string) Input {
	t.Helper()
	facts := native
	for _, id := range second {
		f := evidence.NewFact(testInventory, "inventory:"+id, id).Because("x:1").Set("/attrs/native", id).Set("/attrs/native_kind", "aws.s3.bucket")
		f.Target, f.Region = "aws-111122223333", "global"
		facts = append(facts, f)
	}
	in := world1(t, facts...)
	in.Coverage = append(in.Coverage, evidence.Row{ID: "aws-111122223333/global/inventory:List", Target: "aws-111122223333", Region: "global",
		Operation: "inventory:List", List: true, Kinds: []string{testInventory.Name}, Status: status})
	return in
}

func goodBucket(t testing.TB, id string) *evidence.Fact {
	return bucket(t, id, map[string]any{"/store/class": "object", "/located": []any{"eu-west-1"}})
}

// Rule of judgement 7: ids are compared. One that the second source alone lists is an insufficient
// item that is named; one that the native list alone has is a note; where the second source was
// not answered, the population was listed once.
func TestCompleteness(t *testing.T) {
	for name, c := range map[string]struct {
		status     evidence.Status
		native     []string
		second     []string
		state      string
		verdict    Verdict
		onlySecond []string
		onlyNative []string
	}{
		"the same ids":               {evidence.OK, []string{"a", "b"}, []string{"b", "a"}, agree, Pass, nil, nil},
		"nothing in either":          {evidence.OK, nil, nil, agree, NotApplicable, nil, nil},
		"same number, other ids":     {evidence.OK, []string{"a"}, []string{"b"}, differ, Insufficient, []string{"b"}, []string{"a"}},
		"one in the second alone":    {evidence.OK, []string{"a"}, []string{"a", "b"}, differ, Insufficient, []string{"b"}, nil},
		"one in the native alone":    {evidence.OK, []string{"a", "b"}, []string{"a"}, differ, Pass, nil, []string{"b"}},
		"second source denied":       {evidence.Denied, []string{"a"}, nil, once, Pass, nil, nil},
		"second source cut off":      {evidence.Failed, []string{"a"}, []string{"a"}, once, Pass, nil, nil},
		"cut off after a ghost":      {evidence.Failed, []string{"a"}, []string{"a", "b"}, differ, Insufficient, []string{"b"}, nil},
		"ghost of an empty list":     {evidence.OK, nil, []string{"b"}, differ, Insufficient, []string{"b"}, nil},
		"second source switched off": {evidence.Disabled, nil, nil, once, NotApplicable, nil, nil},
	} {
		var native []*evidence.Fact
		for _, id := range c.native {
			native = append(native, goodBucket(t, id))
		}
		r, l := judge(t, listedTwice(t, c.status, native, c.second...))
		i := slices.IndexFunc(l.Parts, func(p Part) bool { return p.Kind == "aws.s3.bucket" })
		p := l.Parts[i]
		if l.Completeness != c.state || l.Verdict != c.verdict || !slices.Equal(p.OnlySecond, c.onlySecond) || !slices.Equal(p.OnlyNative, c.onlyNative) {
			t.Errorf("%s: %s, %s; only second %v, only native %v", name, l.Completeness, l.Verdict, p.OnlySecond, p.OnlyNative)
		}
		want := 0
		if c.status.Seen() {
			want = 1
		}
		if p.Lists != 1 || p.Twice != want {
			t.Errorf("%s: %d of %d lists were held against the second source", name, p.Twice, p.Lists)
		}
		for _, id := range c.onlySecond {
			n := slices.IndexFunc(items(t, r), func(i Item) bool { return i.Fact == id })
			if n < 0 || items(t, r)[n].Verdict != Insufficient || !slices.Equal(items(t, r)[n].Missing, []string{"only in the second source: " + id}) ||
				!slices.Contains(items(t, r)[n].From, "x:1") || !slices.Contains(items(t, r)[n].From, "f:inventory:"+id) {
				t.Errorf("%s: %s is not named: %+v", name, id, items(t, r))
			}
		}
		if want := len(c.native) + len(c.onlySecond); l.Population != want {
			t.Errorf("%s: a population of %d, want %d", name, l.Population, want)
		}
	}
}

// A thing that only the second source lists can be ruled out by what was seen of it, its target;
// never by labels, which were not seen.
func TestGhostsHaveAScope(t *testing.T) {
	in := listedTwice(t, evidence.OK, []*evidence.Fact{goodBucket(t, "a")}, "a", "b")
	in.Register = &engagement.Register{Scope: []engagement.ScopeRule{{ID: "labels", Scope: "out", Tags: map[string]string{"class": "public"}, Because: "b"}}}
	r, l := judge(t, in)
	if l.Verdict != Insufficient || len(ruledOut(t, r)) != 0 {
		t.Errorf("by labels: %+v", l)
	}
	in.Register.Scope[0] = engagement.ScopeRule{ID: "target", Scope: "out", Targets: []string{"aws-111122223333"}, Because: "b"}
	if r, l = judge(t, in); l.Verdict == Insufficient || len(ruledOut(t, r)) != 2 {
		t.Errorf("by target: %+v, %v", l, ruledOut(t, r))
	}
}

// An accepted gap covers a ghost by its cause.
func TestGhostsCanBeAccepted(t *testing.T) {
	in := listedTwice(t, evidence.OK, []*evidence.Fact{goodBucket(t, "a")}, "a", "b")
	in.Gaps = gapUntil(&in, "only in the second source: b", time.Hour)
	if _, l := judge(t, in); l.Verdict != Insufficient || l.OpenGaps != 0 || l.Accepted != 1 {
		t.Errorf("%+v", l)
	}
}

// What only the second source lists of a kind that derived facts are made of keeps them unknown,
// and a legacy store that it alone lists is neither there nor gone.
func TestGhostsReachDerivedFacts(t *testing.T) {
	in := listedTwice(t, evidence.OK, []*evidence.Fact{goodBucket(t, "arn:aws:s3:::a")}, "arn:aws:s3:::a", "arn:aws:s3:::old")
	in.Register = &engagement.Register{Legacy: []engagement.Legacy{
		{ID: "arn:aws:s3:::old", Owner: "aws-111122223333", State: "deleted"}, {ID: "arn:aws:s3:::gone", Owner: "aws-111122223333", State: "deleted"}}}
	facts := legacyRows(indexed(t, in))
	if len(facts) != 2 {
		t.Fatal(facts)
	}
	for _, f := range facts {
		if why := f.Unknowns["/attrs/found"]; why != "only in the second source: arn:aws:s3:::old" {
			t.Errorf("%s: found is %q", f.ID, attr(f, "found"))
		}
		if f.Unknowns["/attrs/remains/-"] == "" {
			t.Errorf("%s: whether copies remain is said for sure", f.ID)
		}
	}
}

// A control over derived facts is insufficient where a source of theirs was seen by the second
// source alone; so is each control of a provider whose hierarchy hides something.
func TestHiddenSources(t *testing.T) {
	c := load(t, map[string]string{"a.yaml": file("EDS-RES-01", "  - {kinds: [aws.s3.bucket], test: \"within(fact.located, params.allowed_locations)\"}")})
	in := listedTwice(t, evidence.OK, []*evidence.Fact{goodBucket(t, "a")}, "a")
	ghost := evidence.NewFact(testInventory, "inventory:v", "v").Because("x:1").Set("/attrs/native", "v").Set("/attrs/native_kind", "aws.ec2.volume")
	ghost.Target = "aws-111122223333"
	facts, hidden := in.Facts, linesOf(t, ghost)
	in.Facts = func() iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			for _, some := range []iter.Seq2[[]byte, error]{facts(), hidden()} {
				for line, err := range some {
					if !yield(line, err) {
						return
					}
				}
			}
		}
	}
	r, err := c.Judge(context.Background(), in)
	if err != nil || r.Lines[0].Verdict != Pass {
		t.Fatalf("a volume is no bucket: %+v, %v", r.Lines[0], err)
	}
	in.Coverage[1].Discovery = true // now volumes are what the plan is made of
	r, err = c.Judge(context.Background(), in)
	if err != nil || r.Lines[0].Verdict != Insufficient || !slices.Contains(r.Lines[0].Gaps, "only in the second source: v") {
		t.Errorf("%+v, %v", r.Lines[0], err)
	}
}

// Where one source alone listed the folders and projects of an organisation, all that lies in them was listed
// once, however many sources list it in a project that was found.
func TestHierarchyListedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		second evidence.Status
		state  string
		above  []string
	}{
		"a second source": {evidence.OK, agree, []string{}},
		"it was refused":  {evidence.Denied, once, []string{"aws-org-1"}},
		"it was cut off":  {evidence.Failed, once, []string{"aws-org-1"}},
	} {
		in := listedTwice(t, evidence.OK, []*evidence.Fact{goodBucket(t, "a")}, "a")
		in.Targets = append(in.Targets, Target{ID: "aws-org-1", Provider: "aws", Account: "1"})
		in.Coverage = append(in.Coverage,
			evidence.Row{ID: "aws-org-1/global/org:List", Target: "aws-org-1", Operation: "org:List", List: true, Discovery: true, Kinds: []string{"aws.ec2.volume"}, Status: evidence.OK},
			evidence.Row{ID: "aws-org-1/global/inventory:List", Target: "aws-org-1", Operation: "inventory:List", List: true, Kinds: []string{testInventory.Name}, Status: c.second})
		_, l := judge(t, in)
		p := l.Parts[slices.IndexFunc(l.Parts, func(p Part) bool { return p.Kind == "aws.s3.bucket" })]
		if l.Completeness != c.state || p.Completeness != c.state || !slices.Equal(p.Above, c.above) {
			t.Errorf("%s: %s, %s, above %v", name, l.Completeness, p.Completeness, p.Above)
		}
	}
}
