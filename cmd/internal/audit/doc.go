// Package audit joins the four parts: it lets collectors ask, puts what they recorded into a
// run, judges the run by a catalogue, and writes the workbook. Commands and workers call it.
//
// The way of the data, file by file: plugins.go loads plug-ins; gather.go asks every target (live, or from a recording, by
// the same code); collect.go makes a signed run of it; judge.go adds a judgement; workbook.go
// writes the report; verify.go checks all of it and reperform.go plays it again.
package audit
