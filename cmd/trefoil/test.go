package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

func testCommand() *cli.Command {
	return &cli.Command{
		Name: "test", Usage: "judge a run by the catalogue: adds a signed judgement", ArgsUsage: "RUN",
		Description: "Tests every control on the recorded facts. With -c, the engagement's files as they are now are used, and\nthe judgement is signed by its key and added to the run; without, those in the run, and nothing is recorded.\nThe run is verified first, by --trust, else by trust.yaml beside the engagement.\n\nExample:\n   trefoil test -c engagement.yaml runs/2026-11-24",
		Flags:       []cli.Flag{configFlag, trustFlag, asOfFlag, jsonFlag, passphraseF, passphraseD},
		Action: func(c *cli.Context) error {
			path, err := onlyArg(c, "RUN")
			if err != nil {
				return err
			}
			r, checked, err := openTrusted(c, path)
			if err != nil {
				return err
			}
			var loaded *engagement.Loaded
			var s *seal.Signer
			if c.String(configFlag.Name) != "" {
				if loaded, s, err = engagementAndSigner(c); err != nil {
					return err
				}
			}
			warnUnchecked(c, checked, s)
			fallback := time.Now()
			if r.Record.Source.Kind == "replay" {
				fallback = r.Record.AsOf
			}
			at, err := instantFlag(c, fallback)
			if err != nil {
				return err
			}
			var t run.Tool
			if s != nil { // else nothing is recorded
				if t, err = thisBuild()(); err != nil {
					return err
				}
			}
			_, err = judge(c, audit.Judging{Run: r, Engagement: loaded, JudgedAsOf: at, Tool: t, Signer: s}, "")
			return err
		},
	}
}

// judge judges, prints, and gives the error that carries the exit code. Book is the workbook that
// will show the exceptions; empty: none is written now.
func judge(c *cli.Context, j audit.Judging, book string) (*audit.Judged, error) {
	judged, err := audit.Judge(c.Context, j)
	if err != nil {
		return nil, err
	}
	defer func() { _ = judged.Results.Close() }() // what was spilled is nobody's evidence
	where := "the workbook's sheet Exceptions names each: " + book
	switch {
	case book == "" && judged.Digest == "" && c.Bool(jsonFlag.Name):
		where = "" // each item is printed
	case book == "" && judged.Digest == "":
		where = "--json prints each item; with -c engagement.yaml the judgement is recorded, and trefoil report writes its workbook"
	case book == "":
		where = fmt.Sprintf("the workbook's sheet Exceptions names each: trefoil report -o report.xlsx --judgement %s %s", judged.Digest, j.Run.Path)
	}
	acceptances, err := judged.Acceptances()
	if err != nil {
		return nil, err
	}
	if c.Bool(jsonFlag.Name) {
		items := []controls.Item{}
		for i, err := range judged.Results.Items() {
			if err != nil {
				return nil, err
			}
			items = append(items, i)
		}
		if err := printJSON(c.App.Writer, map[string]any{"judgement": judged.Digest, "run": j.Run.Digest, "warnings": sourceWarnings(j.Run), "judged_as_of": judged.JudgedAsOf,
			"acceptances": acceptances, "controls": judged.Results.Lines, "items": items}); err != nil {
			return nil, err
		}
		return judged, gate(judged.Results, j.Run.Path, where)
	}
	banner(c.App.Writer, sourceWarnings(j.Run))
	printResults(c.App.Writer, judged.Results)
	for _, a := range acceptances {
		tell(c.App.Writer, "%s\n", a)
	}
	if judged.Digest == "" {
		tell(c.App.Writer, "NOT RECORDED: no signing key at hand, so nothing was written\n")
	} else {
		tell(c.App.Writer, "judgement %s\n", judged.Digest)
	}
	return judged, gate(judged.Results, j.Run.Path, where)
}
