package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

func reportCommand() *cli.Command {
	return &cli.Command{
		Name: "report", Usage: "write the workbook of a judgement, and its signature beside it", ArgsUsage: "RUN",
		Description: "Writes an Excel workbook that is a pure function of the run and a recorded judgement. With -c it is signed by the\nengagement's key; without, it is UNSIGNED. The run is verified first, by --trust, else by trust.yaml beside the\nengagement.\n\nExample:\n   trefoil report -c engagement.yaml -o report.xlsx runs/2026-11-24",
		Flags:       []cli.Flag{configFlag, trustFlag, outFlag("write the workbook to `FILE`"), judgedFlag, passphraseF, passphraseD},
		Action: func(c *cli.Context) error {
			path, err := onlyArg(c, "RUN")
			if err != nil {
				return err
			}
			out, err := outPath(c)
			if err != nil {
				return err
			}
			r, checked, err := openTrusted(c, path)
			if err != nil {
				return err
			}
			var s *seal.Signer
			if c.String(configFlag.Name) != "" {
				if _, s, err = engagementAndSigner(c); err != nil {
					return err
				}
			}
			warnUnchecked(c, checked, s)
			judged, err := audit.Recorded(r, c.String(judgedFlag.Name))
			if err != nil {
				return err
			}
			return writeReport(c, judged, s, out)
		},
	}
}

// writeReport writes a workbook and, with a signer, its signature. Both are whole before either
// enters, so that what stood there stays where writing or signing fails.
func writeReport(c *cli.Context, j *audit.Judged, s *seal.Signer, path string) error {
	path = filepath.Clean(path) // its signature stands beside it, also after "report.xlsx/"
	book, err := audit.Beside(path)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer book.Drop()
	sum := sha256.New()
	if err := audit.Workbook(c.Context, j, io.MultiWriter(book, sum)); err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	if s == nil {
		if err := audit.EnterSigned(book, nil); err != nil {
			return fmt.Errorf("report %s: %w", path, err)
		}
		tell(notes(c), "%s (UNSIGNED: no signing key at hand)\n", path)
		return nil
	}
	text, err := s.Sign(c.Context, seal.Report, filepath.Base(path), hex.EncodeToString(sum.Sum(nil)), map[string]string{"judgement": j.Digest})
	if err != nil {
		return err
	}
	signature, err := audit.Beside(path + audit.SignatureSuffix)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer signature.Drop()
	if _, err := signature.Write(text); err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	if err := audit.EnterSigned(book, signature); err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	tell(notes(c), "%s, signed: %s\n", path, path+audit.SignatureSuffix)
	return nil
}
