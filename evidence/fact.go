package evidence

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Fact is one normalised statement about one thing. Build one with [NewFact]; set each field
// of its kind exactly once, with Set, None or Unknown; [Fact.Check] refuses the rest.
//
// In Fields a value is a string, bool, float64, []any or map[string]any, as JSON has them; nil
// is "none: looked at, there is none". What is absent from Fields is unknown, if a pointer in
// Unknowns says so, or not applicable by its kind.
type Fact struct {
	ID       string            `json:"id"`
	Kind     string            `json:"kind"`
	Schema   int               `json:"schema"`
	Provider string            `json:"provider"`
	Target   string            `json:"target"`
	Region   string            `json:"region"`
	Name     string            `json:"name"`
	Tags     map[string]string `json:"tags,omitzero"` // nil where not said
	Seen     time.Time         `json:"seen"`
	From     []string          `json:"from"`             // x: exchange, i: input line, c: coverage row, f: fact (derived facts only)
	Unknowns map[string]string `json:"unknown,omitzero"` // JSON Pointer → id of the coverage row that says why
	Fields   map[string]any    `json:",embed"`           // facets and attrs

	raw    []member // of a fact that a LineReader gave
	reader *LineReader
	errs   []error
}

// NewFact starts a fact of a kind. Provider is the first part of the kind's name. Target,
// region, seen and from are the session's to fill.
func NewFact(k *Kind, id, name string) *Fact {
	provider, _, _ := strings.Cut(k.Name, ".")
	return &Fact{ID: id, Kind: k.Name, Schema: k.Schema, Provider: provider, Name: name, Fields: map[string]any{}}
}

// Set gives the field at ptr (such as /store/class, /located or /attrs/iops) its value: a
// string, bool, int, time.Time, []string, map[string]any or []map[string]any. A string or
// list that is empty is still a value; say None for "there is none".
func (f *Fact) Set(ptr string, v any) *Fact {
	n, err := normal(v)
	if err != nil {
		return f.fail(ptr, err)
	}
	return f.put(ptr, n)
}

// None says of each field that it was looked at and that there is none: null, or an empty list.
func (f *Fact) None(k *Kind, ptrs ...string) *Fact {
	for _, ptr := range ptrs {
		field, ok := k.field(ptr)
		switch {
		case !ok:
			f.fail(ptr, errors.New("no such field"))
		case field.List:
			f.put(ptr, []any{})
		default:
			f.put(ptr, nil)
		}
	}
	return f
}

// Unknown says of each field that it could not be seen, and which coverage row tells why.
// /copies/- says that a list was cut off: what was seen stays.
func (f *Fact) Unknown(row string, ptrs ...string) *Fact {
	if f.Unknowns == nil {
		f.Unknowns = map[string]string{}
	}
	for _, ptr := range ptrs {
		if _, twice := f.Unknowns[ptr]; twice {
			f.fail(ptr, errors.New("set twice"))
		}
		f.Unknowns[ptr] = row
	}
	return f
}

// SetTags says the thing's labels; an empty map says that there are none.
func (f *Fact) SetTags(tags map[string]string) *Fact {
	if f.Tags != nil {
		return f.fail("/tags", errors.New("set twice"))
	}
	f.Tags = map[string]string{}
	maps.Copy(f.Tags, tags)
	return f
}

// Because adds the exchanges, input lines or coverage rows that the fact comes from.
func (f *Fact) Because(from ...string) *Fact {
	f.From = append(f.From, from...)
	return f
}

func (f *Fact) fail(ptr string, err error) *Fact {
	f.errs = append(f.errs, fmt.Errorf("%s: %w", ptr, err))
	return f
}

func (f *Fact) put(ptr string, v any) *Fact {
	parts := strings.Split(strings.TrimPrefix(ptr, "/"), "/")
	at := f.Fields
	for _, p := range parts[:len(parts)-1] {
		next, ok := at[p].(map[string]any)
		if !ok {
			if _, taken := at[p]; taken {
				return f.fail(ptr, errors.New("set twice"))
			}
			next = map[string]any{}
			at[p] = next
		}
		at = next
	}
	last := parts[len(parts)-1]
	if _, twice := at[last]; twice {
		return f.fail(ptr, errors.New("set twice"))
	}
	at[last] = v
	return f
}

// Get returns the value at ptr; ok is false where the fact does not say it. List elements
// are addressed by index.
func (f *Fact) Get(ptr string) (v any, ok bool) {
	first, rest, more := strings.Cut(strings.TrimPrefix(ptr, "/"), "/")
	if v, ok = f.Field(first); !ok || !more {
		return v, ok
	}
	for p := range strings.SplitSeq(rest, "/") {
		switch c := v.(type) {
		case map[string]any:
			if v, ok = c[p]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(p)
			if err != nil || i < 0 || i >= len(c) {
				return nil, false
			}
			v = c[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// normal turns a Go value into what JSON decoding would give.
func normal(v any) (any, error) {
	switch v := v.(type) {
	case string, bool, float64:
		return v, nil
	case int:
		return wholeValue(int64(v))
	case int32:
		return float64(v), nil
	case int64:
		return wholeValue(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), nil
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			if e == nil {
				out[name] = nil
				continue
			}
			n, err := normal(e)
			if err != nil {
				return nil, err
			}
			out[name] = n
		}
		return out, nil
	case []map[string]any:
		out := make([]any, len(v))
		for i, e := range v {
			n, err := normal(e)
			if err != nil {
				return nil, err
			}
			out[i] = n
		}
		return out, nil
	case []any:
		return v, nil
	}
	return nil, fmt.Errorf("a value of type %T has no place in a fact", v)
}

// Encode gives the fact's line in facts.jsonl: canonical JSON without a line end.
func (f *Fact) Encode() ([]byte, error) {
	f.decodeAll()
	b, err := Canonical(f)
	if err != nil {
		return nil, fmt.Errorf("fact %s: %w", f.ID, err)
	}
	return b, nil
}

// DecodeFact parses one line of facts.jsonl. Duplicate names and bad UTF-8 are errors.
func DecodeFact(line []byte) (*Fact, error) {
	f := &Fact{}
	if err := json.Unmarshal(line, f); err != nil {
		return nil, fmt.Errorf("decode fact: %w", err)
	}
	return f, nil
}

// Clone copies a fact deeply enough that derivations can set fields on the copy.
func (f *Fact) Clone() *Fact {
	c := *f
	c.Fields = maps.Clone(f.Fields)
	c.decodeAll()
	c.Tags = maps.Clone(f.Tags)
	c.From = slices.Clone(f.From)
	c.Unknowns = maps.Clone(f.Unknowns)
	c.Fields, _ = cloneValue(c.Fields).(map[string]any)
	return &c
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = cloneValue(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = cloneValue(e)
		}
		return out
	}
	return v
}
