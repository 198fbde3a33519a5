package audit

import (
	"errors"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/controls"
)

func TestDriftWeighs(t *testing.T) {
	judged := func(verdict controls.Verdict, population int, out ...controls.Ruled) *Judged {
		all := []any{controls.Item{Record: "item", Control: "C", Fact: "f", Verdict: verdict}}
		for _, o := range out {
			o.Record = "out"
			all = append(all, o)
		}
		return &Judged{Results: controls.NewResults(time.Time{}, []controls.Line{{Control: "C", Verdict: verdict, Population: population, Selected: true}},
			func() iter.Seq2[[]byte, error] { return lines(all) })}
	}
	for name, c := range map[string]struct {
		base, now *Judged
		worse     bool
		unjudged  bool
	}{
		"same":                     {judged(controls.Fail, 3), judged(controls.Fail, 3), false, false},
		"pass to fail":             {judged(controls.Pass, 3), judged(controls.Fail, 3), true, false},
		"fail to pass":             {judged(controls.Fail, 3), judged(controls.Pass, 3), false, false},
		"pass to insufficient":     {judged(controls.Pass, 3), judged(controls.Insufficient, 3), false, true},
		"insufficient to fail":     {judged(controls.Insufficient, 3), judged(controls.Fail, 3), true, false},
		"population shrank":        {judged(controls.Pass, 3), judged(controls.Pass, 2), true, false},
		"population grew":          {judged(controls.Pass, 3), judged(controls.Pass, 4), false, false},
		"pass to error":            {judged(controls.Pass, 3), judged(controls.Error, 3), false, true},
		"pass to not tested":       {judged(controls.Pass, 3), judged(controls.NotTested, 3), false, true},
		"nothing there to fail":    {judged(controls.NotApplicable, 0), judged(controls.Fail, 1), true, false},
		"insufficient as before":   {judged(controls.Insufficient, 3), judged(controls.Insufficient, 3), false, false},
		"fail to insufficient":     {judged(controls.Fail, 3), judged(controls.Insufficient, 3), false, true},
		"fail to error":            {judged(controls.Fail, 3), judged(controls.Error, 3), false, true},
		"fail to not tested":       {judged(controls.Fail, 3), judged(controls.NotTested, 3), false, true},
		"error to insufficient":    {judged(controls.Error, 3), judged(controls.Insufficient, 3), false, false},
		"fail, and fewer of them":  {judged(controls.Fail, 3), judged(controls.Fail, 2), true, false},
		"out of scope as before":   {judged(controls.Pass, 3, controls.Ruled{Fact: "f", Rule: "r"}), judged(controls.Pass, 3, controls.Ruled{Fact: "f", Rule: "r"}), false, false},
		"ruled out of scope since": {judged(controls.Pass, 3), judged(controls.Pass, 3, controls.Ruled{Fact: "f", Rule: "r"}), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := &drift{}
			d.lines(c.base, c.now)
			if err := errors.Join(d.items(c.base, c.now), d.scope(c.base, c.now)); err != nil {
				t.Fatal(err)
			}
			var worse, unjudged bool
			for _, ch := range d.changes {
				worse = worse || ch.Weight == Worse && ch.Selected
				unjudged = unjudged || ch.Weight == Unjudged && ch.Selected
			}
			if worse != c.worse || unjudged != c.unjudged {
				t.Errorf("%+v", d.changes)
			}
		})
	}
	d := &drift{}
	d.lines(judged(controls.Pass, 1), &Judged{Results: &controls.Results{}})
	if len(d.changes) != 1 || d.changes[0].Weight != Worse {
		t.Errorf("a control that disappeared: %+v", d.changes)
	}
}

// What gated in either of the two counts, and that it gates no more is itself for the worse: else
// fewer controls: would hide what got worse. What began to gate hides nothing.
func TestDriftSelection(t *testing.T) {
	judged := func(selected bool, verdict controls.Verdict) *Judged {
		return &Judged{Results: controls.NewResults(time.Time{}, []controls.Line{{Control: "C", Verdict: verdict, Population: 1, Selected: selected}},
			func() iter.Seq2[[]byte, error] {
				return lines([]any{controls.Item{Record: "item", Control: "C", Fact: "f", Verdict: verdict}})
			})}
	}
	for name, c := range map[string]struct {
		base, now *Judged
		gating    map[string]Weight // what changed of a control that gates
	}{
		"gates no more":               {judged(true, controls.Pass), judged(false, controls.Pass), map[string]Weight{"selection": Worse}},
		"gates no more, and fails":    {judged(true, controls.Pass), judged(false, controls.Fail), map[string]Weight{"selection": Worse, "result": Worse, "item": Worse}},
		"gates no more, and unjudged": {judged(true, controls.Pass), judged(false, controls.Insufficient), map[string]Weight{"selection": Worse, "result": Unjudged, "item": Unjudged}},
		"gates since":                 {judged(false, controls.Pass), judged(true, controls.Pass), map[string]Weight{}},
		"gates since, and fails":      {judged(false, controls.Pass), judged(true, controls.Fail), map[string]Weight{"result": Worse, "item": Worse}},
		"never gated":                 {judged(false, controls.Pass), judged(false, controls.Fail), map[string]Weight{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := &drift{}
			d.lines(c.base, c.now)
			if err := d.items(c.base, c.now); err != nil {
				t.Fatal(err)
			}
			got := map[string]Weight{}
			for _, ch := range d.changes {
				if ch.Selected {
					got[ch.What] = ch.Weight
				}
			}
			if !maps.Equal(got, c.gating) {
				t.Errorf("%v, want %v: %+v", got, c.gating, d.changes)
			}
		})
	}
}

// An item that fails for another thing than before is shown, with both; one that passes is not.
func TestDriftShowsOtherGrounds(t *testing.T) {
	judged := func(verdict controls.Verdict, observed string) *Judged {
		return &Judged{Results: controls.NewResults(time.Time{}, []controls.Line{{Control: "C", Verdict: verdict, Population: 1, Selected: true}},
			func() iter.Seq2[[]byte, error] {
				return lines([]any{controls.Item{Record: "item", Control: "C", Fact: "f", Verdict: verdict, Reason: "It is.", Observed: observed}})
			})}
	}
	for _, c := range []struct {
		verdict controls.Verdict
		now     string
		want    []Change
	}{
		{controls.Fail, `{"public":true}`, []Change{{Other, "grounds", "C", "f", `fail: It is. {"public":false}`, `fail: It is. {"public":true}`, true}}},
		{controls.Insufficient, `{"public":true}`, []Change{{Other, "grounds", "C", "f", `insufficient_evidence: It is. {"public":false}`, `insufficient_evidence: It is. {"public":true}`, true}}},
		{controls.Fail, `{"public":false}`, nil},
		{controls.Pass, `{"public":true}`, nil},
	} {
		d := &drift{}
		if err := d.items(judged(c.verdict, `{"public":false}`), judged(c.verdict, c.now)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.changes, c.want) {
			t.Errorf("%s, %s: %+v", c.verdict, c.now, d.changes)
		}
	}
}

// A thing that vanished from a population is a shrink, also where another one joined.
func TestDriftComparesPopulationsByID(t *testing.T) {
	judged := func(ids ...string) *Judged {
		var all []any
		for _, id := range ids {
			all = append(all, controls.Item{Record: "item", Control: "C", Fact: id, Verdict: controls.Pass})
		}
		return &Judged{Results: controls.NewResults(time.Time{}, []controls.Line{{Control: "C", Verdict: controls.Pass, Population: len(ids), Selected: true}},
			func() iter.Seq2[[]byte, error] { return lines(all) })}
	}
	changes := func(base, now *Judged) []Change {
		d := &drift{}
		d.lines(base, now)
		if err := d.items(base, now); err != nil {
			t.Fatal(err)
		}
		return d.changes
	}
	got := changes(judged("a", "b"), judged("b", "c"))
	if want := []Change{{Worse, "item", "C", "a", "pass", "absent", true}}; !slices.Equal(got, want) {
		t.Errorf("a for c: %+v, want %+v", got, want)
	}
	if got := changes(judged("a", "b"), judged("a", "b")); len(got) > 0 {
		t.Errorf("the same: %+v", got)
	}
	if got := changes(judged("a"), judged("a", "b")); slices.ContainsFunc(got, func(c Change) bool { return c.Weight != Other }) {
		t.Errorf("one more: %+v", got)
	}
	if got := changes(judged("a"), &Judged{Results: &controls.Results{}}); len(got) != 1 || got[0].What != "control" {
		t.Errorf("a control that disappeared, with its things: %+v", got)
	}
}
