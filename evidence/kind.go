package evidence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind declares what facts of one kind carry. It stands beside the collector that emits them,
// or in a plug-in's manifest. Every field of a carried facet is either said by each fact or
// listed in NotApplicable with the reason.
type Kind struct {
	Name          string            `json:"name"` // provider.service.thing
	Schema        int               `json:"schema"`
	Doc           string            `json:"doc,omitempty"`
	Facets        []string          `json:"facets"` // names from Facets
	NotApplicable map[string]string `json:"not_applicable,omitzero"`
	Attrs         []Field           `json:"attrs,omitzero"` // the provider's own
	Derived       bool              `json:"derived,omitzero"`
}

// Kinds is a set of kinds by name.
type Kinds map[string]*Kind

// NewKinds checks each kind and puts them in a set. Two kinds of one name are an error.
func NewKinds(kinds ...*Kind) (Kinds, error) {
	set := Kinds{}
	for _, k := range kinds {
		if err := k.Check(); err != nil {
			return nil, err
		}
		if old, ok := set[k.Name]; ok && old != k {
			return nil, fmt.Errorf("kind %s is declared twice", k.Name)
		}
		set[k.Name] = k
	}
	return set, nil
}

// Check reports what is wrong with a declaration: unknown facets, a not-applicable pointer
// that names nothing or gives no reason, attrs without a type.
func (k *Kind) Check() error {
	var errs []error
	if k.Name == "" || k.Schema < 1 {
		errs = append(errs, errors.New("name and schema must be set"))
	}
	for _, name := range k.Facets {
		if _, ok := facet(name); !ok {
			errs = append(errs, fmt.Errorf("unknown facet %q", name))
		}
	}
	for ptr, why := range k.NotApplicable {
		if _, ok := k.field(ptr); (!ok && ptr != "/tags") || why == "" {
			errs = append(errs, fmt.Errorf("not_applicable %q names no field of a carried facet, or gives no reason", ptr))
		}
	}
	for _, f := range k.Attrs {
		errs = append(errs, checkField(f))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("kind %s: %w", k.Name, err)
	}
	return nil
}

func checkField(f Field) error {
	switch f.Type {
	case String, Bool, Int, Time, Place:
		if len(f.Fields) > 0 {
			return fmt.Errorf("field %s: only a record has fields", f.Name)
		}
	case Record:
		var errs []error
		for _, sub := range f.Fields {
			errs = append(errs, checkField(sub))
		}
		return errors.Join(errs...)
	default:
		return fmt.Errorf("field %s: unknown type %q", f.Name, f.Type)
	}
	return nil
}

// facetTable is the vocabulary by name; built once, read only.
var facetTable = func() map[string]Field {
	table := map[string]Field{}
	for _, f := range Facets() {
		table[f.Name] = f
	}
	return table
}()

func facet(name string) (Field, bool) {
	f, ok := facetTable[name]
	return f, ok
}

// Top lists the top-level fields of a fact of this kind: carried facets and attrs, sorted.
func (k *Kind) Top() []Field {
	var top []Field
	for _, name := range k.Facets {
		if f, ok := facet(name); ok {
			top = append(top, f)
		}
	}
	if len(k.Attrs) > 0 {
		top = append(top, Field{Name: "attrs", Type: Record, Fields: k.Attrs})
	}
	slices.SortFunc(top, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return top
}

// field resolves a pointer such as /encryption/key or /located in the kind's declaration.
// Inside lists, any index (or -) stands for the element.
func (k *Kind) field(ptr string) (Field, bool) {
	parts := strings.Split(strings.TrimPrefix(ptr, "/"), "/")
	fields := k.Top()
	var cur Field
	for i := 0; i < len(parts); i++ {
		at := slices.IndexFunc(fields, func(f Field) bool { return f.Name == parts[i] })
		if at < 0 {
			return Field{}, false
		}
		cur = fields[at]
		if cur.List && i+1 < len(parts) {
			i++ // the index
			if i+1 == len(parts) {
				return cur, true
			}
		}
		fields = cur.Fields
	}
	return cur, true
}

// Carries reports whether facts of this kind say the field at ptr: its facet is carried and
// the field is not declared as not applicable.
func (k *Kind) Carries(ptr string) bool {
	if _, ok := k.field(ptr); !ok {
		return false
	}
	for p := ptr; p != ""; p = p[:strings.LastIndexByte(p, '/')] {
		if _, na := k.NotApplicable[p]; na {
			return false
		}
	}
	return true
}
