package report

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Lists of which some were answered are not set in bold as if none was; where none was planned, they are.
func TestListsNotAnswered(t *testing.T) {
	l := &lists{map[string]int{}, map[string]int{}, map[string]int{}, nil}
	if _, look := l.text([]string{"k"}); !looks[look].bold || looks[look].fill != amber {
		t.Error("no list was planned, and the cell is not bold")
	}
	l.add(&evidence.Row{ID: "a", Operation: "s3:ListBuckets", Status: evidence.OK})
	if _, look := l.text([]string{"k"}); look != plainText {
		t.Error("all was answered, and the cell is not plain")
	}
	l.add(&evidence.Row{ID: "b", Operation: "s3:ListBuckets", Status: evidence.Denied})
	if text, look := l.text([]string{"k"}); looks[look].bold || looks[look].fill != amber || !strings.HasSuffix(text, "NOT ANSWERED: b") {
		t.Errorf("%q, look %v", text, looks[look])
	}
}
