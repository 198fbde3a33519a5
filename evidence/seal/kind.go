package seal

import "slices"

// Kind is what a signature is about.
type Kind string

// The kinds.
const (
	Run              Kind = "run"
	Bundle           Kind = "bundle"
	Judgement        Kind = "judgement"
	Report           Kind = "report"
	Countersignature Kind = "countersignature" // an auditor has verified the run
	Verdict          Kind = "verdict"          // what a judgement came to, for policy engines
	Gap              Kind = "gap"
	Copy             Kind = "copy" // a redacted copy of a run
)

// Kinds lists them.
func Kinds() []Kind {
	return []Kind{Run, Bundle, Judgement, Report, Countersignature, Verdict, Gap, Copy}
}

// Predicate types that in-toto defines: the Simple Verification Result and the test result
// (github.com/in-toto/attestation, spec/predicates).
const (
	SVRType        = "https://in-toto.io/attestation/svr/v0.1"
	TestResultType = "https://in-toto.io/attestation/test-result/v0.1"
)

// PredicateType is the URI that a statement of this kind carries. A countersignature is a Simple
// Verification Result; a verdict is a test result, or a Simple Verification Result too: those two
// are told apart by the verifier that they name.
func (k Kind) PredicateType() string {
	switch k {
	case Countersignature:
		return SVRType
	case Verdict:
		return TestResultType
	}
	return "https://trefoil-audit.github.io/attestation/" + string(k) + "/v1"
}

// Verifiers that a Simple Verification Result names (verifier.id).
const (
	CountersignVerifier = "https://trefoil-audit.github.io/countersign/v1"
	JudgeVerifier       = "https://trefoil-audit.github.io/judge/v1"
)

func (k Kind) valid() bool { return slices.Contains(Kinds(), k) }
