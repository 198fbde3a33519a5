package main

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/redact"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "check a run: signatures, digests, contents, times; offline", ArgsUsage: "RUN",
		Description: "Checks everything by the trust that you bring; the run is never asked whom to trust. With --reperform the\nrecording is played again: facts, results and the workbook must come out the same.\n\nA run in a store (s3://bucket/prefix/run, gs://…) is read to a temporary folder first.\n\nWith --chain, RUN is a folder of runs: each is verified, and each must name the one before. Forks, missing and replaced\nruns, and gaps of the schedule (--every) are errors; one that a signed gap record explains stays a warning.\n\nA redacted copy is checked as such; --reveal proves values that its maker hands over.\n\nExample:\n   trefoil verify --trust trust.yaml --reperform --report report.xlsx runs/2026-11-24\n   trefoil verify --trust trust.yaml --place eu-west-1 s3://evidence/audits/2026-11-24\n   trefoil verify --trust trust.yaml --chain --every 24h runs",
		Flags: []cli.Flag{trustFlag, &cli.BoolFlag{Name: "reperform", Usage: "play the recording again and compare"},
			&cli.StringFlag{Name: "report", Usage: "check the workbook in `FILE` too; of several judgements, by the one that it names"}, judgedFlag,
			&cli.StringSliceFlag{Name: "expect", Usage: "a run or judgement of this `DIGEST` must be here"}, jsonFlag, quietFlag, configFlag, storePlaceFlag, storeEndpointFlag, maxBytesFlag, chainFlag, everyFlag, revealFlag},
		Action: func(c *cli.Context) error {
			path, err := onlyArg(c, "RUN")
			if err != nil {
				return err
			}
			if c.String(trustFlag.Name) == "" {
				return &usageError{errors.New("say whose signatures count: --trust trust.yaml. Without trust nothing verifies")}
			}
			trust, err := loadTrust(c.String(trustFlag.Name))
			if err != nil {
				return err
			}
			if redact.IsCopy(path) {
				return verifyCopy(c, path, trust)
			}
			if c.IsSet(revealFlag.Name) {
				return &usageError{fmt.Errorf("--reveal is about a redacted copy, and %s is none", path)}
			}
			if c.Bool(chainFlag.Name) {
				return verifyChain(c, path, trust)
			}
			return verifyRun(c, path, trust)
		},
	}
}

// verifyRun verifies one run, from wherever it is kept.
func verifyRun(c *cli.Context, path string, trust *seal.Trust) error {
	at, err := fetch(c, path)
	if err != nil {
		return err
	}
	defer func() { _ = at.done() }() // what was fetched is a copy
	r, report, err := audit.Verify(c.Context, audit.Verification{Path: at.path, Trust: trust, Expect: c.StringSlice("expect"), Workers: runtime.GOMAXPROCS(0),
		Reperform: c.Bool("reperform"), Report: c.String("report"), Judgement: c.String(judgedFlag.Name), Tool: thisBuild(), Progress: progress(c)})
	if err == nil {
		err = kept(at, r, report)
	}
	if c.Bool(jsonFlag.Name) {
		text := ""
		if err != nil {
			text = err.Error()
		}
		if perr := printJSON(c.App.Writer, map[string]any{"verifies": err == nil, "error": text, "report": report, "stopped_at_first_failure": stopped(report)}); perr != nil {
			return perr
		}
	} else if report != nil {
		printReport(c.App.Writer, report)
	}
	return verifyError(path, err)
}

// verifyError gives what does not verify its exit code.
func verifyError(path string, err error) error {
	var layout *run.LayoutError
	var bad *run.VerifyError
	var other *audit.OtherBuildError
	if errors.Is(err, run.ErrNoRun) {
		if copied := notCopy(path); copied != nil {
			return copied
		}
	}
	switch {
	case errors.As(err, &other):
		return err
	case errors.As(err, &layout), errors.As(err, &bad):
		return &codeError{code: exitUnverified, message: fmt.Sprintf("%s does NOT verify: %v", path, err), hint: evidenceHint(err)}
	}
	return err
}
