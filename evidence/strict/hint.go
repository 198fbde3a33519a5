package strict

import (
	"bytes"
	"errors"
	"reflect"
	"regexp"
	"strings"

	"github.com/xrash/smetrics"
)

var unknownField = regexp.MustCompile(`unknown field "([^"]{1,100})"`)

// hinted adds to a fault of form which field it is of, and what was probably meant.
func hinted(err error, text []byte, into any) error {
	var fault *FileError
	if !errors.As(err, &fault) {
		return err
	}
	if m := unknownField.FindStringSubmatch(fault.Cause); m != nil {
		if near := nearField(m[1], reflect.TypeOf(into)); near != "" {
			fault.Hint = "did you mean " + near + "? " + fault.Hint
		}
	}
	switch {
	case strings.Contains(fault.Cause, "sequence was used where mapping is expected"):
		fault.Hint = "write names and values, such as tags: {data-class: public}"
	case strings.Contains(fault.Cause, "mapping was used where sequence is expected"):
		fault.Hint = "write a list, such as regions: [eu-west-1, eu-north-1]"
	default:
		return err
	}
	if field := fieldBefore(text, fault.Line); field != "" {
		fault.Cause = field + ": " + fault.Cause
	}
	return err
}

// lastField is a name whose value is a bracket, or begins in the next line.
var lastField = regexp.MustCompile(`([A-Za-z_]{1,60}):[ \t]*(?:[\[{]|$)`)

// fieldBefore names the field of a line, where it has one such field only: of several it would be a guess.
func fieldBefore(text []byte, line int) string {
	lines := bytes.Split(text, []byte("\n"))
	if line < 1 || line > len(lines) {
		return ""
	}
	if m := lastField.FindAllSubmatch(lines[line-1], -1); len(m) == 1 {
		return string(m[0][1])
	}
	return ""
}

// nearField gives the field of a type that is nearest to a name; empty where none is near.
func nearField(name string, t reflect.Type) string {
	names := map[string]bool{}
	fieldsOf(t, names, map[reflect.Type]bool{})
	best, least := "", max(1, len(name)/4)+1
	for n := range names {
		if d := smetrics.WagnerFischer(strings.ToLower(name), n, 1, 1, 1); d < least || d == least && best != "" && n < best {
			best, least = n, d
		}
	}
	return best
}

func fieldsOf(t reflect.Type, into map[string]bool, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			into[name] = true
			fieldsOf(f.Type, into, seen)
		}
	}
}
