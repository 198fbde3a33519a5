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

// eachMember walks the members of one JSON object without decoding their values, which are checked
// and valid until the function returns. Duplicate names and bad UTF-8 are errors, as are bytes
// behind the object.
func eachMember(text []byte, each func(name string, value jsontext.Value) error) error {
	d, _ := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(text))
	if t, err := d.ReadToken(); err != nil {
		return err
	} else if t.Kind() != jsontext.KindBeginObject {
		return errors.New("no JSON object")
	}
	for d.PeekKind() != jsontext.KindEndObject {
		t, err := d.ReadToken()
		if err != nil {
			return err
		}
		name := t.String()
		value, err := d.ReadValue()
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
