// Package seal signs what a run holds and checks such signatures, with Sigstore.
//
// A signature is a Sigstore bundle (v0.3) over a DSSE envelope around an in-toto statement v1
// with exactly one subject: a name and the SHA-256 of the signed file. Each [Kind] of thing has a
// predicate type of its own, so a bundle's signature cannot stand in for a run's. The file is the
// protojson in the canonical form of RFC 8785; the verifier encodes it again and wants equal
// bytes.
//
// Trust comes from trust.yaml ([ParseTrust]), never from what is checked: which keys, in which
// roles, when, may sign what, and which timestamp authorities count. Signing is by P-256 keys
// alone, since that is what every client of Sigstore reads.
//
// What a good signature says: somebody with that key saw these bytes, before the time of the
// token if there is one. It does not say that the bytes are true.
package seal
