package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Canonical encodes v as JSON in the canonical form of RFC 8785: sorted members, no white
// space, shortest numbers. Equal values have equal bytes on any machine.
func Canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return Canonicalize(b)
}

// Canonicalize rewrites one JSON text in the canonical form of RFC 8785. Duplicate names and
// invalid UTF-8 are errors.
func Canonicalize(text []byte) ([]byte, error) {
	v := jsontext.Value(bytes.Clone(text))
	if err := v.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonicalise JSON: %w", err)
	}
	return v, nil
}

// Digest is the lower-case hexadecimal SHA-256 of b.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
