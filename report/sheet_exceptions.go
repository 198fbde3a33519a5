package report

import (
	"context"
	"fmt"
	"slices"

	"github.com/trefoil-audit/trefoil/controls"
)

const exceptionsSheet = "Exceptions"

// exceptional lists the verdicts that are exceptions, gravest first.
var exceptional = []controls.Verdict{controls.Fail, controls.Error, controls.Insufficient}

// severities of controls, gravest first.
var severities = []string{"critical", "high", "medium", "low"}

// rankOf is a severity's place among them; one that is not known comes last.
func rankOf(severity string) int {
	if i := slices.Index(severities, severity); i >= 0 {
		return i
	}
	return len(severities)
}

// graveness is how grave an exception is, 1 the gravest: its result, then the severity of its control. 0
// is none.
func graveness(verdict controls.Verdict, severity string) byte {
	i := slices.Index(exceptional, verdict)
	if i < 0 {
		return 0
	}
	return byte(1 + i*(len(severities)+1) + rankOf(severity))
}

// writeExceptions writes one row a fail, an error, or an item that could not be judged, with who
// accepted it: fails first, and of each result the gravest controls. The items, which come by control and then by id, are
// walked once for each graveness that there is.
func writeExceptions(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 3, append([]column{
		{headRef, 14, refText}, {headControl, 11, strongText}, {"Result", 13, plainText}, {"Severity", 8, plainText},
		{headItem, 37, plainText}, {"Where", 18, plainText}, {"What was found", 34, plainText}, {"What the test read", 32, faintText}, {"Accepted", 28, plainText}, {"Items", 6, count},
	}, yours...))
	if err != nil {
		return err
	}
	known, err := b.surveyed(ctx)
	if err != nil {
		return err
	}
	entries := b.entries()
	for g := byte(1); g <= graveness(exceptional[len(exceptional)-1], ""); g++ {
		if !known.graves[g] {
			continue
		}
		for it, err := range b.in.items(func(place int) bool { return place < len(known.grave) && known.grave[place] == g }) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("read results: %w", err)
			}
			before, row := t.wrote, known.rowOf(&it)
			if err := t.add(row.about, it.Control, styled{look: verdictStyle(it.Verdict), value: verdictWord(it.Verdict)},
				capital(entries[it.Control].Severity), row.name, where(it.Target, row.region), row.reason+inBy(&it), row.test, accepted(&it), row.items); err != nil {
				return err
			}
			if t.wrote > before {
				b.made[counted{s.name, string(it.Verdict), ""}] += row.items
			}
		}
	}
	return t.end("There is no exception.")
}

// inBy says what put an item in scope, where that is not the default.
func inBy(it *controls.Item) string {
	if it.ScopeRule == "default" || it.ScopeRule == "" {
		return ""
	}
	return "\nScope: " + scopeWord(it.Scope) + ", by " + it.ScopeRule
}

// accepted says who accepted an exception; where nobody did, that it is open.
func accepted(it *controls.Item) string {
	if it.Accepted == nil {
		return "Open"
	}
	return acceptedLong(it.Accepted)
}
