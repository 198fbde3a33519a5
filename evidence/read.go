package evidence

import (
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// member is a field of a fact that was read: decoded when somebody asks for it.
type member struct {
	name  string
	value jsontext.Value
	v     any
	done  bool // v is decoded
	bad   bool // a number beyond all bounds, which no collector emits
}

// Fact reads a line of facts.jsonl for judging. It checks the whole line as [DecodeFact] does, and
// decodes a field when Get or Field asks for it: most tests read few. Fields is filled by Clone and
// Encode alone. The fact is valid until the next one, and while the line stays as it is; its Clone stays.
func (r *LineReader) Fact(line []byte) (*Fact, error) {
	return r.finish(r.eachMember(line, r.start()))
}

// FactAgain reads a line that [LineReader.Fact] took before, and does not check it again. The caller
// must know that it is the same line, as by the digest of the file.
func (r *LineReader) FactAgain(line []byte) (*Fact, error) {
	p := plain{text: line, once: r.once}
	return r.finish(p.eachMember(r.start()))
}

func (r *LineReader) start() (each func(name, value jsontext.Value) error) {
	clear(r.fact.raw)
	r.fact = Fact{raw: r.fact.raw[:0], reader: r}
	return func(name, value jsontext.Value) error { return r.take(&r.fact, name, value) }
}

func (r *LineReader) finish(err error) (*Fact, error) {
	if err != nil {
		return nil, fmt.Errorf("decode fact: %w", err)
	}
	return &r.fact, nil
}

// take keeps one member of a fact's line.
func (r *LineReader) take(f *Fact, name, value jsontext.Value) error {
	switch string(name) {
	case `"id"`:
		return unquote(&f.ID, value)
	case `"kind"`:
		return r.repeated(&f.Kind, value)
	case `"schema"`:
		if string(value) == "1" {
			f.Schema = 1
			return nil
		}
		return json.Unmarshal(value, &f.Schema)
	case `"provider"`:
		return r.repeated(&f.Provider, value)
	case `"target"`:
		return r.repeated(&f.Target, value)
	case `"region"`:
		return r.repeated(&f.Region, value)
	case `"name"`:
		return unquote(&f.Name, value)
	case `"tags"`:
		return r.object(&f.Tags, value)
	case `"seen"`:
		return r.time(&f.Seen, value)
	case `"from"`:
		return r.list(&f.From, value)
	case `"unknown"`:
		return r.object(&f.Unknowns, value)
	}
	m := member{value: value}
	if err := r.repeated(&m.name, name); err != nil {
		return err
	}
	f.raw = append(f.raw, m)
	return nil
}

// Field gives a facet, or the attrs, of a fact; ok is false where the fact does not say it.
func (f *Fact) Field(name string) (v any, ok bool) {
	for i := range f.raw {
		if m := &f.raw[i]; m.name == name {
			if !m.done {
				var good bool
				m.v, good = decodePlain(m.value, f.reader.once)
				m.done, m.bad = true, !good
			}
			return m.v, !m.bad
		}
	}
	v, ok = f.Fields[name]
	return v, ok
}

// decodeAll decodes what nobody asked for yet, and lets go of the line.
func (f *Fact) decodeAll() {
	if f.raw == nil {
		return
	}
	if f.Fields == nil {
		f.Fields = make(map[string]any, len(f.raw))
	}
	for i := range f.raw {
		if v, ok := f.Field(f.raw[i].name); ok {
			f.Fields[f.raw[i].name] = v
		}
	}
	f.raw, f.reader = nil, nil
}

// Amend gives a copy of a fact in which one facet can be set: it shares all others with f. What is in
// the facet already may be nil.
func (f *Fact) Amend(facet string) *Fact {
	v, ok := f.Field(facet)
	if ok {
		v = cloneValue(v)
	}
	c := *f
	c.Unknowns = maps.Clone(f.Unknowns)
	c.raw = slices.DeleteFunc(slices.Clone(f.raw), func(m member) bool { return m.name == facet })
	c.Fields = maps.Clone(f.Fields)
	if ok {
		if c.Fields == nil {
			c.Fields = map[string]any{}
		}
		c.Fields[facet] = v
	}
	return &c
}

// Excerpt is a line of the fact with the fields alone that pointers name, what is unknown, and what
// tells it from others: id, kind, provider, target, name.
func (f *Fact) Excerpt(ptrs []string) ([]byte, error) {
	short := &Fact{Fields: map[string]any{"id": f.ID, "kind": f.Kind, "provider": f.Provider, "target": f.Target, "name": f.Name}}
	if len(f.Unknowns) > 0 {
		short.Fields["unknown"] = f.Unknowns
	}
	for _, ptr := range ptrs {
		if v, said := f.Get(ptr); said {
			short.put(ptr, v)
		}
	}
	line, err := Canonical(short.Fields)
	if err != nil {
		return nil, fmt.Errorf("excerpt of %s: %w", f.ID, err)
	}
	return line, nil
}
