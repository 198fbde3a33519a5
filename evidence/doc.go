// Package evidence is the vocabulary that the rest of Trefoil speaks: the [Exchange] that a
// collector recorded, the coverage [Row] that says what was asked and how it ended, and the
// [Fact], one normalised statement about one thing.
//
// What comes in: answers of cloud APIs, in the form of exchanges. What goes out: facts that are
// complete (each declared field says a value, none, or unknown with the coverage row that
// tells why) and coverage rows that are derived from exchanges by a pure function.
//
// All JSON that this package writes is canonical (RFC 8785), so that equal records have equal
// bytes. The sub-packages keep the vault: bundle (one zip a target), seal (Sigstore), run (the
// folder), place (regions and jurisdictions) and engagement (what the auditor asked for).
//
// What it does not promise: that a fact is true. It promises where the fact comes from.
package evidence
