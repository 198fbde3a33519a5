package audit

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// A countersignature is over the bytes that were verified: a signature file that is put in another's place
// meanwhile, good as it may be, was not.
func TestCountersignWhatWasVerified(t *testing.T) {
	k, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	signer := &seal.Signer{Key: k}
	asOf := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	r := bare(t, signer, "{key: firm, timestamp: none}", run.Source{Kind: "live"}, asOf)
	sign := func(kind seal.Kind, name string) func(digest string) ([]byte, error) {
		return func(digest string) ([]byte, error) { return signer.Sign(context.Background(), kind, name, digest, nil) }
	}
	judgement, err := r.AddJudgement(run.Judgement{JudgedAsOf: asOf, Inputs: map[string]string{}}, func(func([]byte, error) bool) {}, sign(seal.Judgement, "judgement.json"))
	if err != nil {
		t.Fatal(err)
	}
	v := Verification{Path: r.Path, Trust: trusting(t, k, nil), Workers: 1}
	_, report, err := run.Verify(r.Path, v.Trust, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kind   seal.Kind
		digest string
	}{"run.sigstore.json": {seal.Run, r.Digest}, "judgements/" + judgement + "/judgement.sigstore.json": {seal.Judgement, judgement}} {
		path := filepath.Join(r.Path, name)
		verified, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		other, err := sign(c.kind, "x")(c.digest)
		if err == nil {
			err = os.WriteFile(path, other, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.countersign(context.Background(), r, report, signer, "", asOf); err == nil || !strings.Contains(err.Error(), name+" was changed after it was verified") || !strings.Contains(err.Error(), evidence.Digest(other)) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.WriteFile(path, verified, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if sealed, err := r.Seals(); err != nil || len(sealed) != 0 {
		t.Errorf("%d seals, %v", len(sealed), err)
	}
	if _, err := v.countersign(context.Background(), r, report, signer, "", asOf); err != nil {
		t.Error(err)
	}
	if _, _, err := Countersign(context.Background(), v, signer, "", asOf); err != nil {
		t.Errorf("over a run with a seal: %v", err)
	}
}
