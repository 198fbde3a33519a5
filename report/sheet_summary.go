package report

import (
	"context"
	"fmt"

	"github.com/trefoil-audit/trefoil/controls"
)

const summarySheet = "Control summary"

// writeSummary writes one row a control.
func writeSummary(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 3, []column{
		{headRef, 14, refText}, {headControl, 11, strongText}, {"Title", 27, plainText}, {"Severity", 8, plainText},
		{"Result", 13, plainText}, {"Why", 50, plainText}, {"Gates", 6, plainText}, {"Basis", 10, plainText},
		{"Popula-tion", 9, count}, {"Pass", 8, count}, {"Fail", 7, count}, {"Insuffi-cient", 8, count},
		{"Error", 7, count}, {"Other", 7, count}, {"Accep-ted", 8, count}, {"Out of scope", 8, count},
		{"Enumer-ated", 9, plainText}, {"Good / bad / unknown cases", 13, faintText},
	})
	if err != nil {
		return err
	}
	entries := b.entries()
	for _, l := range b.in.Lines {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := entries[l.Control]
		other := l.Counts[controls.NotTested] + l.Counts[controls.NotApplicable]
		if err := t.add(Subject{Control: l.Control}, l.Control, orElse(l.Title, e.Title), capital(e.Severity),
			styled{look: verdictStyle(l.Verdict), value: verdictWord(l.Verdict)}, capital(l.Reason), yesNo(l.Selected), basisWord(l.Basis),
			l.Population, l.Counts[controls.Pass], l.Counts[controls.Fail], l.Counts[controls.Insufficient],
			l.Counts[controls.Error], other, l.Accepted, l.OutOfScope, capital(l.Completeness), witness(l.Witness)); err != nil {
			return err
		}
		b.made.line(&l)
	}
	return t.end("No control was judged.")
}

// entries gives the catalogue by control id.
func (b *book) entries() map[string]Entry {
	m := make(map[string]Entry, len(b.in.Catalogue))
	for _, e := range b.in.Catalogue {
		m[e.ID] = e
	}
	return m
}

// witness says on how many known cases the test told good from bad in this very run.
func witness(w controls.Witness) string {
	if w == (controls.Witness{}) {
		return "no cases"
	}
	return fmt.Sprintf("%d / %d / %d", w.Good, w.Bad, w.Unknown)
}
