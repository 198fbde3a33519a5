package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Whatever says that evidence does not verify is exit code 4, however it is wrapped, and its text
// reaches the terminal; what says anything else is not. The tamper matrix (evidence/run) shows that each
// tampering ends in a *run.VerifyError.
func TestEvidenceIsExit4(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{
		{&run.VerifyError{File: "run.json", Err: errors.New("a cause")}, exitUnverified},
		{&run.VerifyError{File: "run.sigstore.json", Err: &seal.SignerError{Cause: "a cause"}}, exitUnverified},
		{&run.VerifyError{File: "run.json", Err: &seal.SubjectError{Signer: "a cause"}}, exitUnverified},
		{&run.LayoutError{File: "run.json", Cause: "a cause"}, exitUnverified},
		{&bundle.FormatError{File: "a.zip", Cause: "a cause"}, exitUnverified},
		{&bundle.DigestError{File: "a.zip", Entry: "a cause"}, exitUnverified},
		{errors.New("a cause"), exitCould},
		{&audit.OtherBuildError{Err: &run.VerifyError{File: "run.json", Err: errors.New("a cause")}}, exitCould},
		{fmt.Errorf("a cause: %w", run.ErrNoRun), exitCould},
	} {
		for _, err := range []error{c.err, fmt.Errorf("wrapped: %w", c.err), errors.Join(errors.New("and more"), c.err), verifyError("run", c.err)} {
			var stderr bytes.Buffer
			if code := report(&stderr, err); code != c.code || !strings.Contains(stderr.String(), "a cause") {
				t.Errorf("%T: exit %d, want %d: %s", c.err, code, c.code, stderr.String())
			}
		}
	}
}
