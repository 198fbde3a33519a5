package controls

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
)

// Target is one target of the run.
type Target struct {
	ID          string
	Provider    string
	Account     string    // 12 digits, or a project id; empty for a Google organisation or a plug-in
	Parent      string    // id of the organisation's target that it was found in; empty where none was read
	First, Last time.Time // start of the first and end of the last answered exchange; zero where nothing was answered
}

// account reports whether it is an account or a project, not an organisation or a plug-in.
func (t *Target) account() bool { return t.Account != "" && t.ID == t.Provider+"-"+t.Account }

// Input is everything that a judgement is a function of, beside the catalogue.
type Input struct {
	AsOf       time.Time // the run's instant
	JudgedAsOf time.Time
	Targets    []Target
	Facts      func() iter.Seq2[*evidence.Fact, error] // is walked twice; the same order each time
	Coverage   []evidence.Row
	Table      *place.Table
	Register   *engagement.Register
	Waivers    []engagement.Waiver
	Gaps       []engagement.AcceptedGap
	Parameters engagement.Parameters
	Selected   []string                // ids that gate; empty: every control that has tests
	Scratch    func() (Scratch, error) // makes a file for results that do not fit in memory; nil: they are all held there

	kinds evidence.Kinds
}

// Judge tests the catalogue on a run. It is a pure function of catalogue and input; a Catalogue
// judges one run at a time. Errors: an input that does not fit (a parameter, a selected control
// that is not there), facts that cannot be read, ctx.
func (c *Catalogue) Judge(ctx context.Context, in Input) (*Results, error) {
	in.kinds = c.kinds
	for _, id := range in.Selected {
		if _, ok := c.Control(id); !ok {
			return nil, fmt.Errorf("controls: the catalogue has no control %q", id)
		}
	}
	params, err := parameterValues(in.Parameters, in.Table)
	if err != nil {
		return nil, err
	}
	j, err := index(&in, in.Facts())
	if err != nil {
		return nil, err
	}
	facts, err := j.derive()
	if err != nil {
		return nil, err
	}
	*c.env.world = world{asOf: in.AsOf, table: in.Table, trusted: j.trusted, homes: homesOf(in.Register)}
	p := &pass{c: c, in: &in, j: j, params: params, records: &sorter{limit: maxHeld, scratch: in.Scratch}, tallies: map[string]*tally{}, doubles: map[string]compared{}, about: map[string][]*Control{}}
	for i, control := range c.Controls {
		p.tallies[control.ID] = &tally{control: control, group: i, counts: map[Verdict]int{}}
		for _, t := range c.tests[control.ID] {
			for kind := range t.kinds {
				if of := p.about[kind]; len(of) == 0 || of[len(of)-1] != control {
					p.about[kind] = append(of, control)
				}
			}
		}
	}
	for _, seq := range []iter.Seq2[*evidence.Fact, error]{in.Facts(), seqOf(facts)} {
		for f, err := range seq {
			if err == nil {
				err = ctx.Err()
			}
			if err = cmp.Or(err, p.fault); err != nil {
				return nil, errors.Join(err, p.records.close())
			}
			p.fact(ctx, f)
		}
	}
	for _, g := range j.sources.ghosts {
		p.fact(ctx, g.Fact)
	}
	if err := cmp.Or(p.fault, p.records.finish()); err != nil {
		return nil, errors.Join(err, p.records.close())
	}
	r := &Results{JudgedAsOf: in.JudgedAsOf, records: recorded(p.records, len(c.Controls)), close: p.records.close}
	for _, control := range c.Controls {
		line, err := p.line(ctx, p.tallies[control.ID])
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.Lines = append(r.Lines, line)
	}
	return r, nil
}

// pass is one walk over the facts.
type pass struct {
	c       *Catalogue
	in      *Input
	j       *joins
	params  map[string]any
	records *sorter
	buffer  []byte // of the record that is being written
	fault   error  // the first error of writing records
	tallies map[string]*tally
	doubles map[string]compared   // by kind
	about   map[string][]*Control // by kind: the controls that have a test of it
}

// tally counts the items of one control.
type tally struct {
	control    *Control
	group      int // place among the controls, for the order of records
	counts     map[Verdict]int
	population int
	outOfScope int
	accepted   int
	openFails  int
	openGaps   int
	stated     int
	foreign    bool             // no list of the run is about what the control is about
	parts      map[string]*Part // by kind
}

// test runs a control's tests that are about a fact and gives the worst outcome; inside is
// false where the fact is in no population of the control.
func (c *Catalogue) test(ctx context.Context, control *Control, f *evidence.Fact, params map[string]any, scoped func(*compiled) bool) (worst outcome, inside bool) {
	for _, t := range c.tests[control.ID] {
		if !t.kinds[f.Kind] {
			continue
		}
		var got outcome
		if t.where != nil {
			if got = t.eval(ctx, t.where, f, params); got.verdict == Fail {
				continue
			}
		}
		if !scoped(t) {
			continue
		}
		if t.where == nil || got.verdict == Pass {
			got = t.eval(ctx, t.run, f, params)
		}
		if got.test = t; !inside || rank[got.verdict] > rank[worst.verdict] {
			worst = got
		}
		inside = true
	}
	return worst, inside
}

// rank orders verdicts for the roll-up; the highest wins.
var rank = map[Verdict]int{Fail: 6, Error: 5, Insufficient: 4, Pass: 3, NotApplicable: 2, NotTested: 1}

// fact judges one fact by every control that is about it.
func (p *pass) fact(ctx context.Context, f *evidence.Fact) {
	about := p.about[f.Kind]
	if len(about) == 0 {
		return
	}
	r := p.j.scopeOf(f)
	f = p.j.resolve(f)
	out := false
	for _, control := range about {
		t := p.tallies[control.ID]
		ruledOut, unsure := false, false
		got, inside := p.c.test(ctx, control, f, p.params, func(c *compiled) bool {
			if c.test.Scope == "any" || r.scope == In {
				return true
			}
			ruledOut = ruledOut || r.scope == Out
			unsure = unsure || r.scope == ScopeUnknown
			return r.scope == ScopeUnknown
		})
		if ruledOut && !inside {
			t.outOfScope++
			t.part(f.Kind).Out[r.rule]++
			out = true
		}
		if !inside {
			continue
		}
		// What may be out of scope is neither shown to comply nor shown to fail.
		if unsure && (got.verdict == Pass || got.verdict == Fail) {
			got.verdict, got.missing = Insufficient, append(got.missing, "scope: "+cmp.Or(r.why, r.rule))
		}
		p.keep(t.group, f, p.item(t, f, r, got))
	}
	if out {
		p.keep(len(p.c.Controls), f, Ruled{Record: "out", Fact: f.ID, Kind: f.Kind, Target: f.Target, Name: f.Name, Rule: r.rule, Because: p.because(r.rule)})
	}
}

// maxHeld bounds the results that are held in memory, in bytes.
const maxHeld = 32 << 20

// keep adds an Item or Ruled to the records.
func (p *pass) keep(group int, f *evidence.Fact, record any) {
	var err error
	switch r := record.(type) {
	case *Item:
		p.buffer, err = appendItem(p.buffer[:0], r)
	default:
		p.buffer, err = evidence.Canonical(r)
	}
	if err == nil {
		err = p.records.add(group, f.ID, p.buffer)
	}
	p.fault = cmp.Or(p.fault, err)
}

// recorded gives the records in order. Of what was ruled out, the group out, an id counts once.
func recorded(records *sorter, out int) func() iter.Seq2[[]byte, error] {
	stream := func(yield func([]byte, error) bool) {
		var last *sortedLine
		for l, err := range records.all() {
			if err != nil {
				yield(nil, err)
				return
			}
			if last != nil && last.key != l.key && !yield(last.line, nil) {
				return
			}
			if last = nil; l.group == out {
				last = &sortedLine{l.group, l.key, bytes.Clone(l.line)}
			} else if !yield(l.line, nil) {
				return
			}
		}
		if last != nil {
			yield(last.line, nil)
		}
	}
	return func() iter.Seq2[[]byte, error] { return stream }
}

func (p *pass) because(rule string) string {
	for _, s := range p.in.Register.Scope {
		if s.ID == rule {
			return s.Because
		}
	}
	return ""
}

func (p *pass) item(t *tally, f *evidence.Fact, r ruling, got outcome) *Item {
	item := &Item{Record: "item", Control: t.control.ID, Fact: f.ID, Kind: f.Kind, Target: f.Target, Region: f.Region, Name: f.Name,
		Scope: r.scope, ScopeRule: r.rule, Verdict: got.verdict, Basis: t.control.Basis, Missing: strings0(got.missing),
		Observed: observed(f, got.test.reads), From: strings0(f.From)}
	slices.Sort(item.Missing)
	if f.Provider != "aws" && f.Provider != "gcp" && f.Provider != "trefoil" {
		item.Basis = Stated
		t.stated++
	}
	t.population++
	if r.scope == ScopeUnknown {
		t.part(f.Kind).Unknown++
	} else {
		t.part(f.Kind).In++
	}
	t.counts[item.Verdict]++
	switch item.Verdict {
	case Pass:
		item.Reason = t.control.Says.Pass
	case Fail:
		item.Reason = t.control.Says.Fail
		item.Accepted = p.waiver(t.control.ID, f.ID)
		if !counts(item.Accepted) {
			t.openFails++
		}
	case Insufficient:
		item.Reason = "Could not be judged. Not seen: " + someOf(item.Missing)
		item.Accepted = p.gap(item.Missing)
		if !counts(item.Accepted) {
			t.openGaps++
		}
	default:
		item.Reason = "The test could not be run: " + got.err
		t.openGaps++
	}
	if counts(item.Accepted) {
		t.accepted++
	}
	return item
}

func counts(a *Acceptance) bool { return a != nil && a.Counts }

// someOf names the first causes, and how many there are.
func someOf(causes []string) string {
	const shown = 3
	if len(causes) <= shown {
		return strings.Join(causes, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(causes[:shown], "; "), len(causes)-shown)
}

// maxObserved bounds what a result repeats of a fact; the fact itself has the rest.
const maxObserved = 8 << 10

// observed is canonical JSON of the fields that a test reads; what was not seen stands as
// {"unknown": why}.
func observed(f *evidence.Fact, reads []string) string {
	out := map[string]any{}
	for _, ptr := range reads {
		switch v, said := f.Get(ptr); {
		case said && f.Unknowns[ptr+"/-"] != "":
			out[ptr] = map[string]any{"seen": v, "unknown": f.Unknowns[ptr+"/-"]}
		case said:
			out[ptr] = v
		case !slices.Contains(envelopeNames, ptr):
			out[ptr] = map[string]any{"unknown": reasonOf(f, ptr)}
		}
	}
	b, err := evidence.Canonical(out)
	if err != nil {
		return ""
	}
	if len(b) > maxObserved {
		return strings.ToValidUTF8(string(b[:maxObserved]), "") + fmt.Sprintf("… (%d bytes; the rest is in the fact)", len(b))
	}
	return string(b)
}

var envelopeNames = []string{"/id", "/kind", "/name", "/provider", "/target", "/region", "/seen", "/tags"}

// waiver gives the waiver of a fail: one that counts before one that does not.
func (p *pass) waiver(control, fact string) *Acceptance {
	var found *Acceptance
	for _, w := range p.in.Waivers {
		if w.Control != control || !engagement.Match(w.Items, fact) {
			continue
		}
		a := p.accept(w.ID, w.Reason, w.By, w.Approved.Time, w.Until.Time)
		if a.Counts {
			return a
		}
		if found == nil {
			found = a
		}
	}
	return found
}

func (p *pass) accept(id, reason, by string, approved, until time.Time) *Acceptance {
	return &Acceptance{ID: id, Reason: reason, By: by, Approved: approved, Until: until,
		Counts: !approved.After(p.in.JudgedAsOf) && p.in.JudgedAsOf.Before(until), Late: approved.After(p.in.AsOf)}
}

// gap gives the accepted gap of what is missing: each part must be covered, and where one part's
// acceptance does not count, none does.
func (p *pass) gap(missing []string) *Acceptance {
	var found *Acceptance
	for _, m := range missing {
		a := p.gapOf(m)
		if a == nil {
			return nil
		}
		if found == nil || found.Counts && !a.Counts {
			found = a
		}
	}
	return found
}

func (p *pass) gapOf(missing string) *Acceptance {
	var found *Acceptance
	for _, g := range p.in.Gaps {
		if !engagement.Match(g.Pattern, missing) {
			continue
		}
		a := p.accept(g.ID, g.Reason, g.By, g.Approved.Time, g.Until.Time)
		if a.Counts {
			return a
		}
		if found == nil {
			found = a
		}
	}
	return found
}
