package controls

import (
	"maps"
	"slices"
)

// Part is what a control's population holds of one kind of things, and what was left out of it.
// Kinds that a test is about and of which nothing was seen have a part too.
type Part struct {
	Kind    string         `json:"kind"`
	In      int            `json:"in"`      // items in scope, or of a test that takes any scope
	Unknown int            `json:"unknown"` // items of unknown scope; they are in the population
	Out     map[string]int `json:"out"`     // things ruled out, by the register's rule
	Sources []string       `json:"sources"` // the kinds whose lists it depends on, sorted

	Completeness string   `json:"completeness"` // of those lists: once; twice, agree; twice, differ
	Lists        int      `json:"lists"`        // targets that have those lists, kind by kind
	Twice        int      `json:"twice"`        // those of them that the second source answered for
	Second       []string `json:"second"`       // operations of the second source that were answered, sorted
	Above        []string `json:"above"`        // organisations of its provider whose folders and projects one source alone lists: what that hides is in no list here
	OnlySecond   []string `json:"only_second"`  // ids that the second source alone lists: each is an insufficient item
	OnlyNative   []string `json:"only_native"`  // ids that it does not list: a note, it may lag behind
}

// part gives the tally's part of a kind.
func (t *tally) part(kind string) *Part {
	if t.parts == nil {
		t.parts = map[string]*Part{}
	}
	if t.parts[kind] == nil {
		t.parts[kind] = &Part{Kind: kind, Out: map[string]int{}, Sources: strings0(slices.Sorted(slices.Values(sourcesOf(kind))))}
	}
	return t.parts[kind]
}

// partsOf lists the parts of a control: the kinds that something was seen of, and those that its
// tests are about, of the run's providers.
func (p *pass) partsOf(t *tally) []Part {
	providers := p.providers()
	for _, test := range p.c.tests[t.control.ID] {
		for kind := range test.kinds {
			if provider := providerOf(kind); providers[provider] || provider == "trefoil" {
				t.part(kind)
			}
		}
	}
	out := make([]Part, 0, len(t.parts))
	for _, kind := range slices.Sorted(maps.Keys(t.parts)) {
		out = append(out, *t.parts[kind])
	}
	return out
}
