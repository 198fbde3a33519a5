package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

// Weight says what a change does to the exit code.
type Weight string

// The weights.
const (
	Worse    Weight = "worse"    // pass to fail, a population that lost a thing, in scope to out, a control that gates no more: exit 2
	Unjudged Weight = "unjudged" // what was judged, pass or fail, and no longer can be: exit 3
	Other    Weight = "other"    // the rest: shown
)

// Change is one difference between two judged runs.
type Change struct {
	Weight   Weight `json:"weight"`
	What     string `json:"what"` // control, selection, result, population, item, grounds, scope, coverage, fact, input
	Control  string `json:"control"`
	Thing    string `json:"thing"` // id of a fact, a coverage row or an input
	Was      string `json:"was"`
	Is       string `json:"is"`
	Selected bool   `json:"selected"` // of a control that gates, or did in the baseline
}

// Drift compares a judged run with a baseline: results, populations, scope, facts, coverage, and
// what judged. Changes come in a stable order.
func Drift(base, now *Judged) ([]Change, error) {
	d := &drift{changes: []Change{}}
	d.lines(base, now)
	for _, compare := range []func(base, now *Judged) error{d.items, d.scope, d.records} {
		if err := compare(base, now); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(union(base.Inputs, now.Inputs))) {
		if was, is := base.Inputs[name], now.Inputs[name]; was != is {
			d.add(Other, "input", "", name, digestOr(was), digestOr(is), false)
		}
	}
	order := map[Weight]int{Worse: 0, Unjudged: 1, Other: 2}
	slices.SortStableFunc(d.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(order[a.Weight], order[b.Weight]), cmp.Compare(a.What, b.What), cmp.Compare(a.Control, b.Control), cmp.Compare(a.Thing, b.Thing))
	})
	return d.changes, nil
}

func digestOr(text string) string {
	if text == "" {
		return "absent"
	}
	return "sha256 " + evidence.Digest([]byte(text))
}

func union[V any](a, b map[string]V) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

type drift struct{ changes []Change }

func (d *drift) add(w Weight, what, control, thing, was, is string, selected bool) {
	d.changes = append(d.changes, Change{w, what, control, thing, was, is, selected})
}

// weigh says how a verdict's change counts. A fail that can no longer be judged is not mended: who
// denies a read must not clear it.
func weigh(was, is controls.Verdict) Weight {
	switch {
	case is == controls.Fail && was != controls.Fail:
		return Worse
	case judged(was) && !judged(is):
		return Unjudged
	}
	return Other
}

func judged(v controls.Verdict) bool {
	return v == controls.Pass || v == controls.NotApplicable || v == controls.Fail
}

func (d *drift) lines(base, now *Judged) {
	was := map[string]controls.Line{}
	for _, l := range base.Results.Lines {
		was[l.Control] = l
	}
	for _, l := range now.Results.Lines {
		old, there := was[l.Control]
		delete(was, l.Control)
		if !there {
			d.add(Other, "control", l.Control, "", "absent", string(l.Verdict), l.Selected)
			continue
		}
		selected := old.Selected || l.Selected // else to select less would hide what got worse
		if old.Selected && !l.Selected {
			d.add(Worse, "selection", l.Control, "", "selected", "not selected", selected)
		}
		if old.Verdict != l.Verdict {
			d.add(weigh(old.Verdict, l.Verdict), "result", l.Control, "", string(old.Verdict), string(l.Verdict), selected)
		}
		if l.Population != old.Population {
			w := Other
			if l.Population < old.Population {
				w = Worse // fewer things to look at is how a fail disappears
			}
			d.add(w, "population", l.Control, "", fmt.Sprint(old.Population), fmt.Sprint(l.Population), selected)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(was)) {
		d.add(Worse, "control", id, "", string(was[id].Verdict), "absent", was[id].Selected)
	}
}

// items compares populations by the ids of what is in them: equal counts say nothing where one thing
// took another's place.
func (d *drift) items(base, now *Judged) error {
	selected, tested := map[string]bool{}, map[string]bool{}
	for _, l := range base.Results.Lines {
		selected[l.Control] = l.Selected
	}
	for _, l := range now.Results.Lines {
		selected[l.Control], tested[l.Control] = selected[l.Control] || l.Selected, true
	}
	was, seen := map[itemID]judgedItem{}, map[itemID]bool{}
	for i, err := range base.Results.Items() {
		if err != nil {
			return err
		}
		was[itemID{i.Control, i.Fact}] = judgedItem{i.Verdict, grounds(&i)}
	}
	for i, err := range now.Results.Items() {
		if err != nil {
			return err
		}
		id := itemID{i.Control, i.Fact}
		old, there := was[id]
		seen[id] = true
		switch {
		case there && old.verdict != i.Verdict:
			d.add(weigh(old.verdict, i.Verdict), "item", i.Control, i.Fact, string(old.verdict), string(i.Verdict), selected[i.Control])
		case there && old.grounds != grounds(&i): // whether for the worse is for a person to say
			d.add(Other, "grounds", i.Control, i.Fact, old.grounds, grounds(&i), selected[i.Control])
		case !there && i.Verdict == controls.Fail:
			d.add(Worse, "item", i.Control, i.Fact, "absent", string(i.Verdict), selected[i.Control])
		case !there && i.Verdict != controls.Pass:
			d.add(Unjudged, "item", i.Control, i.Fact, "absent", string(i.Verdict), selected[i.Control])
		}
	}
	for id, old := range was { // in no order: Drift sorts
		if !seen[id] && tested[id.control] { // a control that is gone is a change of its own
			d.add(Worse, "item", id.control, id.fact, string(old.verdict), "absent", selected[id.control])
		}
	}
	return nil
}

// judgedItem is what a baseline says of an item.
type judgedItem struct {
	verdict controls.Verdict
	grounds string
}

// grounds say why an item is an exception: its verdict, what was found and what the test read. Under a waiver one could take
// another's place: a store that was shared is public now. Of other items they are nothing, since what a pass read changes daily.
func grounds(i *controls.Item) string {
	if i.Verdict == controls.Pass || i.Verdict == controls.NotApplicable {
		return ""
	}
	return string(i.Verdict) + ": " + i.Reason + " " + i.Observed
}

// itemID names a thing in a control's population.
type itemID struct{ control, fact string }

func (d *drift) scope(base, now *Judged) error {
	out := map[string]bool{}
	for r, err := range base.Results.Out() {
		if err != nil {
			return err
		}
		out[r.Fact] = true
	}
	in := map[string]bool{}
	for i, err := range base.Results.Items() {
		if err != nil {
			return err
		}
		in[i.Fact] = true
	}
	for r, err := range now.Results.Out() {
		if err != nil {
			return err
		}
		if !out[r.Fact] && in[r.Fact] {
			d.add(Worse, "scope", "", r.Fact, "in", "out, by "+r.Rule, true)
		}
	}
	return nil
}

// records compares coverage rows by status and facts by their content. When a fact was seen, and
// by which exchanges, is no change.
func (d *drift) records(base, now *Judged) error {
	was := map[string]string{}
	for _, r := range base.world.rows {
		was[r.ID] = string(r.Status)
	}
	for _, r := range now.world.rows {
		if old, there := was[r.ID]; there && old != string(r.Status) && !(evidence.Status(old).Seen() && r.Status.Seen()) {
			d.add(Other, "coverage", "", r.ID, old, string(r.Status), false)
		}
	}
	before, err := contents(base)
	if err != nil {
		return err
	}
	after, err := contents(now)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(union(before, after))) {
		switch a, b := before[id], after[id]; {
		case a == b:
		case a == "":
			d.add(Other, "fact", "", id, "absent", "there", false)
		case b == "":
			d.add(Other, "fact", "", id, "there", "absent", false)
		default:
			d.add(Other, "fact", "", id, "sha256 "+a, "sha256 "+b, false)
		}
	}
	return nil
}

// contents gives a digest of each fact's fields, labels and unknowns.
func contents(j *Judged) (map[string]string, error) {
	out := map[string]string{}
	for f, err := range j.world.facts() {
		if err != nil {
			return nil, err
		}
		b, err := evidence.Canonical(map[string]any{"fields": f.Fields, "tags": f.Tags, "unknown": f.Unknowns, "name": f.Name, "region": f.Region})
		if err != nil {
			return nil, err
		}
		out[f.Kind+" "+f.ID] = evidence.Digest(b)
	}
	return out, nil
}
