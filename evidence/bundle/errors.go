package bundle

import "fmt"

// FormatError says that a file is no bundle of this profile.
type FormatError struct {
	File  string // the zip
	Entry string // the entry, where one is at fault
	Cause string
}

func (e *FormatError) Error() string {
	if e.Entry != "" {
		return fmt.Sprintf("%s: %s: %s", e.File, e.Entry, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.File, e.Cause)
}

// DigestError says that an entry's bytes are not those that the manifest lists.
type DigestError struct{ File, Entry, Want, Got string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("%s: %s: sha256 is %s, the manifest says %s", e.File, e.Entry, e.Got, e.Want)
}
