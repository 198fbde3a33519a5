package report

import (
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// said is what a fact says of one field.
type said struct {
	value  any
	said   bool   // the value counts; nil is "looked at, there is none"
	unseen string // coverage row or cause that says why it, or a part of it, was not seen
}

// field reads a fact's field: a value, none, not seen, or (all empty) not applicable.
func field(f *evidence.Fact, ptr string) said {
	v, ok := f.Get(ptr)
	s := said{value: v, said: ok, unseen: f.Unknowns[ptr+"/-"]}
	for p := ptr; p != "" && !ok; p = p[:strings.LastIndexByte(p, '/')] {
		if row, unknown := f.Unknowns[p]; unknown {
			s.unseen = row
			break
		}
	}
	return s
}

// text writes a field for people; what was not seen says so, never nothing.
func (s said) text() string {
	switch {
	case s.said && s.unseen != "":
		return valueText(s.value) + "\n… and more, NOT KNOWN: " + s.unseen
	case s.said:
		return valueText(s.value)
	case s.unseen != "":
		return "NOT KNOWN: " + s.unseen
	}
	return notApplicable
}

// word is the text by a table of words; other values stay as they are.
func (s said) word(words map[string]string) string {
	if v, ok := s.value.(string); ok && s.said && words[v] != "" {
		return words[v]
	}
	return s.text()
}

// is reports whether the field was seen and has that value.
func (s said) is(v any) bool { return s.said && s.value == v }

// list gives the strings of a list; none where it is none.
func (s said) list() []string {
	all, _ := s.value.([]any)
	out := make([]string, 0, len(all))
	for _, e := range all {
		out = append(out, valueText(e))
	}
	return out
}

// records gives the records of a list.
func (s said) records() []map[string]any {
	all, _ := s.value.([]any)
	var out []map[string]any
	for _, e := range all {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// carries reports whether facts of the fact's kind have a facet; a kind that is not declared has
// those that the fact says or leaves unknown.
func (b *book) carries(f *evidence.Fact, facet string) bool {
	if k, ok := b.in.Kinds[f.Kind]; ok {
		for _, name := range k.Facets {
			if name == facet {
				return true
			}
		}
		return false
	}
	s := field(f, "/"+facet)
	return s.said || s.unseen != ""
}
