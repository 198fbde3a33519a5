package seal

import "errors"

// Kind is what a signature is about.
type Kind string

// The kinds.
const (
	Run              Kind = "run"
	Bundle           Kind = "bundle"
	Judgement        Kind = "judgement"
	Report           Kind = "report"
	Countersignature Kind = "countersignature"
	Gap              Kind = "gap"
)

// PredicateType is the URI that a statement of this kind carries.
func (k Kind) PredicateType() string {
	return "https://trefoil-audit.github.io/attestation/" + string(k) + "/v1"
}

func (k Kind) valid() bool {
	switch k {
	case Run, Bundle, Judgement, Report, Countersignature, Gap:
		return true
	}
	return false
}

// Errors that a caller decides on; they are wrapped with what they are about.
var (
	ErrFormat    = errors.New("is no signature in our form")
	ErrSignature = errors.New("the signature does not verify")
	ErrUntrusted = errors.New("the signer is not trusted for this")
	ErrTime      = errors.New("the time of signing is not acceptable")
)
