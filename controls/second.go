package controls

import (
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
	sighted map[idDigest]uint32 // by kind and native id: its place in all
	all     []sighting
	both    map[string]bool   // native kinds that some second source lists
	class   map[string]string // class of stores, by kind; "" where facts of one kind differ
	ghosts  []*ghost          // what the second source alone lists, by id
	froms   numbered[string]  // where sightings come from: lists, as canonical JSON
	origins [][]string        // those lists, by their number
	kinds   numbered[string]
	targets numbered[string]
}

// sighting is a thing as a second source lists it, by numbers of what repeats.
type sighting struct {
	native, fact       string
	kind, target, from uint32
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
	s := &sources{second: map[string][]string{}, both: map[string]bool{}, sighted: map[idDigest]uint32{}, class: map[string]string{}}
	for name, k := range kinds {
		for _, f := range k.Attrs {
			if f.Name == "native_kind" {
				s.second[name] = f.Enum
				for _, native := range f.Enum {
					s.both[native] = true
				}
			}
		}
	}
	return s
}

// sight is what a fact of a second source says; native is empty where it names no native id.
type sight struct {
	native, kind string
	from         []string
}

func sightOf(f *evidence.Fact) *sight {
	native, _ := f.Get("/attrs/native")
	kind, _ := f.Get("/attrs/native_kind")
	id, ok1 := native.(string)
	name, ok2 := kind.(string)
	if !ok1 || !ok2 {
		return nil
	}
	if strings.HasSuffix(f.ID, id) {
		id = f.ID[len(f.ID)-len(id):] // the same bytes: there are many
	}
	return &sight{id, name, f.From}
}

// add notes what a fact says of its source, or of the class of its kind.
func (s *sources) add(g *glimpse) {
	if _, second := s.second[g.end.kind]; !second {
		class := g.class
		if was, ok := s.class[g.end.kind]; ok && was != class {
			class = ""
		}
		s.class[g.end.kind] = class
		return
	}
	if g.sight == nil {
		return
	}
	key, _ := evidence.AppendCanonical(nil, g.sight.from)
	one := sighting{native: g.sight.native, fact: g.id, kind: s.kinds.number(g.sight.kind), target: s.targets.number(g.end.target), from: s.froms.number(string(key))}
	if int(one.from) == len(s.origins) {
		s.origins = append(s.origins, g.sight.from)
	}
	as := sightedAs(g.sight.kind, one.native)
	if at, twice := s.sighted[as]; twice {
		s.all[at] = one
		return
	}
	s.sighted[as] = uint32(len(s.all))
	s.all = append(s.all, one)
}

// sightedAs tells things of one id and several kinds apart: each may be a ghost.
func sightedAs(kind, id string) idDigest { return digestOf(kind + " " + id) }

// lists says whether the second source lists a thing.
func (s *sources) lists(kind, id string) bool {
	_, ok := s.sighted[sightedAs(kind, id)]
	return ok
}

// compare finds the ghosts, once all facts were seen, and puts them into the index.
func (j *joins) compare() error {
	for _, s := range j.sources.all {
		kind := j.sources.kinds.all[s.kind]
		k := j.in.kinds[kind]
		if e, ok := j.ends.get(s.native); ok && e.kind == kind || k == nil {
			continue
		}
		j.sources.ghosts = append(j.sources.ghosts, j.ghostOf(k, s))
	}
	slices.SortFunc(j.sources.ghosts, func(a, b *ghost) int { return strings.Compare(a.ID, b.ID) })
	for _, g := range j.sources.ghosts {
		seen, err := j.glimpse(g.Fact)
		if err != nil {
			return err
		}
		j.add(&seen)
		e, _ := j.ends.get(g.ID)
		e.ghost = true
		j.ends.put(g.ID, e)
	}
	return nil
}

// ghostOf makes the fact of a thing of which nothing else is known.
func (j *joins) ghostOf(k *evidence.Kind, s sighting) *ghost {
	id := s.native
	g := &ghost{Fact: evidence.NewFact(k, id, id), cause: ghostCause(id)}
	g.Target, g.Region, g.From = j.sources.targets.all[s.target], "global", append([]string{"f:" + s.fact}, j.sources.origins[s.from]...)
	if i := strings.LastIndexByte(id, '/'); i >= 0 {
		g.Name = id[i+1:]
	}
	for _, f := range k.Top() {
		if class := j.sources.class[k.Name]; f.Name == "store" && class != "" {
			g.Set("/store/class", class).Unknown(g.cause, "/store/engine")
			continue
		}
		g.Unknown(g.cause, "/"+f.Name)
	}
	if k.NotApplicable["/tags"] == "" {
		g.Unknown(g.cause, "/tags")
	}
	return g
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
// that has them, and what came of it. Natives are the things of that kind which no second source lists.
func (j *joins) compareKind(kind string, natives []string) compared {
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
	for _, n := range natives {
		if e, _ := j.ends.get(n); answered[e.target] {
			c.onlyNative = append(c.onlyNative, n)
		}
	}
	slices.Sort(c.onlyNative)
	c.onlyNative = slices.Compact(c.onlyNative)
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

// unlisted says whether a fact is of a kind that a second source lists, and none lists it.
// E is what the index holds under its id, if anything.
func (j *joins) unlisted(f *evidence.Fact, e end, ok bool) bool {
	return j.sources.both[f.Kind] && ok && e.kind == f.Kind && !j.sources.lists(f.Kind, f.ID)
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
		part.Above = strings0(p.j.listedOnce(providerOf(part.Kind)))
		if len(part.Sources) == 0 || len(part.Above) > 0 {
			part.Completeness = lesser(part.Completeness, once)
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

// listedOnce names the organisations of a provider whose hierarchy a second source could list, and did not. What
// their own lists hide from the caller contradicts nothing then, and is missing from every population.
func (j *joins) listedOnce(provider string) (targets []string) {
	for i := range j.in.Targets {
		t := &j.in.Targets[i]
		if t.Provider != provider || t.account() {
			continue
		}
		lists, twice := false, false
		for _, r := range j.in.Coverage {
			if r.Target != t.ID || !r.List {
				continue
			}
			lists = lists || r.Discovery && slices.ContainsFunc(r.Kinds, func(k string) bool { return j.sources.both[k] })
			twice = twice || r.Status.Seen() && slices.ContainsFunc(r.Kinds, func(k string) bool { return j.sources.second[k] != nil })
		}
		if lists && !twice {
			targets = append(targets, t.ID)
		}
	}
	slices.Sort(targets)
	return targets
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
		c = p.j.compareKind(kind, p.natives[kind])
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
