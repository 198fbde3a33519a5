package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/trefoil-audit/trefoil/evidence/run"
)

// printReport prints what a verification checked, and how it ended.
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
