// Package redact makes a copy of a run for a third party, in which named values are withheld, and checks such
// copies.
//
// What comes in: an opened run, and [Rules] that somebody wrote. What goes out: a folder that is signed by its
// maker, names the run that it is a copy of, and says of each withheld value a salted commitment, so that a
// value that is revealed later can be proven to be what was withheld.
//
// # Layout
//
//	copy.json, copy.sigstore.json  the run's digest, who made it from which rules, each other file's digest; what redirected
//	                               the run's collection, where anything did
//	commitments.jsonl              one line a withheld value, by id
//	files/                         what is left of run.json, inputs/, bundles/ (plain zips) and judgements/
//
// Signatures, manifests and seals of the run are left out: they are about other bytes. The copy has a layout, a
// predicate type and a role in trust.yaml of its own (redactor), so that it is never taken for a run.
//
// # Values and tokens
//
// Rules say where values stand; each value is then cut wherever else it stands, whatever its case: in bodies,
// requests, facts, coverage, results, inputs, names of files. A token takes its place,
//
//	withheld-<tag>-<7 digits>
//
// where the tag is the copy's and the digits are the line of commitments.jsonl. What holds a value in a
// disguise (escaped, percent-encoded, with doubled quotes, base64) is withheld as a whole: the text of a JSON string, of an XML
// element, or a line. Values of less than [MinInner] bytes are cut where they stand as a whole word, since within others they
// stand by chance; those of less than [MinValue] are refused. Base64 is read in both alphabets and wherever it may begin and end,
// over white space and among any bytes, for values of five bytes and more; for shorter ones where it stands alone and says text.
//
// Inputs are those of the run and those of every judgement, which may be others. An answer that is not OK is left out whole where a
// path cannot be followed in it to the end: what was cut off may hold values that nobody can tell.
//
// A digest without a salt of what was cut would let anyone try values until it fits. So the digests of cut answers
// and inputs, the ids of exchanges whose request was cut, and all digests of bundles, manifests and judgements (also of
// those that were removed and are still named) are withheld values themselves. The digest of the run is not: it covers the digests of the bundles, and
// these the bundles' signatures, which nobody can guess.
//
// # Commitments
//
//	commitment = SHA-256("trefoil/redact/commitment/v1\n" || salt || value)
//	salt       = HMAC-SHA-256(secret, "trefoil/redact/salt/v1\n" || run digest || SHA-256(value))
//
// The salt has 32 bytes, the value is the bytes as they stood in the file, to the end. The secret is 32 random
// bytes that the maker keeps beside the copy, with every salt and value ([Making].Keep); the same secret and
// rules give the same copy. To reveal a value is to hand over its line.
//
// # What it does not promise
//
// That the rules name all that should be withheld; that what is left tells nothing about it (how often a token
// stands, in which thing, how long an answer was); that a value is not written in a way that no one
// here undoes (compressed, encrypted, translated, in hexadecimal, base32 or UTF-16). The finished copy is read again, and refused, if a withheld
// value is found in it ([LeakError]). Eight digits of a digest of a condition stand in the ids of Google's
// bindings: withhold these by their own.
package redact
