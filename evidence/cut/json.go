package cut

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// member is a member or element of a JSON value, by where it stands in the body.
type member struct {
	name  string
	value jsontext.Value
	from  int
}

func jsonEdits(body []byte, steps []step, leaf func(string) (string, error)) ([]edit, error) {
	if !jsontext.Value(body).IsValid() {
		return nil, ErrForm
	}
	from := bytes.IndexFunc(body, func(r rune) bool { return r != ' ' && r != '\t' && r != '\r' && r != '\n' })
	w := &jsonWalk{leaf: leaf}
	err := w.walk(bytes.TrimRight(body[from:], " \t\r\n"), from, steps)
	return w.edits, err
}

type jsonWalk struct {
	leaf  func(string) (string, error)
	edits []edit
}

// walk takes one step of the path in a value that begins at from.
func (w *jsonWalk) walk(v jsontext.Value, from int, steps []step) error {
	if len(steps) == 0 {
		return w.text(v, from)
	}
	s := steps[0]
	members, err := membersOf(v)
	if err != nil {
		return err
	}
	for _, m := range members {
		if s.name != "*" && s.name != m.name || !s.admits(m) {
			continue
		}
		if err := w.walk(m.value, from+m.from, steps[1:]); err != nil {
			return err
		}
	}
	return nil
}

// admits reports whether a step's condition holds for a value. What is no text matches none: a
// condition on the value itself then stands before a value that no path names.
func (s step) admits(m member) bool {
	switch {
	case s.like == "":
		return true
	case s.self:
		v, ok := textOf(m.value)
		return !ok || Match(s.like, v)
	}
	children, err := membersOf(m.value)
	if err != nil {
		return false
	}
	for _, c := range children {
		if v, ok := scalarOf(c.value); ok && c.name == s.child && Match(s.like, v) {
			return true
		}
	}
	return false
}

// scalarOf gives a text, or a number, true or false as it is written: an id may be either.
func scalarOf(v jsontext.Value) (s string, ok bool) {
	switch v.Kind() {
	case '0', 't', 'f':
		return string(bytes.TrimSpace(v)), true
	}
	return textOf(v)
}

func textOf(v jsontext.Value) (s string, ok bool) {
	if v.Kind() != '"' {
		return "", false
	}
	return s, json.Unmarshal(v, &s) == nil
}

func (w *jsonWalk) text(v jsontext.Value, from int) error {
	if v.Kind() == 'n' {
		return nil
	}
	s, ok := textOf(v)
	if !ok {
		return ErrValue
	}
	to, err := w.leaf(s)
	if err != nil || to == s {
		return err
	}
	quoted, err := jsontext.AppendQuote(nil, to)
	if err != nil {
		return ErrValue
	}
	w.edits = append(w.edits, edit{from, from + len(v), quoted})
	return nil
}

// membersOf lists an object's members or an array's elements; other values have none.
func membersOf(v jsontext.Value) ([]member, error) {
	object := v.Kind() == '{'
	if !object && v.Kind() != '[' {
		return nil, nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(v))
	if _, err := d.ReadToken(); err != nil {
		return nil, ErrForm
	}
	var out []member
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		m := member{name: strconv.Itoa(len(out))}
		if object {
			name, err := d.ReadToken()
			if err != nil {
				return nil, ErrForm
			}
			m.name = name.String()
		}
		value, err := d.ReadValue()
		if err != nil {
			return nil, ErrForm
		}
		m.value, m.from = value.Clone(), int(d.InputOffset())-len(value)
		out = append(out, m)
	}
	return out, nil
}
