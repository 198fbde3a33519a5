package audit

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// forger signs whatever it is given with a good key.
func forger(t *testing.T) *seal.Signer {
	t.Helper()
	key, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	return &seal.Signer{Key: key}
}

// retold makes a run of the same bundles as r that says other things of itself.
func retold(t *testing.T, r *run.Run, record func(*run.Record), input func(name string, text []byte) []byte) *run.Run {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "retold")
	b, err := run.Create(path)
	must(err)
	for _, f := range r.Record.Inputs {
		name := filepath.Base(f.Path)
		text, _, err := r.Input(name)
		must(err)
		must(b.AddInput(name, input(name, text)))
	}
	bundles := map[string]run.BundleFile{}
	for _, f := range r.Record.Bundles {
		bundles[filepath.Base(f.Path)] = f
		must(os.Link(filepath.Join(r.Path, f.Path), filepath.Join(b.Bundles(), filepath.Base(f.Path))))
	}
	told := r.Record
	record(&told)
	_, err = b.Commit(told, bundles, func(digest string) ([]byte, error) {
		return forger(t).Sign(context.Background(), seal.Run, "run.json", digest, nil)
	})
	must(err)
	out, err := run.Open(path)
	must(err)
	return out
}

// forged adds a judgement that was written by hand, signed with a good key.
func forged(t *testing.T, r *run.Run, j *Judged, inputs map[string]string, tool run.Tool) string {
	t.Helper()
	digest, err := r.AddJudgement(run.Judgement{JudgedAsOf: j.JudgedAsOf, Inputs: inputs, Tool: tool}, j.Results.Encoded(), func(d string) ([]byte, error) {
		return forger(t).Sign(context.Background(), seal.Judgement, "judgement.json", d, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// Good signatures over what is not so: what a run says of itself, and what a judgement says.
func TestReperformRefusesForgeries(t *testing.T) {
	path, r, j, trust := clover(t)
	t.Run("record", func(t *testing.T) { refusesRetold(t, r) })
	t.Run("countersignature", func(t *testing.T) { sealsWhatWasVerified(t, path, trust, j) })
	t.Run("tables", func(t *testing.T) { warnsOfTables(t, r, j) })
	t.Run("results", func(t *testing.T) { refusesResults(t, path, r, j) })
}

// What the run says beside its recording is compared with what comes out again, which is r itself here.
func refusesRetold(t *testing.T, r *run.Run) {
	same := func(_ string, text []byte) []byte { return text }
	for name, c := range map[string]struct {
		file   string
		record func(*run.Record)
		input  func(name string, text []byte) []byte
	}{
		"nothing changed": {"", func(*run.Record) {}, func(name string, text []byte) []byte {
			if name == run.CollectorName {
				return bytes.Replace(text, []byte(`"version"`), []byte(`"version" `), 1) // its own statement
			}
			return text
		}},
		"no kind is a store": {"inputs/kinds.json", func(*run.Record) {}, func(name string, text []byte) []byte {
			if name == kindsName {
				return bytes.ReplaceAll(text, []byte(`"store"`), []byte(`"other"`))
			}
			return text
		}},
		"another name":             {"run.json", func(r *run.Record) { r.Engagement = "another" }, same},
		"an override that was not": {"run.json", func(r *run.Record) { r.Overrides = []string{"proxy = http://192.0.2.1/"} }, same},
	} {
		err := sameRecord(retold(t, r, c.record, c.input), r, &run.Report{})
		var bad *run.VerifyError
		if c.file == "" && err != nil || c.file != "" && (!errors.As(err, &bad) || bad.File != c.file) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A judgement whose results do not come out again is refused; of another build's, that build is named.
func refusesResults(t *testing.T, path string, r *run.Run, j *Judged) {
	for i := range j.Results.Lines {
		j.Results.Lines[i].Verdict = controls.Pass
	}
	v := Verification{Path: path, Tool: func() (run.Tool, error) { return run.Tool{Binary: "this"}, nil }}
	for made, digest := range map[string]string{"this": forged(t, r, j, j.Inputs, run.Tool{Binary: "this"}), "other": forged(t, r, j, j.Inputs, run.Tool{Binary: "other"})} {
		err := v.results(context.Background(), r, &run.Report{Judgements: []string{digest}})
		var bad *run.VerifyError
		var other *OtherBuildError
		if !errors.As(err, &bad) || errors.As(err, &other) != (made == "other") {
			t.Errorf("forged results, said to be of build %s: %v", made, err)
		}
	}
	unread := errors.New("the program cannot be read")
	v.Tool = func() (run.Tool, error) { return run.Tool{}, unread }
	err := v.byBuild(run.Tool{Binary: "other"}, &run.VerifyError{File: "run.json", Err: errors.New("differs")})
	var bad *run.VerifyError
	if !errors.As(err, &bad) || errors.As(err, new(*OtherBuildError)) || !errors.Is(err, unread) {
		t.Errorf("a difference found by a build that cannot be told: %v", err)
	}
}

// A judgement by another catalogue or table of places is named as that, though it comes out again.
func warnsOfTables(t *testing.T, r *run.Run, j *Judged) {
	for name, c := range map[string]struct{ input, words string }{
		"catalogue": {"catalogue/EDS-RES-01.yaml", "NOT THIS BUILD'S, nor that of the build which took the run"},
		"places":    {placesName, "NOT THIS BUILD'S: it was judged by another table"},
	} {
		inputs := map[string]string{}
		for name, text := range j.Inputs {
			inputs[name] = text
		}
		if inputs[c.input] == "" {
			t.Fatalf("no input %s", c.input)
		}
		inputs[c.input] += "\n# another\n"
		digest := forged(t, r, j, inputs, run.Tool{})
		report := &run.Report{Judgements: []string{j.Digest, digest}}
		if err := otherTables(r, report); err != nil {
			t.Fatal(err)
		}
		if len(report.Checks) != 1 || report.Checks[0].File != run.JudgementFile(digest) || report.Checks[0].Result != "warning" || !strings.HasPrefix(report.Checks[0].Detail, c.words) {
			t.Errorf("%s: %+v", name, report.Checks)
		}
	}
	planned := retold(t, r, func(*run.Record) {}, func(name string, text []byte) []byte {
		if name == placesName {
			return append(text, "\n# another\n"...)
		}
		return text
	})
	report := &run.Report{}
	if err := otherTables(planned, report); err != nil || len(report.Checks) != 1 || !strings.Contains(report.Checks[0].Detail, "planned by another table") {
		t.Errorf("the run's table: %v %+v", err, report.Checks)
	}
}

// What comes into a run while it is verified is not countersigned with it.
func sealsWhatWasVerified(t *testing.T, path string, trust *seal.Trust, j *Judged) {
	v := Verification{Path: path, Trust: trust, Workers: 2}
	r, report, err := run.Verify(path, trust, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	late := forged(t, r, j, j.Inputs, run.Tool{})
	if digest, err := v.countersign(context.Background(), r, report, forger(t), "", j.JudgedAsOf); err == nil || !strings.Contains(err.Error(), run.JudgementFile(late)) {
		t.Errorf("a judgement that nobody verified: sealed as %q, %v", digest, err)
	}
	if err := os.RemoveAll(filepath.Join(path, "judgements", late)); err != nil {
		t.Fatal(err)
	}
	digest, err := v.countersign(context.Background(), r, report, forger(t), "", j.JudgedAsOf)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := v.countersign(context.Background(), r, report, forger(t), "", j.JudgedAsOf); err == nil || !strings.Contains(err.Error(), "seals/"+digest) {
		t.Errorf("a seal that nobody verified: sealed as %q, %v", again, err)
	}
}
