package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/redact"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
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

// A redacted copy says what its run would, and where it does not let that be told, that it does not.
func TestCopyWarnings(t *testing.T) {
	v := &redact.Copy{Signature: &seal.Signature{Tokens: 1}}
	v.Record.Source.Kind, v.Record.Source.Stopped, v.Record.Times = "live", true, redact.Vouched
	stopped := "STOPPED BEFORE ITS END: what was not asked is not_attempted"
	for _, c := range []struct{ overrides, want []string }{
		{nil, []string{stopped, "ENDPOINT NOT SHOWN: the copy does not say whether its run's collection was redirected"}},
		{[]string{}, []string{stopped}},
		{[]string{"proxy = x"}, []string{stopped, "NOT A PROVIDER ENDPOINT: proxy = x"}},
	} {
		v.Overrides = c.overrides
		if got := copyWarnings(v); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	for times, want := range map[redact.Times]string{"": "TIMES NOT SHOWN: the copy does not say whether anybody vouches for those of its run",
		redact.Claimed: "NO TIMESTAMP OF THE RUN: every time in it is its collector's claim"} {
		v.Overrides, v.Record.Times = []string{}, times
		if got := copyWarnings(v); !slices.Equal(got, []string{stopped, want}) {
			t.Errorf("%q: %q", times, got)
		}
	}
}
