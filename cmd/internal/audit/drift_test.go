package audit

import (
	"errors"
	"iter"
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
