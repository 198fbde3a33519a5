package controls

import (
	"cmp"
	"context"
	"maps"
	"runtime"
	"slices"

	"github.com/trefoil-audit/trefoil/evidence"
)

// pass is one walk over the facts.
type pass struct {
	c       *Catalogue
	in      *Input
	j       *joins
	params  map[string]any
	about   map[string][]*tested // by kind: the controls that have a test of it
	because map[string]string    // by rule of the register
	exempt  map[string]string    // by fact of a legacy copy that the programme exempts: why
	records *sorter
	tallies map[string]*tally   // by control
	natives map[string][]string // by kind: what no second source lists, though it could
	doubles map[string]compared // by kind

	statuses map[string]evidence.Status // of coverage rows, by id
}

// tested is a control with its tests of one kind.
type tested struct {
	control *Control
	group   int // place among the controls, for the order of records
	tests   []*compiled
}

// newPass sets a walk up. The world is that of the run.
func newPass(c *Catalogue, in *Input, j *joins, params map[string]any) *pass {
	p := &pass{c: c, in: in, j: j, params: params, about: map[string][]*tested{}, because: map[string]string{}, exempt: map[string]string{},
		records: &sorter{limit: maxHeld, scratch: in.Scratch}, natives: map[string][]string{}, doubles: map[string]compared{}}
	for i, control := range c.Controls {
		for _, t := range c.tests[control.ID] {
			for kind := range t.kinds {
				of := p.about[kind]
				if len(of) == 0 || of[len(of)-1].control != control {
					of = append(of, &tested{control: control, group: i})
					p.about[kind] = of
				}
				last := of[len(of)-1]
				last.tests = append(last.tests, t)
			}
		}
	}
	p.statuses = make(map[string]evidence.Status, len(in.Coverage))
	for _, r := range in.Coverage {
		p.statuses[r.ID] = r.Status
	}
	for _, s := range slices.Backward(in.Register.Scope) {
		p.because[s.ID] = s.Because
	}
	for _, l := range in.Register.Legacy {
		if l.State == "exempt" {
			p.exempt[legacyFact(l)] = l.Why
		}
	}
	p.tallies = newTallies(c)
	return p
}

// maxHeld bounds the results that are held in memory, in bytes.
const maxHeld = 32 << 20

// walk judges the run's facts, some at a time, then the derived ones and the ghosts. What comes of them
// is put together in the order of the facts.
func (p *pass) walk(ctx context.Context, derived []*evidence.Fact) error {
	judges := make([]*judging, runtime.GOMAXPROCS(0))
	workers := make([]func(*chunk) (*verdicts, error), len(judges))
	for i := range judges {
		judges[i] = newJudging(p)
		workers[i] = func(c *chunk) (*verdicts, error) { return judges[i].chunk(ctx, c) }
	}
	for v, err := range inOrder(chunks(p.j.judged.pick(p.in.Facts())), workers) {
		if err = cmp.Or(err, p.take(v)); err != nil {
			return err
		}
	}
	last := newJudging(p)
	for _, f := range derived {
		last.fact(ctx, f)
	}
	for _, g := range p.j.sources.ghosts {
		last.fact(ctx, g.Fact)
	}
	if err := cmp.Or(last.fault, p.take(&last.out), ctx.Err()); err != nil {
		return err
	}
	for _, j := range append(judges, last) {
		p.add(j)
	}
	return p.records.finish()
}

// take hands verdicts to the sorter.
func (p *pass) take(v *verdicts) error {
	if v == nil {
		return nil
	}
	for _, e := range v.entries {
		if err := p.records.add(e.group, e.key, v.arena[e.from:e.to:e.to]); err != nil {
			return err
		}
	}
	return nil
}

// add adds what a judge counted.
func (p *pass) add(j *judging) {
	for id, t := range j.tallies {
		p.tallies[id].add(t)
	}
	for kind, ids := range j.natives {
		p.natives[kind] = append(p.natives[kind], ids...)
	}
}

// tally counts the items of one control.
type tally struct {
	control    *Control
	counts     map[Verdict]int
	population int
	outOfScope int
	accepted   int
	openFails  int
	openGaps   int
	stated     int
	foreign    bool             // no list of the run is about what the control is about
	newer      []string         // kinds of it that the build which took the run did not collect
	parts      map[string]*Part // by kind
}

func newTallies(c *Catalogue) map[string]*tally {
	out := map[string]*tally{}
	for _, control := range c.Controls {
		out[control.ID] = &tally{control: control, counts: map[Verdict]int{}}
	}
	return out
}

// add adds the counts of other items of the same control.
func (t *tally) add(o *tally) {
	for v, n := range o.counts {
		t.counts[v] += n
	}
	t.population, t.outOfScope, t.accepted = t.population+o.population, t.outOfScope+o.outOfScope, t.accepted+o.accepted
	t.openFails, t.openGaps, t.stated = t.openFails+o.openFails, t.openGaps+o.openGaps, t.stated+o.stated
	for kind, from := range o.parts {
		to := t.part(kind)
		to.In, to.Unknown = to.In+from.In, to.Unknown+from.Unknown
		for _, rule := range slices.Sorted(maps.Keys(from.Out)) {
			to.Out[rule] += from.Out[rule]
		}
	}
}
