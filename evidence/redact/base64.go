package redact

import (
	"encoding/base64"
	"unicode"
	"unicode/utf8"
)

// Bounds of base64 that is read wherever it may begin and end: by chance, what is shorter stands there too.
const (
	minTorn  = 5  // bytes of a value that is looked for
	minPrint = 12 // bytes of a text in which a disguise is looked for
	minWord  = 6  // letters of base64 that stands alone: what holds four bytes
)

// letters gives a text without white space, with base64 in its standard letters.
func letters(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case isSpace(c):
		case c == '-':
			out = append(out, '+')
		case c == '_':
			out = append(out, '/')
		default:
			out = append(out, c)
		}
	}
	return out
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// within hands over what letters say in base64: each run of them four times, as if none to three of its group stood before
// it, since nobody knows where the base64 in it begins. The first of the group is the letter from; it may be before them all.
// It ends where do is true, and reports that.
func within(letters []byte, do func(plain []byte, from int) bool) bool {
	var group, plain []byte
	for from, to := 0, 0; from < len(letters); from = to + 1 {
		for to = from; to < len(letters) && isBase64(rune(letters[to])); to++ {
		}
		if to-from < base64.RawStdEncoding.EncodedLen(minTorn) {
			continue
		}
		for before := range 4 {
			group = append(append(group[:0], "AAA"[:before]...), letters[from:to]...)
			if len(group)%4 == 1 { // the last letter is no byte
				group = group[:len(group)-1]
			}
			var err error
			if plain, err = base64.RawStdEncoding.AppendDecode(plain[:0], group); err == nil && do(plain, from-before) {
				return true
			}
		}
	}
	return false
}

// printable adds to a text those parts of another that can be read, each ended by a byte that cannot.
func printable(out, b []byte) []byte {
	from := 0
	for i := 0; i <= len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if size > 0 && (r != utf8.RuneError || size > 1) && (unicode.IsPrint(r) || r < utf8.RuneSelf && isSpace(byte(r))) {
			i += size
			continue
		}
		if i-from >= minPrint {
			out = append(append(out, b[from:i]...), 0)
		}
		i += max(size, 1)
		from = i
	}
	return out
}

// wrapped lists those lines of a file over which base64 goes that holds a value.
func (v *values) wrapped(b []byte, lines []span) []span {
	if len(lines) < 2 {
		return nil
	}
	var hit []bool // letters of such base64
	all := letters(string(b))
	within(all, func(plain []byte, from int) bool {
		low := lower(plain)
		for at, size, ok := v.find(low, 0, minTorn); ok; at, size, ok = v.find(low, at+1, minTorn) {
			if hit == nil {
				hit = make([]bool, len(all))
			}
			for i := from + at*8/6; i <= from+(at*8+size*8-1)/6; i++ {
				hit[i] = true
			}
		}
		return false
	})
	if hit == nil {
		return nil
	}
	var out []span
	n := 0 // letters before
	for _, line := range lines {
		held := false
		for _, c := range b[line.from:line.to] {
			if !isSpace(c) {
				held = held || hit[n]
				n++
			}
		}
		if held {
			out = append(out, line)
		}
	}
	return out
}
