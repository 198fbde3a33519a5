package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/store"
)

func pushCommand() *cli.Command {
	return &cli.Command{
		Name: "push", Usage: "bring a run into a store: S3, Google Cloud Storage or a folder", ArgsUsage: "[STORE] RUN",
		Description: "Writes each file only where it is absent, run.json last, and reads every one back. What died midway, call\nagain: what is there is not sent twice. The same call brings judgements that were added later.\n\n" +
			"STORE is s3://bucket/prefix, gs://bucket/prefix or a folder; with -c, the engagement's (store:), with its retention.\n\nExample:\n   trefoil push --place eu-west-1 s3://evidence/audits runs/2026-11-24\n   trefoil push -c engagement.yaml runs/2026-11-24",
		Flags: append(storeFlags(), &cli.StringFlag{Name: "as", Usage: "`NAME` of the run in the store; else its folder's"},
			&cli.IntFlag{Name: "retain-days", Usage: "keep it for `N` days from the run's instant: object lock"},
			&cli.StringFlag{Name: "lock", Usage: "`MODE` of retention: compliance or governance"}, trustFlag, quietFlag),
		Action: func(c *cli.Context) error {
			if c.NArg() < 1 || c.NArg() > 2 || c.NArg() == 1 && c.String(configFlag.Name) == "" {
				return &usageError{errors.New("push takes two arguments, STORE and RUN; with -c, RUN alone")}
			}
			url := ""
			if c.NArg() == 2 {
				url = c.Args().First()
			}
			path := c.Args().Get(c.NArg() - 1)
			r, err := pushable(c, path)
			if err != nil {
				return err
			}
			name := c.String("as")
			if name == "" {
				abs, err := filepath.Abs(path)
				if err != nil {
					return err
				}
				name = filepath.Base(abs)
			}
			at, err := openStore(c, url)
			if err != nil {
				return err
			}
			return errors.Join(pushRun(c, at, r, name), at.done())
		},
	}
}

// pushable opens a run that shall be kept, and verifies it where trust is given.
func pushable(c *cli.Context, path string) (*run.Run, error) {
	if c.String(trustFlag.Name) == "" {
		return openRun(path)
	}
	trust, err := loadTrust(c.String(trustFlag.Name))
	if err != nil {
		return nil, err
	}
	r, _, err := audit.Verify(c.Context, audit.Verification{Path: path, Trust: trust, Workers: runtime.GOMAXPROCS(0)})
	return r, verifyError(path, err)
}

// pushRun brings a run into a store that may keep it.
func pushRun(c *cli.Context, at *remote, r *run.Run, name string) error {
	check, err := audit.Kept(r, at.about, at.settings.Place)
	if err != nil {
		return err
	}
	switch check.Result {
	case "failed":
		return &codeError{code: exitCould, message: fmt.Sprintf("store %s: %s: %s", at.about.URL, check.What, check.Detail), hint: "nothing was uploaded; name a store in an allowed jurisdiction"}
	case "warning":
		tell(c.App.ErrWriter, "trefoil: warning: store %s: %s: %s\n", at.about.URL, check.What, check.Detail)
	}
	retain := store.Retention{Days: at.settings.RetainDays, Mode: at.settings.Lock}
	if n := c.Int("retain-days"); n > 0 {
		retain.Days = n
	}
	if mode := c.String("lock"); mode != "" {
		if mode != store.Compliance && mode != store.Governance {
			return &usageError{fmt.Errorf("--lock %q is neither compliance nor governance", mode)}
		}
		retain.Mode = mode
	}
	done, err := store.Push(c.Context, at, at.about, store.Upload{Run: r, Name: name, Retain: retain, Clock: time.Now, Progress: progressOf(c, "writing")})
	if err != nil {
		return err
	}
	tell(notes(c), "run %s\n%s/%s: %d files written, %d were there, %d bytes read back\n", r.Digest, at.about.URL, name, done.Written, done.There, done.Bytes)
	if done.Lock != nil {
		tell(notes(c), "retained until %s, mode %s\n", done.Lock.Until.Format(time.RFC3339), done.Lock.Mode)
	} else {
		tell(notes(c), "NOT RETAINED: the store lets its owner delete it\n")
	}
	return nil
}

// pushAll brings the runs of a folder that are not whole in the engagement's store. One that cannot be
// brought does not stop the others.
func pushAll(c *cli.Context, folder *audit.Store) (err error) {
	at, err := openStore(c, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.done()) }()
	if store.Scheme(at.settings.URL) == store.S3 && at.settings.Profile == "" || store.Scheme(at.settings.URL) == store.GS && at.settings.Credentials == "" && at.settings.Endpoint == "" {
		return &codeError{code: exitCould, message: "engagement.yaml names no identity of the store's own, and what collects must not write evidence too", hint: "say store.profile (S3) or store.credentials (Google); or call trefoil push as another user"}
	}
	there, _, err := store.Runs(c.Context, at)
	if err != nil {
		return err
	}
	names, err := folder.Runs()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, pushAbsent(c, at, folder.Run(name), name, slices.Contains(there, name)))
	}
	return errors.Join(errs...)
}

// pushAbsent brings a run that is not there. One of its name that is there must be the same run: two
// schedules that share a store would else lose what they took in the same second.
func pushAbsent(c *cli.Context, at *remote, path, name string, there bool) error {
	if !there {
		r, err := openRun(path)
		if err != nil {
			return err
		}
		return pushRun(c, at, r, name)
	}
	text, err := readBounded(filepath.Join(path, "run.json"), run.MaxJSON)
	if err != nil {
		return err
	}
	digest, err := store.Digest(c.Context, at, name)
	if want := evidence.Digest(text); err == nil && digest != want {
		err = fmt.Errorf("store %s: %w", at.about.URL, &store.OtherError{Name: name + "/run.json", Want: want, Got: digest})
	}
	return err
}
