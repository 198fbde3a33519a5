package controls

import (
	"fmt"

	"github.com/trefoil-audit/trefoil/evidence"
)

// appendItem appends the item's line of results.jsonl: its canonical JSON, written member by member
// because there may be millions.
func appendItem(b []byte, i *Item) ([]byte, error) {
	if i.Accepted == nil {
		b = append(b, `{"accepted":null`...)
	} else {
		accepted, err := evidence.Canonical(i.Accepted)
		if err != nil {
			return b, fmt.Errorf("result of %s on %s: %w", i.Control, i.Fact, err)
		}
		b = append(append(b, `{"accepted":`...), accepted...)
	}
	for _, m := range [...]struct {
		name  string
		value any
	}{{"basis", string(i.Basis)}, {"control", i.Control}, {"fact", i.Fact}, {"from", i.From}, {"kind", i.Kind}, {"missing", i.Missing},
		{"name", i.Name}, {"observed", i.Observed}, {"reason", i.Reason}, {"record", i.Record}, {"region", i.Region},
		{"scope", string(i.Scope)}, {"scope_rule", i.ScopeRule}, {"target", i.Target}, {"verdict", string(i.Verdict)}} {
		b = append(append(append(b, `,"`...), m.name...), `":`...)
		var ok bool
		if b, ok = evidence.AppendCanonical(b, m.value); !ok {
			return b, fmt.Errorf("result of %s on %s: %s has no canonical form: %.100q", i.Control, i.Fact, m.name, m.value)
		}
	}
	return append(b, '}'), nil
}
