package controls

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/trefoil-audit/trefoil/evidence"
)

// judging judges facts, one after the other, and counts. Several work on one pass at a time.
type judging struct {
	*pass
	reader  *evidence.LineReader
	vars    map[string]any
	out     verdicts
	fault   error // the first error of writing records
	tallies map[string]*tally
	natives map[string][]string
	seen    []byte // of observed
}

// verdicts are records, encoded one behind the other.
type verdicts struct {
	arena   []byte
	entries []verdict
}

// verdict is one of them, at [from, to) of the arena.
type verdict struct {
	group    int
	key      string
	from, to int
}

func newJudging(p *pass) *judging {
	return &judging{pass: p, reader: evidence.NewLineReader(), vars: maps.Clone(p.params), tallies: newTallies(p.c), natives: map[string][]string{}}
}

// chunk judges the facts of some lines.
func (j *judging) chunk(ctx context.Context, c *chunk) (*verdicts, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// A chunk is likely to give as much as the last one did.
	j.out = verdicts{arena: make([]byte, 0, len(j.out.arena)*9/8), entries: make([]verdict, 0, len(j.out.entries)*9/8)}
	for line := range c.lines() {
		f, err := j.reader.FactAgain(line) // the index has read it, and its file's digest is checked each time
		if err != nil {
			return nil, err
		}
		j.fact(ctx, f)
	}
	out := j.out
	return &out, cmp.Or(j.fault, ctx.Err())
}

// fact judges one fact by every control that is about it.
func (j *judging) fact(ctx context.Context, f *evidence.Fact) {
	e, ok := j.j.ends.get(f.ID)
	if j.j.unlisted(f, e, ok) {
		j.natives[f.Kind] = append(j.natives[f.Kind], f.ID)
	}
	about := j.about[f.Kind]
	if len(about) == 0 {
		return
	}
	r, because := j.j.scopeAs(f, e, ok), ""
	if why, exempt := j.exempt[f.ID]; exempt && f.Kind == kindLegacy.Name {
		r, because = ruling{scope: Out, rule: exemptRule}, why
	}
	f = j.j.resolve(f)
	out := false
	for _, of := range about {
		t := j.tallies[of.control.ID]
		ruledOut, unsure := false, false
		got, inside := runTests(ctx, of.tests, f, j.vars, func(c *compiled) bool {
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
		j.keep(of.group, f, j.item(t, f, r, got))
	}
	if out {
		j.keep(len(j.c.Controls), f, Ruled{Record: "out", Fact: f.ID, Kind: f.Kind, Target: f.Target, Name: f.Name, Rule: r.rule, Because: cmp.Or(because, j.because[r.rule])})
	}
}

// keep adds an Item or Ruled to the records.
func (j *judging) keep(group int, f *evidence.Fact, record any) {
	from := len(j.out.arena)
	var err error
	switch r := record.(type) {
	case *Item:
		j.out.arena, err = appendItem(j.out.arena, r)
	default:
		var b []byte
		b, err = evidence.Canonical(r)
		j.out.arena = append(j.out.arena, b...)
	}
	j.fault = cmp.Or(j.fault, err)
	j.out.entries = append(j.out.entries, verdict{group, f.ID, from, len(j.out.arena)})
}

func (j *judging) item(t *tally, f *evidence.Fact, r ruling, got outcome) *Item {
	item := &Item{Record: "item", Control: t.control.ID, Fact: f.ID, Kind: f.Kind, Target: f.Target, Region: f.Region, Name: f.Name,
		Scope: r.scope, ScopeRule: r.rule, Verdict: got.verdict, Basis: t.control.Basis, Missing: strings0(got.missing),
		Observed: j.observed(f, got.test.reads), From: strings0(f.From)}
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
		item.Reason = got.test.sentence(t.control, Pass, f)
	case Fail:
		item.Reason = got.test.sentence(t.control, Fail, f)
		item.Accepted = j.waiver(t.control.ID, f.ID)
		if !counts(item.Accepted) {
			t.openFails++
		}
	case Insufficient:
		item.Reason = unseen(j.statuses, item.Missing)
		item.Accepted = j.gap(item.Missing)
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
