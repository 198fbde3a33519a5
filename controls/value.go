package controls

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/trefoil-audit/trefoil/evidence"
)

// unknown is the value of what was not seen; because is a coverage row's id or the cause of a
// join without an end. CEL's three-valued logic carries it into the result.
func unknown(because string) *types.Unknown {
	return types.NewUnknown(1, types.NewAttributeTrail(because))
}

// causes lists what an unknown value is made of, sorted: its own order varies.
func causes(u *types.Unknown) []string {
	var out []string
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, t := range trails {
			out = append(out, t.Variable())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// record is a fact, or a record inside one, as CEL sees it.
type record struct {
	fact   *evidence.Fact
	node   *node
	ptr    string
	fields map[string]any
}

// newRecord is a fact as a whole: its fields are decoded when a test reads them.
func newRecord(f *evidence.Fact, s *schema) *record { return &record{f, s.root, "", nil} }

var _ traits.Indexer = (*record)(nil)

// Get gives a field: a value, null for "none", or an unknown value.
func (r *record) Get(index ref.Val) ref.Val {
	name, ok := index.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(index)
	}
	n, ok := r.node.fields[string(name)]
	if !ok {
		return types.NewErr("no such field %s", name)
	}
	if r.ptr == "" {
		if v := r.envelope(n.name, n); v != nil {
			return v
		}
	}
	// A derived schema nests record names; the field's own name is its last part.
	field := string(name)
	ptr := n.ptr
	if r.ptr != r.node.ptr { // it is in a list
		ptr = r.ptr + "/" + field
	}
	if row, ok := r.fact.Unknowns[ptr]; ok {
		return unknown(row)
	}
	v, said := r.fields[field]
	if r.ptr == "" {
		v, said = r.fact.Field(field)
	}
	if !said {
		// Whether it is there at all was not seen, so it must not compare with null as a record.
		if u := r.fieldsUnknown(ptr); u != nil {
			return u
		}
		return unknown("not said by the fact: " + ptr)
	}
	return r.value(ptr, n, v)
}

// fieldsUnknown gathers why the fields of a record were not seen; nil where the fact gives no cause.
func (r *record) fieldsUnknown(ptr string) *types.Unknown {
	var u *types.Unknown
	for _, at := range slices.Sorted(maps.Keys(r.fact.Unknowns)) {
		if strings.HasPrefix(at, ptr+"/") {
			u = types.MergeUnknowns(u, unknown(r.fact.Unknowns[at]))
		}
	}
	return u
}

func (r *record) envelope(name string, n *node) ref.Val {
	f := r.fact
	switch name {
	case "id":
		return types.String(f.ID)
	case "kind":
		return types.String(f.Kind)
	case "name":
		if why, ok := f.Unknowns["/name"]; ok {
			return unknown(why)
		}
		return types.String(f.Name)
	case "provider":
		return types.String(f.Provider)
	case "target":
		return types.String(f.Target)
	case "region":
		return types.String(f.Region)
	case "seen":
		return types.Timestamp{Time: f.Seen}
	case "tags":
		if row, ok := f.Unknowns["/tags"]; ok {
			return unknown(row)
		}
		if u := r.fieldsUnknown("/tags"); u != nil {
			return u
		}
		return types.DefaultTypeAdapter.NativeToValue(f.Tags)
	}
	return nil
}

// value turns what a fact says into a CEL value. What does not fit its type is unknown: a
// value of a newer or damaged schema must not count.
func (r *record) value(ptr string, n *node, v any) ref.Val {
	if n.field.List {
		elems, ok := v.([]any)
		if !ok {
			return unknown("not a list: " + ptr)
		}
		return r.list(ptr, n, elems)
	}
	if v == nil {
		if n.field.Type == evidence.Place {
			return &places{}
		}
		return types.NullValue
	}
	return r.scalar(ptr, n, v)
}

func (r *record) scalar(ptr string, n *node, v any) ref.Val {
	switch n.field.Type {
	case evidence.Record:
		if m, ok := v.(map[string]any); ok {
			return &record{r.fact, n, ptr, m}
		}
	case evidence.Place:
		if s, ok := v.(string); ok {
			return &places{tokens: []string{s}}
		}
	case evidence.String:
		if s, ok := v.(string); ok {
			if n.enum != nil && !n.enum[s] {
				return unknown(fmt.Sprintf("not in the vocabulary: %s = %q", ptr, s))
			}
			return types.String(s)
		}
	case evidence.Bool:
		if b, ok := v.(bool); ok {
			return types.Bool(b)
		}
	case evidence.Int:
		if n, ok := evidence.Whole(v); ok {
			return types.Int(n)
		}
	case evidence.Time:
		if s, ok := v.(string); ok {
			if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
				return types.Timestamp{Time: t}
			}
		}
	}
	return unknown(fmt.Sprintf("not of type %s: %s", n.field.Type, ptr))
}

func (r *record) list(ptr string, n *node, elems []any) ref.Val {
	var rest *types.Unknown
	if row, ok := r.fact.Unknowns[ptr+"/-"]; ok {
		rest = unknown(row)
	}
	if n.field.Type == evidence.Place {
		p := &places{rest: rest}
		for _, e := range elems {
			if s, ok := e.(string); ok {
				p.tokens = append(p.tokens, s)
			} else {
				p.rest = unknown("not a place: " + ptr)
			}
		}
		return p
	}
	vals := make([]ref.Val, 0, len(elems)+1)
	partial := rest != nil
	for i, e := range elems {
		v := r.scalar(ptr+"/"+strconv.Itoa(i), n, e)
		partial = partial || types.IsUnknown(v)
		vals = append(vals, v)
	}
	if rest != nil {
		vals = append(vals, rest)
	}
	l := types.NewRefValList(types.DefaultTypeAdapter, vals)
	if !partial {
		return l
	}
	return &partialList{l, vals}
}

// ConvertToNative is not offered.
func (r *record) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a record is no %v", t)
}

// ConvertToType is not offered.
func (r *record) ConvertToType(ref.Type) ref.Val { return types.NewErr("a record is not converted") }

// Equal is defined against null only: a record that is there is not null.
func (r *record) Equal(other ref.Val) ref.Val {
	if other == types.NullValue {
		return types.False
	}
	return types.NewErr("records are not compared")
}

// Type is the record's object type.
func (r *record) Type() ref.Type { return r.node.typ }

// Value is the record itself.
func (r *record) Value() any { return r }

// partialList is a list with elements that were not seen. The library's own would answer that
// such a list lacks a value, and how long it is, as if it had been seen whole.
type partialList struct {
	traits.Lister
	vals []ref.Val
}

func (l *partialList) rest() *types.Unknown {
	var u *types.Unknown
	for _, v := range l.vals {
		if e, ok := v.(*types.Unknown); ok {
			u = types.MergeUnknowns(u, e)
		}
	}
	return u
}

// Contains is true on a hit among what was seen, else unknown.
func (l *partialList) Contains(v ref.Val) ref.Val {
	for _, e := range l.vals {
		if !types.IsUnknown(e) && e.Equal(v) == types.True {
			return types.True
		}
	}
	return l.rest()
}

// Size is unknown.
func (l *partialList) Size() ref.Val { return l.rest() }

// Equal is unknown.
func (l *partialList) Equal(ref.Val) ref.Val { return l.rest() }

// places is a set of place tokens; rest is what of it was not seen.
type places struct {
	tokens []string
	rest   *types.Unknown
}

// ConvertToNative is not offered.
func (p *places) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("places are no %v", t)
}

// ConvertToType is not offered.
func (p *places) ConvertToType(ref.Type) ref.Val { return types.NewErr("places are not converted") }

// Equal is an error: places are compared through within() alone.
func (p *places) Equal(ref.Val) ref.Val { return types.NewErr("places are compared by within()") }

// Type is the opaque type.
func (p *places) Type() ref.Type { return placesType }

// Value is the value itself.
func (p *places) Value() any { return p }
