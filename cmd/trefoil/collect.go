package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

func collectCommand() *cli.Command {
	return &cli.Command{
		Name: "collect", Usage: "take the snapshot: ask the clouds, write and sign the run", ArgsUsage: " ",
		Description: "Asks every target of the engagement, read-only, and leaves a signed run. What could not be asked is in\nits coverage; that is no error. On SIGINT or SIGTERM it asks nothing more and signs what it has, with exit code 1; a\nsecond signal ends it at once, without a run.\n\nExample:\n   trefoil collect -c engagement.yaml -o runs/2026-11-24",
		Flags: []cli.Flag{configFlag, outFlag("leave the run in `DIR`, which must not exist"),
			&cli.StringFlag{Name: "replay", Usage: "play the recording in `RUN` instead of asking clouds"}, passphraseF, passphraseD, quietFlag},
		Action: func(c *cli.Context) error {
			out, err := outPath(c)
			if err == nil {
				_, err = collect(c, place{path: out})
			}
			return err
		},
	}
}

// place says where a run shall stand, and after which one.
type place struct {
	path   string
	asOf   time.Time       // zero: the clock's
	before *audit.Previous // nil: it is chained to none
	newest string          // where that one stands
}

// collect takes the snapshot that the flags name and says where it lies.
func collect(c *cli.Context, at place) (*collected, error) {
	if err := noArgs(c); err != nil {
		return nil, err
	}
	loaded, s, err := engagementAndSigner(c)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, &codeError{code: exitCould, message: "engagement.yaml names no signing key (signing.key), and evidence without a signature is none", hint: "`trefoil init DIR` makes a key"}
	}
	this := thisBuild()
	collection := audit.Collection{Engagement: loaded, Out: at.path, AsOf: at.asOf, Previous: at.before, Signer: s, Tool: this, Build: buildOf, Clock: time.Now, Progress: progress(c), Dir: filepath.Dir(c.String(configFlag.Name))}
	if path := c.String("replay"); path != "" {
		if collection.Replay, err = openRun(path); err != nil {
			return nil, err
		}
	} else if found := audit.Redirected(loaded.File, filepath.Dir(c.String(configFlag.Name))); len(found) > 0 {
		return nil, redirected("this machine's configuration redirects requests, and engagement.yaml does not say so", found, "What engagement.yaml names, the run says everywhere: NOT A PROVIDER ENDPOINT")
	}
	digest, err := audit.Collect(c.Context, collection)
	if errors.Is(err, audit.ErrStopped) {
		err = &codeError{code: exitCould, message: fmt.Sprintf("%v: run %s holds what was asked until then; the rest is not_attempted", err, collection.Out),
			hint: "it verifies, and `trefoil test -c engagement.yaml " + collection.Out + "` judges it; or collect again, elsewhere"}
	}
	if err != nil {
		return nil, err
	}
	out := &collected{path: collection.Out, digest: digest, engagement: loaded, signer: s, tool: this}
	// Read back: what cannot be opened again is no evidence.
	if out.run, err = openRun(out.path); err != nil {
		return nil, err
	}
	rows, gaps, err := audit.CoverageCounts(out.run)
	if err != nil {
		return nil, err
	}
	missing, err := audit.NotFoundIn(out.run)
	if err != nil {
		return nil, err
	}
	for _, what := range missing {
		tell(c.App.ErrWriter, "trefoil: warning: %s\n", what)
	}
	tell(notes(c), "run %s\n%s: %d targets, %d operations planned, %d not answered\n", digest, out.path, len(out.run.Targets()), rows, gaps)
	if gaps == rows && rows > 0 {
		why, err := audit.FirstGap(out.run)
		if err != nil {
			return nil, err
		}
		tell(c.App.ErrWriter, "NOTHING WAS ANSWERED: %s. The run says so and no control passes on it; check credentials, role, external id and network.\n", why)
	}
	return out, nil
}

// redirected names what redirects, and of each what can be done.
func redirected(what string, found []audit.Redirect, after string) error {
	var names, cures []string
	for _, r := range found {
		names = append(names, r.What)
		cures = append(cures, r.What+": "+r.Cure)
	}
	return &codeError{code: exitCould, message: what + ": " + strings.Join(names, ", "), hint: strings.Join(cures, "\n") + "\n" + after}
}

// collected is a run that was just taken.
type collected struct {
	path, digest string
	run          *run.Run
	engagement   *engagement.Loaded
	signer       *seal.Signer
	tool         func() (run.Tool, error)
}

// engagementAndSigner loads what --config names.
func engagementAndSigner(c *cli.Context) (*engagement.Loaded, *seal.Signer, error) {
	path := c.String(configFlag.Name)
	if path == "" {
		return nil, nil, &usageError{errors.New("say which engagement: -c engagement.yaml")}
	}
	if _, err := os.Stat(path); err != nil {
		return nil, nil, &codeError{code: exitCould, message: err.Error(), hint: "`trefoil init DIR` writes an engagement to start from"}
	}
	loaded, err := engagement.Load(path)
	if err == nil {
		err = audit.Sound(loaded)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, field := range []struct{ name, says string }{{"name", loaded.File.Name}, {"auditor", loaded.File.Auditor}, {"auditee", loaded.File.Auditee}} {
		if strings.HasPrefix(field.says, "NAME OF ") {
			tell(c.App.ErrWriter, "trefoil: warning: %s: %s still says %q, as init wrote it; it stands on the workbook's cover\n", path, field.name, field.says)
		}
	}
	s, err := signer(c, loaded.File, path)
	return loaded, s, err
}
