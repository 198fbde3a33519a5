package evidence

import (
	"bytes"
	"encoding/binary"
	"math/bits"
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
	names []span // of the objects that are open
}

// span is a range of the text.
type span struct{ from, to int }

// straightNames is how many names of one object are compared each with each.
const straightNames = 16

// straightDepth is how deep objects and lists are followed.
const straightDepth = 64

// members goes over one object that is the whole text, and gives each member to each: its name without quotes,
// its value as it stands. Members are given before the text was seen to its end: they count only where it is ok.
func (s *straight) members(text []byte, each func(name, value span)) (ok bool) {
	s.text, s.at, s.names = text, 0, s.names[:0]
	return s.next('{') && s.object(0, each) && s.at == len(text)
}

// KindOfMember gives the kind of an object's member of a name, 0 where it has none. It is for most of what services
// answer: ok is false where the text is no object, or one that has to be checked by jsontext.
func KindOfMember(text []byte, name string) (kind jsontext.Kind, ok bool) {
	var s straight
	ok = s.members(text, func(member, value span) {
		if string(s.of(member)) == name {
			kind = jsontext.Value(s.of(value)).Kind()
		}
	})
	return kind, ok
}

// CutMember takes a member out of an object: its value, nil where the object has none of that name, and the object
// without it. It is for what our own writer puts: ok is false where the text has to be read by jsontext.
func CutMember(object []byte, name string) (value, rest []byte, ok bool) {
	var s straight
	from, to := 0, 0
	ok = s.members(object, func(member, v span) {
		if string(s.of(member)) == name {
			from, to, value = member.from-1, v.to, s.of(v)
		}
	})
	switch {
	case !ok || value == nil:
		return nil, object, ok
	case object[to] == ',':
		to++
	case object[from-1] == ',':
		from--
	}
	return value, slices.Concat(object[:from], object[to:]), true
}

// PutMember puts a member into an object in canonical form, in the place where that has it; the name is of ASCII and
// needs no escapes. Ok is false where the object has one of that name, or has to be read by jsontext.
func PutMember(object []byte, name string, value []byte) (out []byte, ok bool) {
	var s straight
	at, twice := 0, false
	ok = s.members(object, func(member, _ span) {
		have := string(s.of(member))
		twice = twice || have == name
		if at == 0 && have > name {
			at = member.from - 1
		}
	})
	before, behind := "", ","
	switch {
	case !ok || twice:
		return nil, false
	case at == 0 && len(object) == len("{}"):
		at, behind = 1, ""
	case at == 0:
		at, before, behind = len(object)-1, ",", ""
	}
	return slices.Concat(object[:at], []byte(before+`"`+name+`":`), value, []byte(behind), object[at:]), true
}

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
		_, ok := s.quoted()
		return ok
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
func (s *straight) object(depth int, each func(name, value span)) bool {
	if s.next('}') {
		return true
	}
	begin, ascending := len(s.names), true
	for {
		from := s.at
		if !s.next('"') {
			return false
		}
		if escaped, ok := s.quoted(); escaped || !ok || !s.next(':') {
			return false
		}
		name, before := span{from + 1, s.at - len(`":`)}, s.names[begin:]
		if n := len(before); n > 0 && ascending {
			ascending = bytes.Compare(s.of(before[n-1]), s.of(name)) < 0
		}
		if !ascending && (len(before) > straightNames || slices.ContainsFunc(before, func(b span) bool { return bytes.Equal(s.of(b), s.of(name)) })) {
			return false
		}
		s.names, from = append(s.names, name), s.at
		if !s.value(depth + 1) {
			return false
		}
		if each != nil {
			each(name, span{from, s.at})
		}
		if s.next('}') {
			s.names = s.names[:begin]
			return true
		}
		if !s.next(',') {
			return false
		}
	}
}

func (s *straight) of(one span) []byte { return s.text[one.from:one.to] }

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
func (s *straight) quoted() (escaped, ok bool) {
	text, from, ascii := s.text, s.at, true
	for i := from; i < len(text); i++ {
		for i+8 <= len(text) {
			at := special(binary.LittleEndian.Uint64(text[i:]))
			if i += at; at < 8 {
				break
			}
		}
		if i == len(text) {
			break
		}
		switch c := text[i]; {
		case c == '"':
			s.at = i + 1
			return escaped, ascii || utf8.Valid(text[from:i])
		case c == '\\':
			if i++; i == len(text) || bytes.IndexByte([]byte(`"\/bfnrt`), text[i]) < 0 {
				return false, false
			}
			escaped = true
		case c < ' ':
			return false, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return false, false
}

// special gives the place of the first of eight bytes that is a quote, a backslash, below a space or beyond
// ASCII; 8 where none is. Each of these sets the highest bit of its byte; what a subtraction borrows changes
// bytes behind it alone.
func special(eight uint64) int {
	const each = 0x0101010101010101
	quote, backslash := eight^'"'*each, eight^'\\'*each
	return bits.TrailingZeros64((eight|(eight-' '*each)|(quote-each)|(backslash-each))&(0x80*each)) / 8
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
