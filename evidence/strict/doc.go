// Package strict reads YAML that somebody else wrote: one document, no unknown field, no
// duplicate key, no anchors (whose aliases could make a small file huge), bounded nesting. Its
// errors are *[FileError]: the file, the line where the fault has one, the cause and the cure.
package strict
