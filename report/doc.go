// Package report writes what people read: the workbook that goes into the audit file.
//
// What comes in: one [Input], that is a run, one judgement of it and the texts that explain both;
// whatever may be long is a stream. What goes out: bytes that are a pure function of it. The package
// reads no clock, no environment and no network, and holds every record in an order that does not
// depend on maps, so that equal inputs give equal bytes on any machine.
//
// Start with [Workbook]; sheets() in workbook.go lists the pages, one file each. [Resolve] goes the
// other way, from a row that somebody points at back to its [Subject].
//
// # Rows and references
//
// Each row that states something begins with a Ref, such as R-7K3WQ2M9XA: the first 50 bits of the
// SHA-256 of the sheet and of what the row is about, so that it survives sorting and filtering, and
// is the same in each workbook about the same things. Resolve finds a row by writing its sheet
// again until the reference comes by: there is no second list that could differ.
//
// # Counts that must agree
//
// While rows are written they are counted, and so is what they are made of; tieout.go holds the two
// against each other on the sheet Integrity, with formulas that count the cells again. Rows that do
// not fit in a sheet are counted, said on the sheet, and part of the tie-out.
//
// # Hostile text
//
// Names and tags in the evidence were chosen by whoever was audited. All text goes through one
// function: it is written as text cells (never as a formula), control and direction characters
// are shown instead of obeyed, and what is longer than a cell can hold is cut with a note. A field
// that was not seen says so, with the row of coverage that tells why; it is never an empty cell.
//
// # Memory
//
// Sheets are written row by row, and facts, items and exchanges are streamed, some more than once.
// What is held: the deflated sheets, one target's calls while the evidence index is written, coverage
// by outcome, the items that do not pass, and 8 bytes and a map's overhead a fact that is cited.
//
// What the package does not promise: that the evidence is genuine. It prints digests and how to
// check them; `trefoil verify` checks them.
package report
