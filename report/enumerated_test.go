package report

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
)

// That the hierarchy above was listed once stands beside the population, with what it means.
func TestEnumeratedNamesTheHierarchy(t *testing.T) {
	got := enumerated(&controls.Part{Completeness: "once", Lists: 2, Twice: 2, Above: []string{"gcp-org-1"}})
	if want := "Once\nOne source alone lists the folders and projects of gcp-org-1: what it hides is in no list here"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := enumerated(&controls.Part{Completeness: "twice, agree", Lists: 2, Twice: 2}); strings.Contains(got, "folders") {
		t.Error(got)
	}
}
