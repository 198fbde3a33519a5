package evidence

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// maxExact is the largest integer that a JSON number holds exactly: RFC 8785 writes numbers as IEEE 754 doubles,
// in which two integers beyond it may be one and the same.
const maxExact = 1<<53 - 1

// Whole gives the whole number that a value of a fact is; ok is false of any other value, and of what a JSON number
// does not hold exactly: it may have been another number before it was written.
func Whole(v any) (n int64, ok bool) {
	f, ok := v.(float64)
	if !ok || f != math.Trunc(f) || math.Abs(f) > maxExact {
		return 0, false
	}
	return int64(f), true
}

// wholeValue is an integer as facts hold it.
func wholeValue(n int64) (float64, error) {
	if n < -maxExact || n > maxExact {
		return 0, fmt.Errorf("%d is beyond what a JSON number holds exactly, ±%d", n, int64(maxExact))
	}
	return float64(n), nil
}

// exact refuses a JSON text with a number that the canonical form would make another: an integer that no double holds,
// or a number beyond all doubles. The text is valid JSON.
func exact(text []byte) error {
	for at := 0; at < len(text); at++ {
		switch c := text[at]; {
		case c == '"':
			for at++; at < len(text) && text[at] != '"'; at++ {
				if text[at] == '\\' {
					at++
				}
			}
		case c == '-' || '0' <= c && c <= '9':
			from := at
			for at < len(text) && bytes.IndexByte([]byte(",:]} \t\n\r"), text[at]) < 0 {
				at++
			}
			if err := exactNumber(string(text[from:at])); err != nil {
				return err
			}
		}
	}
	return nil
}

func exactNumber(token string) error {
	const sure = 15 // digits of which any integer is exact
	fraction := bytes.ContainsAny([]byte(token), ".eE")
	if len(token) <= sure && !fraction {
		return nil
	}
	f, err := strconv.ParseFloat(token, 64)
	switch {
	case err != nil:
		return fmt.Errorf("the number %.40s is beyond what a JSON number holds", token)
	case !fraction && strconv.FormatFloat(f, 'f', -1, 64) != token:
		return fmt.Errorf("the integer %.40s is beyond what a JSON number holds: it would become %.0f", token, f)
	}
	return nil
}
