package evidence

import (
	"bytes"
	"cmp"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// LineReader reads lines of a bundle's records without decoding all of them. It keeps what is costly
// to make anew for each line, and serves one goroutine at a time.
type LineReader struct {
	fact     Fact              // the last one
	texts    map[string]string // texts that repeat, each once
	parts    [][]byte          // of plainTexts
	straight straight          // of eachMember
	members  [][2]span         // of eachMember: name and value
	seen     struct {          // the time that was read last: facts of one answer have the same
		text string
		time time.Time
	}
}

// NewLineReader makes a reader.
func NewLineReader() *LineReader { return &LineReader{texts: map[string]string{}} }

// eachMember walks the members of one JSON object without decoding their values; the whole is checked
// before. Duplicate names and bad UTF-8 are errors, as are bytes behind the object. A name or value is
// part of text, as it stands there.
func (r *LineReader) eachMember(text []byte, each func(name, value jsontext.Value) error) error {
	r.members = r.members[:0]
	if r.straight.members(text, func(name, value span) { r.members = append(r.members, [2]span{name, value}) }) {
		for _, m := range r.members {
			name, value := m[0], m[1]
			if err := each(text[name.from-1:name.to+1], text[value.from:value.to]); err != nil {
				return err
			}
		}
		return nil
	}
	if !jsontext.Value(text).IsValid() {
		_, err := Canonicalize(text) // says where
		return cmp.Or(err, errors.New("malformed JSON"))
	}
	p := plain{text: text}
	return p.eachMember(each)
}

// unquote decodes a JSON string.
func unquote(into *string, v jsontext.Value) error {
	if v.Kind() != jsontext.KindString {
		return errors.New("no string: " + string(v[:min(len(v), 40)]))
	}
	if bytes.IndexByte(v, '\\') < 0 && len(v) > 1 {
		*into = string(v[1 : len(v)-1])
		return nil
	}
	b, err := jsontext.AppendUnquote(nil, v)
	*into = string(b)
	return err
}

// maxTexts bounds the texts that a reader keeps: what hostile lines hold need not repeat.
const maxTexts = 1 << 14

// repeated decodes a JSON string that is likely to stand in many lines.
func (r *LineReader) repeated(into *string, v jsontext.Value) error {
	if v.Kind() != jsontext.KindString || bytes.IndexByte(v, '\\') >= 0 {
		return unquote(into, v)
	}
	*into = r.once(v[1 : len(v)-1])
	return nil
}

func (r *LineReader) once(text []byte) string {
	s, ok := r.texts[string(text)]
	if !ok {
		s = string(text)
		if len(r.texts) < maxTexts {
			r.texts[s] = s
		}
	}
	return s
}

// plainTexts cuts a list or an object of strings as our own writer puts them, without white space and
// escapes, into its strings; ok is false where it is none. v is valid JSON.
func (r *LineReader) plainTexts(v jsontext.Value, open byte) (texts [][]byte, ok bool) {
	if len(v) < 2 || v[0] != open || bytes.IndexByte(v, '\\') >= 0 {
		return nil, false
	}
	texts = r.parts[:0]
	for rest := v[1 : len(v)-1]; len(rest) > 0; {
		if rest[0] != '"' {
			return nil, false
		}
		text, behind, _ := bytes.Cut(rest[1:], []byte{'"'})
		if len(behind) > 0 && behind[0] != ',' && behind[0] != ':' {
			return nil, false
		}
		texts, rest = append(texts, text), behind[min(1, len(behind)):]
	}
	r.parts = texts
	return texts, true
}

// list decodes a list of strings.
func (r *LineReader) list(into *[]string, v jsontext.Value) error {
	texts, ok := r.plainTexts(v, '[')
	if !ok {
		return json.Unmarshal(v, into)
	}
	*into = make([]string, len(texts))
	for i, t := range texts {
		(*into)[i] = r.once(t)
	}
	return nil
}

// object decodes an object whose values are strings.
func (r *LineReader) object(into *map[string]string, v jsontext.Value) error {
	texts, ok := r.plainTexts(v, '{')
	if !ok || len(texts)%2 != 0 {
		return json.Unmarshal(v, into)
	}
	*into = make(map[string]string, len(texts)/2)
	for i := 0; i < len(texts); i += 2 {
		(*into)[r.once(texts[i])] = r.once(texts[i+1])
	}
	return nil
}

// time decodes an instant.
func (r *LineReader) time(into *time.Time, v jsontext.Value) error {
	if string(v) != r.seen.text {
		var t time.Time
		if err := json.Unmarshal(v, &t); err != nil {
			return err
		}
		r.seen.text, r.seen.time = string(v), t
	}
	*into = r.seen.time
	return nil
}
