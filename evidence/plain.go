package evidence

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// plain decodes JSON that was checked before into what a fact's fields hold: string, bool, float64,
// nil, []any and map[string]any. It is here for its speed: a judgement decodes fields by the million,
// and the check is half of what decoding costs. Of other text it makes something, or not ok; never a panic.
type plain struct {
	text []byte
	at   int
	once func(name []byte) string // gives names of members, each once
}

// decodePlain decodes one value.
func decodePlain(text []byte, once func([]byte) string) (v any, ok bool) {
	p := plain{text: text, once: once}
	return p.value(0)
}

// maxDepth is the depth to which the check goes, too.
const maxDepth = 10_000

// peek gives the next byte behind white space; 0 at the end.
func (p *plain) peek() byte {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return c
		}
	}
	return 0
}

// take goes over one byte that must be next.
func (p *plain) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *plain) value(depth int) (any, bool) {
	switch c := p.peek(); {
	case depth > maxDepth:
		return nil, false
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		quoted, ok := p.quoted()
		if !ok {
			return nil, false
		}
		if bytes.IndexByte(quoted, '\\') < 0 {
			return string(quoted[1 : len(quoted)-1]), true
		}
		b, err := jsontext.AppendUnquote(nil, quoted)
		return string(b), err == nil
	}
	switch token := p.token(); string(token) {
	case "null":
		return nil, true
	case "true":
		return true, true
	case "false":
		return false, true
	default:
		n, err := strconv.ParseFloat(string(token), 64)
		return n, err == nil
	}
}

// quoted goes over a string and gives it as it stands, with its quotes.
func (p *plain) quoted() ([]byte, bool) {
	if p.peek() != '"' {
		return nil, false
	}
	for i := p.at + 1; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case '"':
			s := p.text[p.at : i+1]
			p.at = i + 1
			return s, true
		}
	}
	return nil, false
}

// token goes over a number or a name such as true.
func (p *plain) token() []byte {
	from := p.at
	for p.at < len(p.text) && bytes.IndexByte([]byte(",:]} \t\n\r"), p.text[p.at]) < 0 {
		p.at++
	}
	return p.text[from:p.at]
}

// skip goes over a value and gives it as it stands.
func (p *plain) skip() ([]byte, bool) {
	c := p.peek()
	if c == '"' {
		return p.quoted()
	}
	if c != '{' && c != '[' {
		t := p.token()
		return t, len(t) > 0
	}
	from := p.at
	for depth := 0; p.at < len(p.text); {
		switch p.text[p.at] {
		case '"':
			if _, ok := p.quoted(); !ok {
				return nil, false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		p.at++
		if depth == 0 {
			return p.text[from:p.at], true
		}
	}
	return nil, false
}

// eachMember walks the members of an object, as [LineReader.eachMember] does of one that it checks.
func (p *plain) eachMember(each func(name, value jsontext.Value) error) error {
	if !p.take('{') {
		return errors.New("no JSON object")
	}
	for !p.take('}') {
		name, ok1 := p.quoted()
		colon := p.take(':')
		value, ok2 := p.skip()
		if !ok1 || !colon || !ok2 {
			return errors.New("cut off, or malformed")
		}
		if err := each(name, value); err != nil {
			return err
		}
		p.take(',')
	}
	return nil
}

func (p *plain) object(depth int) (any, bool) {
	p.at++
	m := map[string]any{}
	if p.take('}') {
		return m, true
	}
	for {
		quoted, ok := p.quoted()
		if !ok || !p.take(':') {
			return nil, false
		}
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		var name string
		if bytes.IndexByte(quoted, '\\') < 0 {
			name = p.once(quoted[1 : len(quoted)-1])
		} else if unquote(&name, quoted) != nil {
			return nil, false
		}
		m[name] = v
		if p.take('}') {
			return m, true
		}
		if !p.take(',') {
			return nil, false
		}
	}
}

func (p *plain) list(depth int) (any, bool) {
	p.at++
	l := []any{}
	if p.take(']') {
		return l, true
	}
	for {
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		l = append(l, v)
		if p.take(']') {
			return l, true
		}
		if !p.take(',') {
			return nil, false
		}
	}
}
