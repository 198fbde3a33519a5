package seal

import (
	"bytes"
	"fmt"

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

// statement is an in-toto statement. Its members, and those in them, are in the order of RFC 8785.
type statement struct {
	Type          string    `json:"_type"`
	Predicate     rawJSON   `json:"predicate"` // once parsed, without what the signature was to carry
	PredicateType string    `json:"predicateType"`
	Subject       []subject `json:"subject"`

	carries *carries // nil: it does not say
}

type subject struct {
	Name   string `json:"name"`
	Digest digest `json:"digest"`
}

type digest struct {
	SHA256 string `json:"sha256"`
}

type rawJSON []byte

func (r *rawJSON) UnmarshalJSON(b []byte) error {
	*r = bytes.Clone(b)
	return nil
}

// text writes the statement in canonical form; ok is false where a part of it has none.
func (st *statement) text() (b []byte, ok bool) {
	ok = string(st.Predicate) == "{}" || isCanonical(st.Predicate)
	quote := func(before, text string) {
		out, fine := evidence.AppendCanonical(append(b, before...), text)
		b, ok = out, ok && fine
	}
	quote(`{"_type":`, st.Type)
	b = append(append(b, `,"predicate":`...), st.Predicate...)
	quote(`,"predicateType":`, st.PredicateType)
	next := `,"subject":[{"digest":{"sha256":`
	for _, s := range st.Subject {
		quote(next, s.Digest.SHA256)
		quote(`},"name":`, s.Name)
		next = `},{"digest":{"sha256":`
	}
	return append(b, `}]}`...), ok && len(st.Subject) > 0
}

func isCanonical(text []byte) bool {
	again, err := evidence.Canonicalize(text)
	return err == nil && bytes.Equal(again, text)
}

// isDigest reports whether a text is a SHA-256 in hexadecimal digits, the letters small.
func isDigest(text string) bool {
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(text) == 64
}

// parse reads a signature file: canonical bytes, no unknown field, one signature, a statement
// in canonical form about at least one file.
func parse(file []byte) (*protobundle.Bundle, *statement, error) {
	fail := func(cause string) (*protobundle.Bundle, *statement, error) {
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
	st := &statement{}
	if err := json.Unmarshal(env.GetPayload(), st, json.RejectUnknownMembers(true)); err != nil {
		return fail("its payload is no in-toto statement")
	}
	again, ok := st.text()
	ours := ok && bytes.Equal(again, env.GetPayload())
	if !ours && !isCanonical(env.GetPayload()) { // a statement may leave out what ours say
		return fail("its statement is not in canonical form")
	}
	if st.carries, st.Predicate, err = outOf(st.Predicate); err != nil {
		return nil, nil, err
	}
	return pb, st, st.check()
}

func (st *statement) check() error {
	if st.Type != statementType || len(st.Subject) == 0 || len(st.Subject) > maxSubjects {
		return fmt.Errorf("%w: its payload is no in-toto statement v1 about 1 to %d files", ErrFormat, maxSubjects)
	}
	for _, s := range st.Subject {
		if !isDigest(s.Digest.SHA256) {
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
	return st.Subject[0].Digest.SHA256, nil
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
