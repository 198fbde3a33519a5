package seal

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Errors that a caller decides on; they are wrapped with what they are about.
var (
	ErrFormat    = errors.New("is no signature in our form")
	ErrSignature = errors.New("the signature does not verify")
	ErrUntrusted = errors.New("the signer is not trusted for this")
	ErrTime      = errors.New("the time of signing is not acceptable")
)

// SubjectError says that a signature is good and about another file. It is an ErrSignature.
type SubjectError struct {
	Kind      Kind
	Want, Got string // SHA-256: of what was signed, of what is here
	Signer    string // in words
}

func (e *SubjectError) Error() string {
	return fmt.Sprintf("%v: it is a %s about another file: %s signed sha256 %s, and here is %s", ErrSignature, e.Kind, e.Signer, e.Want, e.Got)
}

func (e *SubjectError) Unwrap() error { return ErrSignature }

// SignerError says that a signature is by somebody who may not sign such a thing. It is an ErrUntrusted.
type SignerError struct {
	Found   string   // who signed, by what the signature says
	Allowed []string // who may, by trust.yaml, in words
	Cause   string
}

func (e *SignerError) Error() string {
	who := "nobody may"
	if len(e.Allowed) > 0 {
		who = "allowed: " + strings.Join(e.Allowed, "; ")
	}
	return fmt.Sprintf("%v: %s (%s)", ErrUntrusted, e.Cause, who)
}

func (e *SignerError) Unwrap() error { return ErrUntrusted }

// refuse says whom trust allows to sign a kind, in the place of who did.
func (t *Trust) refuse(kind Kind, found, cause string) *SignerError {
	return &SignerError{Found: found, Allowed: t.MaySign(kind, ""), Cause: cause}
}

// MaySign lists, in words, who may sign a kind, in a role; an empty role: in any.
func (t *Trust) MaySign(kind Kind, as Role) []string {
	allowed := []string{}
	for i := range t.Signers {
		if s := &t.Signers[i]; s.may(kind) && (as == "" || s.Has(as)) {
			allowed = append(allowed, s.Anchor())
		}
	}
	return allowed
}

// window says when a signer counts.
func (s *TrustedSigner) window() string {
	text := "it counts from " + s.NotBefore.Format(time.RFC3339)
	if s.NotBefore.IsZero() {
		text = "it counts"
	}
	if !s.NotAfter.IsZero() {
		text += " until before " + s.NotAfter.Format(time.RFC3339)
	}
	return text
}
