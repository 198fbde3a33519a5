package controls

import (
	"maps"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// The states of a population's completeness.
const (
	once   = "once"          // one source lists it
	agree  = "twice, agree"  // two sources list the same ids
	differ = "twice, differ" // they do not
)

// sources holds what a second source lists against the native lists, id by id. A second source is
// a kind whose facts name native ids (attrs native, native_kind); the kinds that both list are
// the values that its native_kind may have.
type sources struct {
	second  map[string][]string // kind of a second source → native kinds that it lists
	sighted map[string]sighting // by native id
	class   map[string]string   // class of stores, by kind; "" where facts of one kind differ
	ghosts  []*ghost            // what the second source alone lists, by id
}

// sighting is a thing as a second source lists it.
type sighting struct {
	fact, kind, target string
	from               []string
}

// ghost is a thing that only a second source lists, as a fact of which nothing else is known: it
// is in every population that its kind is in, and makes each insufficient.
type ghost struct {
	*evidence.Fact
	cause string
}

// ghostCause is why nothing is known of a thing that only the second source lists.
func ghostCause(id string) string { return "only in the second source: " + id }

func newSources(kinds evidence.Kinds) *sources {
	s := &sources{second: map[string][]string{}, sighted: map[string]sighting{}, class: map[string]string{}}
	for name, k := range kinds {
		for _, f := range k.Attrs {
			if f.Name == "native_kind" {
				s.second[name] = f.Enum
			}
		}
	}
	return s
}

// see notes what a fact says of its source, or of the class of its kind.
func (s *sources) see(f *evidence.Fact) {
	if _, ok := s.second[f.Kind]; ok {
		native, _ := f.Get("/attrs/native")
		kind, _ := f.Get("/attrs/native_kind")
		id, ok1 := native.(string)
		name, ok2 := kind.(string)
		if ok1 && ok2 {
			s.sighted[id] = sighting{fact: f.ID, kind: name, target: f.Target, from: f.From}
		}
		return
	}
	v, _ := f.Get("/store/class")
	class, _ := v.(string)
	if was, ok := s.class[f.Kind]; ok && was != class {
		class = ""
	}
	s.class[f.Kind] = class
}

// compare finds the ghosts, once all facts were seen, and puts them into the index.
func (j *joins) compare() {
	for _, id := range slices.Sorted(maps.Keys(j.sources.sighted)) {
		s := j.sources.sighted[id]
		k := j.in.kinds[s.kind]
		if e, ok := j.ends.get(id); ok && e.kind == s.kind || k == nil {
			continue
		}
		g := &ghost{Fact: evidence.NewFact(k, id, id), cause: ghostCause(id)}
		g.Target, g.Region, g.From = s.target, "global", append([]string{"f:" + s.fact}, s.from...)
		if i := strings.LastIndexByte(id, '/'); i >= 0 {
			g.Name = id[i+1:]
		}
		for _, f := range k.Top() {
			if class := j.sources.class[s.kind]; f.Name == "store" && class != "" {
				g.Set("/store/class", class).Unknown(g.cause, "/store/engine")
				continue
			}
			g.Unknown(g.cause, "/"+f.Name)
		}
		if k.NotApplicable["/tags"] == "" {
			g.Unknown(g.cause, "/tags")
		}
		j.add(g.Fact)
		e, _ := j.ends.get(id)
		e.ghost = true
		j.ends.put(id, e)
		j.sources.ghosts = append(j.sources.ghosts, g)
	}
}

// onlySecond gives the cause by which the first thing that only the second source lists keeps a
// list from being whole; "" where there is none. An empty target means all of them.
func (j *joins) onlySecond(target string, of func(kind string) bool) string {
	for _, g := range j.sources.ghosts {
		if (target == "" || g.Target == target) && of(g.Kind) {
			return g.cause
		}
	}
	return ""
}

// compared is how the lists of one kind stand to a second source's, over all targets.
type compared struct {
	state                  string
	lists, twice           int      // targets that have its lists, and that were held against a second source
	second                 []string // operations of second sources that were answered
	onlySecond, onlyNative []string
}

// compareKind says whether the lists of a kind were held against a second source in each target
// that has them, and what came of it.
func (j *joins) compareKind(kind string) compared {
	lists, answered, operations := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range j.in.Coverage {
		if r.List && slices.Contains(r.Kinds, kind) {
			lists[r.Target] = true
		}
		for _, second := range r.Kinds {
			if r.List && r.Status.Seen() && slices.Contains(j.sources.second[second], kind) {
				answered[r.Target], operations[r.Operation] = true, true
			}
		}
	}
	c := compared{state: once, second: sorted(operations)}
	for _, g := range j.sources.ghosts {
		if g.Kind == kind {
			c.onlySecond = append(c.onlySecond, g.ID)
		}
	}
	if len(operations) > 0 {
		for id, e := range j.ends.all() {
			if s := j.sources.sighted[id]; e.kind == kind && answered[e.target] && s.kind != kind {
				c.onlyNative = append(c.onlyNative, id)
			}
		}
		slices.Sort(c.onlyNative)
	}
	for target := range lists {
		c.lists++
		if answered[target] {
			c.twice++
		}
	}
	whole := c.lists > 0 && c.twice == c.lists
	switch {
	case len(c.onlySecond)+len(c.onlyNative) > 0:
		c.state = differ
	case whole:
		c.state = agree
	}
	return c
}

// setSources fills what the second source says into a control's parts, and gives the state of the
// population as a whole: one difference makes it differ, one kind that is listed once makes it once.
func (p *pass) setSources(parts []Part) string {
	all := agree
	for i := range parts {
		part := &parts[i]
		part.Completeness, part.Second, part.OnlySecond, part.OnlyNative = agree, []string{}, []string{}, []string{}
		for _, kind := range part.Sources {
			c := p.compared(kind)
			part.Completeness = lesser(part.Completeness, c.state)
			part.Lists, part.Twice = part.Lists+c.lists, part.Twice+c.twice
			part.Second = append(part.Second, c.second...)
			part.OnlySecond, part.OnlyNative = append(part.OnlySecond, c.onlySecond...), append(part.OnlyNative, c.onlyNative...)
		}
		if len(part.Sources) == 0 {
			part.Completeness = once
		}
		slices.Sort(part.Second)
		part.Second = slices.Compact(part.Second)
		all = lesser(all, part.Completeness)
	}
	if len(parts) == 0 {
		return once
	}
	return all
}

// lesser gives the state of two populations together.
func lesser(a, b string) string {
	order := []string{differ, once, agree}
	return order[min(slices.Index(order, a), slices.Index(order, b))]
}

// compared compares each kind once a judgement.
func (p *pass) compared(kind string) compared {
	c, ok := p.doubles[kind]
	if !ok {
		c = p.j.compareKind(kind)
		p.doubles[kind] = c
	}
	return c
}

// hiddenSources names what only the second source lists of kinds that a control depends on without
// having it as an item: of what derived facts are made of, and of the hierarchy that everything of
// the provider hangs on.
func (p *pass) hiddenSources(control *Control, depends map[string]bool) []string {
	direct := map[string]bool{}
	for _, t := range p.c.tests[control.ID] {
		for kind := range t.kinds {
			direct[kind] = true
		}
	}
	discovered := map[string]bool{}
	for _, r := range p.in.Coverage {
		for _, kind := range r.Kinds {
			discovered[kind] = discovered[kind] || r.Discovery
		}
	}
	providers := map[string]bool{}
	for kind := range depends {
		providers[providerOf(kind)] = true
	}
	var out []string
	for _, g := range p.j.sources.ghosts {
		if depends[g.Kind] && !direct[g.Kind] || discovered[g.Kind] && providers[g.Provider] {
			out = append(out, g.cause)
		}
	}
	return out
}
