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

// grave is how grave an exception is: its result, and the rank of its control.
type grave struct {
	verdict controls.Verdict
	rank    int
}

// writeExceptions writes one row a fail, an error, or an item that could not be judged, with who
// accepted it: fails first, and of each result the gravest controls. The items, which come by control and then by id, are
// walked once a result and severity that there is, so that none are held.
func writeExceptions(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 3, append([]column{
		{headRef, 14, refText}, {headControl, 11, strongText}, {"Result", 13, plainText}, {"Severity", 8, plainText},
		{headItem, 37, plainText}, {"Where", 18, plainText}, {"What was found", 34, plainText}, {"What the test read", 32, faintText}, {"Accepted", 28, plainText},
	}, yours...))
	if err != nil {
		return err
	}
	entries := b.entries()
	walk := func(do func(*controls.Item, grave) error) error {
		for it, err := range each(b.in.Items) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("read results: %w", err)
			}
			if err := do(&it, grave{it.Verdict, rankOf(entries[it.Control].Severity)}); err != nil {
				return err
			}
		}
		return nil
	}
	there := map[grave]bool{}
	if err := walk(func(_ *controls.Item, g grave) error { there[g] = true; return nil }); err != nil {
		return err
	}
	for _, verdict := range exceptional {
		for rank := range len(severities) + 1 {
			if !there[grave{verdict, rank}] {
				continue
			}
			if err := walk(func(it *controls.Item, g grave) error {
				if g != (grave{verdict, rank}) {
					return nil
				}
				before := t.wrote
				if err := t.add(Subject{Control: it.Control, Item: it.Fact}, it.Control, styled{look: verdictStyle(it.Verdict), value: verdictWord(it.Verdict)},
					capital(entries[it.Control].Severity), itemText(it.Name, it.Fact), where(it.Target, it.Region), it.Reason+inBy(it), observed(it), accepted(it)); err != nil {
					return err
				}
				if t.wrote > before {
					b.made[counted{s.name, string(verdict), ""}]++
				}
				return nil
			}); err != nil {
				return err
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
