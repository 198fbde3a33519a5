package report

import (
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// A date that no answer gives is left out; that a credential was never used is said.
func TestCredentialWithoutDate(t *testing.T) {
	for want, c := range map[string]map[string]any{
		"password console, ACTIVE, last used never":                          {"created": nil, "last_used": nil},
		"password console, ACTIVE, of 2026-01-01, last used 2026-02-03":      {"created": "2026-01-01T00:00:00Z", "last_used": "2026-02-03T00:00:00Z"},
		"password console, ACTIVE, of NOT KNOWN: no answer, last used never": {"last_used": nil},
	} {
		c["kind"], c["id"], c["active"] = "password", "console", true
		f := &evidence.Fact{Fields: map[string]any{"principal": map[string]any{"credentials": []any{c}}}}
		if _, ok := c["created"]; !ok {
			f.Unknowns = map[string]string{"/principal/credentials/0/created": "no answer"}
		}
		if got := credentials(f); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
