package seal

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/sign"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal/sealtest"
)

func withoutTokens(b *protobundle.Bundle) { b.VerificationMaterial.TimestampVerificationData = nil }

// A trust that takes signatures without a timestamp misses one that was removed: what was signed says that
// there was to be one. What an older build or another program signed does not say so, and is taken.
func TestRemovedTokens(t *testing.T) {
	s := sealtest.New(t)
	s.Now = func() time.Time { return now }
	k, pem := testKey(t)
	optional := mustTrust(t, "timestamp: optional\ntrusted_root: {inline: '"+string(s.Root())+"'}\n"+keyYAML(pem))
	signer := &Signer{Key: k, Services: Services{Authorities: []string{s.Authority}}}
	sig := signed(t, signer, file)
	wants(t, optional, sig, nil, "")
	wants(t, optional, edit(t, sig, withoutTokens), ErrTime, "it was signed to carry 1 timestamps, and carries 0: the rest was removed")
	wants(t, optional, signed(t, &Signer{Key: k}, file), nil, "")
	two := signed(t, &Signer{Key: k, Services: Services{Authorities: []string{s.Authority, s.Authority}}}, file)
	wants(t, optional, edit(t, two, func(b *protobundle.Bundle) {
		d := b.VerificationMaterial.TimestampVerificationData
		d.Rfc3161Timestamps = d.Rfc3161Timestamps[:1]
	}), ErrTime, "to carry 2 timestamps, and carries 1")
	wants(t, optional, signedText(t, k, `{"_type":"`+statementType+`","predicate":{"by":"test"},"predicateType":"`+Run.PredicateType()+
		`","subject":[{"digest":{"sha256":"`+evidence.Digest(file)+`"},"name":"run.json"}]}`), nil, "")
}

// signedText signs a statement as it stands.
func signedText(t *testing.T, k *Key, statement string) []byte {
	t.Helper()
	b, err := sign.Bundle(&sign.DSSEData{Data: []byte(statement), PayloadType: payloadType}, keypair{k}, sign.BundleOptions{Context: t.Context()})
	if err != nil {
		t.Fatal(err)
	}
	text, err := write(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// An entry of a log that was removed is missed too.
func TestRemovedLogEntries(t *testing.T) {
	for _, c := range []struct{ said, has int }{{1, 0}, {2, 1}, {1, 1}, {0, 1}} {
		err := (&carries{LogEntries: c.said}).whole(&Signature{LogEntries: c.has})
		if gone := c.has < c.said; gone != errors.Is(err, ErrUntrusted) || gone != (err != nil) {
			t.Errorf("%d of %d entries: %v", c.has, c.said, err)
		}
	}
	k, pem := testKey(t)
	said := `{"` + carriesName + `":{"log_entries":1,"timestamps":0}}`
	sig := signedText(t, k, `{"_type":"`+statementType+`","predicate":`+said+`,"predicateType":"`+Run.PredicateType()+
		`","subject":[{"digest":{"sha256":"`+evidence.Digest(file)+`"},"name":"run.json"}]}`)
	wants(t, mustTrust(t, trustText(pem, "collector", "run")), sig, ErrUntrusted, "to carry 1 entries of transparency logs, and carries 0")
	forged := edit(t, sig, func(b *protobundle.Bundle) {
		b.VerificationMaterial.TlogEntries = append(b.VerificationMaterial.TlogEntries, &protorekor.TransparencyLogEntry{LogIndex: 1})
	})
	if _, err := mustTrust(t, trustText(pem, "collector", "run")).Verify(Run, evidence.Digest(file), forged, At(now)); err == nil {
		t.Error("an entry that is none was counted")
	}
}

// What a signature carries is said in a predicate of any form, and taken out of it again; what says it in
// another form is refused.
func TestCarriesInPredicates(t *testing.T) {
	k, pem := testKey(t)
	trust := mustTrust(t, trustText(pem, "auditor", "verdict, countersignature"))
	for name, predicate := range map[string]any{"a map": map[string]any{"result": "PASSED", "z": []any{}}, "a struct": struct {
		Result string `json:"result"`
		Z      []int  `json:"z"`
	}{"PASSED", []int{}}} {
		sig, err := (&Signer{Key: k}).SignStatement(context.Background(), TestResultType, []File{{"run.json", evidence.Digest(file)}}, predicate)
		if err != nil {
			t.Fatal(err)
		}
		if _, st, err := parse(sig); err != nil || st.carries == nil || *st.carries != (carries{}) {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
		if s, err := trust.VerifySeal(evidence.Digest(file), sig, At(now)); err != nil || string(s.Predicate) != `{"result":"PASSED","z":[]}` {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if _, err := (&Signer{Key: k}).Sign(context.Background(), Run, "run.json", evidence.Digest(file), []string{"a list"}); err == nil {
		t.Error("a predicate that is no object was signed")
	}
	for _, said := range []string{`null`, `[]`, `"1"`, `{"timestamps":-1}`, `{"timestamps":"1"}`, `{"timestamps":1.5}`, `{"stamps":1}`, `{"timestamps":9223372036854775808}`} {
		sig := signedText(t, k, `{"_type":"`+statementType+`","predicate":{"`+carriesName+`":`+said+`},"predicateType":"`+Run.PredicateType()+
			`","subject":[{"digest":{"sha256":"`+evidence.Digest(file)+`"},"name":"run.json"}]}`)
		if _, err := trust.Verify(Run, evidence.Digest(file), sig, At(now)); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), carriesName) && !strings.Contains(err.Error(), "canonical") {
			t.Errorf("%s: %v", said, err)
		}
	}
}

// What could not be read again is not signed.
func TestTooManyFiles(t *testing.T) {
	k, _ := testKey(t)
	for _, n := range []int{maxSubjects, maxSubjects + 1} {
		sig, err := (&Signer{Key: k}).SignStatement(t.Context(), SVRType, make([]File, n), map[string]any{})
		if (err == nil) != (n <= maxSubjects) || err == nil && len(sig) == 0 {
			t.Errorf("%d files: %v", n, err)
		}
	}
}
