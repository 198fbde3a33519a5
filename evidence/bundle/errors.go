package bundle

import (
	"fmt"

	"github.com/trefoil-audit/trefoil/evidence"
)

// FormatError says that a file is no bundle of this profile.
type FormatError struct {
	File  string // the zip
	Entry string // the entry, where one is at fault
	Cause string
	Bytes evidence.Range // of the zip, that are at fault: a header, or an entry's packed bytes; zero: none were told
	Line  int            // of the entry, from 1; 0: none was told
}

func (e *FormatError) Error() string {
	text := e.File + ": "
	if e.Entry != "" {
		text += e.Entry + ": "
	}
	if e.Line > 0 {
		text += fmt.Sprintf("line %d: ", e.Line)
	}
	text += e.Cause
	if e.Bytes.Length > 0 {
		text += fmt.Sprintf(" (%s)", e.Bytes)
	}
	return text
}

// DigestError says that an entry's bytes are not those that the manifest lists.
type DigestError struct {
	File, Entry string
	Want, Got   string         // SHA-256 of the unpacked bytes
	Bytes       evidence.Range // of the zip: the packed bytes
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("%s: %s: sha256 is %s, the manifest says %s (unpacked from %s)", e.File, e.Entry, e.Got, e.Want, e.Bytes)
}
