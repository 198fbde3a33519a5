package audit

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// reperform plays the recording again and compares facts, coverage, plan and results, and the
// parts of the workbook. What does not come out again is held against the build that made it: a
// judgement may be of another build than the run.
func (v *Verification) reperform(ctx context.Context, r *run.Run, report *run.Report) error {
	if err := v.again(ctx, r, report); err != nil {
		return v.byBuild(r.Record.Tool, err)
	}
	return v.results(ctx, r, report)
}

// byBuild says of a difference that another build made what differs, where one did.
func (v *Verification) byBuild(made run.Tool, err error) error {
	var bad *run.VerifyError
	if !errors.As(err, &bad) || v.Tool == nil { // a build without a name is no other
		return err
	}
	this, unknown := identity(v.Tool)
	if unknown == nil && made.Binary != this.Binary {
		return &OtherBuildError{Made: made, This: this, Err: err}
	}
	return errors.Join(err, unknown)
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
	if _, err := Collect(ctx, Collection{Engagement: loaded, Out: second, Signer: &seal.Signer{Key: key}, Clock: time.Now, Progress: v.Progress, Replay: r}); err != nil {
		return differs(ctx, report, "bundles", "re-performance: replay", err)
	}
	again, err := run.Open(second)
	if err != nil {
		return err
	}
	if err := sameRecord(r, again, report); err != nil {
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
	return nil
}

// sameRecord compares what the run says of itself and its inputs with what follows from the recording:
// by the kinds among them every fact is read, so a run of other kinds would be judged as if its facts said
// less. What took the run is its own statement (run.CollectorName).
func sameRecord(r, again *run.Run, report *run.Report) error {
	const what = "re-performance: inputs"
	if r.Record.Engagement != again.Record.Engagement || !slices.Equal(r.Record.Overrides, again.Record.Overrides) {
		return failed(report, "run.json", "re-performance: engagement", fmt.Errorf("it names engagement %q and overrides %q; from inputs/%s follow %q and %q",
			r.Record.Engagement, r.Record.Overrides, engagement.FileName, again.Record.Engagement, again.Record.Overrides))
	}
	made := map[string]string{}
	for _, f := range again.Record.Inputs {
		made[f.Path] = f.SHA256
	}
	for _, f := range r.Record.Inputs {
		switch digest, ok := made[f.Path]; {
		case filepath.Base(f.Path) == run.CollectorName:
		case !ok:
			return failed(report, f.Path, what, errors.New("it is recorded, and does not come out again"))
		case digest != f.SHA256:
			return failed(report, f.Path, what, fmt.Errorf("its sha256 is %s; again it is %s", f.SHA256, digest))
		}
		delete(made, f.Path)
	}
	for _, f := range again.Record.Inputs {
		if _, left := made[f.Path]; left && filepath.Base(f.Path) != run.CollectorName {
			return failed(report, f.Path, what, errors.New("it comes out, and is not recorded"))
		}
	}
	passed(report, "inputs", what, "this build", fmt.Sprintf("%d files, all equal", len(again.Record.Inputs)-1))
	return nil
}

// results judges again by each judgement's own inputs.
func (v *Verification) results(ctx context.Context, r *run.Run, report *run.Report) error {
	read := controls.Read
	for _, digest := range report.Judgements {
		j, err := r.Judgement(digest)
		if err != nil {
			return err
		}
		w, err := judgedAgain(ctx, r, j, report)
		if err != nil {
			return v.byBuild(j.Tool, err)
		}
		if digest == v.Judgement {
			read = w.readAgain
		}
	}
	if v.Report == "" {
		return nil
	}
	j, err := recorded(r, v.Judgement, read)
	if err != nil {
		return err
	}
	return v.byBuild(j.Tool, v.sameWorkbook(ctx, j, report))
}

func judgedAgain(ctx context.Context, r *run.Run, j *run.Judged, report *run.Report) (*world, error) {
	name := "judgements/" + j.Digest
	w, err := judge(ctx, r, j.Inputs, j.JudgedAsOf)
	if err != nil {
		return nil, differs(ctx, report, name, "re-performance: judgement", err)
	}
	n, err := sameLines(j.Lines(), w.results.Encoded())
	err = errors.Join(err, w.results.Close())
	if err != nil {
		return nil, differs(ctx, report, name+"/results.jsonl", "re-performance: results", err)
	}
	passed(report, name+"/results.jsonl", "re-performance: results", "this build", fmt.Sprintf("%d lines, all equal", n))
	return w, nil
}

func (v *Verification) sameWorkbook(ctx context.Context, j *Judged, report *run.Report) error {
	var b bytes.Buffer
	if err := Workbook(ctx, j, &b); err != nil {
		return err
	}
	n, err := sameParts(v.book, b.Bytes())
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

// sameParts compares two workbooks by their unpacked parts: a later compressor writes other bytes.
func sameParts(given, want []byte) (int, error) {
	have, err := zip.NewReader(bytes.NewReader(given), int64(len(given)))
	if err != nil {
		return 0, fmt.Errorf("is no workbook: %w", err)
	}
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
	if a, b := names(have.File), names(made.File); !slices.Equal(a, b) {
		return 0, fmt.Errorf("its parts are %v; again they are %v", a, b)
	}
	for i, f := range made.File {
		a, err := partDigest(have.File[i], f.UncompressedSize64)
		if err != nil {
			return 0, err
		}
		b, err := partDigest(f, f.UncompressedSize64)
		if err != nil {
			return 0, err
		}
		if a != b {
			return 0, fmt.Errorf("part %s differs", f.Name)
		}
	}
	return len(made.File), nil
}

// partDigest digests a part, unpacked, of at most so many bytes: what inflates to more differs already.
func partDigest(f *zip.File, most uint64) (string, error) {
	r, err := f.Open()
	if err != nil {
		return "", fmt.Errorf("part %s: %w", f.Name, err)
	}
	defer r.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(r, int64(most)+1))
	if err == nil && uint64(n) > most {
		err = fmt.Errorf("has more than the %d bytes that come out again", most)
	}
	if err != nil {
		return "", fmt.Errorf("part %s: %w", f.Name, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
