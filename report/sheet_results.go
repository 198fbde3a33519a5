package report

import (
	"context"
	"fmt"
	"strings"

	"github.com/trefoil-audit/trefoil/controls"
)

const resultsSheet = "Test results"

// callKind is the kind of items that are API calls.
const callKind = "trefoil.coverage.row"

// writeResults writes one row an item, with the auditor's columns beside it; API calls that ended alike in several regions
// stand in one.
func writeResults(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 3, append([]column{
		{headRef, 14, refText}, {headControl, 11, strongText}, {"Result", 13, plainText}, {headItem, 37, plainText},
		{headRegion, 11, plainText}, {"What was found", 40, plainText}, {"What the test read", 44, faintText}, {"Basis", 10, plainText}, {"Accepted", 12, plainText}, {"Items", 6, count},
	}, yours...))
	if err != nil {
		return err
	}
	known, err := b.surveyed(ctx)
	if err != nil {
		return err
	}
	for it, err := range b.in.items(func(place int) bool { return place < len(known.grave) && known.grave[place] != rowless }) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("read results: %w", err)
		}
		before, row := t.wrote, known.rowOf(&it)
		if err := t.add(row.about, it.Control, styled{look: verdictStyle(it.Verdict), value: verdictWord(it.Verdict)}, row.name, row.region, row.reason,
			row.test, basisWord(it.Basis), acceptedShort(it.Accepted), row.items); err != nil {
			return err
		}
		if t.wrote > before {
			b.made[counted{s.name, string(it.Verdict), ""}] += row.items
		}
		if it.Kind == callKind {
			continue // its only source is its row of coverage
		}
		b.cite(it.Fact)
		for _, source := range it.From { // what a derived fact is made of
			if fact, ok := strings.CutPrefix(source, "f:"); ok {
				b.cite(fact)
			}
		}
	}
	return t.end("No item was judged.")
}

// acceptedShort says in a few words whether a fail or gap is accepted.
func acceptedShort(a *controls.Acceptance) string {
	switch {
	case a == nil:
		return ""
	case a.Counts && a.Late:
		return "Yes, late, until " + day(a.Until)
	case a.Counts:
		return "Yes, until " + day(a.Until)
	}
	return "NO: " + a.ID + " does not count"
}
