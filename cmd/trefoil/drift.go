package main

import (
	"errors"
	"fmt"
	"runtime"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

func driftCommand() *cli.Command {
	return &cli.Command{
		Name: "drift", Usage: "what changed since a baseline", ArgsUsage: "RUN",
		Description: "Verifies both runs, then compares results, populations, scope, facts, coverage and catalogue. Exit 2 only for what\ngot worse in controls selected in either run, 3 for what was judged and can no longer be. What left a population counts as worse,\na fail too: that it was repaired, and not hidden, is for a person to say.\n\nExample:\n   trefoil drift --trust trust.yaml --baseline runs/2026-11-23 runs/2026-11-24",
		Flags:       []cli.Flag{trustFlag, &cli.StringFlag{Name: "baseline", Usage: "compare with this `RUN`"}, &cli.StringFlag{Name: "baseline-judgement", Usage: "which judgement of the baseline, by `DIGEST`"}, judgedFlag, jsonFlag},
		Action: func(c *cli.Context) error {
			path, err := onlyArg(c, "RUN")
			if err != nil {
				return err
			}
			if c.String("baseline") == "" || c.String(trustFlag.Name) == "" {
				return &usageError{errors.New("say what to compare with, and whose signatures count: --baseline RUN --trust trust.yaml")}
			}
			trust, err := loadTrust(c.String(trustFlag.Name))
			if err != nil {
				return err
			}
			base, warnings, err := verified(c, trust, c.String("baseline"), c.String("baseline-judgement"))
			if err != nil {
				return err
			}
			for i := range warnings {
				warnings[i] = "baseline: " + warnings[i]
			}
			now, of, err := verified(c, trust, path, c.String(judgedFlag.Name))
			if err != nil {
				return err
			}
			changes, err := audit.Drift(base, now)
			if err != nil {
				return err
			}
			return printChanges(c, append(of, warnings...), changes)
		},
	}
}

// verified opens a judged run that must verify first: a baseline that was tampered with shows
// any drift, or none. The warnings say what sort of run it is.
func verified(c *cli.Context, trust *seal.Trust, path, judgement string) (judged *audit.Judged, warnings []string, err error) {
	if err := notCopy(path); err != nil {
		return nil, nil, err
	}
	r, _, err := audit.Verify(c.Context, audit.Verification{Path: path, Trust: trust, Workers: runtime.GOMAXPROCS(0)})
	if err != nil {
		return nil, nil, verifyError(path, err)
	}
	judged, err = audit.Recorded(r, judgement)
	return judged, sourceWarnings(r), err
}

func printChanges(c *cli.Context, warnings []string, changes []audit.Change) error {
	worse, unjudged := weigh(changes)
	if c.Bool(jsonFlag.Name) {
		if err := printJSON(c.App.Writer, map[string]any{"warnings": warnings, "changes": changes, "worse": worse, "unjudged": unjudged}); err != nil {
			return err
		}
		return driftGate(worse, unjudged)
	}
	banner(c.App.Writer, warnings)
	t := tabwriter.NewWriter(c.App.Writer, 0, 4, 2, ' ', 0)
	for _, ch := range changes {
		tell(t, "%s\t%s\t%s\t%s\t%s → %s\n", ch.Weight, ch.What, ch.Control, ch.Thing, shorten(ch.Was), shorten(ch.Is))
	}
	_ = t.Flush() // see printResults
	if len(changes) == 0 {
		tell(c.App.Writer, "nothing changed\n")
	}
	return driftGate(worse, unjudged)
}

// weigh counts what decides the exit code: changes of selected controls alone.
func weigh(changes []audit.Change) (worse, unjudged int) {
	for _, ch := range changes {
		switch {
		case ch.Weight == audit.Worse && ch.Selected:
			worse++
		case ch.Weight == audit.Unjudged && ch.Selected:
			unjudged++
		}
	}
	return worse, unjudged
}

func driftGate(worse, unjudged int) error {
	switch {
	case worse > 0:
		return &codeError{code: exitFailed, message: fmt.Sprintf("%d changes for the worse in selected controls", worse)}
	case unjudged > 0:
		return &codeError{code: exitUnjudged, message: fmt.Sprintf("%d things that were judged, or are new, cannot be judged", unjudged)}
	}
	return nil
}
