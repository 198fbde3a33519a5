// Package collectors asks clouds and records every word of it.
//
// What comes in: a [Target], the regions to ask, and a list of [Collector]s, each of which
// declares its [Operation]s. What goes out, for one target: exchanges (each request with its
// answer), coverage rows (each planned operation with what became of it) and facts.
//
// The life of one call, in order: a collector calls [Ask] with the operation's name; the SDK
// builds a request; the session's transport refuses it unless the operation is declared (the
// read-only guard), puts it in canonical form, gives it a sequence number among equal requests,
// and either sends it or answers from a recording; the answer is bounded, scrubbed, kept, and
// classified by the operation's declaration before the SDK sees a byte of it; [Ask] counts the
// last attempt's outcome in the coverage row and hands the value on.
//
// Replaying is the same code over a [Recording]: no network, no waiting, and a request that was
// not recorded is an error. What this package does not promise: that the provider told the
// truth, or that two regions were asked at the same instant.
package collectors
