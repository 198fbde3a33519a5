package main

import (
	"errors"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
)

func auditCommand() *cli.Command {
	return &cli.Command{
		Name: "audit", Usage: "collect, test and report in one", ArgsUsage: " ",
		Description: "Takes the snapshot, judges it as of its own instant and writes the workbook beside the run: RUN.xlsx.\n\nExample:\n   trefoil audit -c engagement.yaml -o runs/2026-11-24",
		Flags: []cli.Flag{configFlag, outFlag("leave the run in `DIR`, which must not exist"), &cli.StringFlag{Name: "report", Usage: "write the workbook to `FILE` instead"},
			&cli.StringFlag{Name: "replay", Usage: "play the recording in `RUN` instead of asking clouds"}, jsonFlag, passphraseF, passphraseD, quietFlag},
		Action: func(c *cli.Context) error {
			done, err := collect(c)
			if err != nil {
				return err
			}
			judged, gated := judge(c, audit.Judging{Run: done.run, Engagement: done.engagement, JudgedAsOf: done.run.Record.AsOf, Tool: done.tool, Signer: done.signer})
			if judged == nil {
				return gated
			}
			path := c.String("report")
			if path == "" {
				path = filepath.Clean(done.path) + ".xlsx"
			}
			// What was recorded is read back, so that the workbook is of what stands on disk.
			recorded, err := audit.Recorded(done.run, judged.Digest)
			if err == nil {
				err = writeReport(c, recorded, done.signer, path)
			}
			if err != nil {
				return errors.Join(err, gated)
			}
			return gated
		},
	}
}
