package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

const populationsSheet = "Populations"

// writePopulations writes one row a control and kind, then what was ruled out of scope and what
// nothing looked at.
func writePopulations(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 3, []column{
		{headRef, 14, refText}, {headControl, 11, strongText}, {"Kind of thing", 27, plainText}, {"In scope", 8, count}, {"Scope unknown", 9, count},
		{"Ruled out", 8, count}, {"By which rule", 22, plainText}, {"Items in Test results", 10, count}, {"Differ-ence", 8, ratio},
		{"Lists that the count rests on", 62, plainText}, {"Enumerated", 30, plainText},
	})
	if err != nil {
		return err
	}
	lists, err := b.listsOf(ctx)
	if err != nil {
		return err
	}
	for _, l := range b.in.Lines {
		for _, p := range l.Parts {
			if err := b.population(t, &l, &p, lists[strings.Join(p.Sources, " ")]); err != nil {
				return err
			}
		}
	}
	if err := t.finish("No control was judged."); err != nil {
		return err
	}
	for _, part := range []func(context.Context, *table) error{b.ruledOut, b.notLooked} {
		if err := part(ctx, t); err != nil {
			return err
		}
	}
	return t.close()
}

// population writes one row. Both sides are counted apart: in and unknown by the roll-up, items
// by what went into Test results (with the answered calls that it leaves out).
func (b *book) population(t *table, l *controls.Line, p *controls.Part, of *lists) error {
	out := 0
	var by []string
	for _, rule := range slices.Sorted(maps.Keys(p.Out)) {
		out += p.Out[rule]
		by = append(by, fmt.Sprintf("%s: %s", rule, group(p.Out[rule])))
	}
	items := b.made[counted{fromItems, l.Control, p.Kind}]
	b.made[counted{populationsSheet, population, ""}] += p.In + p.Unknown
	b.made[counted{populationsSheet, ruledOut, ""}] += out
	text, look := of.text(p.Sources)
	return t.add(Subject{Control: l.Control, Kind: p.Kind}, l.Control, p.Kind, p.In, p.Unknown, out, strings.Join(by, "\n"), items, p.In+p.Unknown-items,
		styled{look: look, value: text}, enumerated(p))
}

// enumerated says whether a second source lists the same, and what one source alone lists.
func enumerated(p *controls.Part) string {
	parts := []string{capital(p.Completeness)}
	if p.Twice > 0 && p.Twice < p.Lists {
		parts = append(parts, fmt.Sprintf("%s of %s lists of targets were held against a second source", group(p.Twice), group(p.Lists)))
	}
	if len(p.Above) > 0 {
		parts = append(parts, "One source alone lists the folders and projects of "+some(p.Above, shownIDs)+": what it hides is in no list here")
	}
	if len(p.OnlySecond) > 0 {
		parts = append(parts, "In the second source alone, and insufficient: "+some(p.OnlySecond, shownIDs))
	}
	if len(p.OnlyNative) > 0 {
		parts = append(parts, "Not in the second source, which may lag behind: "+some(p.OnlyNative, shownIDs))
	}
	return strings.Join(parts, "\n")
}

// shownIDs bounds how many ids one cell names.
const shownIDs = 5

// lists counts the list operations that enumerate some kinds.
type lists struct {
	asked, seen, off map[string]int // by operation: rows, answered ones, regions that are not opted in
	gaps             []string
}

// listsOf counts, for each set of kinds that a population depends on, the lists that enumerate it.
func (b *book) listsOf(ctx context.Context) (map[string]*lists, error) {
	out := map[string]*lists{}
	of := map[string][]*lists{} // by kind
	for _, l := range b.in.Lines {
		for _, p := range l.Parts {
			key := strings.Join(p.Sources, " ")
			if out[key] != nil {
				continue
			}
			out[key] = &lists{map[string]int{}, map[string]int{}, map[string]int{}, nil}
			for _, kind := range p.Sources {
				of[kind] = append(of[kind], out[key])
			}
		}
	}
	for r, err := range each(b.in.Coverage) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read coverage: %w", err)
		}
		if !r.List {
			continue
		}
		var done []*lists
		for _, kind := range r.Kinds {
			for _, l := range of[kind] {
				if !slices.Contains(done, l) {
					done = append(done, l)
					l.add(&r)
				}
			}
		}
	}
	return out, nil
}

func (l *lists) add(r *evidence.Row) {
	switch {
	case r.Status == evidence.NotEnabled:
		l.off[r.Operation]++
	case r.Status.Seen():
		l.seen[r.Operation]++
		l.asked[r.Operation]++
	default:
		l.asked[r.Operation]++
		l.gaps = append(l.gaps, r.ID)
	}
}

// text says of each list how often it was answered, and what was not.
func (l *lists) text(sources []string) (string, style) {
	if len(sources) == 0 {
		return "None: made of the plan or the register itself", plainText
	}
	operations := maps.Clone(l.asked)
	maps.Copy(operations, l.off)
	if len(operations) == 0 {
		return "NO LIST of " + strings.Join(sources, ", ") + " was planned", insufficientCell
	}
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(operations)) {
		text := fmt.Sprintf("%s: %s of %s answered", op, group(l.seen[op]), group(l.asked[op]))
		if n := l.off[op]; n > 0 {
			text += fmt.Sprintf(", %s not opted in", group(n))
		}
		parts = append(parts, text)
	}
	if len(l.gaps) == 0 {
		return strings.Join(parts, "\n"), plainText
	}
	return strings.Join(parts, "\n") + "\nNOT ANSWERED: " + some(l.gaps, 5), gapText
}

// ruledOut lists what the register put out of scope.
func (b *book) ruledOut(ctx context.Context, t *table) error {
	if err := t.section("Ruled out, by a rule of the register on what was seen, or by the state of a legacy copy that is exempt"); err != nil {
		return err
	}
	g, err := t.grid([]int{1, 2, 5, 2, 1}, []style{refText, plainText, plainText, plainText, strongText}, headRef, "Kind", headItem, "Because", "Rule")
	if err != nil {
		return err
	}
	n := 0
	for r, err := range each(b.in.Out) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("read what was ruled out: %w", err)
		}
		if n++; n > b.limit {
			b.made[counted{populationsSheet, "things that do not fit", ""}]++
			continue
		}
		if err := g.add(Subject{Item: r.Fact, Entry: r.Rule}, r.Kind, itemText(r.Name, r.Fact), r.Because, r.Rule); err != nil {
			return err
		}
		b.made[counted{populationsSheet, "things ruled out", ""}]++
		b.cite(r.Fact)
	}
	b.made[counted{fromItems, "things ruled out", ""}] = n
	switch left := b.made[counted{populationsSheet, "things that do not fit", ""}]; {
	case n == 0:
		return t.text("Nothing was ruled out.", faintText)
	case left > 0:
		return t.text(furtherRows(left), failCell)
	}
	return nil
}

// notLooked lists, for each control, what nothing of this run looks at. It is why a control
// without an exception may still be insufficient.
func (b *book) notLooked(_ context.Context, t *table) error {
	if err := t.section("Not looked at: kinds and operations that no collector asked for, and no control passes over"); err != nil {
		return err
	}
	g, err := t.grid([]int{1, 1, 1, 8}, []style{refText, strongText, count, plainText}, headRef, headControl, "How many", "Kinds and operations")
	if err != nil {
		return err
	}
	some := false
	for _, l := range b.in.Lines {
		if len(l.NotLooked) == 0 {
			continue
		}
		some = true
		if err := g.add(Subject{Control: l.Control, Topic: "not looked at"}, l.Control, len(l.NotLooked), strings.Join(l.NotLooked, ", ")); err != nil {
			return err
		}
	}
	if !some {
		return t.text("Nothing.", faintText)
	}
	return nil
}
