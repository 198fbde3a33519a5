package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

func TestVerifyAndReperform(t *testing.T) {
	path, _, j, trust := clover(t)
	book := filepath.Join(t.TempDir(), "report.xlsx")
	if err := os.WriteFile(book, workbook(t), 0o644); err != nil {
		t.Fatal(err)
	}
	v := Verification{Path: path, Trust: trust, Workers: 2, Reperform: true, Report: book, Progress: func(string) {}}
	v.Tool = func() (run.Tool, error) {
		t.Error("which build this is was asked, and nothing differs")
		return run.Tool{}, nil
	}
	_, report, err := Verify(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	var reperformed int
	for _, c := range report.Checks {
		if c.Result == "ok" && len(c.What) > 13 && c.What[:14] == "re-performance" {
			reperformed++
		}
	}
	if reperformed != 7 {
		t.Errorf("%d parts were re-performed, want inputs, plan, exchanges, coverage, facts, results, workbook", reperformed)
	}
	// One that is stopped has found nothing about the evidence.
	stopped, stop := context.WithCancel(context.Background())
	stop()
	var bad *run.VerifyError
	if _, _, err := Verify(stopped, v); !errors.Is(err, context.Canceled) || errors.As(err, &bad) {
		t.Errorf("stopped: %v", err)
	}
	v.Tool = nil
	// A workbook of other results is refused.
	changed := 0
	var lines [][]byte
	for i, err := range j.Results.Items() {
		if err != nil {
			t.Fatal(err)
		}
		if i.Verdict != controls.Pass {
			i.Reason = "All is well."
			changed++
		}
		line, err := evidence.Canonical(i)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	j.Results = controls.NewResults(j.Results.JudgedAsOf, j.Results.Lines, func() iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			for _, line := range lines {
				if !yield(line, nil) {
					return
				}
			}
		}
	})
	var b bytes.Buffer
	if err := Workbook(context.Background(), j, &b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(book, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Verify(context.Background(), v); !errors.As(err, &bad) || bad.File != book {
		t.Errorf("a changed workbook: %v", err)
	}
	if changed == 0 {
		t.Error("nothing was changed")
	}
}

// Any byte that is flipped, cut, added or missing in any file of a run is refused by a *run.VerifyError,
// which is exit code 4 (cmd/trefoil), and that file is named.
func TestEveryDamageIsRefused(t *testing.T) {
	path, _, _, trust := clover(t)
	refused := func(file, what string) {
		t.Helper()
		_, report, err := Verify(context.Background(), Verification{Path: path, Trust: trust, Workers: 2, Progress: func(string) {}})
		var bad *run.VerifyError
		switch {
		case !errors.As(err, &bad):
			t.Errorf("%s %s: %v", file, what, err)
		case bad.File != file:
			t.Errorf("%s %s: %s was named: %v", file, what, bad.File, err)
		case report.Checks[len(report.Checks)-1].Result != "failed":
			t.Errorf("%s %s: the report does not say so", file, what)
		}
	}
	cases := 0
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		whole, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		write := func(b []byte) {
			if err := os.WriteFile(file, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		name, err := filepath.Rel(path, file)
		if err != nil {
			return err
		}
		for i := range 6 {
			at := i * (len(whole) - 1) / 5
			flipped := bytes.Clone(whole)
			flipped[at] ^= 1 << (i % 8)
			write(flipped)
			refused(name, fmt.Sprintf("bit flipped at %d", at))
			cases++
		}
		write(whole[:len(whole)-1])
		refused(name, "last byte cut")
		write(append(bytes.Clone(whole), '\n'))
		refused(name, "byte added")
		if err := os.Remove(file); err != nil {
			return err
		}
		refused(name, "removed")
		write(whole)
		cases += 3
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, added := range []string{"notes.txt", "bundles/more.zip", "inputs/more.yaml", "seals/x.json", "judgements/x"} {
		full := filepath.Join(path, added)
		if err := os.WriteFile(full, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		refused(added, "added")
		if err := os.Remove(full); err != nil {
			t.Fatal(err)
		}
		cases++
	}
	if _, _, err := Verify(context.Background(), Verification{Path: path, Trust: trust, Workers: 2, Progress: func(string) {}}); err != nil {
		t.Errorf("put together again, the run does not verify: %v", err)
	}
	t.Logf("%d damages, all refused", cases)
}
