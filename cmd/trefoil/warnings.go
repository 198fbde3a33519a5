package main

import (
	"io"
	"strings"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// sourceWarnings say what a run is, where it is not a live recording of providers with times that
// somebody else vouches for. Each command says so of what it shows: lines of text, or warnings in JSON.
func sourceWarnings(r *run.Run) []string {
	out := originWarnings(r.Record.Source)
	if untimed, err := audit.Untimed(r); err != nil || untimed {
		out = append(out, "NO TIMESTAMP: every time is the collector's claim")
	}
	if rules, err := audit.WithheldRules(r); err == nil && len(rules) > 0 {
		out = append(out, "VALUES WITHHELD by rules of the engagement: "+strings.Join(rules, ", "))
	}
	missing, _ := audit.NotFoundIn(r) // a run whose engagement or plan cannot be read is refused by what reads it
	for _, what := range missing {
		out = append(out, "NAMED, NOT FOUND: "+what)
	}
	return append(out, endpointWarnings(r.Record.Overrides)...)
}

// originWarnings say where answers came from, where that is not a whole asking of providers.
func originWarnings(s run.Source) []string {
	out := []string{}
	switch {
	case s.Demo:
		out = append(out, "DEMONSTRATION: recorded answers of an imagined company")
	case s.Kind != "live":
		out = append(out, "REPLAYED RECORDING of run "+s.Of)
	}
	if s.Stopped {
		out = append(out, "STOPPED BEFORE ITS END: what was not asked is not_attempted")
	}
	return out
}

// endpointWarnings say what redirected collection.
func endpointWarnings(overrides []string) []string {
	var out []string
	for _, o := range overrides {
		out = append(out, "NOT A PROVIDER ENDPOINT: "+o)
	}
	return out
}

// banner prints warnings, a line each.
func banner(w io.Writer, warnings []string) {
	for _, one := range warnings {
		tell(w, "%s\n", one)
	}
}
