package seal

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/trefoil-audit/trefoil/evidence"
)

// mediaType is that of Sigstore bundles v0.3.
const mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// MaxSignature bounds a signature file.
const MaxSignature = 4 << 20

// Signature is what a checked signature says.
type Signature struct {
	Key       string // name in trust.yaml
	Roles     []Role
	Time      time.Time // the token's; zero without one
	Subject   string    // name of the signed file
	Predicate []byte    // JSON
}

// Verify checks a signature file over a file of the given SHA-256 (hex), as a signature of that
// kind, by the given trust. Nothing in the signature file decides what is trusted. At is when
// the key's window must hold where there is no token.
func (t *Trust) Verify(kind Kind, sha256 string, file []byte, at time.Time) (*Signature, error) {
	pb, statement, err := parse(file)
	if err != nil {
		return nil, err
	}
	key, err := t.keyOf(pb)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(key.MaySign, kind) {
		return nil, fmt.Errorf("%w: key %s may not sign a %s", ErrUntrusted, key.Name, kind)
	}
	if len(statement.Subject) != 1 || len(statement.Subject[0].Digest) != 1 || statement.Subject[0].Digest["sha256"] != sha256 {
		return nil, fmt.Errorf("%w: it is about another file", ErrSignature)
	}
	if statement.Type != statementType || statement.PredicateType != kind.PredicateType() {
		return nil, fmt.Errorf("%w: its predicate type is %q, want %q", ErrSignature, statement.PredicateType, kind.PredicateType())
	}
	when, err := t.check(pb, key, sha256)
	if err != nil {
		return nil, err
	}
	s := &Signature{Key: key.Name, Roles: key.Roles, Time: when, Subject: statement.Subject[0].Name, Predicate: statement.Predicate}
	if when.IsZero() {
		if t.Timestamp != "optional" {
			return nil, fmt.Errorf("%w: it carries no timestamp, and trust requires one", ErrTime)
		}
		when = at
	}
	if when.Before(key.NotBefore) || !key.NotAfter.IsZero() && !when.Before(key.NotAfter) {
		return nil, fmt.Errorf("%w: key %s does not count at %s", ErrTime, key.Name, when.Format(time.RFC3339))
	}
	return s, nil
}

type parsedStatement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     rawJSON   `json:"predicate"`
}

type rawJSON []byte

func (r *rawJSON) UnmarshalJSON(b []byte) error {
	*r = bytes.Clone(b)
	return nil
}

// parse reads a signature file: canonical bytes, no unknown field, one signature, a statement
// in canonical form.
func parse(file []byte) (*protobundle.Bundle, *parsedStatement, error) {
	fail := func(cause string) (*protobundle.Bundle, *parsedStatement, error) {
		return nil, nil, fmt.Errorf("%w: %s", ErrFormat, cause)
	}
	if len(file) > MaxSignature {
		return fail(fmt.Sprintf("over %d bytes", MaxSignature))
	}
	pb := &protobundle.Bundle{}
	if err := protojson.Unmarshal(file, pb); err != nil {
		return fail("it is no Sigstore bundle")
	}
	raw, err := protojson.Marshal(pb)
	if err != nil {
		return fail(err.Error())
	}
	again, err := evidence.Canonicalize(raw)
	if err != nil || !bytes.Equal(again, file) {
		return fail("its bytes are not in canonical form")
	}
	if pb.GetMediaType() != mediaType { // older versions are accepted by other clients, and would be a second form of one file
		return fail("its media type is not " + mediaType)
	}
	env := pb.GetDsseEnvelope()
	if env == nil || len(env.GetSignatures()) != 1 || env.GetPayloadType() != payloadType {
		return fail("it holds no DSSE envelope with one signature over an in-toto statement")
	}
	st := &parsedStatement{}
	if err := json.Unmarshal(env.GetPayload(), st, json.RejectUnknownMembers(true)); err != nil {
		return fail("its payload is no in-toto statement")
	}
	if again, err := evidence.Canonicalize(env.GetPayload()); err != nil || !bytes.Equal(again, env.GetPayload()) {
		return fail("its statement is not in canonical form")
	}
	return pb, st, nil
}

// keyOf finds the key that the hint names, among those that trust.yaml gives. The hint decides
// nothing: the signature must verify by that key.
func (t *Trust) keyOf(pb *protobundle.Bundle) (*TrustedKey, error) {
	hint := pb.GetVerificationMaterial().GetPublicKey().GetHint()
	for i := range t.Keys {
		if t.Keys[i].hint == hint {
			return &t.Keys[i], nil
		}
	}
	return nil, fmt.Errorf("%w: no key of trust.yaml has the hint %q", ErrUntrusted, hint)
}

// check verifies signature and token with sigstore-go, and gives the token's time.
func (t *Trust) check(pb *protobundle.Bundle, key *TrustedKey, sha256 string) (time.Time, error) {
	b, err := bundle.NewBundle(pb)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	verifier, err := signature.LoadVerifier(key.public, crypto.SHA256)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	material := root.TrustedMaterialCollection{root.NewTrustedPublicKeyMaterialFromMapping(
		map[string]*root.ExpiringKey{key.hint: root.NewExpiringKey(verifier, time.Time{}, time.Time{})})}
	how := verify.WithNoObserverTimestamps()
	stamped := len(pb.GetVerificationMaterial().GetTimestampVerificationData().GetRfc3161Timestamps()) > 0
	if stamped {
		if t.root == nil {
			return time.Time{}, fmt.Errorf("%w: it carries a timestamp, and trust.yaml names no authority to check it", ErrTime)
		}
		material, how = append(material, t.root), verify.WithSignedTimestamps(1)
	}
	v, err := verify.NewVerifier(material, how)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	digest, err := hex.DecodeString(sha256)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	result, err := v.Verify(b, verify.NewPolicy(verify.WithArtifactDigest("sha256", digest), verify.WithKey()))
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if stamped && len(result.VerifiedTimestamps) > 0 {
		return result.VerifiedTimestamps[0].Timestamp.UTC(), nil
	}
	return time.Time{}, nil
}
