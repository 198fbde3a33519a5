package redact

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of undoing disguises.
const (
	maxUndone = 4     // one within another
	maxForms  = 1_024 // of one text; of more, nobody looked at what is within them
)

// span is a text that stands by itself in a file: what is between the quotes of a JSON string, the tags of an
// XML element, or a line.
type span struct{ from, to int }

// spans lists the texts of a file, and says whether they are its lines. What begins like JSON and is none is read by
// lines.
func spans(b []byte) (texts []span, lines bool) {
	trimmed := bytes.TrimSpace(b)
	switch {
	case bytes.HasPrefix(trimmed, []byte("<")):
		return between(b, func(c byte) bool { return c == '<' || c == '>' }), false
	case bytes.HasPrefix(trimmed, []byte("{")), bytes.HasPrefix(trimmed, []byte("[")):
		if s, err := jsonSpans(b); err == nil {
			return s, false
		}
	}
	return between(b, func(c byte) bool { return c == '\n' }), true
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
// base64 decoded, one within another. A text of too many forms is taken for one that does.
func (v *values) disguised(text []byte) bool {
	if v.plain[string(text)] || !v.suspect(text, v.holds(text)) {
		return false
	}
	if found, _ := v.inForms(string(text), v.inForm); found {
		return true
	}
	if len(v.plain) < maxPlain && len(text) <= 1<<10 {
		v.plain[string(text)] = true
	}
	return false
}

// inForm reports whether a form holds a value of at least so many bytes.
func (v *values) inForm(form []byte, least int) bool {
	_, _, ok := v.find(lower(form), 0, least)
	return ok
}

// inForms reports whether something is true of any other form of a text, or whether there are too many, and how many it
// saw. In a form only values of at least so many bytes count.
func (v *values) inForms(text string, is func(form []byte, least int) bool) (found bool, n int) {
	type one struct {
		text string
		torn bool // out of base64 that is not read again in this way: there would be no end of forms
	}
	forms := []one{{text: text}}
	seen := map[string]bool{text: true}
	for depth, from := 0, 0; depth <= maxUndone && from < len(forms); depth++ {
		until := len(forms)
		for _, form := range forms[from:until] {
			var prints []byte
			if within(letters(form.text), func(plain []byte, _ int) bool {
				if !form.torn {
					prints = printable(prints, plain)
				}
				return is(plain, minTorn)
			}) {
				return true, len(forms)
			}
			if depth == maxUndone {
				continue
			}
			others := undone(form.text)
			whole := len(others)
			if len(prints) > 0 {
				others = append(others, string(prints))
			}
			for i, other := range others {
				if seen[other] {
					continue
				}
				if is([]byte(other), MinValue) || len(forms) >= maxForms {
					return true, len(forms)
				}
				seen[other] = true
				forms = append(forms, one{other, form.torn || i >= whole})
			}
		}
		from = until
	}
	return false, len(forms)
}

// beyond reports whether a disguised text must go as a whole: it holds a value that does not stand there
// plainly, or one that is left once what stands there plainly is cut.
func (v *values) beyond(text []byte) bool {
	plainly := v.found(text, MinValue)
	found, _ := v.inForms(string(text), func(form []byte, least int) bool {
		for value := range v.found(form, least) {
			if !plainly[value] {
				return true
			}
		}
		return false
	})
	return found || v.disguised(v.replace(text))
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
		out = append(out, percent.ReplaceAllStringFunc(s, func(e string) string {
			b, err := hex.DecodeString(e[1:])
			if err != nil {
				return e
			}
			return string(b)
		}))
	}
	if strings.Contains(s, "+") {
		out = append(out, strings.ReplaceAll(s, "+", " "))
	}
	for _, quote := range []string{`"`, `'`} { // of CSV and YAML
		if strings.Contains(s, quote+quote) {
			out = append(out, strings.ReplaceAll(s, quote+quote, quote))
		}
	}
	if strings.ContainsAny(s, "\r\n") {
		s = unwrapped.Replace(s)
	}
	for run := range strings.FieldsFuncSeq(s, func(c rune) bool { return !isBase64(c) }) {
		if len(run) < minWord {
			continue
		}
		if t, err := base64.RawStdEncoding.DecodeString(standard.Replace(run)); err == nil && utf8.Valid(t) {
			out = append(out, string(t))
		}
	}
	return out
}

func isBase64(c rune) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_'
}

var (
	unwrapped = strings.NewReplacer("\n", "", "\r", "")
	standard  = strings.NewReplacer("-", "+", "_", "/")
	percent   = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
	escape    = regexp.MustCompile(`\\(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|.)`)
)

// unescaped undoes the escapes of JSON and YAML, wherever they stand.
func unescaped(s string) string {
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		switch {
		case len(e) == len(`\ud83d\ude00`): // two halves of one sign
			high, err := strconv.ParseUint(e[2:6], 16, 32)
			low, err2 := strconv.ParseUint(e[8:], 16, 32)
			if err != nil || err2 != nil {
				return e
			}
			return string(utf16.DecodeRune(rune(high), rune(low)))
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

// region is a part of a file that is cut; whole says that it is no value but what holds one in a disguise.
type region struct {
	span
	whole bool
}

// cut puts tokens in the place of all values of a file, also of those in a disguise.
func (v *values) cut(b []byte) ([]byte, error) {
	regions := v.regions(b)
	if len(regions) == 0 {
		return b, nil
	}
	var out []byte
	at := 0
	for _, r := range regions {
		text := string(b[r.from:r.to])
		rule := "disguised"
		if !r.whole {
			rule = v.lower[string(lower([]byte(text)))]
		}
		out = append(append(out, b[at:r.from]...), v.token(v.spelling(text, rule).n)...)
		at = r.to
	}
	out = append(out, b[at:]...)
	if wasJSON(b) && !wasJSON(out) {
		return nil, ErrNumber
	}
	return out, nil
}

// regions lists what of a file is cut, in order, none over another: values that stand plainly, wherever they begin and
// end, and whole texts that hold one in a disguise. What overlaps and does not lie within the other goes as one.
func (v *values) regions(b []byte) []region {
	var all []region
	low := lower(b)
	for at, size, ok := v.find(low, 0, MinValue); ok; at, size, ok = v.find(low, at+1, MinValue) {
		all = append(all, region{span{at, at + size}, false})
	}
	var texts []span
	var lines bool
	if v.suspect(b, len(all) > 0) {
		texts, lines = spans(b)
	}
	for _, s := range texts {
		if text := b[s.from:s.to]; v.disguised(text) && v.beyond(text) {
			all = append(all, region{s, true})
		}
	}
	if lines {
		for _, s := range v.wrapped(b, texts) {
			all = append(all, region{s, true})
		}
	}
	slices.SortFunc(all, func(x, y region) int { return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(y.to, x.to)) })
	var out []region
	for _, r := range all {
		last := len(out) - 1
		switch {
		case last < 0 || r.from >= out[last].to:
			out = append(out, r)
		case r.to > out[last].to:
			out[last] = region{span{out[last].from, r.to}, true}
		} // else it lies in the one before
	}
	return out
}

func wasJSON(b []byte) bool {
	_, err := jsonSpans(b)
	return err == nil
}

// leaks names the rule whose value a text still holds, plainly or in a disguise; "" where it holds none.
func (v *values) leaks(b []byte) string {
	low := lower(b)
	if at, size, ok := v.find(low, 0, MinValue); ok {
		return v.lower[string(low[at:at+size])]
	}
	if !v.suspect(b, false) {
		return ""
	}
	texts, lines := spans(b)
	if slices.ContainsFunc(texts, func(s span) bool { return v.disguised(b[s.from:s.to]) }) || lines && len(v.wrapped(b, texts)) > 0 {
		return "(in a disguise)"
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
