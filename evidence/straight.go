package evidence

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// straight checks JSON as our own writer puts it, and most services: no white space, names without escapes
// and in ascending order, or few. One pass over such text sees all that jsontext's check sees, and costs
// a fraction. Of other text it does not say that it is wrong: ok is false, and jsontext is to be asked.
type straight struct {
	text  []byte
	at    int
	names [][]byte // of the objects that are open
}

// straightNames is how many names of one object are compared each with each.
const straightNames = 16

// straightDepth is how deep objects and lists are followed.
const straightDepth = 64

// straightMembers appends the members of an object whose whole text is straight.
func straightMembers(into []jsonMember, text []byte) (out []jsonMember, ok bool) {
	s := straight{text: text}
	ok = s.next('{') && s.object(0, func(name, value []byte) { into = append(into, jsonMember{name, value}) }) && s.at == len(text)
	return into, ok
}

// KindOfMember gives the kind of an object's member of a name, 0 where it has none. It is for most of what services
// answer: ok is false where the text is no object, or one that has to be checked by jsontext.
func KindOfMember(text []byte, name string) (kind jsontext.Kind, ok bool) {
	members, ok := straightMembers(nil, text)
	for _, m := range members {
		if string(m.name[1:len(m.name)-1]) == name {
			kind = m.value.Kind()
		}
	}
	return kind, ok
}

// jsonMember is a member of an object as it stands in its text.
type jsonMember struct{ name, value jsontext.Value }

func (s *straight) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *straight) value(depth int) bool {
	switch {
	case depth > straightDepth || s.at == len(s.text):
		return false
	case s.next('"'):
		return s.quoted()
	case s.next('{'):
		return s.object(depth, nil)
	case s.next('['):
		return s.list(depth)
	}
	for _, name := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.text[s.at:], []byte(name)) {
			s.at += len(name)
			return true
		}
	}
	return s.number()
}

// object goes over an object behind its brace, and gives each member to each, which may be nil.
func (s *straight) object(depth int, each func(name, value []byte)) bool {
	if s.next('}') {
		return true
	}
	begin, ascending := len(s.names), true
	defer func() { s.names = s.names[:begin] }()
	for {
		from := s.at
		if !s.next('"') || !s.quoted() {
			return false
		}
		name := s.text[from:s.at]
		before := s.names[begin:]
		if n := len(before); n > 0 && ascending {
			last := before[n-1]
			ascending = bytes.Compare(last[:len(last)-1], name[:len(name)-1]) < 0
		}
		if !ascending && (len(before) > straightNames || slices.ContainsFunc(before, func(b []byte) bool { return bytes.Equal(b, name) })) {
			return false
		}
		if bytes.IndexByte(name, '\\') >= 0 || !s.next(':') {
			return false
		}
		s.names, from = append(s.names, name), s.at
		if !s.value(depth + 1) {
			return false
		}
		if each != nil {
			each(name, s.text[from:s.at])
		}
		if s.next('}') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
}

// list goes over a list behind its bracket.
func (s *straight) list(depth int) bool {
	if s.next(']') {
		return true
	}
	for s.value(depth + 1) {
		if s.next(']') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
	return false
}

// quoted goes over a string behind its first quote. \u, whose halves must match, is not straight.
func (s *straight) quoted() bool {
	from, ascii := s.at, true
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.at++
		switch {
		case c == '"':
			return ascii || utf8.Valid(s.text[from:s.at])
		case c == '\\':
			if s.at == len(s.text) || bytes.IndexByte([]byte(`"\/bfnrt`), s.text[s.at]) < 0 {
				return false
			}
			s.at++
		case c < ' ':
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return false
}

// number goes over a number without an exponent.
func (s *straight) number() bool {
	s.next('-')
	if !s.next('0') && !s.digits() {
		return false
	}
	return !s.next('.') || s.digits()
}

func (s *straight) digits() bool {
	from := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}
