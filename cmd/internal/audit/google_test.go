package audit

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/fixtures/google/discovery"
)

// What is embedded of Google is checked itself, not only the server that gave it: each request
// is a declared method, and each answer is as the discovery documents say.
func TestRecordedGoogleAnswers(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	docs, err := discovery.Load(strings.TrimSpace(string(dir)))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := seen(t)
	checked, refused := map[string]int{}, 0
	for _, target := range r.Targets() {
		if !strings.HasPrefix(target, "gcp-") {
			continue
		}
		parts, err := r.Bundle(target)
		if err != nil {
			t.Fatal(err)
		}
		for x, err := range records[evidence.Exchange](r, bundle.ExchangesName) {
			if err != nil {
				t.Fatal(err)
			}
			if x.Target != target || x.Method == "ENTER" {
				continue
			}
			m := docs.Find(x.Method, x.Path)
			if m == nil || strings.Replace(x.Operation, ":", ".", 1) != m.ID {
				t.Errorf("%s %s was recorded as %s and is declared as %+v", x.Method, x.Path, x.Operation, m)
				continue
			}
			body, err := bodyOf(parts, x.Body)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Answer(x.Status, body); err != nil {
				t.Errorf("%s %s?%s: %v", x.Method, x.Path, x.Query, err)
			}
			checked[m.ID]++
			if x.Status != 200 {
				refused++
			}
		}
		for _, p := range parts {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if len(checked) < 30 || refused < 10 {
		t.Errorf("only %d methods and %d refusals were checked", len(checked), refused)
	}
}
