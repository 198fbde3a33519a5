package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/urfave/cli/v2"

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

// trusted verifies an opened run by the trust at hand, before anything is made of it: what does not
// verify has exit code 4. Where there is no trust and the command signs, it says so. Kinds of
// signatures that trust requires are not asked for: this may be the command that adds them.
func trusted(c *cli.Context, r *run.Run, signs bool) error {
	trust, err := trustAtHand(c)
	if err != nil {
		return err
	}
	if trust == nil {
		if signs {
			fmt.Fprintln(c.App.ErrWriter, "trefoil: warning: the run's signature was not checked: no trust.yaml beside the engagement, and no --trust; what is signed now rests on a run that anybody may have made")
		}
		return nil
	}
	present := *trust
	present.Required = nil
	_, err = r.Verify(&present, nil, runtime.GOMAXPROCS(0))
	return verifyError(r.Path, err)
}
