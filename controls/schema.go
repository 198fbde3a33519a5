package controls

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/trefoil-audit/trefoil/evidence"
)

// placesType is opaque to tests: within() is the only operation on it.
var placesType = types.NewOpaqueType("places")

// node is one readable field: of the fact, of a record, or of the elements of a list.
type node struct {
	name   string
	ptr    string // JSON Pointer; of what is in a list, without the list's index
	field  evidence.Field
	typ    *types.Type
	enum   map[string]bool
	fields map[string]*node // of a record
}

// schema is what a test can read: exactly the fields that every kind of its population carries.
// It is CEL's type provider for that test, so that a field that some kind lacks is a type error.
type schema struct {
	types.Provider
	root  *node
	nodes map[string]*node // by type name
}

// newSchema builds the type `fact` for a population.
func newSchema(base types.Provider, kinds []*evidence.Kind) (*schema, error) {
	s := &schema{Provider: base, nodes: map[string]*node{}}
	s.root = s.record("Fact", "", evidence.Field{Type: evidence.Record})
	for _, f := range envelope() {
		s.root.fields[f.Name] = s.field("Fact", "", f)
	}
	if all(kinds, func(k *evidence.Kind) bool { _, na := k.NotApplicable["/tags"]; return !na }) {
		s.root.fields["tags"] = &node{name: "tags", typ: types.NewMapType(types.StringType, types.StringType)}
	}
	for _, f := range kinds[0].Top() {
		if merged, ok, err := common(kinds, "/"+f.Name, f); err != nil {
			return nil, err
		} else if ok {
			s.root.fields[f.Name] = s.field("Fact", "", merged)
		}
	}
	return s, nil
}

// envelope is what each fact says of itself.
func envelope() []evidence.Field {
	return []evidence.Field{{Name: "id", Type: evidence.String}, {Name: "kind", Type: evidence.String}, {Name: "name", Type: evidence.String},
		{Name: "provider", Type: evidence.String}, {Name: "target", Type: evidence.String}, {Name: "region", Type: evidence.String},
		{Name: "seen", Type: evidence.Time}}
}

func all(kinds []*evidence.Kind, ok func(*evidence.Kind) bool) bool {
	return !slices.ContainsFunc(kinds, func(k *evidence.Kind) bool { return !ok(k) })
}

// common keeps of a field what all kinds carry, with one type.
func common(kinds []*evidence.Kind, ptr string, f evidence.Field) (evidence.Field, bool, error) {
	for _, k := range kinds {
		other, ok := declared(k, ptr)
		if !ok || !k.Carries(ptr) {
			return f, false, nil
		}
		if other.Type != f.Type || other.List != f.List {
			return f, false, fmt.Errorf("%s is %s of one kind and %s of %s", ptr, f.Type, other.Type, k.Name)
		}
	}
	if f.Type != evidence.Record || f.List {
		return f, true, nil
	}
	var kept []evidence.Field
	for _, sub := range f.Fields {
		if merged, ok, err := common(kinds, ptr+"/"+sub.Name, sub); err != nil {
			return f, false, err
		} else if ok {
			kept = append(kept, merged)
		}
	}
	f.Fields = kept
	return f, true, nil
}

func declared(k *evidence.Kind, ptr string) (evidence.Field, bool) {
	fields := k.Top()
	var cur evidence.Field
	for name := range strings.SplitSeq(strings.TrimPrefix(ptr, "/"), "/") {
		i := slices.IndexFunc(fields, func(f evidence.Field) bool { return f.Name == name })
		if i < 0 {
			return cur, false
		}
		cur = fields[i]
		fields = cur.Fields
	}
	return cur, true
}

func (s *schema) record(name, ptr string, f evidence.Field) *node {
	n := &node{name: name, ptr: ptr, field: f, typ: types.NewObjectType(name), fields: map[string]*node{}}
	s.nodes[name] = n
	for _, sub := range f.Fields {
		n.fields[sub.Name] = s.field(name, ptr, sub)
	}
	return n
}

// field gives the CEL type of a field. Scalars can be null: that is "none".
func (s *schema) field(parent, ptr string, f evidence.Field) *node {
	ptr += "/" + f.Name
	n := &node{name: f.Name, ptr: ptr, field: f}
	switch f.Type {
	case evidence.Record:
		n = s.record(parent+"."+f.Name, ptr, f)
	case evidence.Place:
		n.typ = placesType
		return n
	case evidence.String:
		n.typ = types.StringType
	case evidence.Bool:
		n.typ = types.BoolType
	case evidence.Int:
		n.typ = types.IntType
	case evidence.Time:
		n.typ = types.TimestampType
	}
	if len(f.Enum) > 0 {
		n.enum = map[string]bool{}
		for _, v := range f.Enum {
			n.enum[v] = true
		}
	}
	switch {
	case f.List:
		n.typ = types.NewListType(n.typ)
	case f.Type != evidence.Record:
		n.typ = types.NewNullableType(n.typ)
	}
	return n
}

// FindStructType tells CEL of the record types.
func (s *schema) FindStructType(name string) (*types.Type, bool) {
	if n, ok := s.nodes[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(n.name)), true
	}
	return s.Provider.FindStructType(name)
}

// FindStructFieldNames lists the fields of a record type.
func (s *schema) FindStructFieldNames(name string) ([]string, bool) {
	n, ok := s.nodes[name]
	if !ok {
		return s.Provider.FindStructFieldNames(name)
	}
	var names []string
	for f := range n.fields {
		names = append(names, f)
	}
	slices.Sort(names)
	return names, true
}

// FindStructFieldType gives the type of a field. It sets no accessor: values go through
// record.Get, which knows what was not seen.
func (s *schema) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	n, ok := s.nodes[name]
	if !ok {
		return s.Provider.FindStructFieldType(name, field)
	}
	f, ok := n.fields[field]
	if !ok {
		return nil, false
	}
	return &types.FieldType{Type: f.typ}, true
}

// NewValue refuses: tests make no records.
func (s *schema) NewValue(name string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("a test makes no %s", name)
}
