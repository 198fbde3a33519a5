package run

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// LayoutError says that a run is not as run.json says: a file is missing, added or changed.
type LayoutError struct {
	File      string // relative to the run
	Cause     string
	Bytes     evidence.Range // of the file, that are at fault; zero: none were told
	Want, Got string         // SHA-256, where digests differ
}

func (e *LayoutError) Error() string {
	text := e.File + ": " + e.Cause
	if e.Bytes.Length > 0 {
		text += fmt.Sprintf(" (%s)", e.Bytes)
	}
	return text
}

func layoutError(file, cause string) *LayoutError { return &LayoutError{File: file, Cause: cause} }

// VerifyError says that the evidence does not verify, and which file is at fault.
type VerifyError struct {
	File string
	Err  error
}

func (e *VerifyError) Error() string {
	text := e.Err.Error()
	if strings.HasPrefix(text, e.File+": ") {
		return text
	}
	return e.File + ": " + text
}

func (e *VerifyError) Unwrap() error { return e.Err }

// folderFaults are what a system says of how names lie in a folder: that is the evidence's, not the system's.
var folderFaults = []syscall.Errno{syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, syscall.ENAMETOOLONG}

// Refused reports whether an error says that something could not be read here, such as a disk's read error or a
// missing permission: no finding about the evidence, and no pass either.
func Refused(err error) bool {
	var layout *LayoutError
	var format *bundle.FormatError
	var digest *bundle.DigestError
	if errors.As(err, &layout) || errors.As(err, &format) || errors.As(err, &digest) {
		return false
	}
	var no syscall.Errno
	return errors.As(err, &no) && !slices.Contains(folderFaults, no)
}

// Fault says precisely what of a file failed, as far as it can be told.
type Fault struct {
	Entry   string          `json:"entry,omitzero"`   // of a zip
	Line    int             `json:"line,omitzero"`    // of the file, or of the entry
	Bytes   *evidence.Range `json:"bytes,omitzero"`   // of the file: those that the digest is of, or that are out of form
	Want    string          `json:"want,omitzero"`    // SHA-256 that was said
	Got     string          `json:"got,omitzero"`     // SHA-256 that was found; of an entry: of the unpacked bytes
	Found   string          `json:"found,omitzero"`   // who signed
	Allowed []string        `json:"allowed,omitzero"` // who may
}

// faultOf tells what failed from an error; nil where the error tells no more than its text.
func faultOf(err error) *Fault {
	f := &Fault{}
	at := func(r evidence.Range) {
		if r.Length > 0 {
			f.Bytes = &r
		}
	}
	var layout *LayoutError
	if errors.As(err, &layout) {
		f.Want, f.Got = layout.Want, layout.Got
		at(layout.Bytes)
	}
	var digest *bundle.DigestError
	if errors.As(err, &digest) {
		f.Entry, f.Want, f.Got = digest.Entry, digest.Want, digest.Got
		at(digest.Bytes)
	}
	var format *bundle.FormatError
	if errors.As(err, &format) {
		f.Entry, f.Line = format.Entry, format.Line
		at(format.Bytes)
	}
	var subject *seal.SubjectError
	if errors.As(err, &subject) {
		f.Want, f.Got, f.Found = subject.Want, subject.Got, subject.Signer
	}
	var signer *seal.SignerError
	if errors.As(err, &signer) {
		f.Found, f.Allowed = signer.Found, signer.Allowed
	}
	if f.Entry == "" && f.Line == 0 && f.Bytes == nil && f.Want == "" && f.Found == "" {
		return nil
	}
	return f
}

// faultyFile names the file that an error is about, else another.
func faultyFile(err error, otherwise string) string {
	var layout *LayoutError
	if errors.As(err, &layout) {
		return layout.File
	}
	var format *bundle.FormatError
	if errors.As(err, &format) {
		return bundlesDir + "/" + filepath.Base(format.File)
	}
	return otherwise
}
