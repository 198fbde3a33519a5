// Package report writes what people read: the workbook that goes into the audit file, and its
// smaller companions for machines (CSV, JUnit, SARIF) and terminals.
//
// What comes in: one [Input], that is a run, one judgement of it and the texts that explain
// both. What goes out: bytes that are a pure function of it. The package reads no clock, no
// environment and no network, and holds every record in an order that does not depend on maps,
// so that equal inputs give equal bytes on any machine.
//
// Start with [Workbook]; [Resolve] goes the other way, from a cell that somebody points at back
// to the control and the item that its row is about. [CSV], [JUnit], [SARIF] and [Summary] take
// the same Input.
//
// # Rows and references
//
// Each row that states something carries a Ref, such as R-7K3WQ2M9XA: the first 50 bits of the
// SHA-256 of the sheet, the control and the item, so that it survives sorting and filtering,
// and is the same in each workbook about the same things. [RefOf] computes it.
//
// # Hostile text
//
// Names and tags in the evidence were chosen by whoever was audited. All text goes through one
// function: it is written as text cells (never as a formula), control and direction characters
// are shown instead of obeyed, and what is longer than a cell can hold is cut with a note.
//
// What the package does not promise: that the evidence is genuine. It prints digests and how to
// check them; `trefoil verify` checks them.
package report
