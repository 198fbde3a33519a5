package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// A verdict says of what sort of run it is. In one whose answers may not be the providers' own, nothing simply passes:
// neither for who reads the result, nor for who looks for the pass of one control.
func TestVerdictIsMarked(t *testing.T) {
	r, _ := seen(t)
	j := &Judged{Digest: "d", Results: &controls.Results{Lines: []controls.Line{{Control: "A", Selected: true, Verdict: controls.Pass}}}}
	live := run.Source{Kind: "live"}
	for name, c := range map[string]struct {
		source             run.Source
		overrides          []string
		marks, property    string
		result, passed     string
		warnedBesidesMarks string
	}{
		"untimed":       {live, nil, "TREFOIL_UNTIMED", "TREFOIL_PASS_A", "WARNED", "A", ""},
		"redirected":    {live, []string{"proxy = x"}, "TREFOIL_NOT_A_PROVIDER_ENDPOINT TREFOIL_UNTIMED", "TREFOIL_WARNED_PASS_A", "WARNED", "", "A"},
		"replayed":      {run.Source{Kind: "replay", Of: "o"}, nil, "TREFOIL_REPLAYED TREFOIL_UNTIMED", "TREFOIL_WARNED_PASS_A", "WARNED", "", "A"},
		"demonstration": {run.Source{Kind: "replay", Of: "o", Demo: true}, nil, "TREFOIL_DEMONSTRATION TREFOIL_UNTIMED", "TREFOIL_WARNED_PASS_A", "WARNED", "", "A"},
	} {
		r.Record.Source, r.Record.Overrides = c.source, c.overrides
		m, err := marksOf(r)
		if err != nil {
			t.Fatal(err)
		}
		result, simple := j.predicate(seal.TestResultType, m).(testResult), j.predicate(seal.SVRType, m).(svr)
		if got := strings.Join(simple.Properties, " "); got != c.marks+" "+c.property {
			t.Errorf("%s: properties %q", name, got)
		}
		if got := strings.Join(result.WarnedTests, " "); result.Result != c.result || strings.Join(result.PassedTests, " ") != c.passed || got != strings.TrimSpace(c.marks+" "+c.warnedBesidesMarks) {
			t.Errorf("%s: %+v", name, result)
		}
	}
	if clean := j.predicate(seal.TestResultType, marks{}).(testResult); clean.Result != "PASSED" || !slices.Equal(clean.PassedTests, []string{"A"}) {
		t.Errorf("without marks: %+v", clean)
	}
}

// A verdict of an earlier build, which leaves the marks out, verifies with a warning; one that says anything else does not.
func TestVerdictOfAnEarlierBuild(t *testing.T) {
	r, j := seen(t)
	m, err := marksOf(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{seal.TestResultType, seal.SVRType} {
		for result, by := range map[string]marks{"ok": m, "warning": {}, "failed": {names: []string{"TREFOIL_UNTIMED"}}} {
			text, err := evidence.Canonical(j.predicate(form, by))
			if err != nil {
				t.Fatal(err)
			}
			report := &run.Report{Seals: []run.Seal{{Kind: seal.Verdict, Files: []seal.File{{Name: run.JudgementFile(j.Digest), SHA256: j.Digest}}, Predicate: text}}}
			err = verdicts(r, report)
			if (err != nil) != (result == "failed") || len(report.Checks) != 1 || report.Checks[0].Result != result {
				t.Errorf("%s, %s: %+v, %v", form, result, report.Checks, err)
			}
			if result == "warning" && !strings.Contains(report.Checks[0].Detail, "TREFOIL_DEMONSTRATION, TREFOIL_NOT_A_PROVIDER_ENDPOINT, TREFOIL_UNTIMED") {
				t.Errorf("%s", report.Checks[0].Detail)
			}
		}
	}
}
