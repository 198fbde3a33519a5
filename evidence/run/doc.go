// Package run is the folder that a run leaves, and the only way in and out of it.
//
// # Layout
//
//	run.json, run.sigstore.json      what was asked, by whom, when; the digest of everything below. Its SHA-256 is the run digest
//	inputs/                          the engagement's files as they were at collection; collector.json: what took the run
//	bundles/<target>.zip             one bundle a target, and its further parts
//	judgements/<digest>/             judgement.json, results.jsonl, judgement.sigstore.json; the folder is named by the SHA-256 of judgement.json
//	seals/                           countersignatures and gap records
//
// All JSON is in the canonical form of RFC 8785. Nothing else may be in the folder: the lock
// (<run>.lock, flock) and unfinished work (<run>.tmp-*) lie beside it.
//
// A run enters by one rename, whole or not at all; so does a judgement. [Open] checks layout and
// digests before anything is read: a run whose bytes are not those that run.json names is no run.
// It does not check signatures; [Run.Verify] does, by the trust that the caller brings.
package run
