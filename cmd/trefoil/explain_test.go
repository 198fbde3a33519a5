package main

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/controls"
)

// What is to be seen also has one line each, and what is not shown is counted.
func TestSeeAlsoIsPrinted(t *testing.T) {
	var out strings.Builder
	e := &audit.Explanation{SeeAlso: []audit.SeeAlso{{Control: "EDS-IAM-01", Fact: "role#trust#0", Verdict: controls.Fail}}, MoreAlso: 3}
	if err := printExplanation(&out, e, "run"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"SEE ALSO role#trust#0 (EDS-IAM-01: FAIL)\n", "and 3 further results"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
}
