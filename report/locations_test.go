package report

import (
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// A store without a key says so as one without copies does; a key's name stays as it is written.
func TestKeyText(t *testing.T) {
	for _, c := range []struct {
		key  any
		want string
	}{{nil, "None"}, {"arn:aws:kms:eu-west-1:111122223333:key/1", "arn:aws:kms:eu-west-1:111122223333:key/1"}} {
		f := &evidence.Fact{ID: "s", Fields: map[string]any{"encryption": map[string]any{"key": c.key}, "copies": []any{}}}
		if got := keyText(f); got != c.want {
			t.Errorf("key: %q, want %q", got, c.want)
		}
		if got := (&book{in: &Input{}}).copies(f); got != "None" {
			t.Errorf("copies: %q", got)
		}
	}
}
