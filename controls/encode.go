package controls

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
)

// appendItem appends the item's line of results.jsonl: its canonical JSON, written member by member
// because there may be millions.
func appendItem(b []byte, i *Item) ([]byte, error) {
	w := &itemWriter{b: b}
	if i.Accepted == nil {
		w.b = append(w.b, `{"accepted":null`...)
	} else {
		accepted, err := evidence.Canonical(i.Accepted)
		if err != nil {
			return b, fmt.Errorf("result of %s on %s: %w", i.Control, i.Fact, err)
		}
		w.b = append(append(w.b, `{"accepted":`...), accepted...)
	}
	w.text("basis", string(i.Basis))
	w.text("control", i.Control)
	w.text("fact", i.Fact)
	w.list("from", i.From)
	w.text("kind", i.Kind)
	w.list("missing", i.Missing)
	w.text("name", i.Name)
	w.text("observed", i.Observed)
	w.text("reason", i.Reason)
	w.text("record", i.Record)
	w.text("region", i.Region)
	w.text("scope", string(i.Scope))
	w.text("scope_rule", i.ScopeRule)
	w.text("target", i.Target)
	w.text("verdict", string(i.Verdict))
	if w.err != nil {
		return b, fmt.Errorf("result of %s on %s: %w", i.Control, i.Fact, w.err)
	}
	return append(w.b, '}'), nil
}

// itemWriter appends members after the first; it keeps its first error.
type itemWriter struct {
	b   []byte
	err error
}

func (w *itemWriter) name(name string) {
	w.b = append(append(append(w.b, `,"`...), name...), `":`...)
}

func (w *itemWriter) quote(name, text string) {
	var err error
	if w.b, err = jsontext.AppendQuote(w.b, text); err != nil && w.err == nil {
		w.err = fmt.Errorf("%s has no canonical form: %.100q", name, text)
	}
}

func (w *itemWriter) text(name, text string) {
	w.name(name)
	w.quote(name, text)
}

func (w *itemWriter) list(name string, texts []string) {
	w.name(name)
	w.b = append(w.b, '[')
	for i, text := range texts {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.quote(name, text)
	}
	w.b = append(w.b, ']')
}
