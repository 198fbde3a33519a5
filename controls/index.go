package controls

import (
	"cmp"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// glimpse is what the index takes of one fact. It is a function of the fact and of the judgement's
// inputs alone, so that many can be made at a time.
type glimpse struct {
	id        string
	end       end
	copies    []string // ids of its copies
	origin    string   // what it is a copy of
	lost      string   // why it is not known what it is a copy of
	parts     []string // what it opens, of an image
	held      []string // stores that it is a way into
	key       string   // what encrypts it
	keyUnseen string   // why its key was not seen
	unseen    string   // why its copies were not all seen
	trusted   []string // accounts and projects that it shows to be of the run
	parents   []string // of a project
	number    string   // of a project
	shelf     *shelf
	pool      *identityPool // with what the names of its members begin with
	member    string
	provider  *identityProvider
	line      []byte // what derivations read of it
	sight     *sight // of a second source
	class     string // of its store
	alike     []lookalike
}

// newJoins starts an index.
func newJoins(in *Input) *joins {
	j := &joins{in: in, ends: newEnds(), reads: map[string][]string{}, kept: map[string]*chunk{}, edges: map[string][]string{}, trusted: map[string]bool{},
		shelves: map[idDigest]packedShelf{}, parents: map[string][]string{}, sources: newSources(in.kinds), unseen: map[string][]unseenEdge{},
		rootless: map[string]rootless{}, opens: map[string][]string{}, keys: map[string]*keyUse{}, keylessIn: map[string]bool{},
		numbers: map[string]string{}, alike: newLookalikes(in.Register.Legacy), pools: federation{pools: map[string]*identityPool{}, providers: map[string]*identityProvider{}}}
	for _, d := range derivations() {
		for kind, ptrs := range d.reads {
			j.reads[kind] = append(j.reads[kind], ptrs...)
		}
	}
	for kind, ptrs := range j.reads {
		slices.Sort(ptrs)
		j.reads[kind] = slices.Compact(ptrs)
	}
	return j
}

// indexLines indexes the run's facts. Of each it notes whether it is of one of the kinds that tests are about.
func indexLines(in *Input, judged map[string]bool) (*joins, error) {
	j := newJoins(in)
	workers := make([]func(*chunk) ([]glimpse, error), runtime.GOMAXPROCS(0))
	for i := range workers {
		reader := evidence.NewLineReader()
		workers[i] = func(c *chunk) ([]glimpse, error) { return j.glimpses(reader, c) }
	}
	for some, err := range inOrder(chunks(in.Facts()), workers) {
		if err != nil {
			return nil, err
		}
		for i := range some {
			j.add(&some[i])
			j.keep(&some[i])
			j.judged.add(judged[some[i].end.kind] || j.sources.both[some[i].end.kind])
		}
	}
	return j, j.finish()
}

// index does the same with facts that are at hand.
func index(in *Input, facts []*evidence.Fact) (*joins, error) {
	j := newJoins(in)
	for _, f := range facts {
		g, err := j.glimpse(f)
		if err != nil {
			return nil, err
		}
		j.add(&g)
		j.keep(&g)
	}
	return j, j.finish()
}

func (j *joins) finish() error {
	if err := j.compare(); err != nil {
		return err
	}
	j.trust()
	j.lose()
	j.spread()
	return nil
}

func (j *joins) glimpses(reader *evidence.LineReader, c *chunk) ([]glimpse, error) {
	out := make([]glimpse, 0, len(c.ends))
	for line := range c.lines() {
		f, err := reader.Fact(line)
		if err != nil {
			return nil, err
		}
		g, err := j.glimpse(f)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

// glimpse reads a fact for the index. Nothing of it refers to the fact.
func (j *joins) glimpse(f *evidence.Fact) (glimpse, error) {
	g := glimpse{id: f.ID, end: j.endOf(f), copies: copiesOf(f), unseen: unseenCopies(f), lost: f.Unknowns["/origin"]}
	if origin, _ := f.Get("/origin"); origin != nil {
		g.origin, _ = origin.(string)
	}
	g.held, _ = heldBy(f)
	g.key, g.keyUnseen = keyOf(f)
	switch f.Kind {
	case "aws.ec2.image":
		g.parts, _ = texts(f, "/attrs/snapshots")
	case "aws.s3.bucket", "gcp.storage.bucket", "gcp.logging.bucket":
		s := shelfOf(f)
		g.shelf = &s
	case "aws.organizations.organization":
		g.trusted = []string{"aws:" + f.ID} // as policies name it
	case "aws.organizations.account":
		g.trusted = []string{f.ID}
	case poolKind:
		g.member, g.pool = glimpsePool(f)
	case providerKind:
		g.provider = glimpseProvider(f)
	case "gcp.resourcemanager.organization", "gcp.resourcemanager.folder":
		g.trusted = []string{f.ID}
	case "gcp.resourcemanager.project":
		g.parents, _ = texts(f, "/account/parents")
		g.trusted = []string{f.ID}
		if number, _ := f.Get("/attrs/number"); number != nil { // service agents name their project by its number
			g.number = fmt.Sprint(number)
			g.trusted = append(g.trusted, "gcp:projects/"+g.number)
		}
	}
	if _, second := j.sources.second[f.Kind]; second {
		g.sight = sightOf(f)
	} else {
		class, _ := f.Get("/store/class")
		g.class, _ = class.(string)
	}
	g.alike = append(j.alike.of(g.id), j.alike.of(g.origin)...) // copies of what is gone are looked up by its id too
	for _, id := range g.parts {
		g.alike = append(g.alike, j.alike.of(id)...)
	}
	var err error
	if ptrs, ok := j.reads[f.Kind]; ok {
		g.line, err = f.Excerpt(ptrs)
	}
	return g, err
}

// endOf is what the index keeps of every fact.
func (j *joins) endOf(f *evidence.Fact) end {
	e := end{ruling: ruleOf(j.in.Register.Scope, f), kind: f.Kind, target: f.Target}
	_, unheld := heldBy(f)
	if why := cmp.Or(f.Unknowns["/origin"], unheld); why != "" && e.ruling.scope == Out { // a copy, or a way in, and of what was not seen
		e.ruling = ruling{scope: ScopeUnknown, rule: e.ruling.rule, why: why}
	}
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
		e.placeless = true
	default:
		e.located = list
	}
	if f.Kind == "aws.kms.key" {
		manager, _ := f.Get("/attrs/manager")
		e.manager, _ = manager.(string)
	}
	return e
}

// add puts a fact into the index, in the order of the run.
func (j *joins) add(g *glimpse) {
	e := g.end
	j.use(g.key, g.id, &e)
	as := digestOf(bare(g.id))
	if old, twice := j.ends.at(as); twice && (!slices.EqualFunc(old.located, e.located, samePlace) || old.ruling != e.ruling || old.manager != e.manager && old.kind == e.kind || old.target != e.target && bare(g.id) != g.id) {
		e = end{ruling: ruling{scope: ScopeUnknown, rule: "said twice"}, kind: e.kind, why: "said twice, with differences: " + g.id}
		j.use(old.key, g.id, &e)
		j.use(g.key, g.id, &e)
	}
	j.ends.set(as, e)
	if e.data {
		j.stores = append(j.stores, g.id)
	}
	if len(g.copies) > 0 { // no entry for each fact: there are many
		from := bare(g.id)
		j.edges[from] = append(j.edges[from], g.copies...)
	}
	if g.origin != "" {
		from := bare(g.origin)
		j.edges[from] = append(j.edges[from], g.id)
	}
	if g.lost != "" {
		j.addRootless(g.end.kind, rootless{g.id, g.lost})
	}
	for _, id := range g.parts {
		id = bare(id)
		j.edges[id] = append(j.edges[id], g.id)
	}
	for _, id := range g.held {
		j.opens[id] = append(j.opens[id], g.id)
	}
	if g.unseen != "" && j.doubtful(g.unseen) {
		j.unseen[g.end.kind] = append(j.unseen[g.end.kind], unseenEdge{g.id, g.unseen})
	}
	if g.keyUnseen != "" && j.doubtful(g.keyUnseen) {
		j.addKeyless(g)
	}
	j.pools.add(g)
	j.alike.add(g.alike)
	for _, id := range g.trusted {
		j.trusted[id] = true
	}
	if g.number != "" {
		j.numbers[g.number] = strings.TrimPrefix(g.id, "gcp:")
	}
	if g.parents != nil {
		j.parents[g.id] = g.parents
	}
	if g.shelf != nil {
		j.putShelf(g.id, *g.shelf)
	}
}

// samePlace compares two places of facts; what is no text is like nothing.
func samePlace(a, b any) bool {
	text, ok := a.(string)
	return ok && b == any(text)
}

// keep notes what derivations read, and what a second source says.
func (j *joins) keep(g *glimpse) {
	if g.line != nil {
		if j.kept[g.end.kind] == nil {
			j.kept[g.end.kind] = &chunk{}
		}
		j.kept[g.end.kind].add(g.line)
	}
	j.sources.add(g)
}

// each reads back the facts of a kind that derivations read, with those fields alone. A fact is valid
// until the next one; its Clone stays.
func (j *joins) each(kind string) iter.Seq[*evidence.Fact] {
	return func(yield func(*evidence.Fact) bool) {
		if j.kept[kind] == nil {
			return
		}
		reader := evidence.NewLineReader()
		for line := range j.kept[kind].lines() {
			f, err := reader.Fact(line)
			if err != nil {
				j.fault = err // our own line: it cannot be
				return
			}
			if !yield(f) {
				return
			}
		}
	}
}
