package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

var (
	chainFlag = &cli.BoolFlag{Name: "chain", Usage: "RUN is a folder of runs: verify that each follows the one before"}
	everyFlag = &cli.DurationFlag{Name: "every", Usage: "with --chain: the schedule, such as `24h`; a run that comes later than that and half of it leaves a gap"}
)

// verifyChain verifies a folder of runs.
func verifyChain(c *cli.Context, dir string, trust *seal.Trust) error {
	if c.String("report") != "" || len(c.StringSlice("expect")) > 0 {
		return &usageError{errors.New("--chain is of many runs: --report and --expect are of one")}
	}
	chain, err := audit.VerifyChain(c.Context, audit.Verification{Path: dir, Trust: trust, Workers: runtime.GOMAXPROCS(0), Reperform: c.Bool("reperform"), Tool: thisBuild(), Progress: progress(c)}, c.Duration(everyFlag.Name))
	if chain == nil {
		return err
	}
	if c.Bool(jsonFlag.Name) {
		text := ""
		if err != nil {
			text = err.Error()
		}
		if perr := printJSON(c.App.Writer, map[string]any{"verifies": err == nil, "error": text, "chain": chain}); perr != nil {
			return perr
		}
	} else {
		tell(c.App.Writer, "%s; %s\n", counted(len(chain.Links), "run"), printChecks(c.App.Writer, chain.Checks))
	}
	return chainError(dir, err)
}

// chainError gives what does not verify its exit code, and tells it from what could not be checked.
func chainError(dir string, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var bad []string
	var rest []error
	for _, one := range joined.Unwrap() {
		if isEvidence(one) {
			bad = append(bad, one.Error())
		} else {
			rest = append(rest, one)
		}
	}
	if len(bad) > 0 {
		rest = append(rest, &codeError{code: exitUnverified, message: fmt.Sprintf("%s does NOT verify: %s", dir, strings.Join(bad, "; ")),
			hint: "a gap that has a reason can be explained: trefoil gap --reason TEXT RUN, in the run after it"})
	}
	return errors.Join(rest...)
}

func gapCommand() *cli.Command {
	return &cli.Command{
		Name: "gap", Usage: "record, signed, why the runs before this one are not as they should be", ArgsUsage: "RUN",
		Description: "Adds a gap record to RUN, the run after the gap. `verify --chain` then shows the gap as a warning, with the reason and who\nsigned it. Signed by what the engagement names, or by flags.\n\n" +
			"Example:\n   trefoil gap -c engagement.yaml --reason \"collector moved, ticket 17\" runs/20261124T060000Z",
		Flags: append([]cli.Flag{configFlag, trustFlag, &cli.StringFlag{Name: "reason", Usage: "`TEXT` for the reader"}}, signingFlags()...),
		Action: func(c *cli.Context) error {
			path, err := onlyArg(c, "RUN")
			if err != nil {
				return err
			}
			reason := strings.TrimSpace(c.String("reason"))
			if reason == "" {
				return &usageError{errors.New("say why: --reason TEXT")}
			}
			r, s, err := toSeal(c, path)
			if err != nil {
				return err
			}
			digest, err := audit.RecordGap(c.Context, r, s, reason)
			if err != nil {
				return err
			}
			tell(c.App.Writer, "gap record: seals/%s.sigstore.json\n", digest)
			return nil
		},
	}
}
