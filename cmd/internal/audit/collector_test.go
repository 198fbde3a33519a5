package audit

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// A run says with what and as whom it was taken, and nothing of the machine but its kind.
func TestCollectorIsSaid(t *testing.T) {
	_, r, _, _ := clover(t)
	c, err := r.Collector()
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	if c.Host.OS == "" || c.Host.Arch == "" || len(c.Catalogue) != 64 || len(c.Callers) < 3 || !slices.IsSorted(c.Callers) || !strings.HasPrefix(c.Callers[0], "arn:aws:") {
		t.Errorf("%+v", c)
	}
	if text, err := collector(run.Build{}, nil, []seal.Offset{{Authority: "https://tsa.example", Ahead: -200, RoundTrip: 30}}); err != nil || !strings.Contains(string(text), `"clocks":[{"ahead_ms":-200,"authority":"https://tsa.example","round_trip_ms":30}]`) || !strings.Contains(string(text), `"callers":[]`) {
		t.Errorf("%s, %v", text, err)
	}
}

// What the program says of itself must agree with run.json, which the same signature covers.
func TestCollectorAgrees(t *testing.T) {
	for name, c := range map[string]struct {
		build run.Build
		want  string // of the check; empty: refused
		says  string
	}{
		"clean":        {run.Build{Version: "v", Binary: "b", Commit: "abc", Modified: "no"}, "ok", "commit abc"},
		"changed":      {run.Build{Version: "v", Binary: "b", Commit: "abc", Modified: "yes"}, "warning", "no clean commit"},
		"unknown":      {run.Build{Version: "v", Binary: "b"}, "warning", "no clean commit"},
		"other binary": {run.Build{Version: "v", Binary: "c"}, "", "it names binary c"},
		"other name":   {run.Build{Version: "w", Binary: "b"}, "", "it names binary b (w)"},
	} {
		r, trust := saying(t, c.build)
		_, report, err := run.Verify(r.Path, trust, nil, 1)
		i := slices.IndexFunc(report.Checks, func(c run.Check) bool { return c.What == "what took the run" })
		switch {
		case i < 0:
			t.Errorf("%s: no check, %v", name, err)
		case c.want == "" && (err == nil || report.Checks[i].Result != "failed"), c.want != "" && (err != nil || report.Checks[i].Result != c.want), !strings.Contains(report.Checks[i].Detail, c.says):
			t.Errorf("%s: %+v, %v", name, report.Checks[i], err)
		}
		if i := slices.IndexFunc(report.Checks, func(c run.Check) bool { return c.What == "clock" }); c.want != "" && (i < 0 || report.Checks[i].Result != "warning") {
			t.Errorf("%s: a clock that is an hour behind: %+v", name, report.Checks)
		}
	}
}

// saying makes a signed run, of nothing, that says this of its collector.
func saying(t *testing.T, build run.Build) (*run.Run, *seal.Trust) {
	t.Helper()
	build.Settings, build.Modules = map[string]string{}, []run.Module{}
	text, err := collector(build, []string{"arn:x"}, []seal.Offset{{Authority: "https://tsa.example", Ahead: time.Hour.Milliseconds()}})
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run")
	b, err := run.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddInput(run.CollectorName, text); err != nil {
		t.Fatal(err)
	}
	record := run.Record{Source: run.Source{Kind: "live"}, AsOf: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Plan: []byte("[]"), Tool: run.Tool{Version: "v", Binary: "b"}, Overrides: []string{}, Previous: run.Previous{Verified: "absent"}}
	signer := &seal.Signer{Key: key}
	if _, err := b.Commit(record, nil, func(digest string) ([]byte, error) {
		return signer.Sign(t.Context(), seal.Run, "run.json", digest, nil)
	}); err != nil {
		t.Fatal(err)
	}
	r, err := run.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	trust, err := seal.ParseTrust("trust.yaml", []byte("timestamp: optional\nkeys:\n  - name: k\n    roles: [collector]\n    may_sign: [run]\n    public_key: |\n      "+strings.ReplaceAll(strings.TrimSpace(public), "\n", "\n      ")+"\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, trust
}
