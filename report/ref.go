package report

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
)

// refAlphabet is Crockford's: no I, L, O or U, so that a reference can be read aloud.
var refAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Subject is what a row of the workbook is about. What does not apply is empty.
type Subject struct {
	Control  string   `json:"control,omitempty"`  // a control of the catalogue
	Kind     string   `json:"kind,omitempty"`     // with Control: its population of that kind
	Item     string   `json:"item,omitempty"`     // a fact's id, derived ones too
	Source   string   `json:"source,omitempty"`   // with Item: one of what it was made from
	Rows     []string `json:"rows,omitempty"`     // coverage rows
	File     string   `json:"file,omitempty"`     // a file of the run or of the judgement
	Entry    string   `json:"entry,omitempty"`    // with File: the entry in it
	Topic    string   `json:"topic,omitempty"`    // a count of the workbook itself
	Evidence string   `json:"evidence,omitempty"` // what the row's statement rests on, in words
}

// ref gives the reference of the row that a sheet has about a subject.
func (s Subject) ref(sheet string) string {
	h := sha256.New()
	parts := append([]string{"trefoil row", sheet, s.Control, s.Kind, s.Item, s.Source, s.File, s.Entry, s.Topic}, s.Rows...)
	for _, part := range parts {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return "R-" + refAlphabet.EncodeToString(h.Sum(nil))[:10]
}

// ErrNoSuchRow says that a workbook of this input has no such sheet, or no row of that reference.
var ErrNoSuchRow = errors.New("no such row")

// errFound ends the writing of a sheet when the row that is looked for came by.
var errFound = errors.New("found")

// Resolve says what the row with a reference is about: it writes the sheet again, to nowhere, until
// that row comes by, so that there is no second list of what rows are about. Errors wrap
// ErrNoSuchRow, or say why the input cannot be read.
func Resolve(ctx context.Context, in Input, sheetName, ref string) (Subject, error) {
	var names []string
	for _, s := range sheets() {
		names = append(names, s.name)
	}
	b, err := newBook(&in, names)
	if err != nil {
		return Subject{}, err
	}
	defer b.f.Close() //nolint:errcheck // only removes temporary files
	b.wanted = ref
	for _, s := range sheets() {
		if s.name != sheetName {
			continue
		}
		switch err := s.write(ctx, b, s); {
		case errors.Is(err, errFound):
			return b.found, nil
		case err != nil:
			return Subject{}, fmt.Errorf("look up %s: %w", ref, err)
		}
		return Subject{}, fmt.Errorf("%w: nothing on sheet %q of this judgement has the reference %q", ErrNoSuchRow, sheetName, ref)
	}
	return Subject{}, fmt.Errorf("%w: there is no sheet %q", ErrNoSuchRow, sheetName)
}

// refer gives a row's reference, and ends the writing where it is the one that is looked for.
func (p *page) refer(s Subject) (string, error) {
	ref := s.ref(p.name)
	if ref == p.wanted {
		p.found = s
		return ref, errFound
	}
	return ref, nil
}
