package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/term"
)

// Text for people goes through this file alone. Names, labels and answers are whatever somebody wrote: none of
// them may steer a terminal, be written backwards, hide, or pass for a line of ours. [tell] cuts each of them to
// one plain line, and [shown], below everything that is printed, lets nothing else pass that steers.

// shown is standard output or standard error as commands have it.
type shown struct {
	to   io.Writer
	n    int    // bytes that were printed
	rest []byte // the beginning of a character that is not whole yet
}

// Write implements io.Writer.
func (s *shown) Write(p []byte) (int, error) {
	text := append(s.rest, p...)
	s.rest = nil
	var out []byte
	for len(text) > 0 {
		if !utf8.FullRune(text) {
			s.rest = bytes.Clone(text)
			break
		}
		r, size := utf8.DecodeRune(text)
		if r != '\n' && r != '\t' && steers(r) {
			r = utf8.RuneError
		}
		out = utf8.AppendRune(out, r)
		text = text[size:]
	}
	n, err := s.to.Write(out)
	s.n += n
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// end prints what was left of a character that never became whole.
func (s *shown) end() error {
	if len(s.rest) == 0 {
		return nil
	}
	s.rest = nil
	_, err := s.Write([]byte(string(utf8.RuneError)))
	return err
}

// isTerminal reports whether what is printed goes to a terminal.
func isTerminal(w io.Writer) bool {
	s, ok := w.(*shown)
	if !ok {
		return false
	}
	f, ok := s.to.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// steers reports whether a character does something other than stand there: controls (C1 too), formats such as
// those that turn the direction of text, line and paragraph ends, and what is not seen at all.
func steers(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// plain takes out of a text what steers; what is left is one line.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if steers(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// lines is a text of several lines. All but the first are set in, so that none passes for a line of ours.
type lines string

// tell prints a line for people: every text among args, whatever its type, is made plain.
func tell(w io.Writer, format string, args ...any) {
	for i, a := range args {
		args[i] = told(a)
	}
	fmt.Fprintf(w, format, args...)
}

func told(a any) any {
	switch v := a.(type) {
	case lines:
		all := strings.Split(strings.TrimRight(string(v), "\n"), "\n")
		for i := range all {
			all[i] = plain(all[i])
		}
		return strings.Join(all, "\n  ")
	case error:
		return plain(v.Error())
	}
	switch v := reflect.ValueOf(a); {
	case v.CanInt() || v.CanUint(): // a mode or a duration, whatever verb it is told by
		return a
	case v.Kind() == reflect.String:
		return plain(v.String())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return plain(string(v.Bytes()))
	}
	if s, ok := a.(fmt.Stringer); ok {
		return plain(s.String())
	}
	return a
}

// printJSON prints a value for machines, and nothing that steers a terminal: that is escaped, so that the value is
// the same.
func printJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, escaped(b.String()))
	return err
}

// escaped writes characters that steer as JSON's escapes; outside of strings JSON has none but line ends.
func escaped(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || !steers(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}
