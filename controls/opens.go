package controls

import (
	"cmp"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// holders says, of kinds that are ways into a store, where their facts name it.
var holders = map[string]string{"aws.rds.instance": "/attrs/cluster", "aws.s3.access_point": "/attrs/bucket", "aws.s3.multi_region_access_point": "/attrs/buckets"}

// heldBy gives the stores that a fact is a way into; unseen is why they were not all seen.
func heldBy(f *evidence.Fact) (ids []string, unseen string) {
	ptr := holders[f.Kind]
	if ptr == "" {
		return nil, ""
	}
	v, _ := f.Get(ptr)
	switch v := v.(type) {
	case string:
		ids = []string{v}
	case []any:
		for _, e := range v {
			if id, ok := e.(string); ok {
				ids = append(ids, id)
			}
		}
	}
	return ids, cmp.Or(f.Unknowns["/attrs"], f.Unknowns[ptr], f.Unknowns[ptr+"/-"])
}

// keyOf gives the key that encrypts a store, or an export; unseen is why it is not known.
func keyOf(f *evidence.Fact) (key, unseen string) {
	ptr := "/encryption/key"
	if slices.Contains(exports, f.Kind) {
		ptr = "/attrs/key"
	}
	v, _ := f.Get(ptr)
	key, _ = v.(string)
	return key, cmp.Or(f.Unknowns[ptr], f.Unknowns[ptr[:strings.LastIndexByte(ptr, '/')]])
}

// keyUse is what a key encrypts. Stores are many and keys are few: of the stores that are in scope, or of unknown
// scope, one stays; of those that are ruled out, by kind, two, which is enough to tell whether an unseen
// copy may be one of them. All of a kind stay where that hangs on their names. Those that are
// raised later have their key in the index.
type keyUse struct {
	in, unknown string
	out         map[string][]string
}

// use notes that a key encrypts a thing.
func (j *joins) use(key, id string, e *end) {
	if key == "" {
		return
	}
	u := j.keys[key]
	if u == nil {
		u = &keyUse{}
		j.keys[key] = u
	}
	switch e.ruling.scope {
	case In:
		u.in = cmp.Or(u.in, id)
		return
	case ScopeUnknown:
		u.unknown = cmp.Or(u.unknown, id)
	default:
		if of := u.out[e.kind]; e.kind == namedTables || len(of) < 2 && !slices.Contains(of, id) {
			if u.out == nil {
				u.out = map[string][]string{}
			}
			u.out[e.kind] = append(of, id)
		}
	}
	e.key = key
}

// keyless is the kind, in the index of unseen edges, of those to keys of a provider.
func keyless(provider string) string { return provider + " key" }

// addKeyless keeps that the key of a thing was not seen. One thing that is in scope says it for all.
func (j *joins) addKeyless(g *glimpse) {
	kind := keyless(providerOf(g.end.kind))
	if g.end.ruling.scope == In {
		if j.keylessIn[kind] {
			return
		}
		j.keylessIn[kind] = true
	}
	j.unseen[kind] = append(j.unseen[kind], unseenEdge{g.id, g.keyUnseen})
}

// keysOf lists the keys that encrypt something of a scope, each with that.
func (j *joins) keysOf(scope Scope) (out [][2]string) {
	for key, u := range j.keys {
		from := u.in
		if scope == ScopeUnknown {
			from = u.unknown
		}
		if from != "" {
			out = append(out, [2]string{key, from})
		}
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}
