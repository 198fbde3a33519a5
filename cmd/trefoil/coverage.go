package main

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence"
)

func coverageCommand() *cli.Command {
	return &cli.Command{
		Name: "coverage", Usage: "what was seen, and what was not and why", ArgsUsage: "RUN",
		Description: "Lists what could not be asked; a region of which all ended alike is one line. With --all, every planned operation is\nlisted. With --trust, the run is verified first.\n\nExample:\n   trefoil coverage runs/2026-11-24",
		Flags:       []cli.Flag{&cli.BoolFlag{Name: "all", Usage: "answered operations too"}, trustFlag, jsonFlag},
		Action: func(c *cli.Context) error {
			path, err := onlyArg(c, "RUN")
			if err != nil {
				return err
			}
			r, _, err := openTrusted(c, path)
			if err != nil {
				return err
			}
			counts, withheld, planned := map[evidence.Status]int{}, map[string]int{}, map[string]int{}
			shown := []evidence.Row{}
			for row, err := range audit.Coverage(r) {
				if err != nil {
					return err
				}
				counts[row.Status]++
				planned[row.Target+"/"+row.Region]++
				for rule, n := range row.Withheld {
					withheld[rule] += n
				}
				if c.Bool("all") || !row.Status.Seen() {
					shown = append(shown, row)
				}
			}
			if c.Bool(jsonFlag.Name) {
				return printJSON(c.App.Writer, map[string]any{"run": r.Digest, "warnings": sourceWarnings(r), "counts": counts, "withheld": withheld, "rows": shown})
			}
			banner(c.App.Writer, sourceWarnings(r))
			t := tabwriter.NewWriter(c.App.Writer, 0, 4, 2, ' ', 0)
			if !c.Bool("all") {
				shown = together(shown, planned)
			}
			for _, row := range shown {
				tell(t, "%s\t%s\t%s\n", row.Status, row.ID, shorten(row.Reason))
			}
			_ = t.Flush() // see printResults
			for _, s := range []evidence.Status{evidence.OK, evidence.Empty, evidence.Denied, evidence.Throttled, evidence.Disabled, evidence.NotEnabled, evidence.Unsupported, evidence.Failed, evidence.NotAttempted} {
				if counts[s] > 0 {
					tell(c.App.Writer, "%s %d\n", s, counts[s])
				}
			}
			for _, rule := range slices.Sorted(maps.Keys(withheld)) {
				tell(c.App.Writer, "withheld by rule %s: %d values\n", rule, withheld[rule])
			}
			return nil
		},
	}
}

// together makes one line of the rows of a target's region where all that was planned there ended alike;
// regions that nobody opted in come last.
func together(rows []evidence.Row, planned map[string]int) []evidence.Row {
	type end struct {
		at, reason string
		status     evidence.Status
	}
	of := func(r evidence.Row) end { return end{r.Target + "/" + r.Region, r.Reason, r.Status} }
	alike, stands := map[end]int{}, map[end]bool{}
	for _, r := range rows {
		alike[of(r)]++
	}
	var out []evidence.Row
	for _, r := range rows {
		e := of(r)
		if n := alike[e]; n > 1 && n == planned[e.at] {
			if stands[e] {
				continue
			}
			stands[e] = true
			r.ID = fmt.Sprintf("%s/* (all %d operations)", e.at, n)
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b evidence.Row) int {
		last := map[bool]int{true: 1}
		return last[a.Status == evidence.NotEnabled] - last[b.Status == evidence.NotEnabled]
	})
	return out
}
