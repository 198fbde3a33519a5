package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// Whether a run follows one that could not be read cannot be told; one that is missing is missed all the same.
func TestChainAfterUnread(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "run.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	readable, noRecord := dir, filepath.Join(dir, "nowhere")
	noRead := &os.PathError{Op: "open", Path: "run.sigstore.json", Err: syscall.EIO}
	for name, c := range map[string]struct {
		path, follows string
		err           error
		missing       bool
	}{
		"the unread one":                     {readable, evidence.Digest([]byte("{}")), noRead, false},
		"another, and what is unread is not": {readable, "dd", noRead, true},
		"another, and that may be it":        {noRecord, "dd", noRead, false},
		"what another build made":            {readable, evidence.Digest([]byte("{}")), &OtherBuildError{Err: &run.VerifyError{File: "run.json", Err: errors.New("differs")}}, false},
	} {
		chain := &Chain{Links: []Link{{Name: "a", Run: "aa"}, {Name: "c", Run: "cc", AsOf: time.Unix(1e9, 0), Previous: run.Previous{Digest: c.follows}}}}
		var bad *run.VerifyError
		if err := chain.unverified("b", c.path, c.err); err == nil || errors.As(err, &bad) && !errors.As(err, new(*OtherBuildError)) {
			t.Errorf("%s: %v", name, err)
		}
		errs := chain.follows(1, time.Hour)
		if len(errs) == 0 || errors.As(errors.Join(errs...), &bad) != c.missing {
			t.Errorf("%s: %v", name, errs)
		}
	}
	damaged := &Chain{}
	for _, err := range []error{&run.VerifyError{File: "x", Err: errors.New("y")}, &run.LayoutError{File: "x"}, fmt.Errorf("%w: empty", run.ErrNoRun)} {
		var bad *run.VerifyError
		if got := damaged.unverified("b", dir, err); !errors.As(got, &bad) || len(damaged.unread) > 0 {
			t.Errorf("%v: %v", err, got)
		}
	}
}
