package report

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxCell is how much of a text a cell holds: Excel refuses more than 32,767 UTF-16 units, and
// the note that a text was cut needs room.
const maxCell = 32_767 - 120

// clean makes a text from the evidence fit for a cell: control and direction characters are
// shown as signs, line ends become \n, broken UTF-8 becomes a replacement character, and what
// is too long is cut with a note.
func clean(s string) string { return cut(visible(s), maxCell) }

// escaped is how a spreadsheet writes half a surrogate pair, which no text holds: the library that
// writes other such signs as themselves lets these through, and readers differ in what they make
// of them.
var escaped = regexp.MustCompile(`_(x[dD][89a-fA-F][0-9a-fA-F]{2}_)`)

// visible shows what a reader would otherwise not see.
func visible(s string) string {
	if strings.Contains(s, "_x") { // it is rare, and looking for more by an expression is slow
		for range 2 { // the second time for those that share an underscore with the one before
			s = escaped.ReplaceAllString(s, "‹U+005F›$1")
		}
	}
	if plain(s) {
		return s
	}
	var b strings.Builder
	s = strings.ReplaceAll(s, "\r\n", "\n")
	for _, r := range s { // broken UTF-8 arrives as U+FFFD
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r < 0x20:
			b.WriteRune(0x2400 + r) // the pictures of control characters
		case r == 0x7f:
			b.WriteRune('\u2421')
		case hidden(r):
			fmt.Fprintf(&b, "‹U+%04X›", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain reports whether s is printable ASCII with line ends, the usual case.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < 0x20 && c != '\n' {
			return false
		}
	}
	return true
}

// hidden reports characters that XML refuses or that change how others are shown.
func hidden(r rune) bool {
	return r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 ||
		r >= 0x200b && r <= 0x200f || r == 0x2028 || r == 0x2029 || r == 0x061c || r == 0xfeff || r == 0xfffe || r == 0xffff
}

// cut shortens a text to limit UTF-16 units and says so in it.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	units, at := 0, 0
	for i, r := range s {
		n := 1
		if r > 0xffff {
			n = 2
		}
		if units+n > limit {
			at = i
			break
		}
		units += n
		at = i + utf8.RuneLen(r)
	}
	if at >= len(s) {
		return s
	}
	return fmt.Sprintf("%s … [cut here: %s characters in all; trefoil explain prints the whole]", s[:at], group(utf8.RuneCountInString(s)))
}

// group writes a count with thousands separators.
func group(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
