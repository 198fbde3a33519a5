package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// trustAtHand loads the trust that --trust names, else what lies beside the engagement; nil where
// there is neither.
func trustAtHand(c *cli.Context) (*seal.Trust, error) {
	path := c.String(trustFlag.Name)
	if path == "" {
		config := c.String(configFlag.Name)
		if config == "" {
			return nil, nil
		}
		path = filepath.Join(filepath.Dir(config), "trust.yaml")
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
	}
	return loadTrust(path)
}

// openTrusted opens a run for a command, verified by the trust at hand before anything is read from it:
// what does not verify has exit code 4. Without trust, layout and digests are checked, and checked is
// false. Kinds of signatures that trust requires are not asked for: this may be the command that adds
// them.
func openTrusted(c *cli.Context, path string) (r *run.Run, checked bool, err error) {
	trust, err := trustAtHand(c)
	if err != nil {
		return nil, false, err
	}
	if trust == nil {
		r, err = openRun(path)
		return r, false, err
	}
	present := *trust
	present.Required = nil
	r, report, err := run.Verify(path, &present, nil, runtime.GOMAXPROCS(0))
	if err == nil {
		err = audit.Timed(r, report)
	}
	return r, true, verifyError(path, err)
}

// warnUnchecked says that something is signed about a run whose own signature nobody checked.
func warnUnchecked(c *cli.Context, checked bool, s *seal.Signer) {
	if !checked && s != nil {
		tell(c.App.ErrWriter, "trefoil: warning: the run's signature was not checked: no trust.yaml beside the engagement, and no --trust; what is signed now rests on a run that anybody may have made\n")
	}
}
