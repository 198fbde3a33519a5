package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

func auditCommand() *cli.Command {
	return &cli.Command{
		Name: "audit", Usage: "collect, test and report in one", ArgsUsage: " ",
		Description: "Takes the snapshot, judges it as of its own instant and writes the workbook beside the run: RUN.xlsx.\n\n" +
			"With --store, for schedules, the run is named by its instant and names the newest run of the folder, which is verified\nfirst (--trust, else trust.yaml beside the engagement): where that does not verify, the new run is taken all the same,\n" +
			"says so, and the exit code is 4, or 1 where it could not be read. One audit works in a store at a time; another one\ngives exit code 1 at once. With --push, what earlier calls could not bring away is brought too.\n\n" +
			"Example:\n   trefoil audit -c engagement.yaml -o runs/2026-11-24\n   trefoil audit -c engagement.yaml --store runs --passphrase-file /run/secrets/trefoil",
		Flags: []cli.Flag{configFlag, &cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "leave the run in `DIR`, which must not exist"},
			&cli.StringFlag{Name: "store", Usage: "leave the run in the folder of runs `DIR`, chained to the newest one"}, trustFlag,
			&cli.BoolFlag{Name: "push", Usage: "then bring every run of --store that is not there into the engagement's store (store:)"},
			&cli.StringFlag{Name: "report", Usage: "write the workbook to `FILE` instead"},
			&cli.StringFlag{Name: "replay", Usage: "play the recording in `RUN` instead of asking clouds"}, jsonFlag, passphraseF, passphraseD, quietFlag},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			at := place{path: c.String("out")}
			var folder *audit.Store
			switch store := c.String("store"); {
			case (at.path == "") == (store == ""):
				return &usageError{errors.New("say where the run goes: -o RUN, or --store DIR")}
			case store == "" && c.Bool("push"):
				return &usageError{errors.New("--push brings the runs of --store DIR away; -o has one run: trefoil push")}
			case store != "":
				if c.String("replay") != "" {
					return &usageError{errors.New("--store keeps what was collected; a replay goes to -o")}
				}
				s, err := audit.OpenStore(store)
				if err != nil {
					return err
				}
				defer func() { _ = s.Close() }() // the kernel frees it with the process, if not here
				folder = s
				if at, err = inStore(c, s); err != nil {
					return err
				}
			}
			err := errors.Join(auditAt(c, at), at.beforeError())
			if c.Bool("push") {
				err = errors.Join(err, pushAll(c, folder))
			}
			return err
		},
	}
}

// beforeError says that the run before did not verify, or that nobody could tell.
func (p place) beforeError() error {
	if p.before == nil || p.before.Err == nil {
		return nil
	}
	e := &codeError{code: exitUnverified, message: fmt.Sprintf("the run before this one, %s, does NOT verify: %v", p.newest, p.before.Err), hint: "the new run names it all the same, as not verified"}
	if run.Refused(p.before.Err) { // no finding about it
		e.code, e.message = exitCould, fmt.Sprintf("the run before this one, %s, could not be checked: %v", p.newest, p.before.Err)
	}
	return e
}

// inStore names the new run of a store and looks at the newest one.
func inStore(c *cli.Context, s *audit.Store) (place, error) {
	asOf := time.Now()
	at := place{path: s.Path(asOf), asOf: asOf}
	newest, err := s.Newest(asOf)
	if err != nil || newest == "" {
		return at, err
	}
	trust, err := trustAtHand(c)
	if err != nil {
		return at, err
	}
	at.newest = newest
	at.before, err = audit.Before(c.Context, newest, trust, runtime.GOMAXPROCS(0))
	return at, err
}

// auditAt takes a run, judges it and writes the workbook.
func auditAt(c *cli.Context, at place) error {
	done, err := collect(c, at)
	if err != nil {
		return err
	}
	path := c.String("report")
	if path == "" {
		path = filepath.Clean(done.path) + ".xlsx"
	}
	t, err := done.tool()
	if err != nil {
		return err
	}
	judged, gated := judge(c, audit.Judging{Run: done.run, Engagement: done.engagement, JudgedAsOf: done.run.Record.AsOf, Tool: t, Signer: done.signer}, path)
	if judged == nil {
		return gated
	}
	// What was recorded is read back, so that the workbook is of what stands on disk.
	recorded, err := judged.Recorded()
	if err == nil {
		err = writeReport(c, recorded, done.signer, path)
	}
	return errors.Join(err, gated)
}
