package storetest

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/place"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// bodySize is how large one body is at most.
const bodySize = 8 << 20

const engagementText = `name: store test
auditor: Example Assurance LLP
auditee: Example Limited
aws:
  - accounts: ["111122223333"]
signing: {timestamp: none}
`

// MakeRun makes a signed run with so many bundles, each with bodies of that many bytes in all, which do
// not compress. Equal seeds give equal contents, but for the signatures.
func MakeRun(t testing.TB, bundles, size int, seed uint64) *run.Run {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "run")
	b, err := run.Create(path)
	must(err)
	must(b.AddInput("engagement.yaml", []byte(engagementText)))
	must(b.AddInput("places.yaml", place.Default()))
	must(b.AddInput("a name + 100% ü:=&?.yaml", []byte("odd\n")))
	signer := Signer(t)
	files := map[string]run.BundleFile{}
	draw := rand.New(rand.NewPCG(seed, 1))
	for i := range bundles {
		target := fmt.Sprintf("aws-%012d", i)
		w, err := bundle.Create(b.Bundles(), target)
		must(err)
		for left := size; left > 0 || left == size; left -= bodySize {
			_, err = w.AddBody(noise(draw, min(left, bodySize)))
			must(err)
		}
		parts, err := w.Finish(bundle.Records{Exchanges: none, Coverage: none, Facts: none}, func(manifest []byte) ([]byte, error) {
			return signer.Sign(t.Context(), seal.Bundle, bundle.ManifestName, evidence.Digest(manifest), nil)
		})
		must(err)
		for _, p := range parts {
			files[p.Name] = run.BundleFile{Target: target, Manifest: evidence.Digest(p.Manifest)}
		}
	}
	record := run.Record{Engagement: "store test", Source: run.Source{Kind: "live"}, AsOf: time.Now().UTC().Truncate(time.Microsecond),
		Plan: jsontext.Value(`[]`), Overrides: []string{}, Previous: run.Previous{Verified: "absent"}}
	_, err = b.Commit(record, files, func(digest string) ([]byte, error) {
		return signer.Sign(t.Context(), seal.Run, "run.json", digest, nil)
	})
	must(err)
	r, err := run.Open(path)
	must(err)
	return r
}

// AddJudgement adds a judgement without results to a run.
func AddJudgement(t testing.TB, r *run.Run, asOf time.Time) string {
	t.Helper()
	signer := Signer(t)
	digest, err := r.AddJudgement(run.Judgement{JudgedAsOf: asOf, Inputs: map[string]string{}}, none, func(digest string) ([]byte, error) {
		return signer.Sign(t.Context(), seal.Judgement, "judgement.json", digest, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// Signer signs with a key that nobody else has.
func Signer(t testing.TB) *seal.Signer {
	t.Helper()
	key, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	return &seal.Signer{Key: key}
}

func none(func([]byte, error) bool) {}

var _ iter.Seq2[[]byte, error] = none

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b[:n]
}
