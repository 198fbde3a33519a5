package plugin

import (
	"slices"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Withholdable lists the fields of a line of output that an engagement may keep out of the evidence: names, labels and
// the texts of the plug-in's own attrs. What a fact then lacks is unknown. What stands in a facet (places, owners,
// keys, states) is what controls decide by, and an id is how things are told apart.
func (m *Manifest) Withholdable() []string {
	out := []string{"/fact/name"}
	for _, k := range m.Kinds {
		if _, none := k.NotApplicable["/tags"]; !none {
			out = append(out, "/fact/tags/*")
		}
		out = append(out, texts("/fact/fields/attrs", k.Attrs)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// texts lists the paths of the fields of free text.
func texts(at string, fields []evidence.Field) (out []string) {
	for _, f := range fields {
		path := at + "/" + f.Name
		if f.List {
			path += "/*"
		}
		switch {
		case f.Type == evidence.Record:
			out = append(out, texts(path, f.Fields)...)
		case f.Type == evidence.String && len(f.Enum) == 0:
			out = append(out, path)
		}
	}
	return out
}
