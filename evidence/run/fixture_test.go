package run

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"hash/crc32"
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

// sample makes a run of one exchange, really signed.
func sample(t testing.TB, s *seal.Signer, name string, asOf time.Time) *Run {
	t.Helper()
	return sampled(t, sampling{signer: s, bundles: s, name: name, asOf: asOf, targets: []string{"aws-1"}})
}

// exchanged writes the bundle of a target with one exchange.
func exchanged(t testing.TB, dir, target, answer string, s *seal.Signer) bundle.Part {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	w, err := bundle.Create(dir, target)
	must(err)
	body, err := w.AddBody([]byte(answer))
	must(err)
	x := evidence.Exchange{Collector: "c", Target: target, Region: "global", Operation: "s3:ListBuckets", Method: "GET", Path: "/", Status: 200, Body: body, BodySize: int64(len(answer)),
		Outcome: evidence.OK, Start: first, Duration: 2_000_000, Attempt: 1}
	x.Identify()
	line, err := evidence.Canonical(x)
	must(err)
	parts, err := w.Finish(bundle.Records{Exchanges: lineOf(string(line)), Coverage: none(), Facts: none()}, func(manifest []byte) ([]byte, error) {
		return s.Sign(context.Background(), seal.Bundle, bundle.ManifestName, evidence.Digest(manifest), nil)
	})
	must(err)
	return parts[0]
}

// judged adds a judgement of one line.
func judged(t testing.TB, r *Run, s *seal.Signer) string {
	t.Helper()
	return judgedAs(t, r, s, `{"record":"item"}`)
}

func judgedAs(t testing.TB, r *Run, s *seal.Signer, line string) string {
	t.Helper()
	digest, err := r.AddJudgement(Judgement{JudgedAsOf: r.Record.AsOf, Inputs: map[string]string{"a": "b"}}, lineOf(line), func(digest string) ([]byte, error) {
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

// sampling says what a run of the matrix is made of.
type sampling struct {
	signer, bundles *seal.Signer
	name            string
	asOf            time.Time
	targets         []string
	manifest        string // the run has one bundle, made by hand, with this manifest and one body, x
}

// sampled makes a run.
func sampled(t testing.TB, of sampling) *Run {
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
	must(b.AddInput("engagement.yaml", []byte("name: "+of.name+"\n")))
	must(b.AddInput("register.yaml", []byte("scope: "+of.name+"\n")))
	made := map[string]BundleFile{}
	for _, target := range of.targets {
		part := exchanged(t, b.Bundles(), target, of.name, of.bundles)
		made[part.Name] = BundleFile{Target: target, Manifest: evidence.Digest(part.Manifest)}
	}
	if of.manifest != "" {
		signature, err := of.signer.Sign(context.Background(), seal.Bundle, bundle.ManifestName, evidence.Digest([]byte(of.manifest)), nil)
		must(err)
		must(os.WriteFile(filepath.Join(b.Bundles(), "aws-1.zip"), byHand(t, of.manifest, signature), 0o644))
		made["aws-1.zip"] = BundleFile{Target: "aws-1", Manifest: evidence.Digest([]byte(of.manifest))}
	}
	record := Record{Engagement: of.name, Source: Source{Kind: "live"}, AsOf: of.asOf, Plan: jsontext.Value(`[]`), Overrides: []string{}, Previous: Previous{Verified: "absent"}}
	_, err = b.Commit(record, made, func(digest string) ([]byte, error) {
		return of.signer.Sign(context.Background(), seal.Run, recordName, digest, nil)
	})
	must(err)
	r, err := Open(path)
	must(err)
	return r
}

// byHand makes a zip of the profile with a manifest, its signature and one body.
func byHand(t testing.TB, manifest string, signature []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range []struct {
		name    string
		content []byte
	}{{"bodies/" + evidence.Digest([]byte("x")), []byte("x")}, {bundle.ManifestName, []byte(manifest)}, {bundle.SignatureName, signature}} {
		var packed bytes.Buffer
		f, err := flate.NewWriter(&packed, 6)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Write(e.content)
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		h := &zip.FileHeader{Name: e.name, CreatorVersion: 20, ReaderVersion: 20, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(e.content), CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(e.content))}
		h.ModifiedDate = 0x21 //lint:ignore SA1019 Modified would add an extra field, and the profile has none
		w, err := z.CreateRaw(h)
		if err == nil {
			_, err = w.Write(packed.Bytes())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
