package run

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

func none() iter.Seq2[[]byte, error] { return func(func([]byte, error) bool) {} }

func lineOf(line string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) { yield([]byte(line), nil) }
}

// first is when the one exchange of these runs began; it took two seconds.
var first = time.Date(2026, 11, 23, 10, 0, 1, 500_000_000, time.UTC)

var (
	asOf  = first.Add(-time.Second)
	ended = first.Add(2 * time.Second)
)

// sample makes a run of one input and one exchange, really signed.
func sample(t testing.TB, s *seal.Signer, name string, asOf time.Time) *Run {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "run")
	b, err := Create(path)
	must(err)
	must(b.AddInput("engagement.yaml", []byte("name: test\n")))
	w, err := bundle.Create(b.Bundles(), "aws-1")
	must(err)
	body, err := w.AddBody([]byte("an answer"))
	must(err)
	x := evidence.Exchange{Collector: "c", Target: "aws-1", Region: "global", Operation: "s3:ListBuckets", Method: "GET", Path: "/", Status: 200, Body: body, BodySize: 9,
		Outcome: evidence.OK, Start: first, Duration: 2_000_000, Attempt: 1}
	x.Identify()
	line, err := evidence.Canonical(x)
	must(err)
	parts, err := w.Finish(bundle.Records{Exchanges: lineOf(string(line)), Coverage: none(), Facts: none()}, func(manifest []byte) ([]byte, error) {
		return s.Sign(context.Background(), seal.Bundle, bundle.ManifestName, evidence.Digest(manifest), nil)
	})
	must(err)
	record := Record{Engagement: name, Source: Source{Kind: "live"}, AsOf: asOf, Plan: jsontext.Value(`[]`), Overrides: []string{}, Previous: Previous{Verified: "absent"}}
	_, err = b.Commit(record, map[string]BundleFile{parts[0].Name: {Target: "aws-1", Manifest: evidence.Digest(parts[0].Manifest)}}, func(digest string) ([]byte, error) {
		return s.Sign(context.Background(), seal.Run, recordName, digest, nil)
	})
	must(err)
	r, err := Open(path)
	must(err)
	return r
}

// judged adds a judgement of one line.
func judged(t testing.TB, r *Run, s *seal.Signer) string {
	t.Helper()
	digest, err := r.AddJudgement(Judgement{JudgedAsOf: r.Record.AsOf, Inputs: map[string]string{"a": "b"}}, lineOf(`{"record":"item"}`), func(digest string) ([]byte, error) {
		return s.Sign(context.Background(), seal.Judgement, judgementName, digest, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// countersigned adds a seal over all that is there.
func countersigned(t testing.TB, r *Run, s *seal.Signer) string {
	t.Helper()
	digest, err := r.AddSeal("", func(files []seal.File) ([]byte, error) {
		return s.SignStatement(context.Background(), seal.SVRType, files, map[string]any{"verifier": map[string]any{"id": seal.CountersignVerifier}, "properties": []string{"TREFOIL_RUN_VERIFIED"}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func newKey(t testing.TB) *seal.Key {
	t.Helper()
	key, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// keyEntry is an entry of trust.yaml's keys.
func keyEntry(t testing.TB, name, roles, may string, k *seal.Key) string {
	t.Helper()
	pem, err := k.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	return "  - name: " + name + "\n    roles: [" + roles + "]\n    may_sign: [" + may + "]\n    public_key: |\n      " + strings.ReplaceAll(strings.TrimSpace(pem), "\n", "\n      ") + "\n"
}

// whole makes a small run of every sort of file, signed without timestamps, and the trust that it
// verifies by.
func whole(t testing.TB) (path string, trust *seal.Trust) {
	t.Helper()
	collector, auditor := newKey(t), newKey(t)
	text := "timestamp: optional\nkeys:\n" + keyEntry(t, "k", "collector", "run, bundle, judgement", collector) + keyEntry(t, "a", "auditor", "countersignature", auditor)
	trust, err := seal.ParseTrust("trust.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := sample(t, &seal.Signer{Key: collector}, "test", asOf)
	judged(t, r, &seal.Signer{Key: collector})
	countersigned(t, r, &seal.Signer{Key: auditor})
	return r.Path, trust
}

// finding verifies, and gives the file that is at fault and the error's text; both are empty where
// nothing is. An error of another type fails the test, and so does a report that does not end with it.
func finding(t testing.TB, path string, trust *seal.Trust) (file, text string) {
	t.Helper()
	_, report, err := Verify(path, trust, nil, 1)
	var bad *VerifyError
	switch {
	case err == nil:
		return "", ""
	case !errors.As(err, &bad):
		t.Errorf("an error of no known type: %v", err)
		return "", err.Error()
	}
	if last := report.Checks[len(report.Checks)-1]; last.Result != "failed" || last.File != bad.File {
		t.Errorf("the last check is %+v, the error %v", last, err)
	}
	return bad.File, err.Error()
}
