package audit

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// A run says with what and as whom it was taken, and nothing of the machine but its kind.
func TestCollectorIsSaid(t *testing.T) {
	r, _ := seen(t)
	c, err := r.Collector()
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	if c.Host.OS == "" || c.Host.Arch == "" || len(c.Catalogue) != 64 || len(c.Callers) < 3 || !slices.IsSorted(c.Callers) || !strings.HasPrefix(c.Callers[0], "arn:aws:") {
		t.Errorf("%+v", c)
	}
	if text, err := collector(run.Build{}, &asked{}, []seal.Offset{{Authority: "https://tsa.example", Ahead: -200, RoundTrip: 30}}); err != nil || !strings.Contains(string(text), `"clocks":[{"ahead_ms":-200,"authority":"https://tsa.example","round_trip_ms":30}]`) || !strings.Contains(string(text), `"callers":[]`) {
		t.Errorf("%s, %v", text, err)
	}
}

// Where a collection is refused, nobody asks which build it is: the whole program is read for that.
func TestRefusedCollectionAsksForNoBuild(t *testing.T) {
	path, r, _, _ := clover(t)
	loaded, err := EngagementOf(r)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	c := Collection{Engagement: loaded, Out: path, Clock: time.Now, Replay: r, Tool: func() (run.Tool, error) {
		asked++
		return run.Tool{}, errors.New("the program cannot be read")
	}}
	if _, err := Collect(context.Background(), c); !errors.Is(err, run.ErrExists) || asked > 0 {
		t.Errorf("a run that exists: %v, asked %d times", err, asked)
	}
	c.Out = filepath.Join(t.TempDir(), "run")
	if _, err := Collect(context.Background(), c); err == nil || asked != 1 {
		t.Errorf("a build that cannot be told: %v, asked %d times", err, asked)
	}
	if _, err := os.Stat(c.Out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a run without its build was left: %v", err)
	}
}

// Of who asked, the recorded policies are named; where they were not seen, that is said.
func TestCollectorGrants(t *testing.T) {
	r, _ := seen(t)
	c, err := r.Collector()
	if err != nil || c == nil || len(c.Grants) != len(c.Callers) {
		t.Fatal(c, err)
	}
	for _, g := range c.Grants {
		if !slices.Contains(c.Callers, g.Caller) || (g.Why == "") != strings.HasSuffix(g.Role, ":role/TrefoilAudit") {
			t.Errorf("%+v", g)
		}
	}
	const arn, session = "arn:aws:iam::1:role/path/Audit", "arn:aws:iam::1:role/Audit"
	d := &desk{c: &Collection{Engagement: &engagement.Loaded{File: &engagement.File{AWS: []engagement.AWS{{Role: "path/Audit"}}}}}}
	statement := func(id, via string, to ...string) *evidence.Fact {
		return (&evidence.Fact{ID: id, Kind: "aws.iam.statement", Fields: map[string]any{}}).Set("/binding/via_kind", via).Set("/binding/attached_to", to)
	}
	d.note([]*evidence.Fact{statement("s2", "managed", "arn:aws:iam::1:role/x", arn), statement("s1", "inline", arn), statement("s3", "trust", arn), statement("s4", "inline", "arn:aws:iam::2:role/path/Audit"),
		{ID: arn, Kind: "aws.iam.role"}, {ID: "c1", Kind: "aws.sts.caller", Fields: map[string]any{"attrs": map[string]any{"role": session}}},
		{ID: "c2", Kind: "aws.sts.caller", Fields: map[string]any{"attrs": map[string]any{"role": "arn:aws:iam::2:role/Audit"}}}, {ID: "c3", Kind: "aws.sts.caller", Fields: map[string]any{"attrs": map[string]any{"role": nil}}}})
	got := d.asked.grants()
	d.note([]*evidence.Fact{{ID: "s5", Kind: "aws.iam.statement", Target: "t", Unknowns: map[string]string{"/binding/attached_to/-": "a row"}}, {ID: "c4", Kind: "aws.sts.caller", Target: "t", Fields: map[string]any{"attrs": map[string]any{"role": session}}}})
	if cut := d.asked.grants(); len(cut) != 4 || cut[0].Why != "" || !strings.Contains(cut[3].Why, "was not seen") {
		t.Errorf("%+v", cut)
	}
	if len(got) != 3 || got[0].Role != arn || !slices.Equal(got[0].Statements, []string{"s1", "s2"}) || got[0].Why != "" || !strings.Contains(got[1].Why, "not among the roles") || !strings.Contains(got[2].Why, "without a role") {
		t.Errorf("%+v", got)
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
	text, err := collector(build, &asked{callers: map[string]caller{"arn:x": {}}}, []seal.Offset{{Authority: "https://tsa.example", Ahead: time.Hour.Milliseconds()}})
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
