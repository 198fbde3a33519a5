package seal

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// Signature is what a checked signature says.
type Signature struct {
	Kind       Kind
	Signer     *TrustedSigner
	Time       time.Time // of its earliest token; zero without one
	Tokens     int       // that count
	LogEntries int       // that count
	Files      []File    // what it is about
	Predicate  []byte    // JSON
}

// Instant says when a signer's window must hold where no token does; see [Signature.Claims] for further
// times. It is asked after the signature was checked, so that what it reads it from is signed.
type Instant func() (time.Time, error)

// At is an instant that is known.
func At(t time.Time) Instant { return func() (time.Time, error) { return t, nil } }

// Verify checks a signature file over a file of the given SHA-256 (hex), as a signature of that
// kind, by the given trust. Nothing in the signature file decides what is trusted. A good signature
// over another file is a *SubjectError; a signer who may not sign this is a *SignerError.
func (t *Trust) Verify(kind Kind, digest string, file []byte, at Instant) (*Signature, error) {
	pb, statement, err := parse(file)
	if err != nil {
		return nil, err
	}
	if n := len(statement.Subject); n != 1 {
		return nil, fmt.Errorf("%w: it is about %d files, and a %s has one", ErrFormat, n, kind)
	}
	if statement.PredicateType != kind.PredicateType() {
		return nil, fmt.Errorf("%w: its predicate type is %q, want %q", ErrSignature, statement.PredicateType, kind.PredicateType())
	}
	return t.verify(kind, pb, statement, digest, at)
}

// VerifySeal checks a countersignature, verdict or gap record about a run: its first file is the
// run's record, of the given SHA-256 (hex).
func (t *Trust) VerifySeal(run string, file []byte, at Instant) (*Signature, error) {
	pb, statement, err := parse(file)
	if err != nil {
		return nil, err
	}
	kind, err := statement.seal()
	if err != nil {
		return nil, err
	}
	return t.verify(kind, pb, statement, run, at)
}

// verify checks a signature, and only then what it is about.
func (t *Trust) verify(kind Kind, pb *protobundle.Bundle, st *statement, subject string, at Instant) (*Signature, error) {
	b, err := bundle.NewBundle(pb)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	signer, err := t.signerOf(kind, pb, b)
	if err != nil {
		return nil, err
	}
	if !signer.may(kind) {
		return nil, t.refuse(kind, signer.Anchor(), fmt.Sprintf("%s may not sign a %s", signer.Anchor(), kind))
	}
	s := &Signature{Kind: kind, Signer: signer, Predicate: st.Predicate}
	for _, one := range st.Subject {
		s.Files = append(s.Files, File{one.Name, one.Digest.SHA256})
	}
	times, err := t.check(pb, b, s)
	if err != nil {
		return nil, err
	}
	if err := st.carries.whole(s); err != nil {
		return nil, err
	}
	if got := s.Files[0].SHA256; got != subject {
		return nil, &SubjectError{Kind: kind, Want: got, Got: subject, Signer: signer.Anchor()}
	}
	if len(times) == 0 {
		when, err := at()
		if err != nil {
			return nil, err
		}
		times = []time.Time{when}
	} else {
		s.Time = slices.MinFunc(times, time.Time.Compare)
	}
	for _, when := range times {
		if err := signer.countsAt(when); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Claims holds the signer's window against further times that what was signed claims: a key that ended
// between two of them counts for none. Where tokens say the time, they alone count. A zero time claims nothing.
func (s *Signature) Claims(times ...time.Time) error {
	if !s.Time.IsZero() {
		return nil
	}
	for _, when := range times {
		if when.IsZero() {
			continue
		}
		if err := s.Signer.countsAt(when); err != nil {
			return err
		}
	}
	return nil
}

// Before refuses an instant, claimed by what was signed, that is later than the token: nothing is signed
// before it is made. A token says whole seconds. What names the instant, in words.
func (s *Signature) Before(what string, claimed time.Time) error {
	if s.Time.IsZero() || !claimed.Truncate(time.Second).After(s.Time) {
		return nil
	}
	return fmt.Errorf("%w: %s %s, and its token is of %s, which is earlier", ErrTime, what, claimed.Format(time.RFC3339), s.Time.Format(time.RFC3339))
}

// signerOf finds the key that the hint names, or the identity that the certificate says, among
// those that trust.yaml gives. Neither decides anything: the signature must verify by that key,
// and the certificate by the trusted root.
func (t *Trust) signerOf(kind Kind, pb *protobundle.Bundle, b *bundle.Bundle) (*TrustedSigner, error) {
	content, err := b.VerificationContent()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	leaf := content.Certificate()
	if leaf == nil {
		hint := pb.GetVerificationMaterial().GetPublicKey().GetHint()
		for i := range t.Signers {
			if k := t.Signers[i].key; k != nil && k.hint == hint {
				return &t.Signers[i], nil
			}
		}
		return nil, t.refuse(kind, fmt.Sprintf("a key with the hint %q", hint), fmt.Sprintf("no key of trust.yaml has the hint %q", hint))
	}
	about, err := certificate.SummarizeCertificate(leaf)
	if err != nil {
		return nil, fmt.Errorf("%w: its certificate: %w", ErrFormat, err)
	}
	for i := range t.Signers {
		if s := &t.Signers[i]; s.key == nil && s.SAN == about.SubjectAlternativeName && s.Issuer == about.Issuer {
			return s, nil
		}
	}
	found := fmt.Sprintf("%q, vouched for by %q", about.SubjectAlternativeName, about.Issuer)
	return nil, t.refuse(kind, "an identity: "+found, "no identity of trust.yaml is "+found)
}

// check verifies signature, certificate, tokens and log entries with sigstore-go, and gives the
// tokens' times. All that the signature carries must verify, and be enough.
func (t *Trust) check(pb *protobundle.Bundle, b *bundle.Bundle, s *Signature) ([]time.Time, error) {
	material := pb.GetVerificationMaterial()
	s.Tokens, s.LogEntries = len(material.GetTimestampVerificationData().GetRfc3161Timestamps()), len(material.GetTlogEntries())
	if err := t.enough(s); err != nil {
		return nil, err
	}
	trusted, options := t.anchors(s)
	v, err := verify.NewVerifier(trusted, options...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	by := byKey
	if s.Signer.key == nil {
		by = byIdentity
	}
	verified, err := by(v, b, s)
	if err != nil {
		return nil, fmt.Errorf("%w: by %s: %s", ErrSignature, s.Signer.Anchor(), oneLine(err))
	}
	var times []time.Time
	for _, v := range verified {
		times = append(times, v.Timestamp.UTC())
	}
	if len(times) != s.Tokens {
		return nil, fmt.Errorf("%w: %d of its %d timestamps verify", ErrTime, len(times), s.Tokens)
	}
	return times, nil
}

// byKey checks a signature by a key. sigstore-go checks entries of logs and times; its Verify would read the
// statement once more, which parse has done, and ask for a window, which the signer's is.
func byKey(v *verify.Verifier, b *bundle.Bundle, s *Signature) ([]verify.TimestampVerificationResult, error) {
	logged, err := v.VerifyTransparencyLogInclusion(b)
	if err != nil {
		return nil, fmt.Errorf("verify log inclusion: %w", err)
	}
	times, err := v.VerifyObserverTimestamps(b, logged)
	if err != nil {
		return nil, fmt.Errorf("verify timestamps: %w", err)
	}
	env := b.GetDsseEnvelope() // parse has seen that it has one signature
	signed := sign.DSSEData{Data: env.GetPayload(), PayloadType: env.GetPayloadType()}
	if sum := sha256.Sum256(signed.PreAuthEncoding()); !ecdsa.VerifyASN1(s.Signer.key.public, sum[:], env.GetSignatures()[0].GetSig()) {
		return nil, errors.New("verify signature: it is not that key's over these bytes")
	}
	return times, nil
}

// byIdentity checks a signature by a certificate, whose identity must be the signer's.
func byIdentity(v *verify.Verifier, b *bundle.Bundle, s *Signature) ([]verify.TimestampVerificationResult, error) {
	id, err := verify.NewShortCertificateIdentity(s.Signer.Issuer, "", s.Signer.SAN, "")
	if err != nil {
		return nil, err
	}
	digest, err := hex.DecodeString(s.Files[0].SHA256)
	if err != nil {
		return nil, err
	}
	result, err := v.Verify(b, verify.NewPolicy(verify.WithArtifactDigest("sha256", digest), verify.WithCertificateIdentity(id)))
	if err != nil {
		return nil, err
	}
	return result.VerifiedTimestamps, nil
}

// oneLine joins the lines of an error that lists several.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// tokens is how many authorities' timestamps trust wants of a signature.
func (t *Trust) tokens(s *Signature) int {
	n := least(t.thresholds.Timestamps, 1)
	switch {
	case s.Signer.key == nil:
		return max(n, 1) // without a time nobody can tell whether the certificate held
	case t.Timestamp == "optional" && s.Tokens == 0:
		return 0
	case t.Timestamp == "required":
		return max(n, 1)
	}
	return n
}

// enough compares what a signature carries with what trust wants of its signer.
func (t *Trust) enough(s *Signature) error {
	identity := s.Signer.key == nil
	if tokens := t.tokens(s); s.Tokens < tokens {
		return fmt.Errorf("%w: it carries no timestamp, or too few: %d, and trust wants %d", ErrTime, s.Tokens, tokens)
	}
	if want := t.logEntries(s.Kind, identity); s.LogEntries < want {
		return fmt.Errorf("%w: it carries %d entries of transparency logs, and trust wants %d", ErrUntrusted, s.LogEntries, want)
	}
	if t.root == nil && s.Tokens+s.LogEntries > 0 {
		return fmt.Errorf("%w: it carries %d timestamps and %d log entries, and trust.yaml names no trusted_root to check them by", ErrTime, s.Tokens, s.LogEntries)
	}
	return nil
}

// logEntries is how many logs' entries trust wants of a signature of a kind.
func (t *Trust) logEntries(kind Kind, identity bool) int {
	if of := t.thresholds.Logged; len(of) > 0 && !slices.Contains(of, kind) {
		return 0
	}
	return least(t.thresholds.LogEntries, count(identity))
}

func least(n *int, otherwise int) int {
	if n != nil {
		return *n
	}
	return otherwise
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// seal tells what sort of seal a statement is.
func (st *statement) seal() (Kind, error) {
	switch {
	case st.PredicateType == TestResultType:
		return Verdict, nil
	case st.PredicateType == Gap.PredicateType():
		return Gap, nil
	case st.PredicateType == SVRType:
		verifier, err := verifierOf(st.Predicate)
		switch {
		case err != nil:
			return "", fmt.Errorf("%w: its predicate names no verifier", ErrFormat)
		case verifier == CountersignVerifier:
			return Countersignature, nil
		case verifier == JudgeVerifier:
			return Verdict, nil
		}
		return "", fmt.Errorf("%w: it is by a verifier that this build does not know: %q", ErrFormat, verifier)
	}
	return "", fmt.Errorf("%w: %w %q", ErrFormat, errors.New("no seal has the predicate type"), st.PredicateType)
}
