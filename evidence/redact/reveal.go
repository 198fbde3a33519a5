package redact

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
)

// Revealed is a line that reveals a value: of the maker's secrets, handed over.
type Revealed struct {
	ID     string `json:"id"`
	Salt   string `json:"salt"` // 32 bytes, in hexadecimal
	Value  string `json:"value,omitempty"`
	Base64 []byte `json:"base64,omitempty"` // of a value that is no UTF-8
}

// MaxReveal bounds a file of revealed values.
const MaxReveal = 1 << 30

// RevealError is a file of revealed values that has not their form: it says nothing about the copy.
type RevealError struct {
	File string
	Err  error
}

func (e *RevealError) Error() string { return e.File + ": " + e.Err.Error() }
func (e *RevealError) Unwrap() error { return e.Err }

// ErrSecret is a line that holds the maker's secret in the place of a revealed value.
var ErrSecret = errors.New("is the maker's secret, not a revealed value: hand over one line with id, salt, value. " +
	"The secret must never be handed over: whoever has it can try values against every commitment of the copy")

// Prove holds revealed values against a verified copy: each must be what was withheld. It gives them; name stands
// in errors: *RevealError where the file has not the form, *CopyError where a value is not what was withheld.
func (c *Copy) Prove(name string, text []byte) ([]Revealed, error) {
	by := map[string]string{}
	for _, one := range c.Commitments {
		by[one.ID] = one.Commitment
	}
	var out []Revealed
	n := 0
	for line := range bytes.Lines(text) {
		n++
		var r Revealed
		if _, err := SecretOf(line); err == nil {
			return nil, &RevealError{name, fmt.Errorf("line %d %w", n, ErrSecret)}
		}
		if err := json.Unmarshal(line, &r, json.RejectUnknownMembers(true)); err != nil {
			return nil, &RevealError{name, fmt.Errorf("line %d is no revealed value (id, salt, value or base64): %w", n, err)}
		}
		salt, err := hex.DecodeString(r.Salt)
		value := r.Value
		if len(r.Base64) > 0 {
			value = string(r.Base64)
		}
		switch want, ok := by[r.ID]; {
		case err != nil || len(salt) != 32 || r.Value != "" && len(r.Base64) > 0:
			return nil, &RevealError{name, fmt.Errorf("line %d: its salt is not 32 bytes in hexadecimal, or it says two values", n)}
		case !ok:
			return nil, failed(name, "line %d: the copy withholds no value %q", n, r.ID)
		case commitment(salt, value) != want:
			return nil, failed(name, "line %d: value and salt are not what was withheld as %s", n, r.ID)
		}
		out = append(out, r)
	}
	if n == 0 {
		return nil, &RevealError{name, errors.New("is empty: it takes a line with id, salt, value for each value that is revealed")}
	}
	return out, nil
}
