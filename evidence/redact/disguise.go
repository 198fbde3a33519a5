package redact

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of undoing disguises.
const (
	maxUndone = 4  // one within another
	maxForms  = 64 // of one text
)

// span is a text that stands by itself in a file: what is between the quotes of a JSON string, the tags of an
// XML element, or a line.
type span struct{ from, to int }

// spans lists the texts of a file. What begins like JSON and is none is read by lines.
func spans(b []byte) []span {
	trimmed := bytes.TrimSpace(b)
	switch {
	case bytes.HasPrefix(trimmed, []byte("<")):
		return between(b, func(c byte) bool { return c == '<' || c == '>' })
	case bytes.HasPrefix(trimmed, []byte("{")), bytes.HasPrefix(trimmed, []byte("[")):
		if s, err := jsonSpans(b); err == nil {
			return s
		}
	}
	return between(b, func(c byte) bool { return c == '\n' })
}

func between(b []byte, ends func(byte) bool) []span {
	var out []span
	from := 0
	for i := 0; i <= len(b); i++ {
		if i == len(b) || ends(b[i]) {
			if i > from {
				out = append(out, span{from, i})
			}
			from = i + 1
		}
	}
	return out
}

// jsonSpans lists the strings of JSON texts that follow one another, names of members too.
func jsonSpans(b []byte) ([]span, error) {
	d := jsontext.NewDecoder(bytes.NewReader(b), jsontext.AllowDuplicateNames(true))
	var out []span
	for {
		switch d.PeekKind() {
		case '"':
			v, err := d.ReadValue()
			if err != nil {
				return nil, err
			}
			end := int(d.InputOffset())
			out = append(out, span{end - len(v) + 1, end - 1})
		default:
			_, err := d.ReadToken()
			if errors.Is(err, io.EOF) {
				return out, nil
			}
			if err != nil {
				return nil, err
			}
		}
	}
}

// disguised reports whether a text holds a value once it is read as whoever wrote it meant: escapes undone,
// base64 decoded, one within another.
func (v *values) disguised(text []byte) bool {
	if v.plain[string(text)] {
		return false
	}
	forms := []string{string(text)}
	seen := map[string]bool{forms[0]: true}
	for depth, from := 0, 0; depth < maxUndone && from < len(forms); depth++ {
		until := len(forms)
		for _, form := range forms[from:until] {
			for _, other := range undone(form) {
				if seen[other] || len(forms) >= maxForms {
					continue
				}
				if v.holds([]byte(other)) {
					return true
				}
				seen[other] = true
				forms = append(forms, other)
			}
		}
		from = until
	}
	if len(v.plain) < maxPlain && len(text) <= 1<<10 {
		v.plain[forms[0]] = true
	}
	return false
}

// undone gives a text as other forms of writing would have it.
func undone(s string) []string {
	var out []string
	if strings.Contains(s, `\`) {
		out = append(out, unescaped(s))
	}
	if strings.Contains(s, "&") {
		out = append(out, html.UnescapeString(s))
	}
	if strings.Contains(s, "%") {
		if t, err := url.PathUnescape(s); err == nil {
			out = append(out, t)
		}
	}
	if strings.Contains(s, "+") {
		out = append(out, strings.ReplaceAll(s, "+", " "))
	}
	if strings.ContainsAny(s, "\r\n") {
		s = strings.NewReplacer("\n", "", "\r", "").Replace(s)
	}
	for run := range strings.FieldsFuncSeq(s, func(c rune) bool { return !isBase64(c) }) {
		if len(run) < 6 { // what holds four bytes
			continue
		}
		plain := strings.NewReplacer("-", "+", "_", "/").Replace(run)
		if t, err := base64.RawStdEncoding.DecodeString(plain); err == nil && utf8.Valid(t) {
			out = append(out, string(t))
		}
	}
	return out
}

func isBase64(c rune) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_'
}

var escape = regexp.MustCompile(`\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)`)

// unescaped undoes the escapes of JSON and YAML, wherever they stand.
func unescaped(s string) string {
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		switch {
		case len(e) > 2:
			n, err := strconv.ParseUint(e[2:], 16, 32)
			if err != nil {
				return e
			}
			return string(rune(n))
		case strings.Contains("nrt", e[1:]):
			return map[string]string{"n": "\n", "r": "\r", "t": "\t"}[e[1:]]
		}
		return e[1:]
	})
}

// ErrNumber says that a value also stands where no text can.
var ErrNumber = errors.New("a withheld value stands there as a number, or part of one, and cannot be cut")

// cut puts tokens in the place of all values of a file, also of those in a disguise.
func (v *values) cut(b []byte) ([]byte, error) {
	var marked []byte
	at := 0
	for _, s := range spans(b) {
		text := b[s.from:s.to]
		if !v.disguised(text) {
			continue
		}
		rest := v.replace(text) // what stands plainly is cut by itself, where that is enough
		if v.disguised(rest) {
			e := v.spelling(string(text), "disguised")
			rest = []byte(v.token(e.n))
		}
		marked = append(append(marked, v.replace(b[at:s.from])...), rest...)
		at = s.to
	}
	out := append(marked, v.replace(b[at:])...)
	if len(marked) == 0 {
		out = v.replace(b)
	}
	if !bytes.Equal(b, out) && wasJSON(b) && !wasJSON(out) {
		return nil, ErrNumber
	}
	return out, nil
}

func wasJSON(b []byte) bool {
	_, err := jsonSpans(b)
	return err == nil
}

// leaks names the rule whose value a text still holds, plainly or in a disguise; "" where it holds none.
func (v *values) leaks(b []byte) string {
	low := lower(b)
	if at, size, ok := v.find(low, 0); ok {
		return v.lower[string(low[at:at+size])]
	}
	for _, s := range spans(b) {
		if v.disguised(b[s.from:s.to]) {
			return "(in a disguise)"
		}
	}
	return ""
}

// LeakError says that a withheld value was found in the finished copy, which is then not kept.
type LeakError struct {
	File string
	Rule string // that withholds it
}

func (e *LeakError) Error() string {
	return fmt.Sprintf("%s still holds a value that rule %s withholds", e.File, e.Rule)
}
