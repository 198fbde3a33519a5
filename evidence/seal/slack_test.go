package seal

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal/sealtest"
)

// A timestamp token is a third party's bytes, whose signature does not cover them whole (RFC 5652,
// 5.4): the response's status (granted, or granted with modifications), version numbers, the list
// of digest algorithms, the outer name of the content's type and the tags of some sets can be
// changed. This test lists that slack: it is small, and no change moves the time, the signed digest
// or the authority. A run's token lies in run.sigstore.json, whose SHA-256 a countersignature names.
func TestTokenSlack(t *testing.T) {
	s := sealtest.New(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return at }
	k, pem := testKey(t)
	sig := signed(t, &Signer{Key: k, Services: Services{Authorities: []string{s.Authority}}}, file)
	trust := timed(t, s, keyYAML(pem))
	var token []byte
	edit(t, sig, func(b *protobundle.Bundle) {
		token = b.VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps[0].SignedTimestamp
	})
	slack := map[int]bool{}
	for i := range token {
		for _, flip := range []byte{1, 0x80} {
			bad := edit(t, sig, func(b *protobundle.Bundle) {
				changed := bytes.Clone(token)
				changed[i] ^= flip
				b.VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps[0].SignedTimestamp = changed
			})
			got, err := trust.Verify(Run, evidence.Digest(file), bad, At(now))
			if err != nil {
				continue
			}
			slack[i] = true
			if !got.Time.Equal(at) || got.Signer.Name != "firm" {
				t.Errorf("byte %d of the token changed, and the signature says another time: %v", i, got.Time)
			}
		}
	}
	const most = 40
	t.Logf("%d of the token's %d bytes have slack: %v", len(slack), len(token), slices.Sorted(maps.Keys(slack)))
	if len(slack) > most {
		t.Errorf("%d bytes of slack, more than %d", len(slack), most)
	}
}
