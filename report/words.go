package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

// verdicts lists the verdicts in the order in which they are counted, worst first.
var verdicts = []controls.Verdict{controls.Fail, controls.Error, controls.Insufficient,
	controls.NotTested, controls.Pass, controls.NotApplicable}

// verdictWord is how a verdict is written in a cell.
func verdictWord(v controls.Verdict) string {
	switch v {
	case controls.Pass:
		return "Pass"
	case controls.Fail:
		return "FAIL"
	case controls.Insufficient:
		return "Insufficient evidence"
	case controls.NotTested:
		return "Not tested"
	case controls.NotApplicable:
		return "Not applicable"
	case controls.Error:
		return "Error"
	}
	return string(v)
}

// verdictMeaning explains a verdict in one sentence.
func verdictMeaning(v controls.Verdict) string {
	switch v {
	case controls.Pass:
		return "The test held, for every item, on complete evidence."
	case controls.Fail:
		return "At least one item contradicts the control. One witness is enough, however incomplete the rest. An accepted exception stays a FAIL, marked accepted."
	case controls.Insufficient:
		return "The evidence does not allow a conclusion: something was denied, missed, cut off or not known. Never to be read as a pass."
	case controls.NotTested:
		return "The control was not tested in this run; the reason says why."
	case controls.NotApplicable:
		return "There is nothing to test, and the enumeration that says so is complete."
	case controls.Error:
		return "The test itself could not be evaluated. No conclusion."
	}
	return ""
}

// statusWord is how a coverage status is written in a cell.
func statusWord(s evidence.Status) string {
	switch s {
	case evidence.OK:
		return "Seen"
	case evidence.Empty:
		return "Seen, empty"
	case evidence.Denied:
		return "DENIED"
	case evidence.Throttled:
		return "THROTTLED"
	case evidence.Disabled:
		return "Switched off"
	case evidence.NotEnabled:
		return "Not opted in"
	case evidence.Unsupported:
		return "UNSUPPORTED"
	case evidence.Failed:
		return "ERROR"
	case evidence.NotAttempted:
		return "Not attempted"
	}
	return strings.ToUpper(string(s))
}

// statusMeaning explains a coverage status in one sentence.
func statusMeaning(s evidence.Status) string {
	switch s {
	case evidence.OK:
		return "Answered, with something in it."
	case evidence.Empty:
		return "Answered, and the answer proves that there is nothing."
	case evidence.Denied:
		return "The provider refused: the collector is not allowed to look."
	case evidence.Throttled:
		return "Refused for its rate, also after bounded retries."
	case evidence.Disabled:
		return "The feature, API or region is switched off now."
	case evidence.NotEnabled:
		return "The region is not opted in by the account's own list; earlier use is not shown."
	case evidence.Unsupported:
		return "The endpoint does not know this operation."
	case evidence.Failed:
		return "No genuine answer came back."
	case evidence.NotAttempted:
		return "Planned, but never asked."
	}
	return "A status that this build does not know; read as a gap."
}

// basisWord is how a basis is written in a cell.
func basisWord(b controls.Basis) string { return capital(string(b)) }

// scopeWord is how a scope is written in a cell.
func scopeWord(s controls.Scope) string {
	switch s {
	case controls.In:
		return "In"
	case controls.Out:
		return "OUT"
	case controls.ScopeUnknown:
		return "UNKNOWN"
	}
	return string(s)
}

func yesNo(b bool) string {
	if b {
		return "Yes"
	}
	return "No"
}

// notApplicable stands where a thing has no such field.
const notApplicable = "n/a"

func capital(s string) string {
	if s == "" || s == notApplicable {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// instant writes a time as people read it; always UTC.
func instant(t time.Time) string {
	if t.IsZero() {
		return "not stated"
	}
	return t.UTC().Format("2006-01-02 15:04:05") + " UTC"
}

// day writes a date.
func day(t time.Time) string {
	if t.IsZero() {
		return "not stated"
	}
	return t.UTC().Format("2006-01-02")
}

// some writes up to limit of the values, a line each, and how many are left.
func some(values []string, limit int) string {
	if len(values) <= limit {
		return strings.Join(values, "\n")
	}
	return strings.Join(values[:limit], "\n") + fmt.Sprintf("\n… and %s more", group(len(values)-limit))
}

// orElse gives s, or what to say where there is none.
func orElse(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}
