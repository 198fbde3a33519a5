package evidence

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// decoders keeps decoders for eachMember: a new one costs more than walking a small fact.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// eachMember walks the members of one JSON object without decoding their values, which are checked.
// Duplicate names and bad UTF-8 are errors, as are bytes behind the object. A name or value is part
// of text, as it stands there.
func eachMember(text []byte, each func(name, value jsontext.Value) error) error {
	d, _ := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(text))
	if t, err := d.ReadToken(); err != nil {
		return err
	} else if t.Kind() != jsontext.KindBeginObject {
		return errors.New("no JSON object")
	}
	next := func() (jsontext.Value, error) {
		v, err := d.ReadValue()
		end := int(d.InputOffset())
		return jsontext.Value(text[end-len(v) : end]), err
	}
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := next()
		if err != nil {
			return err
		}
		value, err := next()
		if err != nil {
			return err
		}
		if err := each(name, value); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("bytes behind the object")
	}
	return nil
}

// unquote decodes a JSON string.
func unquote(into *string, v jsontext.Value) error {
	if v.Kind() != jsontext.KindString {
		return errors.New("no string: " + string(v[:min(len(v), 40)]))
	}
	if bytes.IndexByte(v, '\\') < 0 {
		*into = string(v[1 : len(v)-1])
		return nil
	}
	b, err := jsontext.AppendUnquote(nil, v)
	*into = string(b)
	return err
}
