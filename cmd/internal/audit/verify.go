package audit

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
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
	Report    string // a workbook: its signature is checked and, with Reperform, its parts are compared
	Judgement string // which judgement the workbook must be of; empty: the one that it names
	Tool      run.Tool
	Progress  func(string)
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
	if err := verdicts(r, report); err != nil {
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
	if v.Report != "" {
		if err := v.workbookSignature(r, report); err != nil {
			return nil, report, err
		}
	}
	if v.Reperform {
		if err := v.reperform(ctx, r, report); err != nil {
			return nil, report, err
		}
	}
	return r, report, nil
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
	content, err := os.ReadFile(v.Report)
	if err != nil {
		return err
	}
	if err := v.workbookOf(content, r, report); err != nil {
		return err
	}
	signature, err := os.ReadFile(v.Report + SignatureSuffix)
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
	if err != nil {
		return failed(report, v.Report, "signature of the workbook", err)
	}
	passed(report, v.Report, "signature of the workbook", s.Signer.Anchor(), evidence.Digest(content))
	return nil
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

// reperform plays the recording again and compares facts, coverage, plan and results, and the
// parts of the workbook.
func (v *Verification) reperform(ctx context.Context, r *run.Run, report *run.Report) error {
	err := v.again(ctx, r, report)
	var bad *run.VerifyError
	if errors.As(err, &bad) && r.Record.Tool.Binary != v.Tool.Binary {
		return &OtherBuildError{Made: r.Record.Tool, This: v.Tool, Err: err}
	}
	return err
}

func (v *Verification) again(ctx context.Context, r *run.Run, report *run.Report) (err error) {
	dir, err := os.MkdirTemp("", "trefoil-reperform-")
	if err != nil {
		return fmt.Errorf("re-perform: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	key, err := seal.EphemeralKey()
	if err != nil {
		return err
	}
	loaded, err := EngagementOf(r)
	if err != nil {
		return err
	}
	second := filepath.Join(dir, "run")
	if _, err := Collect(ctx, Collection{Engagement: loaded, Out: second, Signer: &seal.Signer{Key: key}, Tool: v.Tool, Clock: time.Now, Progress: v.Progress, Replay: r}); err != nil {
		return differs(ctx, report, "bundles", "re-performance: replay", err)
	}
	again, err := run.Open(second)
	if err != nil {
		return err
	}
	if !bytes.Equal(r.Record.Plan, again.Record.Plan) {
		return failed(report, "run.json", "re-performance: plan", errors.New("the plan that follows from engagement, table and discovery is another one"))
	}
	passed(report, "run.json", "re-performance: plan", "this build", fmt.Sprintf("%d targets", len(r.Targets())))
	for _, name := range []string{bundle.ExchangesName, bundle.CoverageName, bundle.FactsName} {
		n, err := sameLines(linesOf(r, name), linesOf(again, name))
		if err != nil {
			return differs(ctx, report, name, "re-performance", err)
		}
		passed(report, name, "re-performance", "this build", fmt.Sprintf("%d lines, all equal", n))
	}
	return v.results(ctx, r, report)
}

// results judges again by each judgement's own inputs.
func (v *Verification) results(ctx context.Context, r *run.Run, report *run.Report) error {
	for _, digest := range report.Judgements {
		j, err := r.Judgement(digest)
		if err != nil {
			return err
		}
		w, err := judge(ctx, r, j.Inputs, j.JudgedAsOf)
		if err != nil {
			return differs(ctx, report, "judgements/"+digest, "re-performance: judgement", err)
		}
		n, err := sameLines(j.Lines(), w.results.Encoded())
		err = errors.Join(err, w.results.Close())
		if err != nil {
			return differs(ctx, report, "judgements/"+digest+"/results.jsonl", "re-performance: results", err)
		}
		passed(report, "judgements/"+digest+"/results.jsonl", "re-performance: results", "this build", fmt.Sprintf("%d lines, all equal", n))
	}
	if v.Report == "" {
		return nil
	}
	j, err := Recorded(r, v.Judgement)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := Workbook(ctx, j, &b); err != nil {
		return err
	}
	n, err := sameParts(v.Report, b.Bytes())
	if err != nil {
		return differs(ctx, report, v.Report, "re-performance: workbook", err)
	}
	passed(report, v.Report, "re-performance: workbook", "this build", fmt.Sprintf("%d parts, all equal", n))
	return nil
}

// sameLines compares two streams of lines; it gives their length.
func sameLines(a, b iter.Seq2[[]byte, error]) (int, error) {
	next, stop := iter.Pull2(b)
	defer stop()
	n := 0
	for line, err := range a {
		if err != nil {
			return n, err
		}
		n++
		other, err, more := next()
		switch {
		case !more:
			return n, fmt.Errorf("line %d is recorded, and does not come out again: %s", n, short(line))
		case err != nil:
			return n, err
		case !bytes.Equal(line, other):
			return n, fmt.Errorf("line %d is %s; again it is %s", n, short(line), short(other))
		}
	}
	if other, err, more := next(); more {
		return n, errors.Join(fmt.Errorf("a further line comes out: %s", short(other)), err)
	}
	return n, nil
}

func short(line []byte) string {
	const most = 300
	if len(line) > most {
		return string(bytes.ToValidUTF8(line[:most], nil)) + "…"
	}
	return string(line)
}

// maxWorkbook bounds a workbook's part, unpacked.
const maxWorkbook = 2 << 30

// sameParts compares two workbooks by their unpacked parts: a later compressor writes other bytes.
func sameParts(path string, want []byte) (int, error) {
	given, err := zip.OpenReader(path)
	if err != nil {
		return 0, fmt.Errorf("is no workbook: %w", err)
	}
	defer given.Close()
	made, err := zip.NewReader(bytes.NewReader(want), int64(len(want)))
	if err != nil {
		return 0, err
	}
	names := func(files []*zip.File) []string {
		var out []string
		for _, f := range files {
			out = append(out, f.Name)
		}
		return out
	}
	if a, b := names(given.File), names(made.File); !slices.Equal(a, b) {
		return 0, fmt.Errorf("its parts are %v; again they are %v", a, b)
	}
	for i := range made.File {
		a, err := partDigest(given.File[i])
		if err != nil {
			return 0, err
		}
		b, err := partDigest(made.File[i])
		if err != nil {
			return 0, err
		}
		if a != b {
			return 0, fmt.Errorf("part %s differs", made.File[i].Name)
		}
	}
	return len(made.File), nil
}

func partDigest(f *zip.File) (string, error) {
	r, err := f.Open()
	if err != nil {
		return "", fmt.Errorf("part %s: %w", f.Name, err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxWorkbook))
	if err != nil {
		return "", fmt.Errorf("part %s: %w", f.Name, err)
	}
	return evidence.Digest(b), nil
}
