package controls

import (
	"maps"
	"slices"
	"strings"
)

// Population says in words what a control is about.
func (c *Control) Population() string {
	var out []string
	for _, t := range c.Tests {
		text := "every " + strings.Join(t.Kinds, ", ")
		if t.Facet != "" {
			text = "everything that carries " + t.Facet
		}
		if t.Where != "" {
			text += ", where " + t.Where
		}
		if t.Scope != "any" {
			text += ", in scope"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// Frameworks lists the frameworks that the control maps to, sorted.
func (c *Control) Frameworks() []string { return slices.Sorted(maps.Keys(c.Mappings)) }
