package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

func reportCommand() *cli.Command {
	return &cli.Command{
		Name: "report", Usage: "write the workbook of a judgement, and its signature beside it", ArgsUsage: "RUN",
		Description: "Writes an Excel workbook that is a pure function of the run and a recorded judgement. With -c it is signed by the\nengagement's key; without, it is UNSIGNED.\n\nExample:\n   trefoil report -c engagement.yaml -o report.xlsx runs/2026-11-24",
		Flags:       []cli.Flag{configFlag, outFlag("write the workbook to `FILE`"), judgedFlag, passphraseF, passphraseD},
		Action: func(c *cli.Context) error {
			path, err := onlyArg(c, "RUN")
			if err != nil {
				return err
			}
			out, err := outPath(c)
			if err != nil {
				return err
			}
			r, err := openRun(path)
			if err != nil {
				return err
			}
			var s *seal.Signer
			if c.String(configFlag.Name) != "" {
				if _, s, err = engagementAndSigner(c); err != nil {
					return err
				}
			}
			judged, err := audit.Recorded(r, c.String(judgedFlag.Name))
			if err != nil {
				return err
			}
			return writeReport(c, judged, s, out)
		},
	}
}

// writeReport writes a workbook and, with a signer, its signature. Each file enters by a rename.
func writeReport(c *cli.Context, j *audit.Judged, s *seal.Signer, path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".trefoil-*")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer os.Remove(f.Name()) // after the rename there is nothing of that name
	err = audit.Workbook(c.Context, j, f)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	content, err := os.ReadFile(f.Name())
	if err != nil {
		return err
	}
	beside := path + audit.SignatureSuffix
	if err := os.Remove(beside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // an old signature must not lie beside a new workbook
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	if s == nil {
		fmt.Fprintf(c.App.Writer, "%s (UNSIGNED: no signing key at hand)\n", path)
		return nil
	}
	signature, err := s.Sign(c.Context, seal.Report, filepath.Base(path), evidence.Digest(content), map[string]string{"judgement": j.Digest})
	if err != nil {
		return err
	}
	if err := os.WriteFile(beside, signature, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s, signed: %s\n", path, beside)
	return nil
}
