package report

import (
	"context"

	"github.com/trefoil-audit/trefoil/controls"
)

const exceptionsSheet = "Exceptions"

// writeExceptions writes one row a fail, an error, or an item that could not be judged, with who
// accepted it; fails first.
func writeExceptions(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 3, append([]column{
		{headRef, 14, faintText}, {headControl, 13, strongText}, {"Result", 20, plainText}, {"Severity", 9, plainText}, {"Item", 22, plainText},
		{headItem, 36, plainText}, {headTarget, 20, plainText}, {headRegion, 12, plainText}, {"What was found", 42, plainText},
		{"What the test read", 36, faintText}, {"In scope by", 16, plainText}, {"Accepted", 44, plainText},
	}, yours...))
	if err != nil {
		return err
	}
	entries := b.entries()
	for _, verdict := range []controls.Verdict{controls.Fail, controls.Error, controls.Insufficient} {
		for i := range b.in.Results.Items {
			it := &b.in.Results.Items[i]
			if it.Verdict != verdict {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			accepted := ""
			if it.Accepted != nil {
				accepted = acceptedLong(it.Accepted)
			}
			if err := t.add(it.Control, RefOf(s.name, it.Control, it.Fact), it.Control, styled{look: verdictStyle(it.Verdict), value: verdictWord(it.Verdict)},
				capital(entries[it.Control].Severity), it.Name, it.Fact, it.Target, it.Region, it.Reason, observed(it), it.ScopeRule, accepted); err != nil {
				return err
			}
		}
	}
	return t.end("There is no exception.")
}
