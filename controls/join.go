package controls

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trefoil-audit/trefoil/evidence"
)

// joins is the one index of a run's facts by id, with what derivations need.
type joins struct {
	in         *Input
	ends       *ends
	reads      map[string][]string // by kind: the fields that derivations read
	kept       map[string]*chunk   // by kind: facts with these fields alone, encoded
	fault      error               // of reading those back
	judged     bits                // lines of facts that are of a kind which a test is about, or a second source lists
	stores     []string            // ids of stores of something else than logs
	edges      map[string][]string // store, by its bare id → its copies
	opens      map[string][]string // store → other ways into it
	keys       map[string]*keyUse  // key → what it encrypts
	keylessIn  map[string]bool     // see addKeyless
	trusted    map[string]bool
	shelves    map[idDigest]packedShelf // stores that can be locked
	parents    map[string][]string      // project → ids from its direct parent to the root
	numbers    map[string]string        // number of a Google project → its id
	sources    *sources                 // second sources against native lists
	unseen     map[string][]unseenEdge  // kind → edges from it that were not seen
	unanswered map[string]bool          // coverage rows; built where it is asked
	pools      federation
	rootless   map[string]rootless // service, or "" → the first copy that does not say of what
	alike      *lookalikes
}

// end is what the index keeps of a fact.
type end struct {
	ruling    ruling
	kind      string
	target    string
	data      bool   // a store of something else than logs
	located   []any  // place tokens
	why       string // why located is not known; "" where it is, or where placeless
	placeless bool   // it says nothing of where it lies, and not why
	ghost     bool   // only a second source lists it
	key       string // that encrypts it, where it is not in scope by itself
	manager   string // of a key: AWS, CUSTOMER; "" where it is no key, or was not said
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
			if t.Provider == "gcp" && !t.account() {
				j.trusted["gcp:organizations/"+t.Account] = true
			}
		}
	}
	for _, t := range j.in.Register.TrustedAccounts {
		j.trusted[t.ID] = true
	}
}

// spread carries scopes along copies, and to what opens a store: in by the graph beats out by a label, and so does
// what is of unknown scope: its copy may be one of an in-scope store.
func (j *joins) spread() {
	j.carry(In)
	j.carry(ScopeUnknown) // after in, so that it overrides only out
	all := j.unseen
	j.unseen = nil
	for len(all) > 0 && j.doubt(all) {
		j.carry(ScopeUnknown)
	}
}

// carry gives the copies of what has a scope that scope, and theirs in turn, with what encrypts or opens any
// of them. In overrides all, and unknown overrides out.
func (j *joins) carry(scope Scope) {
	var queue []string
	for _, sources := range []map[string][]string{j.edges, j.opens} {
		for id := range sources {
			if e, ok := j.ends.get(id); ok && e.ruling.scope == scope {
				queue = append(queue, id)
			}
		}
	}
	slices.Sort(queue) // so that of several sources always the same one is named
	raise := func(to, from string, why string) {
		if e, ok := j.ends.get(to); ok && e.ruling.scope != In && e.ruling.scope != scope {
			e.ruling = ruling{scope: scope, rule: "graph:" + j.named(from), why: why}
			j.ends.put(to, e)
			queue = append(queue, to)
		}
	}
	for _, k := range j.keysOf(scope) {
		user, _ := j.ends.get(k[1])
		raise(k[0], k[1], user.ruling.why)
	}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		source, _ := j.ends.get(from)
		for _, to := range slices.Sorted(slices.Values(slices.Concat(j.edges[bare(from)], j.opens[from]))) {
			raise(to, from, source.ruling.why)
		}
		if source.key != "" {
			raise(source.key, from, source.ruling.why)
		}
	}
}

// scopeOf gives the ruling of a fact; derived facts are in.
func (j *joins) scopeOf(f *evidence.Fact) ruling {
	e, ok := j.ends.get(f.ID)
	return j.scopeAs(f, e, ok)
}

// scopeAs does the same of what the index holds under its id, if anything.
func (j *joins) scopeAs(f *evidence.Fact, e end, ok bool) ruling {
	if ok && e.kind == f.Kind {
		return j.rulingOf(f.ID, e)
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
	f = f.Amend("encryption")
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
	if !slices.ContainsFunc(list, func(c any) bool { return unplaced(c) || j.elsewhere(c) }) {
		return f
	}
	f = f.Amend("copies")
	v, _ = f.Get("/copies")
	list, _ = v.([]any)
	for i, c := range list {
		ptr := fmt.Sprintf("/copies/%d/located", i)
		m, ok := c.(map[string]any)
		if ok && j.elsewhere(c) {
			j.placeToo(f, m, ptr)
		}
		if !ok || !unplaced(c) {
			continue
		}
		if _, said := f.Unknowns[ptr]; said {
			continue
		}
		to, _ := m["to"].(string)
		switch e, ok := j.ends.get(to); {
		case !ok:
			f.Unknown("the other end was not collected: "+cmp.Or(to, "not named"), ptr)
		case e.placeless:
			f.Unknown(noLocation(to), ptr)
		case e.why != "":
			f.Unknown(e.why, ptr)
		default:
			m["located"] = e.located
		}
	}
	return f
}

// elsewhere reports whether the other end of a copy was collected and lies, or may lie, in a place that the copy does not
// say: an ARN names the region that runs a replica, which may stand in a Local Zone or on an Outpost.
func (j *joins) elsewhere(c any) bool {
	m, _ := c.(map[string]any)
	said, ok := m["located"].([]any)
	to, _ := m["to"].(string)
	if !ok || to == "" {
		return false
	}
	e, found := j.ends.get(to)
	return found && !e.ghost && !e.placeless && (e.why != "" || slices.ContainsFunc(e.located, func(p any) bool { return !names(said, p) }))
}

// placeToo adds to a copy where its other end lies beside what the copy says itself.
func (j *joins) placeToo(f *evidence.Fact, c map[string]any, ptr string) {
	to, _ := c["to"].(string)
	said, _ := c["located"].([]any)
	e, _ := j.ends.get(to)
	for _, p := range e.located {
		if !names(said, p) {
			said = append(said, p)
		}
	}
	c["located"] = said
	if _, twice := f.Unknowns[ptr+"/-"]; e.why != "" && !twice {
		f.Unknown(e.why, ptr+"/-")
	}
}

// names reports whether a place stands in a list; what is no text stands in none.
func names(list []any, place any) bool {
	return slices.ContainsFunc(list, func(p any) bool { return samePlace(place, p) })
}

func unplaced(c any) bool {
	m, ok := c.(map[string]any)
	if !ok {
		return false
	}
	_, said := m["located"]
	return !said
}
