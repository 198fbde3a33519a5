package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/redact"
	"github.com/trefoil-audit/trefoil/evidence/run"
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
			t, err := tool()
			if err != nil {
				return err
			}
			if c.Bool(chainFlag.Name) {
				return verifyChain(c, path, trust, t)
			}
			at, err := fetch(c, path)
			if err != nil {
				return err
			}
			defer func() { _ = at.done() }() // what was fetched is a copy
			r, report, err := audit.Verify(c.Context, audit.Verification{Path: at.path, Trust: trust, Expect: c.StringSlice("expect"), Workers: runtime.GOMAXPROCS(0),
				Reperform: c.Bool("reperform"), Report: c.String("report"), Judgement: c.String(judgedFlag.Name), Tool: t, Progress: progress(c)})
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
		},
	}
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

func printReport(w io.Writer, r *run.Report) {
	digest, asOf := cmp.Or(r.Run, "without a digest"), "as of "+r.AsOf.Format(time.RFC3339)
	if r.AsOf.IsZero() {
		asOf = "run.json was not read"
		if first, ok := r.Stopped(); ok {
			asOf += fmt.Sprintf(", for what comes before it failed: %s (%s)", first.What, plain(first.File))
		}
	}
	fmt.Fprintf(w, "run %s, %s\n", digest, asOf)
	warnings, bad := printChecks(w, r.Checks)
	fmt.Fprintf(w, "%d judgements, %d seals; %d checks, %d warnings, %d failed\n", len(r.Judgements), len(r.Seals), len(r.Checks), warnings, bad)
	if stopped(r) {
		fmt.Fprintln(w, "stopped at the first failure: what comes after it in the order was not checked")
	}
}

// stopped reports whether a check that failed ended the verification.
func stopped(r *run.Report) bool {
	if r == nil {
		return false
	}
	_, ok := r.Stopped()
	return ok
}

// printChecks prints one line a check, and counts what was not ok.
func printChecks(w io.Writer, checks []run.Check) (warnings, bad int) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, c := range checks {
		anchor := c.Anchor
		if anchor == "" {
			anchor = "-"
		}
		detail := c.Detail
		if c.Result != "failed" {
			detail = shorten(detail)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\tby %s\t%s\n", c.Result, plain(c.File), c.What, plain(anchor), plain(detail))
		switch c.Result {
		case "warning":
			warnings++
		case "failed":
			bad++
		}
	}
	_ = t.Flush() // see printResults
	return warnings, bad
}
