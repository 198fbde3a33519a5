package report

import (
	"context"
	"strings"

	"github.com/trefoil-audit/trefoil/controls"
)

const resultsSheet = "Test results"

// callKind is the kind of items that are API calls.
const callKind = "trefoil.coverage.row"

// writeResults writes one row an item, with the auditor's columns beside it.
func writeResults(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 3, append([]column{
		{headRef, 14, faintText}, {headControl, 13, strongText}, {"Result", 13, plainText}, {"Item", 22, plainText},
		{headItem, 32, plainText}, {headRegion, 12, plainText}, {"What was found", 42, plainText},
		{"What the test read", 36, faintText}, {"Basis", 10, plainText}, {"Accepted", 16, plainText},
	}, yours...))
	if err != nil {
		return err
	}
	for i := range b.in.Results.Items {
		if err := ctx.Err(); err != nil {
			return err
		}
		it := &b.in.Results.Items[i]
		if it.Kind == callKind && it.Verdict == controls.Pass {
			continue // thousands of answered calls would hide the rest; Coverage has each
		}
		if err := t.add(it.Control, RefOf(s.name, it.Control, it.Fact), it.Control,
			styled{look: verdictStyle(it.Verdict), value: verdictWord(it.Verdict)}, it.Name, it.Fact, it.Region, it.Reason,
			observed(it), basisWord(it.Basis), acceptedShort(it.Accepted)); err != nil {
			return err
		}
	}
	return t.end("No item was judged.")
}

// observedMax keeps a row readable; explain prints the whole.
const observedMax = 600

// observed says what the test read and what it missed.
func observed(it *controls.Item) string {
	text := cut(spaced(it.Observed), observedMax)
	if len(it.Missing) > 0 {
		text = strings.TrimSpace(text + "\nNot seen: " + some(it.Missing, 4))
	}
	return text
}

// spaced breaks canonical JSON at its outer members, for people.
func spaced(text string) string {
	if !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") {
		return text
	}
	var b strings.Builder
	depth, quoted, escaped := 0, false, false
	for _, r := range text[1 : len(text)-1] {
		switch {
		case escaped:
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '{' || r == '[':
			depth++
		case r == '}' || r == ']':
			depth--
		case r == ',' && depth == 0:
			b.WriteByte('\n')
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
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
