package seal

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/go-json-experiment/json"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/trefoil-audit/trefoil/evidence"
)

// mediaType is that of Sigstore bundles v0.3.
const mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// MaxSignature bounds a signature file.
const MaxSignature = 4 << 20

// maxSubjects is what other clients take.
const maxSubjects = 1024

type parsedStatement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     rawJSON   `json:"predicate"` // without what the signature was to carry

	carries *carries // nil: it does not say
}

type rawJSON []byte

func (r *rawJSON) UnmarshalJSON(b []byte) error {
	*r = bytes.Clone(b)
	return nil
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parse reads a signature file: canonical bytes, no unknown field, one signature, a statement
// in canonical form about at least one file.
func parse(file []byte) (*protobundle.Bundle, *parsedStatement, error) {
	fail := func(cause string) (*protobundle.Bundle, *parsedStatement, error) {
		return nil, nil, fmt.Errorf("%w: %s", ErrFormat, cause)
	}
	if len(file) > MaxSignature {
		return fail(fmt.Sprintf("over %d bytes", MaxSignature))
	}
	pb, err := read(file)
	if err != nil {
		return fail(err.Error())
	}
	if pb.GetMediaType() != mediaType { // older versions are accepted by other clients, and would be a second form of one file
		return fail("its media type is not " + mediaType)
	}
	if m := pb.GetVerificationMaterial(); m.GetPublicKey() == nil && m.GetCertificate() == nil {
		return fail("it names neither a key nor one certificate")
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
	if st.carries, st.Predicate, err = outOf(st.Predicate); err != nil {
		return nil, nil, err
	}
	return pb, st, st.check()
}

func (st *parsedStatement) check() error {
	if st.Type != statementType || len(st.Subject) == 0 || len(st.Subject) > maxSubjects {
		return fmt.Errorf("%w: its payload is no in-toto statement v1 about 1 to %d files", ErrFormat, maxSubjects)
	}
	for _, s := range st.Subject {
		if len(s.Digest) != 1 || !hexDigest.MatchString(s.Digest["sha256"]) {
			return fmt.Errorf("%w: it names %q without one SHA-256", ErrFormat, s.Name)
		}
	}
	return nil
}

// Claimed reads what a signature file says that it is about: the SHA-256 (hex) of its first file.
// Nothing is checked but its form. It is no more than what a run without trust can be held against.
func Claimed(file []byte) (sha256 string, err error) {
	_, st, err := parse(file)
	if err != nil {
		return "", err
	}
	return st.Subject[0].Digest["sha256"], nil
}

// verifierOf reads who made a Simple Verification Result.
func verifierOf(predicate []byte) (string, error) {
	var p struct {
		Verifier struct {
			ID string `json:"id"`
		} `json:"verifier"`
	}
	err := json.Unmarshal(predicate, &p)
	return p.Verifier.ID, err
}

// anchors are what sigstore-go shall trust, and what it shall want: all that the signature carries.
func (t *Trust) anchors(s *Signature) (root.TrustedMaterialCollection, []verify.VerifierOption) {
	var material root.TrustedMaterialCollection
	var want []verify.VerifierOption
	if key := s.Signer.key; key != nil {
		material = append(material, key.anchor)
	} else if n := least(t.thresholds.SCTs, 1); n > 0 {
		want = append(want, verify.WithSignedCertificateTimestamps(n))
	}
	if t.root != nil {
		material = append(material, t.root.material)
	}
	if s.Tokens > 0 {
		want = append(want, verify.WithSignedTimestamps(s.Tokens))
	} else {
		want = append(want, verify.WithNoObserverTimestamps())
	}
	if s.LogEntries > 0 {
		want = append(want, verify.WithTransparencyLog(s.LogEntries))
	}
	return material, want
}
