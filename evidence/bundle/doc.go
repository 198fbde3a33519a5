// Package bundle is the container of one target's evidence: one zip that anyone can open.
//
// # Format
//
// A bundle has one part, <target>.zip, or, where a part would pass its limits, further parts
// <target>.2.zip, <target>.3.zip, … that hold bodies alone. Each part is complete in itself:
//
//	bodies/<sha256>        answers as they were kept, each once; the name is its own check
//	coverage.jsonl         first part only: canonical JSON lines, sorted by id
//	exchanges.jsonl        first part only
//	facts.jsonl            first part only
//	manifest.json          RFC 8785: schema, target, part, parts, and of each other entry path, size, sha256
//	manifest.sigstore.json a Sigstore bundle over an in-toto statement whose subject is manifest.json
//
// Sizes and digests are of the uncompressed bytes, so that a later compressor does not change
// what is signed.
//
// # Zip profile
//
// Stricter than the format (PKWARE APPNOTE 6.3.10), because readers disagree about the rest:
// entries sorted by name, contiguous from offset 0, method deflate, dates 1980-01-01, no extra
// field, no comment, no data descriptor, no attributes, local header equal to central header,
// nothing before, between or behind, and no zip64: a part is cut before it would be needed.
// The reader builds each header again from what it read and wants equal bytes. What it cannot
// see is how the deflate stream was cut into blocks and its padding bits (measured: 73 of the 11,856
// bits of a small part): the
// digest of the whole file, kept in run.json, covers those.
package bundle
