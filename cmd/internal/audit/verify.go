package audit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Verification says what to verify, and by what.
type Verification struct {
	Path      string
	Trust     *seal.Trust
	Expect    []string // digests that must be there
	Workers   int
	Reperform bool
	Report    string                   // a workbook: its signature is checked and, with Reperform, its parts are compared
	Judgement string                   // that must be there, and that the workbook must be of; empty: the one that it names
	Tool      func() (run.Tool, error) // which build this is; asked where that is compared or recorded. Nil: a build without a name
	Progress  func(string)

	book []byte // what was read of Report, once: its signature and its parts are of the same bytes
}

// OtherBuildError says that another build made a run, and that this one gets other contents:
// it cannot tell a change of the build from a change of the evidence.
type OtherBuildError struct {
	Made, This run.Tool
	Err        error
}

func (e *OtherBuildError) Error() string {
	return fmt.Sprintf("cannot re-perform with this build: %v. The run was made by trefoil %s (binary %s), this is %s (binary %s)", e.Err, e.Made.Version, e.Made.Binary, e.This.Version, e.This.Binary)
}

func (e *OtherBuildError) Unwrap() error { return e.Err }

// Verify checks a run by the caller's trust, in the architecture's order, and re-performs it
// where asked. The report holds what was checked also where it fails. Errors: *run.VerifyError says
// that the evidence does not verify; *OtherBuildError that this build cannot tell; any other that the
// work could not be done.
func Verify(ctx context.Context, v Verification) (*run.Run, *run.Report, error) {
	r, report, err := run.Verify(v.Path, v.Trust, v.Expect, v.Workers)
	if err != nil {
		return nil, report, err
	}
	if err := Timed(r, report); err != nil {
		return nil, report, err
	}
	if err := verdicts(r, report); err != nil {
		return nil, report, err
	}
	if err := otherTables(r, report); err != nil {
		return nil, report, err
	}
	rules, err := WithheldRules(r)
	if err != nil {
		return nil, report, failed(report, "inputs/"+engagement.FileName, "engagement", err)
	}
	if len(rules) > 0 {
		report.Checks = append(report.Checks, run.Check{File: "inputs/" + engagement.FileName, What: "withheld values", Result: "warning",
			Detail: "VALUES WITHHELD before they were written, by rules " + strings.Join(rules, ", ")})
	}
	if err := planned(r); err != nil {
		return nil, report, failed(report, "run.json", "plan", err)
	}
	passed(report, "run.json", "plan", "run.json", fmt.Sprintf("each of its %d targets has a bundle", len(r.Targets())))
	if v.Report != "" {
		if err := v.workbookSignature(r, report); err != nil {
			return nil, report, err
		}
	}
	if v.Judgement != "" && !slices.Contains(report.Judgements, v.Judgement) {
		return nil, report, failed(report, ".", "judgement that is asked for", fmt.Errorf("the run has no judgement %s", v.Judgement))
	}
	if v.Reperform {
		if err := v.reperform(ctx, r, report); err != nil {
			return nil, report, err
		}
	}
	return r, report, nil
}

// planned refuses a run whose bundles are not of the targets of its plan, each and no other: of a target without a
// bundle there is no coverage, so that nothing would keep what it was not asked from a pass.
func planned(r *run.Run) error {
	var plan []Planned
	if err := json.Unmarshal(r.Record.Plan, &plan, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("run.json: plan: %w", err)
	}
	bundles := r.Targets()
	for _, p := range plan {
		at, ok := slices.BinarySearch(bundles, p.ID)
		if !ok {
			return &run.LayoutError{File: "run.json", Cause: fmt.Sprintf("its plan names target %s, once or twice, and there is one bundle of it or none", p.ID)}
		}
		bundles = slices.Delete(bundles, at, at+1)
	}
	if len(bundles) > 0 {
		return &run.LayoutError{File: "run.json", Cause: "there is a bundle of target " + bundles[0] + ", which its plan does not name"}
	}
	return nil
}

// Timed refuses a live run whose engagement names a timestamp authority and whose signature carries no
// timestamp: a collection that got none left no run, so it was removed. Signatures of this build say so
// themselves; those of older builds do not, and what trust is optional about would not be missed in them.
func Timed(r *run.Run, report *run.Report) error {
	if r.Record.Source.Kind != "live" || !report.Timestamp.IsZero() {
		return nil
	}
	untimed, err := Untimed(r)
	switch {
	case err != nil:
		return failed(report, "inputs/"+engagement.FileName, "engagement", err)
	case !untimed:
		return failed(report, "run.sigstore.json", "time", fmt.Errorf("%w: it carries no timestamp, and inputs/%s names an authority: the timestamp was removed", seal.ErrTime, engagement.FileName))
	}
	return nil
}

func failed(report *run.Report, file, what string, err error) error {
	return report.Fail(file, what, err)
}

// differs is failed for what re-performance found. What stopped it here is no finding about the
// evidence: the caller's context that ended, or what the system refused, such as a disk that is full.
func differs(ctx context.Context, report *run.Report, file, what string, err error) error {
	var refused syscall.Errno
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: stopped before its end: %w", what, context.Cause(ctx))
	case errors.As(err, &refused):
		return fmt.Errorf("%s: could not be done here: %w", what, err)
	}
	return failed(report, file, what, err)
}

func passed(report *run.Report, file, what, anchor, detail string) {
	report.Checks = append(report.Checks, run.Check{File: file, What: what, Anchor: anchor, Result: "ok", Detail: detail})
}

// workbookSignature checks the signature that lies beside a workbook. Without one, the comparison
// of a re-performance decides; without that too, nothing speaks for the workbook.
func (v *Verification) workbookSignature(r *run.Run, report *run.Report) error {
	content, err := readFile(v.Report, maxBook)
	if err != nil {
		return err
	}
	v.book = content
	if err := v.workbookOf(content, r, report); err != nil {
		return err
	}
	signature, err := readFile(v.Report+SignatureSuffix, seal.MaxSignature)
	if errors.Is(err, os.ErrNotExist) {
		if !v.Reperform {
			return failed(report, v.Report, "signature of the workbook", fmt.Errorf("the workbook is unsigned (no file %s) and was not compared; use --reperform", v.Report+SignatureSuffix))
		}
		report.Checks = append(report.Checks, run.Check{File: v.Report, What: "signature of the workbook", Result: "warning", Detail: "UNSIGNED: no file " + v.Report + SignatureSuffix})
		return nil
	}
	if err != nil {
		return err
	}
	s, err := v.Trust.Verify(seal.Report, evidence.Digest(content), signature, seal.At(r.Record.AsOf))
	if err == nil {
		err = v.workbookTime(r, report, s)
	}
	if err != nil {
		return failed(report, v.Report, "signature of the workbook", err)
	}
	passed(report, v.Report, "signature of the workbook", s.Signer.Anchor(), evidence.Digest(content))
	return nil
}

// workbookTime holds the times that the workbook's signature claims: it is of a judgement, of a run that had ended.
func (v *Verification) workbookTime(r *run.Run, report *run.Report, s *seal.Signature) error {
	j, err := r.Judgement(v.Judgement)
	if err != nil {
		return err
	}
	return cmp.Or(s.Before("it is of a judgement as of", j.JudgedAsOf), s.Claims(report.Last, j.JudgedAsOf))
}

// workbookOf wants a workbook of this run and, where one was asked for, of that judgement. Of several
// judgements it takes the one that the workbook names: with that one it is compared.
func (v *Verification) workbookOf(content []byte, r *run.Run, report *run.Report) error {
	const what = "judgement of the workbook"
	named, err := NamesOf(content)
	switch {
	case err != nil:
		return failed(report, v.Report, "run of the workbook", fmt.Errorf("it is no workbook of this run, %s: %w", r.Digest, err))
	case named.Run != r.Digest:
		return failed(report, v.Report, "run of the workbook", fmt.Errorf("it is no workbook of this run, %s: it names run %s", r.Digest, named.Run))
	case v.Judgement != "" && v.Judgement != named.Judgement:
		return failed(report, v.Report, what, fmt.Errorf("it names judgement %s, not %s", named.Judgement, v.Judgement))
	case !slices.Contains(report.Judgements, named.Judgement):
		return failed(report, v.Report, what, fmt.Errorf("it names judgement %s, which the run does not have", named.Judgement))
	}
	v.Judgement = named.Judgement
	passed(report, v.Report, what, "its properties", named.Judgement)
	return nil
}

// SignatureSuffix is what the signature of a workbook is called.
const SignatureSuffix = ".sigstore.json"

// otherTables warns of a catalogue or a table of places that is not this build's: by a weakened one,
// signed by whoever may judge, anything passes, and all of it comes out again.
func otherTables(r *run.Run, report *run.Report) error {
	warn := func(file, what, detail string) {
		report.Checks = append(report.Checks, run.Check{File: file, What: what, Anchor: "this build", Result: "warning", Detail: detail})
	}
	const places = "table of places"
	if text, ok, err := r.Input(placesName); err != nil {
		return err
	} else if ok && !bytes.Equal(text, place.Default()) {
		warn("inputs/"+placesName, places, "NOT THIS BUILD'S: regions were planned by another table, sha256 "+evidence.Digest(text))
	}
	ours, err := catalogueDigest(controls.Default())
	if err != nil {
		return err
	}
	took, err := r.Collector()
	if err != nil {
		return err
	}
	newer := ""
	if len(report.Judgements) > 0 {
		if newer, err = newerKinds(r); err != nil {
			return err
		}
	}
	for _, digest := range report.Judgements {
		inputs, err := r.JudgementInputs(digest)
		if err != nil {
			return err
		}
		theirs, err := catalogueDigest(inputs)
		if err != nil {
			return err
		}
		switch {
		case theirs == ours && inputs[newerName] != newer:
			warn(run.JudgementFile(digest), "kinds", "NOT THIS BUILD'S: by what newer kinds it was judged, this build would not")
		case theirs == ours:
		case took != nil && took.Catalogue == theirs:
			warn(run.JudgementFile(digest), "catalogue", "NOT THIS BUILD'S, but that of the build which took the run, as that says: sha256 "+theirs)
		default:
			warn(run.JudgementFile(digest), "catalogue", "NOT THIS BUILD'S, nor that of the build which took the run: sha256 "+theirs)
		}
		if text := inputs[placesName]; text != string(place.Default()) {
			warn(run.JudgementFile(digest), places, "NOT THIS BUILD'S: it was judged by another table, sha256 "+evidence.Digest([]byte(text)))
		}
	}
	return nil
}
