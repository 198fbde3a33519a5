package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/run"
)

// What a run is not is said in full, gravest first, and what is said steers no terminal.
func TestSourceWarnings(t *testing.T) {
	r := &run.Run{Path: t.TempDir()} // without a signature
	r.Record.Source.Kind, r.Record.Source.Of, r.Record.Source.Stopped = "replay", "abc\x1b[2J\nok", true
	r.Record.Overrides = []string{"AWS_ENDPOINT_URL = http://127.0.0.1:9"}
	want := []string{"REPLAYED RECORDING of run abc\ufffd[2J\ufffdok", "STOPPED BEFORE ITS END: what was not asked is not_attempted",
		"NO TIMESTAMP: every time is the collector's claim", "NOT A PROVIDER ENDPOINT: AWS_ENDPOINT_URL = http://127.0.0.1:9"}
	var out strings.Builder
	banner(&out, sourceWarnings(r))
	if got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
