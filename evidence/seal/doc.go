// Package seal signs what a run holds and checks such signatures, with Sigstore.
//
// # Form
//
// A signature is a Sigstore bundle (v0.3) over a DSSE envelope around an in-toto statement v1. Of
// a run, bundle, judgement or report the statement has exactly one subject: a name and the SHA-256
// of the signed file. A seal (countersignature, verdict, gap record) has several; the run's record
// is the first. Each [Kind] has a predicate type of its own, so a bundle's signature cannot stand
// in for a run's. The file is the protojson in the canonical form of RFC 8785; the verifier
// encodes it again and wants equal bytes.
//
// # Signing
//
// A [Signer] signs with a key ([LoadKey], [OpenKMS]) or, by a [Token], with a certificate that a
// Fulcio gives for some minutes. Times (RFC 3161) and log entries (Rekor v2) come from the
// [Services] that the engagement names, and from nowhere else. What cannot be had is an error,
// never a signature without. Signing is by P-256 keys alone: that is what every client of
// Sigstore reads. [Signer.Probe] finds, before anything is collected, what would keep the evidence
// from being signed.
//
// # Trust
//
// Trust comes from trust.yaml ([ParseTrust]), never from what is checked: which keys and
// identities, in which roles, when, may sign what; which authorities and logs count; how many of
// each there must be. All that a signature carries must verify, also what trust does not ask for.
// What is signed also says how many timestamps and log entries the signature was to carry: under a
// trust that asks for none, one that was taken away later is missed all the same.
// The hint and the certificate in a signature choose among the entries of trust.yaml; they decide
// nothing.
//
// What a good signature says: somebody with that key or identity saw these bytes, before the time
// of the token if there is one. It does not say that the bytes are true.
package seal
