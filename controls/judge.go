package controls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
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
func (t *Target) account() bool {
	return t.Account != "" && t.ID == t.Provider+"-"+strings.ReplaceAll(t.Account, ":", "_")
} // see engagement.ProjectTarget

// Input is everything that a judgement is a function of, beside the catalogue.
type Input struct {
	AsOf       time.Time // the run's instant
	JudgedAsOf time.Time
	Targets    []Target
	Facts      func() iter.Seq2[[]byte, error] // lines of facts.jsonl, each valid until the next; walked twice, the same order each time
	Coverage   []evidence.Row
	Table      *place.Table
	Register   *engagement.Register
	Roster     []engagement.Person
	Files      map[string]string // name of an engagement's file, such as register.yaml → SHA-256 of its text
	Waivers    []engagement.Waiver
	Gaps       []engagement.AcceptedGap
	Parameters engagement.Parameters
	Selected   []string                // ids that gate; empty: every control that has tests
	Newer      []string                // kinds that the build which took the run did not know, and so did not collect
	Scratch    func() (Scratch, error) // makes a file for results that do not fit in memory; nil: they are all held there

	kinds evidence.Kinds
}

var errUnloaded = errors.New("controls: the catalogue was read for its texts alone: its tests are not compiled")

// Judge tests the catalogue on a run. It is a pure function of catalogue and input; a Catalogue
// judges one run at a time. Errors: an input that does not fit (a parameter, a selected control
// that is not there), facts that cannot be read, ctx.
func (c *Catalogue) Judge(ctx context.Context, in Input) (*Results, error) {
	if !c.loaded {
		return nil, errUnloaded
	}
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
	j, err := indexLines(&in, c.judged())
	if err != nil {
		return nil, err
	}
	facts, err := j.derive()
	if err != nil {
		return nil, err
	}
	*c.env.world = world{asOf: in.AsOf, table: in.Table, trusted: j.trusted, homes: homesOf(in.Register), pools: &j.pools, issuers: in.Parameters.IdentityProviders,
		people: peopleOf(in.Roster), auditor: in.Parameters.AuditorPrincipals}
	p := newPass(c, &in, j, params)
	if err := p.walk(ctx, facts); err != nil {
		return nil, errors.Join(err, p.records.close())
	}
	r := &Results{JudgedAsOf: in.JudgedAsOf, records: recordsInOrder(p.records, len(c.Controls)), close: p.records.close}
	for _, control := range c.Controls {
		line, err := p.line(ctx, p.tallies[control.ID])
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.Lines = append(r.Lines, line)
	}
	return r, nil
}

// judged gives the kinds that a test is about.
func (c *Catalogue) judged() map[string]bool {
	out := map[string]bool{}
	for _, tests := range c.tests {
		for _, t := range tests {
			maps.Copy(out, t.kinds)
		}
	}
	return out
}

// test runs a control's tests that are about a fact; see [runTests].
func (c *Catalogue) test(ctx context.Context, control *Control, f *evidence.Fact, params map[string]any, scoped func(*compiled) bool) (worst outcome, inside bool) {
	var tests []*compiled
	for _, t := range c.tests[control.ID] {
		if t.kinds[f.Kind] {
			tests = append(tests, t)
		}
	}
	return runTests(ctx, tests, f, params, scoped)
}

// runTests runs tests that are about a fact and gives the worst outcome; inside is false where the
// fact is in no population of theirs.
func runTests(ctx context.Context, tests []*compiled, f *evidence.Fact, params map[string]any, scoped func(*compiled) bool) (worst outcome, inside bool) {
	for _, t := range tests {
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

// recordsInOrder gives the records in order. Of what was ruled out, the group out, an id counts once.
func recordsInOrder(records *sorter, out int) func() iter.Seq2[[]byte, error] {
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
// {"unknown": why}. Reads are sorted, and of a form in which that is the canonical order.
func (j *judging) observed(f *evidence.Fact, reads []string) string {
	b := append(j.seen[:0], '{')
	for _, ptr := range reads {
		v, said := f.Get(ptr)
		if why := f.Unknowns[ptr+"/-"]; said && why != "" {
			v = map[string]any{"seen": v, "unknown": why}
		} else if !said && slices.Contains(envelopeNames, ptr) {
			continue
		} else if !said {
			v = map[string]any{"unknown": reasonOf(f, ptr)}
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), ptr...), `":`...)
		if out, ok := evidence.AppendCanonical(b, v); ok {
			b = out
			continue
		}
		slow, err := evidence.Canonical(v)
		if err != nil {
			return ""
		}
		b = append(b, slow...)
	}
	b = append(b, '}')
	j.seen = b
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
	return accept(id, reason, by, approved, until, p.in.AsOf, p.in.JudgedAsOf)
}

func accept(id, reason, by string, approved, until, asOf, judgedAsOf time.Time) *Acceptance {
	return &Acceptance{ID: id, Reason: reason, By: by, Approved: approved, Until: until,
		Counts: !approved.After(judgedAsOf) && judgedAsOf.Before(until), Late: approved.After(asOf)}
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
	return GapOf(p.in.Gaps, missing, p.in.AsOf, p.in.JudgedAsOf)
}

// GapOf gives the accepted gap of something that was not seen, such as a coverage row: one that counts before one
// that does not; nil where none matches.
func GapOf(gaps []engagement.AcceptedGap, missing string, asOf, judgedAsOf time.Time) *Acceptance {
	var found *Acceptance
	for _, g := range gaps {
		if !engagement.Match(g.Pattern, missing) {
			continue
		}
		a := accept(g.ID, g.Reason, g.By, g.Approved.Time, g.Until.Time, asOf, judgedAsOf)
		if a.Counts {
			return a
		}
		if found == nil {
			found = a
		}
	}
	return found
}
