package audit

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
	"github.com/trefoil-audit/trefoil/evidence/seal/sealtest"
)

// bare makes a run of no target, by an engagement with this signing section.
func bare(t *testing.T, s *seal.Signer, signing string, source run.Source, asOf time.Time) *run.Run {
	t.Helper()
	return barePlanned(t, s, signing, source, asOf, `[]`)
}

func barePlanned(t *testing.T, s *seal.Signer, signing string, source run.Source, asOf time.Time, plan string) *run.Run {
	t.Helper()
	text := "name: test\nauditor: A\nauditee: B\nperiod: {from: 2026-07-01, to: 2026-09-30}\naws:\n  - management: \"123456789012\"\n    role: r\nsigning: " + signing + "\n"
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	said, err := evidence.Canonical(kinds)
	if err != nil {
		t.Fatal(err)
	}
	b, err := run.Create(filepath.Join(t.TempDir(), "run"))
	if err == nil {
		err = cmp.Or(b.AddInput(engagement.FileName, []byte(text)), b.AddInput(kindsName, said))
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(filepath.Dir(filepath.Dir(b.Bundles())), "run")
	if _, err := b.Commit(run.Record{Engagement: "test", Source: source, AsOf: asOf, Plan: jsontext.Value(plan), Overrides: []string{}, Previous: run.Previous{Verified: "absent"}}, nil,
		func(digest string) ([]byte, error) {
			return s.Sign(context.Background(), seal.Run, "run.json", digest, nil)
		}); err != nil {
		t.Fatal(err)
	}
	r, err := run.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// trusting is a trust of one key for everything, which takes signatures without timestamps.
func trusting(t *testing.T, k *seal.Key, root []byte) *seal.Trust {
	t.Helper()
	pem, err := k.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	text := "timestamp: optional\nkeys:\n  - name: firm\n    roles: [collector, replay, auditor]\n    may_sign: [run, bundle, judgement, report, countersignature, verdict, gap]\n    public_key: |\n      " + strings.ReplaceAll(strings.TrimSpace(pem), "\n", "\n      ") + "\n"
	if root != nil {
		text = "trusted_root: root.json\n" + text
	}
	trust, err := seal.ParseTrust("trust.yaml", []byte(text), func(string) ([]byte, error) { return root, nil })
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// A run whose engagement names an authority has a timestamp, also under a trust that asks for none, and where
// what was signed does not say so. A replay is signed by other means than the recording was.
func TestTimestampThatTheEngagementNames(t *testing.T) {
	k, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	asOf := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		signing string
		source  run.Source
		good    bool
	}{
		"an authority": {"{key: firm, timestamp: \"https://tsa.example/\"}", run.Source{Kind: "live"}, false},
		"services":     {"{key: firm, services: signing_config.json}", run.Source{Kind: "live"}, false},
		"none":         {"{key: firm, timestamp: none}", run.Source{Kind: "live"}, true},
		"a replay":     {"{key: firm, timestamp: \"https://tsa.example/\"}", run.Source{Kind: "replay", Of: strings.Repeat("0", 64)}, true},
	} {
		r := bare(t, &seal.Signer{Key: k}, c.signing, c.source, asOf)
		_, report, err := Verify(context.Background(), Verification{Path: r.Path, Trust: trusting(t, k, nil), Workers: 1})
		var bad *run.VerifyError
		if c.good && err != nil || !c.good && (!errors.As(err, &bad) || bad.File != "run.sigstore.json" || !errors.Is(err, seal.ErrTime) || !strings.Contains(err.Error(), "names an authority: the timestamp was removed")) {
			t.Errorf("%s: %v", name, err)
		}
		if last := report.Checks[len(report.Checks)-1]; (last.Result == "failed") == c.good {
			t.Errorf("%s: the last check is %+v", name, last)
		}
	}
}

// A workbook that was signed before the instant of its judgement, or by a key that had ended then, is refused.
func TestTimeOfTheWorkbook(t *testing.T) {
	s := sealtest.New(t)
	k, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	asOf := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return asOf.Add(time.Minute) }
	r := bare(t, &seal.Signer{Key: k}, "{key: firm, timestamp: none}", run.Source{Kind: "live"}, asOf)
	digest, err := r.AddJudgement(run.Judgement{JudgedAsOf: asOf.Add(time.Hour), Inputs: map[string]string{}}, func(func([]byte, error) bool) {}, func(digest string) ([]byte, error) {
		return (&seal.Signer{Key: k}).Sign(context.Background(), seal.Judgement, "judgement.json", digest, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	trust := trusting(t, k, s.Root())
	v := Verification{Path: r.Path, Trust: trust, Judgement: digest}
	for name, c := range map[string]struct {
		signedAt time.Duration // after the run; negative: by no authority
		until    time.Duration // the key's end; 0: none
		words    string
	}{
		"before the judgement":      {30 * time.Minute, 0, "it is of a judgement as of"},
		"after it":                  {2 * time.Hour, 0, ""},
		"untimed":                   {-1, 0, ""},
		"by a key that ended first": {-1, 30 * time.Minute, "does not count at"},
	} {
		signer := &seal.Signer{Key: k}
		if c.signedAt > 0 {
			s.Now = func() time.Time { return asOf.Add(c.signedAt) }
			signer.Services.Authorities = []string{s.Authority}
		}
		trust.Signers[0].NotAfter = time.Time{}
		if c.until > 0 {
			trust.Signers[0].NotAfter = asOf.Add(c.until)
		}
		signature, err := signer.Sign(context.Background(), seal.Report, "report.xlsx", strings.Repeat("0", 64), nil)
		if err != nil {
			t.Fatal(err)
		}
		checked, err := trust.Verify(seal.Report, strings.Repeat("0", 64), signature, seal.At(asOf))
		if err != nil {
			t.Fatal(err)
		}
		if err := v.workbookTime(r, &run.Report{Last: asOf}, checked); (err == nil) != (c.words == "") || err != nil && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v, want %q", name, err, c.words)
		}
	}
}

// A judgement is not made as of an instant that no authority has reached: it would not verify. Nothing is recorded.
func TestNoJudgementAheadOfItsAuthority(t *testing.T) {
	s := sealtest.New(t)
	_, r, _, _ := clover(t)
	k, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	asOf := r.Record.AsOf
	s.Now = func() time.Time { return asOf.Add(time.Minute) }
	before, err := r.Judgements()
	if err != nil {
		t.Fatal(err)
	}
	signer := &seal.Signer{Key: k, Services: seal.Services{Authorities: []string{s.Authority}}}
	_, err = Judge(context.Background(), Judging{Run: r, JudgedAsOf: asOf.Add(24 * time.Hour), Signer: signer})
	if err == nil || !strings.Contains(err.Error(), "Set this machine's clock right, or name an earlier instant") {
		t.Errorf("got %v", err)
	}
	if after, err := r.Judgements(); err != nil || len(after) != len(before) {
		t.Errorf("%d judgements, %d before: %v", len(after), len(before), err)
	}
	v := &Verification{Path: r.Path}
	if _, err := v.countersign(context.Background(), r, &run.Report{}, signer, "", asOf.Add(24*time.Hour)); err == nil || !strings.Contains(err.Error(), "the countersignature is to be of") {
		t.Errorf("got %v", err)
	}
}
