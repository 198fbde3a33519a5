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
			how := "failed"
			if first.Result == run.Unread {
				how = "could not be read"
			}
			asOf += fmt.Sprintf(", for what comes before it %s: %s (%s)", how, first.What, first.File)
		}
	}
	tell(w, "run %s, %s\n", digest, asOf)
	tell(w, "%s, %s; %s\n", counted(len(r.Judgements), "judgement"), counted(len(r.Seals), "seal"), printChecks(w, r.Checks))
	if stopped(r) {
		tell(w, "stopped at the first failure: what comes after it in the order was not checked\n")
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

// printChecks prints one line a check, and counts them in words.
func printChecks(w io.Writer, checks []run.Check) string {
	counts := map[string]int{}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, c := range checks {
		anchor := c.Anchor
		if anchor == "" {
			anchor = "-"
		}
		detail := c.Detail
		if c.Result != "failed" && c.Result != run.Unread {
			detail = shorten(detail)
		}
		tell(t, "%s\t%s\t%s\tby %s\t%s\n", c.Result, c.File, c.What, anchor, detail)
		counts[c.Result]++
	}
	_ = t.Flush() // see printResults
	words := fmt.Sprintf("%s, %s, %d failed", counted(len(checks), "check"), counted(counts["warning"], "warning"), counts["failed"])
	if n := counts[run.Unread]; n > 0 {
		words += fmt.Sprintf(", %d could not be done", n)
	}
	return words
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
