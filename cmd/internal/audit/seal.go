package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Untimed reports whether a run's engagement says that no authority vouches for its times.
func Untimed(r *run.Run) (bool, error) {
	loaded, err := EngagementOf(r)
	if err != nil {
		return false, err
	}
	return loaded.File.Signing.Untimed(), nil
}

// svr is the predicate of a Simple Verification Result (in-toto, svr v0.1).
type svr struct {
	Verifier    verifier  `json:"verifier"`
	TimeCreated time.Time `json:"timeCreated"`
	Properties  []string  `json:"properties"` // what holds, after the marks of the run
}

type verifier struct {
	ID      string   `json:"id"`
	Version run.Tool `json:"version"`
	Policy  *policy  `json:"policy,omitempty"` // trust.yaml
}

type policy struct {
	Digest map[string]string `json:"digest"`
}

// testResult is the predicate of a test result (in-toto, test-result v0.1).
type testResult struct {
	Result        string               `json:"result"` // PASSED, WARNED, FAILED
	Configuration []resourceDescriptor `json:"configuration"`
	PassedTests   []string             `json:"passedTests"`
	WarnedTests   []string             `json:"warnedTests"` // the marks of the run; what could not be judged
	FailedTests   []string             `json:"failedTests"`
}

type resourceDescriptor struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// Countersign verifies a run and, where it verifies, adds an auditor's countersignature over its
// record, the collector's signature, its judgements and earlier seals. The policy is the digest of
// trust.yaml. It returns the seal's digest; the report holds what was checked also on an error.
func Countersign(ctx context.Context, v Verification, signer *seal.Signer, policySHA256 string, at time.Time) (string, *run.Report, error) {
	r, report, err := Verify(ctx, v)
	if err != nil {
		return "", report, err
	}
	digest, err := v.countersign(ctx, r, report, signer, policySHA256, at)
	return digest, report, err
}

// countersign signs over a run that verified.
func (v *Verification) countersign(ctx context.Context, r *run.Run, report *run.Report, signer *seal.Signer, policySHA256 string, at time.Time) (string, error) {
	if err := signer.WaitFor(ctx, "the countersignature is to be of", at); err != nil {
		return "", err
	}
	this, err := identity(v.Tool)
	if err != nil {
		return "", err
	}
	p := svr{Verifier: verifier{seal.CountersignVerifier, this, &policy{map[string]string{"sha256": policySHA256}}}, TimeCreated: at.UTC().Truncate(time.Second),
		Properties: []string{"TREFOIL_RUN_VERIFIED"}}
	if v.Reperform {
		p.Properties = append(p.Properties, "TREFOIL_RUN_REPERFORMED")
	}
	return r.AddSeal("", func(files []seal.File) ([]byte, error) {
		if err := report.Covers(files); err != nil {
			return nil, fmt.Errorf("countersign: %w; nothing was signed: countersign again", err)
		}
		return signer.SignStatement(ctx, seal.SVRType, files, p)
	})
}

// Attest adds a judgement's verdicts to the run in two forms that policy engines read: a test
// result and a Simple Verification Result. It returns the seals' digests.
func Attest(ctx context.Context, r *run.Run, judgement string, signer *seal.Signer) ([]string, error) {
	j, err := Recorded(r, judgement)
	if err != nil {
		return nil, err
	}
	m, err := marksOf(r)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, form := range []string{seal.TestResultType, seal.SVRType} {
		digest, err := r.AddSeal(j.Digest, func(files []seal.File) ([]byte, error) {
			return signer.SignStatement(ctx, form, files, j.predicate(form, m))
		})
		if err != nil {
			return nil, err
		}
		out = append(out, digest)
	}
	return out, nil
}

// marks are what a verdict must not be read without: of what sort of run it is.
type marks struct {
	names  []string
	hollow bool // the answers may be another's than the providers', or of another day: nothing simply passes
}

// marksOf gives the marks of a run; none where it is live, of providers' own endpoints, and timed.
func marksOf(r *run.Run) (m marks, err error) {
	switch src := r.Record.Source; {
	case src.Demo:
		m.names = append(m.names, "TREFOIL_DEMONSTRATION")
	case src.Kind != "live":
		m.names = append(m.names, "TREFOIL_REPLAYED")
	}
	if len(r.Record.Overrides) > 0 {
		m.names = append(m.names, "TREFOIL_NOT_A_PROVIDER_ENDPOINT")
	}
	m.hollow = len(m.names) > 0
	untimed, err := Untimed(r)
	if untimed {
		m.names = append(m.names, "TREFOIL_UNTIMED")
	}
	return m, err
}

// predicate is what a judgement came to, in one of the forms: a pure function of it and of its run's marks. A policy
// that looks for the pass of a control alone, and knows no marks, must not find one in a hollow run.
func (j *Judged) predicate(form string, m marks) any {
	t := testResult{Result: "PASSED", Configuration: []resourceDescriptor{{"judgement.json", map[string]string{"sha256": j.Digest}}},
		PassedTests: []string{}, WarnedTests: append([]string{}, m.names...), FailedTests: []string{}}
	properties := append([]string{}, m.names...)
	for _, l := range j.Results.Lines {
		switch {
		case !l.Selected:
		case l.Verdict == controls.Pass && m.hollow:
			t.WarnedTests = append(t.WarnedTests, l.Control)
			properties = append(properties, "TREFOIL_WARNED_PASS_"+l.Control)
		case l.Verdict == controls.Pass:
			t.PassedTests = append(t.PassedTests, l.Control)
			properties = append(properties, "TREFOIL_PASS_"+l.Control)
		case l.Verdict == controls.Fail: // also under a waiver: it stays a fail
			t.FailedTests = append(t.FailedTests, l.Control)
		case l.Verdict != controls.NotApplicable:
			t.WarnedTests = append(t.WarnedTests, l.Control)
		}
	}
	failed, unjudged := j.Results.Gate()
	switch {
	case failed:
		t.Result = "FAILED"
	case unjudged || len(t.WarnedTests)+len(t.FailedTests) > 0:
		t.Result = "WARNED"
	}
	if form == seal.TestResultType {
		return t
	}
	return svr{Verifier: verifier{seal.JudgeVerifier, j.Tool, nil}, TimeCreated: j.JudgedAsOf, Properties: properties}
}

// verdicts holds each verdict among the seals against the judgement that it is of.
func verdicts(r *run.Run, report *run.Report) error {
	for _, s := range report.Seals {
		if s.Kind != seal.Verdict {
			continue
		}
		name := "seals/" + s.Digest + ".sigstore.json"
		same, unmarked, err := sameVerdict(r, s)
		const what = "verdict against its judgement"
		switch {
		case err != nil:
			return failed(report, name, what, err)
		case len(unmarked) > 0:
			report.Checks = append(report.Checks, run.Check{File: name, What: what, Anchor: same, Result: "warning",
				Detail: "says what the judgement says, but not that the run is " + strings.Join(unmarked, ", ") + ", as an earlier build left it out: attest again"})
		default:
			passed(report, name, what, same, "says what the judgement says")
		}
	}
	return nil
}

// sameVerdict wants of a verdict that it says what its judgement says. Unmarked are the marks that one of an earlier
// build leaves out.
func sameVerdict(r *run.Run, s run.Seal) (same string, unmarked []string, err error) {
	var judgement string
	for _, f := range s.Files {
		if f.Name == run.JudgementFile(f.SHA256) {
			judgement = f.SHA256
		}
	}
	if judgement == "" {
		return "", nil, errors.New("it names no judgement")
	}
	j, err := Recorded(r, judgement)
	if err != nil {
		return "", nil, err
	}
	m, err := marksOf(r)
	if err != nil {
		return "", nil, err
	}
	for _, form := range []string{seal.TestResultType, seal.SVRType} {
		for _, by := range []marks{m, {}} {
			want, err := evidence.Canonical(j.predicate(form, by))
			if err != nil {
				return "", nil, err
			}
			if string(want) == string(s.Predicate) {
				return "judgement " + judgement, m.names[len(by.names):], nil
			}
		}
	}
	return "", nil, fmt.Errorf("it does not say what judgement %s says: %s", judgement, strings.ToValidUTF8(short(s.Predicate), "?"))
}
