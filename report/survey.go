package report

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/trefoil-audit/trefoil/controls"
)

// survey is what several sheets must know of all items before they write a row. One walk gathers it.
type survey struct {
	waivers, gaps []bool                 // of each waiver and accepted gap: whether there is anything that it accepts
	fails         map[string]bool        // what fails a control that judges whom it names: things and statements, roles by a statement of their trust, and the roles that collected
	lets          map[string]bool        // roles that collected, and let in somebody against their control
	open          map[string][]string    // fact → the controls that it does not pass; facts without one are not held
	grave         []byte                 // of each item, by its place, how grave an exception it is; rowless: it has no row of its own
	graves        [256]bool              // which of these there are
	calls         map[alikeCall][]string // the regions of items about API calls that did not pass
}

// surveyed walks the items once a workbook, and the rows of coverage where gaps are accepted.
func (b *book) surveyed(ctx context.Context) (*survey, error) {
	if b.survey != nil {
		return b.survey, nil
	}
	s := &survey{fails: map[string]bool{}, lets: map[string]bool{}, open: map[string][]string{}, calls: map[alikeCall][]string{}}
	regions := map[string]string{} // one copy of each name
	entries := b.entries()
	var seen iter.Seq2[controls.Item, error] = func(yield func(controls.Item, error) bool) {
		for it, err := range b.in.items(nil) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				b.made.item(&it)
				s.item(&it, graveness(it.Verdict, entries[it.Control].Severity), regions)
			}
			if !yield(it, err) || err != nil {
				return
			}
		}
	}
	var err error
	if s.waivers, s.gaps, err = controls.Matched(b.in.Waivers, b.in.Engagement.AcceptedGaps, b.in.Lines, seen, each(b.in.Coverage)); err != nil {
		return nil, fmt.Errorf("survey the items: %w", err)
	}
	b.survey = s
	return s, nil
}

// rowless is the graveness of items that have no row of their own: answered API calls, and those that stand in
// the row of one that came before.
const rowless = 255

// shortVerdicts are the words for exceptions where there is little room.
var shortVerdicts = map[controls.Verdict]string{controls.Fail: "FAIL", controls.Error: "Error", controls.Insufficient: "Insuff."}

// item takes the next item.
func (s *survey) item(it *controls.Item, grave byte, regions map[string]string) {
	switch c, ok := alikeOf(it); {
	case it.Kind == callKind && it.Verdict == controls.Pass:
		grave = rowless // thousands of answered calls would hide the rest; Coverage has each
	case ok:
		name, known := regions[it.Region]
		if !known {
			name = strings.Clone(it.Region)
			regions[name] = name
		}
		if s.calls[c] = append(s.calls[c], name); len(s.calls[c]) > 1 {
			grave = rowless
		}
	}
	s.grave, s.graves[grave] = append(s.grave, grave), true
	if grave == 0 || grave == rowless {
		return
	}
	if it.Kind != callKind {
		s.open[it.Fact] = append(s.open[it.Fact], it.Control+" "+shortVerdicts[it.Verdict])
	}
	role, _, trust := strings.Cut(it.Fact, "#trust#")
	switch {
	case it.Verdict != controls.Fail:
	case it.Control == judgesCollector:
		for _, from := range it.From {
			if id, ok := strings.CutPrefix(from, "f:"); ok {
				s.fails[id], s.lets[id] = true, true
			}
		}
	case it.Control == judgesTrust && trust:
		s.fails[it.Fact], s.fails[role] = true, true
	case it.Control == judgesSharing:
		s.fails[it.Fact] = true
	}
}
