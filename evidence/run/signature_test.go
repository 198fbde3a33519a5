package run

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/seal"
	"github.com/trefoil-audit/trefoil/evidence/seal/sealtest"
)

// office is who signs in these tests: a collector's and an auditor's key, and a timestamp authority.
type office struct {
	*sealtest.Sigstore
	collector, auditor, stranger *seal.Key
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{Sigstore: sealtest.New(t)}
	for _, k := range []**seal.Key{&o.collector, &o.auditor, &o.stranger} {
		key, err := seal.EphemeralKey()
		if err != nil {
			t.Fatal(err)
		}
		*k = key
	}
	return o
}

func (o *office) signer(k *seal.Key) *seal.Signer {
	return &seal.Signer{Key: k, Services: seal.Services{Authorities: []string{o.Authority}}}
}

// trust is a trust.yaml of this office; more is put before its keys.
func (o *office) trust(t *testing.T, more string) *seal.Trust {
	t.Helper()
	entry := func(name, roles, may string, k *seal.Key) string {
		pem, err := k.PublicPEM()
		if err != nil {
			t.Fatal(err)
		}
		return "  - name: " + name + "\n    roles: [" + roles + "]\n    may_sign: [" + may + "]\n    public_key: |\n      " + strings.ReplaceAll(strings.TrimSpace(pem), "\n", "\n      ") + "\n"
	}
	text := more + "timestamp: required\ntrusted_root: root.json\nkeys:\n" + entry("firm", "collector", "run, bundle, judgement, verdict, gap", o.collector) + entry("auditor", "auditor", "countersignature", o.auditor)
	trust, err := seal.ParseTrust("trust.yaml", []byte(text), func(string) ([]byte, error) { return o.Root(), nil })
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// first is when the one exchange of these runs began; it took two seconds.
var first = time.Date(2026, 11, 23, 10, 0, 1, 500_000_000, time.UTC)

// take makes a run of one exchange, signed by a key when the authority's clock shows an instant.
func (o *office) take(t *testing.T, k *seal.Key, asOf, signedAt time.Time, name string) *Run {
	t.Helper()
	o.Now = func() time.Time { return signedAt }
	path := filepath.Join(t.TempDir(), "run")
	b, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := bundle.Create(b.Bundles(), "aws-1")
	if err != nil {
		t.Fatal(err)
	}
	sign := func(kind seal.Kind, name string) func([]byte) ([]byte, error) {
		return func(content []byte) ([]byte, error) {
			return o.signer(k).Sign(context.Background(), kind, name, evidence.Digest(content), nil)
		}
	}
	body, err := w.AddBody([]byte("an answer"))
	if err != nil {
		t.Fatal(err)
	}
	x := evidence.Exchange{Collector: "c", Target: "aws-1", Region: "global", Operation: "s3:ListBuckets", Method: "GET", Path: "/", Status: 200, Body: body, BodySize: 9,
		Outcome: evidence.OK, Start: first, Duration: 2_000_000, Attempt: 1}
	x.Identify()
	one := func(yield func([]byte, error) bool) { yield(evidence.Canonical(x)) }
	parts, err := w.Finish(bundle.Records{Exchanges: iter.Seq2[[]byte, error](one), Coverage: none(), Facts: none()}, sign(seal.Bundle, bundle.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	record := Record{Engagement: name, Source: Source{Kind: "live"}, AsOf: asOf, Plan: jsontext.Value(`[]`), Overrides: []string{}, Previous: Previous{Verified: "absent"}}
	_, err = b.Commit(record, map[string]BundleFile{parts[0].Name: {Target: "aws-1", Manifest: evidence.Digest(parts[0].Manifest)}}, func(digest string) ([]byte, error) {
		return o.signer(k).Sign(context.Background(), seal.Run, recordName, digest, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var (
	asOf  = first.Add(-time.Second)
	ended = first.Add(2 * time.Second)
)

// as_of ≤ first exchange; last exchange ≤ the token's time ≤ that + max_signing_delay.
func TestOrderOfTimes(t *testing.T) {
	o := open(t)
	for name, c := range map[string]struct {
		asOf, signed time.Time
		words        string
	}{
		"in order":             {asOf, ended.Add(time.Minute), ""},
		"in the same second":   {asOf, ended.Truncate(time.Second), ""},
		"at the latest":        {asOf, ended.Add(time.Hour).Truncate(time.Second), ""},
		"too late":             {asOf, ended.Add(time.Hour + time.Second), "more than 1h0m0s after the last exchange"},
		"before the last":      {asOf, ended.Add(-time.Second), "before the last exchange ended"},
		"a year before":        {asOf, ended.AddDate(-1, 0, 0), "before the last exchange ended"},
		"asked before the run": {first.Add(time.Microsecond), ended, "before the run's as_of"},
	} {
		r := o.take(t, o.collector, c.asOf, c.signed, "times")
		report, err := r.Verify(o.trust(t, ""), nil, 1)
		if c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: got %v, want %q", name, err, c.words)
		}
		var bad *VerifyError
		if err != nil && !errors.As(err, &bad) {
			t.Errorf("%s: %T is no *VerifyError", name, err)
		}
		if last := report.Checks[len(report.Checks)-1]; (err != nil) != (last.Result == "failed") {
			t.Errorf("%s: the last check is %+v", name, last)
		}
	}
}

// judge adds an empty judgement.
func (o *office) judge(t *testing.T, r *Run, k *seal.Key) string {
	t.Helper()
	digest, err := r.AddJudgement(Judgement{JudgedAsOf: asOf, Inputs: map[string]string{}}, none(), func(digest string) ([]byte, error) {
		return o.signer(k).Sign(context.Background(), seal.Judgement, judgementName, digest, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// countersign adds a seal over all that is there.
func (o *office) countersign(t *testing.T, r *Run, k *seal.Key) string {
	t.Helper()
	digest, err := r.AddSeal("", func(files []seal.File) ([]byte, error) {
		return o.signer(k).SignStatement(context.Background(), seal.SVRType, files, map[string]any{"verifier": map[string]any{"id": seal.CountersignVerifier}, "properties": []string{"TREFOIL_RUN_VERIFIED"}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// What a forger can do with good signatures of other things, other keys and other times: each is
// refused, and the file at fault is named.
func TestForgedSignatures(t *testing.T) {
	o := open(t)
	at := ended.Add(time.Minute)
	other := o.take(t, o.collector, asOf, at, "another run")
	otherJudgement := o.judge(t, other, o.collector)
	otherSeal := o.countersign(t, other, o.auditor)
	file := func(r *Run, name string) string { return filepath.Join(r.Path, filepath.FromSlash(name)) }
	copyTo := func(t *testing.T, from, to string) {
		t.Helper()
		b, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	resign := func(t *testing.T, r *Run, kind seal.Kind, k *seal.Key, digest, to string) {
		t.Helper()
		b, err := o.signer(k).Sign(context.Background(), kind, "x", digest, nil)
		if err == nil {
			err = os.WriteFile(file(r, to), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	judged := func(name string) string { return judgementsDir + "/" + name + "/" + judgementSignatureName }
	cases := []struct {
		name, at, words string
		more            string // of trust.yaml
		forge           func(t *testing.T, r *Run, judgement, sealed string)
	}{
		{"signature of another run", signatureName, "about another file", "", func(t *testing.T, r *Run, _, _ string) { copyTo(t, file(other, signatureName), file(r, signatureName)) }},
		{"re-signed by a stranger", signatureName, "no key of trust.yaml", "", func(t *testing.T, r *Run, _, _ string) { resign(t, r, seal.Run, o.stranger, r.Digest, signatureName) }},
		{"re-signed by the auditor", signatureName, "may not sign a run", "", func(t *testing.T, r *Run, _, _ string) { resign(t, r, seal.Run, o.auditor, r.Digest, signatureName) }},
		{"signed as another kind", signatureName, "predicate type", "", func(t *testing.T, r *Run, _, _ string) {
			resign(t, r, seal.Judgement, o.collector, r.Digest, signatureName)
		}},
		{"signed again, later", signatureName, "after the last exchange", "", func(t *testing.T, r *Run, judgement, sealed string) {
			o.Now = func() time.Time { return at.AddDate(0, 1, 0) }
			os.Remove(file(r, sealName(sealed)))
			os.RemoveAll(file(r, judgementsDir+"/"+judgement))
			resign(t, r, seal.Run, o.collector, r.Digest, signatureName)
		}},
		{"judgement's signature of another run", "", "about another file", "", func(t *testing.T, r *Run, judgement, _ string) {
			copyTo(t, file(other, judged(otherJudgement)), file(r, judged(judgement)))
		}},
		{"judgement re-signed by the auditor", "", "may not sign a judgement", "", func(t *testing.T, r *Run, judgement, _ string) {
			resign(t, r, seal.Judgement, o.auditor, judgement, judged(judgement))
		}},
		{"judgement signed before the run", "", "before the run's own", "", func(t *testing.T, r *Run, judgement, _ string) {
			o.Now = func() time.Time { return at.Add(-30 * time.Second) }
			resign(t, r, seal.Judgement, o.collector, judgement, judged(judgement))
		}},
		{"judgement signed again after it was sealed", "", "the seal says", "", func(t *testing.T, r *Run, judgement, _ string) {
			resign(t, r, seal.Judgement, o.collector, judgement, judged(judgement))
		}},
		{"judgement dropped", "", "is missing", "", func(t *testing.T, r *Run, judgement, _ string) { os.RemoveAll(file(r, judgementsDir+"/"+judgement)) }},
		{"seal of another run", "", "about another run", "", func(t *testing.T, r *Run, _, _ string) {
			copyTo(t, file(other, sealName(otherSeal)), file(r, sealName(otherSeal)))
		}},
		{"countersigned by the collector", "", "may not sign a countersignature", "", func(t *testing.T, r *Run, _, _ string) { o.countersign(t, r, o.collector) }},
		{"countersigned by a stranger", "", "no key of trust.yaml", "", func(t *testing.T, r *Run, _, _ string) { o.countersign(t, r, o.stranger) }},
		{"countersigned before the run", "", "before the run's own", "", func(t *testing.T, r *Run, _, _ string) {
			o.Now = func() time.Time { return at.Add(-time.Hour) }
			o.countersign(t, r, o.auditor)
		}},
		{"countersignature dropped", ".", "requires a countersignature", "required: [countersignature]\n", func(t *testing.T, r *Run, _, sealed string) { os.Remove(file(r, sealName(sealed))) }},
		{"first of two countersignatures dropped", "", "is missing", "", func(t *testing.T, r *Run, _, sealed string) {
			o.countersign(t, r, o.auditor)
			os.Remove(file(r, sealName(sealed)))
		}},
		{"seal renamed", "", "not its name", "", func(t *testing.T, r *Run, _, sealed string) {
			if err := os.Rename(file(r, sealName(sealed)), file(r, sealName(strings.Repeat("0", 64)))); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := o.take(t, o.collector, asOf, at, "a run")
			judgement := o.judge(t, r, o.collector)
			sealed := o.countersign(t, r, o.auditor)
			if _, err := r.Verify(o.trust(t, c.more), []string{judgement, sealed}, 1); err != nil {
				t.Fatalf("before anything was forged: %v", err)
			}
			c.forge(t, r, judgement, sealed)
			again, err := Open(r.Path)
			if err == nil {
				_, err = again.Verify(o.trust(t, c.more), nil, 1)
			}
			var bad *VerifyError
			var layout *LayoutError
			if err == nil || !strings.Contains(err.Error(), c.words) || !errors.As(err, &bad) && !errors.As(err, &layout) {
				t.Fatalf("got %v, want %q", err, c.words)
			}
			if c.at != "" && (bad == nil || bad.File != c.at) {
				t.Errorf("the fault is at %v, want %s", err, c.at)
			}
		})
	}
	t.Logf("%d forgeries", len(cases))
}
