package controls

import (
	"fmt"
	"iter"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// Matched says of each waiver whether a fail has it, and of each accepted gap whether anything that could not be judged
// does. One that matches nothing is most often misspelt: the exception that it was meant for stays open. All items are
// walked, and the rows where a gap is accepted.
func Matched(waivers []engagement.Waiver, gaps []engagement.AcceptedGap, lines []Line, items iter.Seq2[Item, error], rows iter.Seq2[evidence.Row, error]) (waived, accepted []bool, err error) {
	waived, accepted = make([]bool, len(waivers)), make([]bool, len(gaps))
	missing := func(what string) {
		for i, g := range gaps {
			accepted[i] = accepted[i] || engagement.Match(g.Pattern, what)
		}
	}
	for _, l := range lines {
		for _, g := range l.Gaps {
			missing(g)
		}
		for _, k := range l.NotLooked {
			missing(unreadGap(k))
		}
	}
	for it, err := range items {
		if err != nil {
			return nil, nil, fmt.Errorf("read results: %w", err)
		}
		if it.Verdict == Fail {
			for i, w := range waivers {
				waived[i] = waived[i] || w.Control == it.Control && engagement.Match(w.Items, it.Fact)
			}
		}
		for _, m := range it.Missing {
			missing(m)
		}
	}
	if len(gaps) == 0 {
		return waived, accepted, nil
	}
	for r, err := range rows {
		if err != nil {
			return nil, nil, fmt.Errorf("read coverage: %w", err)
		}
		if !r.Status.Seen() {
			missing(r.ID)
		}
	}
	return waived, accepted, nil
}

// unreadGap is what accepted gaps call something that nothing of a run looks at.
func unreadGap(what string) string { return "unread/" + what }
