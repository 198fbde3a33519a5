package evidence

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// member is a field of a fact that was read and not decoded.
type member struct {
	name  string
	value jsontext.Value
}

// ReadFact reads a line of facts.jsonl for judging. It checks the whole line as [DecodeFact] does,
// and decodes a field when Get or Field asks for it: most tests read few. Fields holds those that were
// asked for alone; Encode and Clone decode the rest.
func ReadFact(line []byte) (*Fact, error) {
	f := &Fact{Fields: map[string]any{}}
	own := bytes.Clone(line)
	if err := eachMember(own, f.take); err != nil {
		return nil, fmt.Errorf("decode fact: %w", err)
	}
	return f, nil
}

// take keeps one member of a fact's line.
func (f *Fact) take(name, value jsontext.Value) error {
	switch string(name) {
	case `"id"`:
		return unquote(&f.ID, value)
	case `"kind"`:
		return unquote(&f.Kind, value)
	case `"schema"`:
		return json.Unmarshal(value, &f.Schema)
	case `"provider"`:
		return unquote(&f.Provider, value)
	case `"target"`:
		return unquote(&f.Target, value)
	case `"region"`:
		return unquote(&f.Region, value)
	case `"name"`:
		return unquote(&f.Name, value)
	case `"tags"`:
		return json.Unmarshal(value, &f.Tags)
	case `"seen"`:
		return json.Unmarshal(value, &f.Seen)
	case `"from"`:
		return json.Unmarshal(value, &f.From)
	case `"unknown"`:
		return json.Unmarshal(value, &f.Unknowns)
	}
	m := member{value: value}
	if err := unquote(&m.name, name); err != nil {
		return err
	}
	f.raw = append(f.raw, m)
	return nil
}

// Field gives a facet, or the attrs, of a fact; ok is false where the fact does not say it.
func (f *Fact) Field(name string) (v any, ok bool) {
	if v, ok = f.Fields[name]; ok {
		return v, true
	}
	for i, m := range f.raw {
		if m.name != name {
			continue
		}
		f.raw = append(f.raw[:i:i], f.raw[i+1:]...)
		if json.Unmarshal(m.value, &v) != nil {
			return nil, false // a number beyond all bounds, which no collector emits
		}
		f.Fields[name] = v
		return v, true
	}
	return nil, false
}

// decodeAll decodes what nobody asked for yet.
func (f *Fact) decodeAll() {
	for len(f.raw) > 0 {
		f.Field(f.raw[0].name)
	}
}
