package report

import (
	"context"
	"fmt"
	"strings"

	"github.com/trefoil-audit/trefoil/controls"
)

const summarySheet = "Control summary"

// writeSummary writes one row a control.
func writeSummary(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 3, []column{
		{headRef, 14, faintText}, {headControl, 13, strongText}, {"Title", 30, plainText}, {"Severity", 9, plainText},
		{"Result", 20, plainText}, {"Why", 66, plainText}, {"Gates", 7, plainText}, {"Basis", 10, plainText},
		{"Popu-lation", 8, count}, {"Pass", 7, count}, {"Fail", 7, count}, {"Insuf-ficient", 8, count},
		{"Error", 7, count}, {"Not tested", 8, count}, {"Not appl.", 7, count}, {"Accep-ted", 8, count}, {"Out of scope", 8, count},
		{"Enumerated", 13, plainText}, {"Test proven on", 26, faintText},
	})
	if err != nil {
		return err
	}
	entries := b.entries()
	for _, l := range b.in.Results.Lines {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := entries[l.Control]
		if err := t.add(l.Control, RefOf(s.name, l.Control, ""), l.Control, orElse(l.Title, e.Title), capital(e.Severity),
			styled{look: verdictStyle(l.Verdict), value: verdictWord(l.Verdict)}, lineReason(l), yesNo(l.Selected), basisWord(l.Basis),
			l.Population, l.Counts[controls.Pass], l.Counts[controls.Fail], l.Counts[controls.Insufficient],
			l.Counts[controls.Error], l.Counts[controls.NotTested], l.Counts[controls.NotApplicable], l.Accepted, l.OutOfScope,
			capital(l.Completeness), witness(l.Witness)); err != nil {
			return err
		}
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

// lineReason says why a control has its verdict, with what kept it from a better one.
func lineReason(l controls.Line) string {
	parts := []string{l.Reason}
	if len(l.NotLooked) > 3 { // the reason names up to three
		parts = append(parts, "Not looked at (no collector yet): "+strings.Join(l.NotLooked, ", ")+".")
	}
	if len(l.Gaps) > 3 {
		parts = append(parts, "Gaps: "+some(l.Gaps, 20))
	}
	return strings.Join(parts, "\n")
}

// witness says on which known cases the test told good from bad in this very run.
func witness(w controls.Witness) string {
	if w == (controls.Witness{}) {
		return "no cases"
	}
	return fmt.Sprintf("%d good, %d bad, %d unknown", w.Good, w.Bad, w.Unknown)
}
