package report

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

const coverageSheet = "Coverage"

// statuses lists the coverage statuses, gravest gap first.
var statuses = []evidence.Status{evidence.Failed, evidence.Denied, evidence.Throttled, evidence.Unsupported,
	evidence.Disabled, evidence.NotEnabled, evidence.NotAttempted, evidence.OK, evidence.Empty}

// writeCoverage writes each row of coverage: gaps by gravity, then what was seen.
func writeCoverage(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 2, []column{
		{headRef, 14, faintText}, {"Status", 15, plainText}, {headTarget, 22, plainText}, {headRegion, 15, plainText},
		{headOperation, 36, plainText}, {"Role", 12, plainText}, {"Enumerates", 26, plainText}, {"Calls", 18, plainText},
		{"Provider's reason", 28, plainText}, {"What that means", 40, faintText}, {"Accepted gap", 34, plainText},
	})
	if err != nil {
		return err
	}
	rows, err := collect(b.in.Coverage)
	if err != nil {
		return fmt.Errorf("read coverage: %w", err)
	}
	slices.SortStableFunc(rows, func(x, y evidence.Row) int { return gravity(x.Status) - gravity(y.Status) })
	for _, r := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.add("", RefOf(s.name, "", r.ID), styled{look: statusStyle(r.Status), value: statusWord(r.Status)}, r.Target, r.Region,
			r.Operation, rowRole(r), strings.Join(r.Kinds, "\n"), calls(r.Calls), r.Reason, statusMeaning(r.Status), b.gapText(r)); err != nil {
			return err
		}
	}
	return t.end("No operation was planned.")
}

// gravity orders statuses for readers; one that this build does not know comes first.
func gravity(s evidence.Status) int { return slices.Index(statuses, s) }

func rowRole(r evidence.Row) string {
	switch {
	case r.Discovery:
		return "Discovery"
	case r.List:
		return "List"
	}
	return "Item"
}

// calls writes how many calls ended how.
func calls(m map[evidence.Status]int) string {
	var parts []string
	for _, s := range statuses {
		if n := m[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", group(n), strings.ToLower(statusWord(s))))
		}
	}
	return strings.Join(parts, ", ")
}

// gapText says who accepted a gap; nothing where the row is no gap.
func (b *book) gapText(r evidence.Row) string {
	if b.in.Gap == nil || r.Status.Seen() {
		return ""
	}
	a := b.in.Gap(r.ID)
	if a == nil {
		return ""
	}
	return acceptedLong(a)
}
