package strict

import (
	"bytes"
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

var unknownField = regexp.MustCompile(`unknown field "([^"]{1,100})"`)

// hinted adds to a fault of form which field it is of, what was probably meant, and what can stand there.
func hinted(err error, text []byte, tree *ast.File, into any) error {
	var fault *FileError
	if !errors.As(err, &fault) {
		return err
	}
	if m := unknownField.FindStringSubmatch(fault.Cause); m != nil {
		here := fieldsAt(tree, reflect.TypeOf(into), m[1], fault.Line)
		meant := Meant(m[1], here...)
		switch all := allFields(reflect.TypeOf(into)); {
		case meant != "":
		case slices.Contains(all, m[1]):
			meant = "it is known in another place: check its indentation; "
		case len(here) == 0:
			meant = Meant(m[1], all...)
		}
		if len(here) > 0 {
			fault.Hint = "known here are " + strings.Join(here, ", ") + "; `trefoil init` writes a commented file"
		}
		fault.Hint = meant + fault.Hint
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

// fieldsAt gives the fields, sorted, that the type has where a field of a name and line stands that it does not have;
// nothing where there is no such place.
func fieldsAt(tree *ast.File, t reflect.Type, name string, line int) []string {
	for _, doc := range tree.Docs {
		if at := unknownIn(doc.Body, t, name, line); at != nil {
			return ownFields(at)
		}
	}
	return nil
}

// unknownIn finds the struct within a type that a file gives a field of a name and line, and that has none of that name.
func unknownIn(n ast.Node, t reflect.Type, name string, line int) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			if at := unknownIn(v, t, name, line); at != nil {
				return at
			}
		}
	case *ast.MappingValueNode:
		of := valueOf(n, t)
		if of != nil {
			return unknownIn(n.Value, of, name, line)
		}
		if key := keyToken(n); t.Kind() == reflect.Struct && key.Value == name && key.Position.Line == line {
			return t
		}
	case *ast.SequenceNode:
		if t.Kind() != reflect.Slice {
			return nil
		}
		for _, v := range n.Values {
			if at := unknownIn(v, t.Elem(), name, line); at != nil {
				return at
			}
		}
	}
	return nil
}

// ownFields gives the fields of a struct itself, sorted.
func ownFields(t reflect.Type) (names []string) {
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// allFields gives the fields of a type and of all within it.
func allFields(t reflect.Type) []string {
	names := map[string]bool{}
	fieldsOf(t, names, map[reflect.Type]bool{})
	return slices.Collect(maps.Keys(names))
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
