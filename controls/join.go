package controls

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/trefoil-audit/trefoil/evidence"
)

// joins is the one index of a run's facts by id, with what derivations need.
type joins struct {
	in      *Input
	ends    *ends
	kept    map[string][]*evidence.Fact // facts of the kinds that derivations read
	edges   map[string][]string         // store → its copies
	trusted map[string]bool
	shelves map[string]shelf    // stores that can be locked
	parents map[string][]string // project → ids from its direct parent to the root
	sources *sources            // second sources against native lists
}

// end is what the index keeps of a fact.
type end struct {
	ruling  ruling
	kind    string
	target  string
	data    bool   // a store of something else than logs
	located []any  // place tokens
	why     string // why located is not known; "" where it is
	ghost   bool   // only a second source lists it
	manager string // of a key: AWS, CUSTOMER; "" where it is no key, or was not said
}

// index walks all facts once.
func index(in *Input, facts iter.Seq2[*evidence.Fact, error]) (*joins, error) {
	j := &joins{in: in, ends: newEnds(), kept: map[string][]*evidence.Fact{}, edges: map[string][]string{}, trusted: map[string]bool{}, shelves: map[string]shelf{}, parents: map[string][]string{}, sources: newSources(in.kinds)}
	reads := map[string]bool{}
	for _, d := range derivations() {
		for _, k := range d.reads {
			reads[k] = true
		}
	}
	for f, err := range facts {
		if err != nil {
			return nil, err
		}
		j.add(f)
		j.sources.see(f)
		if reads[f.Kind] {
			j.kept[f.Kind] = append(j.kept[f.Kind], f)
		}
	}
	j.compare()
	j.trust()
	j.spread()
	return j, nil
}

func (j *joins) add(f *evidence.Fact) {
	e := end{ruling: ruleOf(j.in.Register.Scope, f), kind: f.Kind, target: f.Target}
	if k, ok := j.in.kinds[f.Kind]; ok && slices.Contains(k.Facets, "store") {
		class, _ := f.Get("/store/class")
		e.data = class != "log" // one whose class was not seen may hold data
	}
	located, said := f.Get("/located")
	list, ok := located.([]any)
	switch row, unseen := f.Unknowns["/located"]; {
	case unseen:
		e.why = row
	case f.Unknowns["/located/-"] != "":
		e.why = f.Unknowns["/located/-"]
	case !said || !ok:
		e.why = noLocation(f.ID)
	default:
		e.located = list
	}
	if f.Kind == "aws.kms.key" {
		manager, _ := f.Get("/attrs/manager")
		e.manager, _ = manager.(string)
	}
	if old, twice := j.ends.get(f.ID); twice && (!slices.Equal(old.located, e.located) || old.ruling != e.ruling) {
		e = end{ruling: ruling{scope: ScopeUnknown, rule: "said twice"}, kind: f.Kind, why: "said twice, with differences: " + f.ID}
	}
	j.ends.put(f.ID, e)
	if to := copiesOf(f); len(to) > 0 { // no entry for each fact: there are many
		j.edges[f.ID] = append(j.edges[f.ID], to...)
	}
	if origin, _ := f.Get("/origin"); origin != nil {
		if id, ok := origin.(string); ok {
			j.edges[id] = append(j.edges[id], f.ID)
		}
	}
	switch f.Kind {
	case "aws.s3.bucket", "gcp.storage.bucket", "gcp.logging.bucket":
		j.shelves[f.ID] = shelfOf(f)
	case "aws.organizations.organization":
		j.trusted["aws:"+f.ID] = true // as policies name it
	case "aws.organizations.account":
		j.trusted[f.ID] = true
	case "gcp.resourcemanager.project":
		j.parents[f.ID], _ = texts(f, "/account/parents")
		j.trusted[f.ID] = true
		if number, _ := f.Get("/attrs/number"); number != nil { // service agents name their project by its number
			j.trusted[fmt.Sprint("gcp:projects/", number)] = true
		}
	}
}

func copiesOf(f *evidence.Fact) (to []string) {
	v, _ := f.Get("/copies")
	list, _ := v.([]any)
	for _, c := range list {
		if m, ok := c.(map[string]any); ok {
			if id, ok := m["to"].(string); ok {
				to = append(to, id)
			}
		}
	}
	return to
}

// trust adds the accounts of the run and of the register.
func (j *joins) trust() {
	for _, t := range j.in.Targets {
		if t.Account != "" {
			j.trusted[t.Provider+":"+t.Account] = true
		}
	}
	for _, t := range j.in.Register.TrustedAccounts {
		j.trusted[t.ID] = true
	}
}

// spread carries scopes along copies: in by the graph beats out by a label, and so does what is of
// unknown scope: its copy may be one of an in-scope store.
func (j *joins) spread() {
	j.carry(In)
	j.carry(ScopeUnknown) // after in, so that it overrides only out
}

// carry gives the copies of what has a scope that scope, and theirs in turn. In overrides all, and
// unknown overrides out.
func (j *joins) carry(scope Scope) {
	var queue []string
	for id, e := range j.ends.all() {
		if e.ruling.scope == scope && len(j.edges[id]) > 0 {
			queue = append(queue, id)
		}
	}
	slices.Sort(queue) // so that of several sources always the same one is named
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		source, _ := j.ends.get(from)
		next := slices.Sorted(slices.Values(j.edges[from]))
		for _, to := range next {
			if e, ok := j.ends.get(to); ok && e.ruling.scope != In && e.ruling.scope != scope {
				e.ruling = ruling{scope: scope, rule: "graph:" + from, why: source.ruling.why}
				j.ends.put(to, e)
				queue = append(queue, to)
			}
		}
	}
}

// scopeOf gives the ruling of a fact; derived facts are in.
func (j *joins) scopeOf(f *evidence.Fact) ruling {
	if e, ok := j.ends.get(f.ID); ok && e.kind == f.Kind {
		return e.ruling
	}
	return byDefault
}

// resolve sets, on a copy of the fact, what the answer itself did not say: where copies lie, and
// whose key encrypts.
func (j *joins) resolve(f *evidence.Fact) *evidence.Fact {
	return j.whoseKey(j.placeCopies(f))
}

// whoseKey says who manages the key that a fact names, by the key's own fact.
func (j *joins) whoseKey(f *evidence.Fact) *evidence.Fact {
	const ptr = "/encryption/at_rest"
	record, ok := f.Get("/encryption")
	if _, isRecord := record.(map[string]any); !ok || !isRecord {
		return f
	}
	if _, said := f.Get(ptr); said || f.Unknowns[ptr] != "" || f.Unknowns["/encryption"] != "" {
		return f
	}
	f = f.Clone()
	v, _ := f.Get("/encryption/key")
	key, _ := v.(string)
	switch e, ok := j.ends.get(key); {
	case ok && e.manager == "CUSTOMER":
		return f.Set(ptr, "customer_key")
	case ok && e.manager == "AWS":
		return f.Set(ptr, "provider_key")
	}
	return f.Unknown("the key was not collected: "+cmp.Or(key, "not named"), ptr)
}

func (j *joins) placeCopies(f *evidence.Fact) *evidence.Fact {
	v, _ := f.Get("/copies")
	list, _ := v.([]any)
	if !slices.ContainsFunc(list, unplaced) {
		return f
	}
	f = f.Clone()
	v, _ = f.Get("/copies")
	list, _ = v.([]any)
	for i, c := range list {
		m, ok := c.(map[string]any)
		if !ok || !unplaced(c) {
			continue
		}
		ptr := fmt.Sprintf("/copies/%d/located", i)
		if _, said := f.Unknowns[ptr]; said {
			continue
		}
		to, _ := m["to"].(string)
		switch e, ok := j.ends.get(to); {
		case !ok:
			f.Unknown("the other end was not collected: "+cmp.Or(to, "not named"), ptr)
		case e.why != "":
			f.Unknown(e.why, ptr)
		default:
			m["located"] = e.located
		}
	}
	return f
}

func unplaced(c any) bool {
	m, ok := c.(map[string]any)
	if !ok {
		return false
	}
	_, said := m["located"]
	return !said
}
