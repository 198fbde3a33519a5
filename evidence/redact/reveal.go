package redact

import (
	"bytes"
	"encoding/hex"

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

// Prove holds revealed values against a verified copy: each must be what was withheld. It gives them; name stands
// in errors, which are *CopyError.
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
		if err := json.Unmarshal(line, &r, json.RejectUnknownMembers(true)); err != nil {
			return nil, failed(name, "line %d: no revealed value (id, salt, value or base64): %w", n, err)
		}
		salt, err := hex.DecodeString(r.Salt)
		value := r.Value
		if len(r.Base64) > 0 {
			value = string(r.Base64)
		}
		switch want, ok := by[r.ID]; {
		case err != nil || len(salt) != 32 || r.Value != "" && len(r.Base64) > 0:
			return nil, failed(name, "line %d: its salt is not 32 bytes in hexadecimal, or it says two values", n)
		case !ok:
			return nil, failed(name, "line %d: the copy withholds no value %q", n, r.ID)
		case commitment(salt, value) != want:
			return nil, failed(name, "line %d: value and salt are not what was withheld as %s", n, r.ID)
		}
		out = append(out, r)
	}
	if n == 0 {
		return nil, failed(name, "reveals nothing")
	}
	return out, nil
}
