package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Canonical encodes v as JSON in the canonical form of RFC 8785: sorted members, no white
// space, shortest numbers. Equal values have equal bytes on any machine.
func Canonical(v any) ([]byte, error) {
	if b, ok := AppendCanonical(nil, v); ok {
		return b, nil
	}
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return Canonicalize(b)
}

// AppendCanonical appends the canonical form of a plain value (null, bool, string, number, and lists
// and maps of these), which is all that facts hold and most of what results do. ok is false, and b as
// it was, for what is seldom and needs [Canonical]: other types, numbers written with an exponent,
// names beyond the basic plane's middle, where order by bytes and by UTF-16 differ, and bad UTF-8.
func AppendCanonical(b []byte, v any) (out []byte, ok bool) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), true
	case bool:
		return strconv.AppendBool(b, v), true
	case string:
		out, err := jsontext.AppendQuote(b, v)
		return out, err == nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), -maxExact <= v && v <= maxExact
	case float64:
		if v == 0 {
			return append(b, '0'), true // as RFC 8785 writes a negative zero, too
		}
		size := math.Abs(v)
		return strconv.AppendFloat(b, v, 'f', -1, 64), 1e-6 <= size && size < 1e21
	case []string:
		return appendList(b, v)
	case []any:
		return appendList(b, v)
	case map[string]any:
		return appendMap(b, v)
	case map[string]string:
		return appendMap(b, v)
	}
	return b, false
}

func appendList[T any](b []byte, list []T) (out []byte, ok bool) {
	if list == nil {
		return b, false
	}
	out = append(b, '[')
	for i, e := range list {
		if i > 0 {
			out = append(out, ',')
		}
		if out, ok = AppendCanonical(out, e); !ok {
			return b, false
		}
	}
	return append(out, ']'), true
}

func appendMap[T any](b []byte, m map[string]T) (out []byte, ok bool) {
	if m == nil {
		return b, false
	}
	out = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			out = append(out, ',')
		}
		if strings.IndexFunc(name, func(r rune) bool { return r >= 0xD800 }) >= 0 {
			return b, false
		}
		if out, ok = AppendCanonical(out, name); !ok {
			return b, false
		}
		if out, ok = AppendCanonical(append(out, ':'), m[name]); !ok {
			return b, false
		}
	}
	return append(out, '}'), true
}

// Canonicalize rewrites one JSON text in the canonical form of RFC 8785. Duplicate names and
// invalid UTF-8 are errors, and so are integers and numbers that the form would make others of.
func Canonicalize(text []byte) ([]byte, error) {
	v := jsontext.Value(bytes.Clone(text))
	if err := v.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonicalise JSON: %w", err)
	}
	if err := exact(text); err != nil {
		return nil, fmt.Errorf("canonicalise JSON: %w", err)
	}
	return v, nil
}

// Digest is the lower-case hexadecimal SHA-256 of b.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Differ gives the offset of the first byte in which two texts differ; where one is the beginning
// of the other, the length of the shorter.
func Differ(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// Range is a range of bytes of a file.
type Range struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

func (r Range) String() string { return fmt.Sprintf("%d bytes from byte %d on", r.Length, r.Offset) }
