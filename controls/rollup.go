package controls

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// line rolls the items of a control up, with what kept its population from being whole.
func (p *pass) line(ctx context.Context, t *tally) (Line, error) {
	control := t.control
	l := Line{Record: "control", Control: control.ID, Title: control.Title, Basis: control.Basis, Population: t.population,
		OutOfScope: t.outOfScope, Counts: t.counts, Accepted: t.accepted, OpenFails: t.openFails, OpenGaps: t.openGaps,
		Gaps: []string{}, NotLooked: []string{}, Parts: p.partsOf(t), Selected: slices.Contains(p.in.Selected, control.ID)}
	l.Completeness = p.setSources(l.Parts)
	if control.NotTested != "" {
		l.Verdict, l.Reason = NotTested, control.NotTested
		if l.Selected {
			l.OpenGaps = 1
		}
		return l, nil
	}
	l.Selected = l.Selected || len(p.in.Selected) == 0
	witness, faults, err := p.c.witness(ctx, control, p.in)
	if err != nil {
		return l, err
	}
	l.Witness = witness
	l.Gaps = p.gaps(control)
	l.NotLooked = p.notLooked(ctx, control)
	for _, g := range l.Gaps {
		if !counts(p.gapOf(g)) {
			l.OpenGaps++
		}
	}
	for _, k := range l.NotLooked {
		if !counts(p.gapOf(unreadGap(k))) {
			l.OpenGaps++
		}
	}
	t.foreign = p.foreign(control)
	for _, kind := range p.in.Newer {
		if slices.Contains(l.NotLooked, kind) {
			t.newer = append(t.newer, kind)
		}
	}
	l.Verdict, l.Reason = rollUp(&l, t)
	if len(faults) > 0 {
		l.Verdict = Error
		l.OpenGaps++
		l.Reason = "Under this judgement's tables the test does not tell good from bad: " + faults[0].String()
		if l.Counts[Fail] > 0 {
			l.Verdict = Fail
		}
	}
	return l, nil
}

// rollUp gives a line's verdict and its sentence.
func rollUp(l *Line, t *tally) (Verdict, string) {
	gap := len(l.Gaps) + len(l.NotLooked)
	verdict := NotApplicable
	for v := range l.Counts {
		if rank[v] > rank[verdict] {
			verdict = v
		}
	}
	if gap > 0 && rank[verdict] < rank[Insufficient] {
		verdict = Insufficient
	}
	var parts []string
	if n := l.Population; n == 0 && gap == 0 && t.foreign {
		parts = append(parts, "No target of this run has what it is about")
	} else if n == 0 && gap == 0 {
		parts = append(parts, "Nothing of its population exists; the lists that would show it were answered in full")
	} else if n == 0 {
		parts = append(parts, "Nothing of its population was seen, but not everywhere was looked")
	} else {
		parts = append(parts, fmt.Sprintf("%d of %d pass", l.Counts[Pass], n))
	}
	if n := l.Counts[Fail]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d fail", n))
	}
	if n := l.Counts[Error]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be tested", n))
	}
	if n := l.Counts[Insufficient]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be judged", n))
	}
	if l.Accepted > 0 {
		parts = append(parts, fmt.Sprintf("%d accepted", l.Accepted))
	}
	if t.stated > 0 {
		parts = append(parts, fmt.Sprintf("%d rest on what the auditee states", t.stated))
	}
	if len(l.Gaps) > 0 {
		parts = append(parts, "lists not answered: "+someOf(l.Gaps))
	}
	if len(l.NotLooked) > 0 {
		parts = append(parts, "not looked at: "+someOf(l.NotLooked))
	}
	if len(t.newer) > 0 {
		parts = append(parts, "the build that took the run did not collect "+someOf(t.newer))
	}
	return verdict, strings.Join(parts, "; ") + "."
}

// providers are the providers of the run's targets.
func (p *pass) providers() map[string]bool {
	out := map[string]bool{}
	for _, t := range p.in.Targets {
		out[t.Provider] = true
	}
	return out
}

func providerOf(kind string) string {
	provider, _, _ := strings.Cut(kind, ".")
	return provider
}

// sources are the kinds whose lists the control's populations depend on.
func (p *pass) sources(control *Control) map[string]bool {
	out := map[string]bool{}
	for _, t := range p.c.tests[control.ID] {
		for kind := range t.kinds {
			for _, source := range sourcesOf(kind) {
				out[source] = true
			}
		}
	}
	return out
}

// gaps lists the coverage rows that keep the control's population from being whole: lists that
// were not answered, and discovery that was not, for every provider that it depends on.
func (p *pass) gaps(control *Control) []string {
	sources := p.sources(control)
	providers := map[string]bool{}
	for kind := range sources {
		providers[providerOf(kind)] = true
	}
	of := map[string]string{}
	for _, t := range p.in.Targets {
		of[t.ID] = t.Provider
	}
	out := []string{}
	for _, r := range p.in.Coverage {
		if gates(r, func(kind string) bool { return sources[kind] }) ||
			r.Discovery && !r.Status.Seen() && r.Status != evidence.NotEnabled && providers[of[r.Target]] {
			out = append(out, r.ID)
		}
	}
	out = append(out, p.hiddenSources(control, sources)...)
	slices.Sort(out)
	return slices.Compact(out)
}

// foreign says that no list of the run is about anything of the control: a run of one provider, or of
// a plug-in alone, has nothing of what another provider's control is about.
func (p *pass) foreign(control *Control) bool {
	sources := p.sources(control)
	return len(sources) > 0 && !slices.ContainsFunc(p.in.Coverage, func(r evidence.Row) bool {
		return r.List && slices.ContainsFunc(r.Kinds, func(k string) bool { return sources[k] })
	})
}

// notLooked lists what of the control nothing of this run looks at, though it has targets of the
// provider: declared kinds without a row, also in one account alone, kinds of stores that no collector reads, and operations
// that the control's objective needs and no collector asks. A provider that a control says nothing
// of counts as a whole.
func (p *pass) notLooked(ctx context.Context, control *Control) []string {
	listed := map[string]bool{}
	for _, r := range p.in.Coverage {
		if r.List {
			for _, k := range r.Kinds {
				listed[k] = true
			}
		}
	}
	targets := p.providers()
	out := []string{}
	for provider, operations := range control.NotAsked {
		if targets[provider] {
			out = append(out, operations...)
		}
	}
	sources := p.sources(control)
	for kind := range sources {
		if targets[providerOf(kind)] && !listed[kind] {
			out = append(out, kind)
		}
	}
	out = append(out, p.unlistedIn(sources)...)
	for _, provider := range clouds {
		if targets[provider] && len(control.NotAsked[provider]) == 0 && !p.c.speaksOf(control, provider) {
			out = append(out, provider+": this control has no test of its things")
		}
	}
	for _, u := range p.c.unread {
		_, read := p.c.kinds[u.Kind]
		if !read && targets[providerOf(u.Kind)] && p.wouldBeIn(ctx, control, u) {
			out = append(out, u.Kind)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unlistedIn lists, as "target: kind", the accounts and projects without a row of a list that another
// account of their provider has a row of: every account's plan has the same lists, so one that lacks
// some was not planned whole. One that was refused or left out has rows that say so.
func (p *pass) unlistedIn(sources map[string]bool) []string {
	provider := map[string]string{} // of accounts and projects
	for _, t := range p.in.Targets {
		if t.account() {
			provider[t.ID] = t.Provider
		}
	}
	of := map[string]map[string]bool{} // kind → accounts that list it
	for _, r := range p.in.Coverage {
		if !r.List || provider[r.Target] == "" {
			continue
		}
		for _, kind := range r.Kinds {
			if !sources[kind] {
				continue
			}
			if of[kind] == nil {
				of[kind] = map[string]bool{}
			}
			of[kind][r.Target] = true
		}
	}
	var out []string
	for kind, have := range of {
		for id, of := range provider {
			if of == providerOf(kind) && !have[id] {
				out = append(out, id+": "+kind)
			}
		}
	}
	return out
}

// clouds are the providers that each control must speak of: that a run of one of them alone has
// nothing of a control's population proves nothing where nobody thought of it.
var clouds = []string{"aws", "gcp"}

// speaksOf says whether a control tests things of a provider. Derived kinds are of every provider.
func (c *Catalogue) speaksOf(control *Control, provider string) bool {
	for _, t := range c.tests[control.ID] {
		for kind := range t.kinds {
			if of := providerOf(kind); of == provider || of == "trefoil" {
				return true
			}
		}
	}
	return false
}

// storeFacets are the facets that stores carry. A kind that nothing reads may carry each of them.
var storeFacets = []string{"store", "located", "copies", "origin", "encryption", "exposure", "protection"}

// wouldBeIn says whether a store of a kind that no collector reads could be in a population: a
// test over a facet that stores carry, whose filter does not exclude its class.
func (p *pass) wouldBeIn(ctx context.Context, control *Control, u Unread) bool {
	for _, t := range p.c.tests[control.ID] {
		if !slices.Contains(storeFacets, t.test.Facet) {
			continue
		}
		if _, exempt := t.test.Exempt[u.Kind]; exempt {
			continue
		}
		f := &evidence.Fact{ID: "unread:" + u.Kind, Kind: u.Kind, Provider: providerOf(u.Kind),
			Fields: map[string]any{"store": map[string]any{"class": u.Class}}, Unknowns: map[string]string{"/tags": "unread/" + u.Kind}}
		if t.where == nil || t.eval(ctx, t.where, f, p.params).verdict != Fail {
			return true
		}
	}
	return false
}

// Gate says what the selected controls come to: whether any has a fail that no waiver accepts,
// and whether anything could not be judged and no accepted gap covers it.
func (r *Results) Gate() (failed, unjudged bool) {
	for _, l := range r.Lines {
		failed = failed || l.Selected && l.OpenFails > 0
		unjudged = unjudged || l.Selected && l.OpenGaps > 0
	}
	return failed, unjudged
}

// Verdicts counts lines by verdict.
func (r *Results) Verdicts() map[Verdict]int {
	out := map[Verdict]int{}
	for _, l := range r.Lines {
		out[l.Verdict]++
	}
	return out
}
