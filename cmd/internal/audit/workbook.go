package audit

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/report"
)

// Workbook writes the workbook of a judgement: a pure function of the run and the judgement.
func Workbook(ctx context.Context, j *Judged, w io.Writer) error {
	in, err := j.reportInput()
	if err != nil {
		return err
	}
	return report.Workbook(ctx, in, w)
}

// holders says, by principal, which people of the roster hold it; nil where there is no roster.
func holders(roster []engagement.Person) map[string][]string {
	if len(roster) == 0 {
		return nil
	}
	out := map[string][]string{}
	for _, p := range roster {
		for _, id := range p.Principals {
			out[id] = append(out[id], p.ID+" ("+p.Country+")")
		}
	}
	return out
}

func (j *Judged) reportInput() (report.Input, error) {
	w, r := j.world, j.world.run
	in := report.Input{Engagement: *w.engagement.File, Register: *w.engagement.Register, Holders: holders(w.engagement.Roster), Waivers: w.engagement.Waivers, Kinds: w.kinds, Lines: j.Results.Lines,
		Items: j.Results.Picked, Out: j.Results.Out,
		Coverage: func() iter.Seq2[evidence.Row, error] { return w.coverage() }, Exchanges: w.exchanges,
		Place: w.place, Gap: j.gap, BodyFile: w.bodyFile()}
	targets, err := w.targets()
	if err != nil {
		return in, err
	}
	view, err := w.catalogue.View(controls.Input{AsOf: r.Record.AsOf, JudgedAsOf: j.JudgedAsOf, Targets: targets, Facts: w.factLines, Coverage: w.rows, Table: w.table,
		Register: w.engagement.Register, Roster: w.engagement.Roster, Parameters: w.engagement.File.Parameters})
	if err != nil {
		return in, err
	}
	in.Facts, in.Scope, in.Standing = view.Facts, view.Scope, view.Standing
	in.Run = report.Run{Digest: r.Digest, AsOf: r.Record.AsOf, Source: report.Live, ReplayOf: r.Record.Source.Of, Tool: report.Tool{Version: r.Record.Tool.Version, Binary: r.Record.Tool.Binary},
		Stopped: r.Record.Source.Stopped, Untimed: w.engagement.File.Signing.Untimed(), Previous: report.Previous(r.Record.Previous)}
	switch {
	case r.Record.Source.Demo:
		in.Run.Source = report.Demonstration
	case r.Record.Source.Kind != "live":
		in.Run.Source = report.Replay
	}
	for _, o := range r.Record.Overrides {
		name, value, _ := strings.Cut(o, " = ")
		in.Run.Overrides = append(in.Run.Overrides, report.Setting{Name: name, Value: value})
	}
	in.Run.Withheld = withheldCounts(w.rows)
	in.Run.NotFound = NotFound(w.engagement.File, w.plan)
	for _, p := range w.plan {
		in.Run.Targets = append(in.Run.Targets, report.Target{ID: p.ID, Provider: p.Provider, Level: string(p.Level), Account: p.Account, Name: p.Name, Parent: p.Parent,
			Regions: len(p.Regions), Refused: p.Refused})
	}
	for _, f := range r.Record.Inputs {
		in.Run.Inputs = append(in.Run.Inputs, report.File{Name: strings.TrimPrefix(f.Path, "inputs/"), SHA256: f.SHA256, Size: f.Size})
	}
	counts, err := w.counts()
	if err != nil {
		return in, err
	}
	for _, b := range r.Record.Bundles {
		n := counts[b.Target]
		in.Run.Bundles = append(in.Run.Bundles, report.Bundle{File: strings.TrimPrefix(b.Path, "bundles/"), Target: b.Target, SHA256: b.SHA256,
			Manifest: b.Manifest, Size: b.Size, Exchanges: n[0], Rows: n[1], Facts: n[2]})
	}
	all, err := r.Judgements()
	if err != nil {
		return in, err
	}
	in.Judgement = report.Judgement{AsOf: j.JudgedAsOf, Digest: j.Digest, Tool: report.Tool{Version: j.Tool.Version, Binary: j.Tool.Binary}, Siblings: siblings(r, all, j.Digest)}
	for _, name := range sortedNames(j.Inputs) {
		text := j.Inputs[name]
		in.Judgement.Inputs = append(in.Judgement.Inputs, report.File{Name: name, SHA256: evidence.Digest([]byte(text)), Size: int64(len(text))})
	}
	for _, c := range w.catalogue.Controls {
		in.Catalogue = append(in.Catalogue, entry(c, w.engagement.File.Parameters))
	}
	return in, nil
}

// bodyFile gives a function that names the part of a target's bundle that holds an answer. It
// remembers the directory of one target.
func (w *world) bodyFile() func(target, digest string) (string, error) {
	var of string
	var holds map[string]string
	return func(target, digest string) (string, error) {
		if of != target || holds == nil {
			parts, err := w.run.Bundle(target)
			if err != nil {
				return "", err
			}
			of, holds = target, map[string]string{}
			for _, p := range parts {
				for _, e := range p.Manifest().Entries {
					holds[e.Path] = "bundles/" + filepath.Base(p.File())
				}
				_ = p.Close() // read only: nothing can be lost
			}
		}
		file, ok := holds["bodies/"+digest]
		if !ok {
			return "", fmt.Errorf("target %s: no bundle holds the answer %s", target, digest)
		}
		return file, nil
	}
}

// siblings counts the judgements that were known when this one was made, itself included, so
// that a later judgement does not change an earlier one's workbook.
func siblings(r *run.Run, all []string, digest string) int {
	if digest == "" {
		return len(all)
	}
	j, err := r.Judgement(digest)
	if err != nil {
		return len(all)
	}
	return len(j.Before) + 1
}

func sortedNames(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// counts gives of each target the numbers of exchanges, rows and facts.
func (w *world) counts() (map[string][3]int, error) {
	out := map[string][3]int{}
	add := func(target string, i int) { n := out[target]; n[i]++; out[target] = n }
	for x, err := range w.exchanges() {
		if err != nil {
			return nil, err
		}
		add(x.Target, 0)
	}
	for _, r := range w.rows {
		add(r.Target, 1)
	}
	for f, err := range w.facts() {
		if err != nil {
			return nil, err
		}
		add(f.Target, 2)
	}
	return out, nil
}

// place says where a token lies by the judgement's table.
func (w *world) place(_, token string) report.Territory {
	countries, known := w.table.Countries(token)
	if !known {
		return report.Territory{}
	}
	group := func(name string) bool {
		members, err := w.table.Allowed([]string{name})
		return err == nil && !slices.ContainsFunc(countries, func(c string) bool { return !slices.Contains(members, c) })
	}
	t := report.Territory{Country: strings.Join(countries, ", "), Group: "third country"}
	switch {
	case group("EU"):
		t.Group = "EU"
	case group("EEA"):
		t.Group = "EEA"
	default:
		if text, all := w.adequacy(countries); all {
			t.Group = text
		}
	}
	return t
}

// adequacy says what decisions of adequacy, in force at the run's instant, say of all of these countries, with whom
// each is limited to.
func (w *world) adequacy(countries []string) (text string, all bool) {
	day := w.run.Record.AsOf.UTC().Format(time.DateOnly)
	var limits []string
	for _, c := range countries {
		in := func(a place.Adequacy) bool { return a.From <= day && (a.Until == "" || day < a.Until) }
		decisions := slices.DeleteFunc(w.table.Adequacy(c), func(a place.Adequacy) bool { return !in(a) })
		if len(decisions) == 0 {
			return "", false
		}
		for _, a := range decisions {
			if a.Only != "" {
				limits = append(limits, "only "+a.Only)
			}
		}
	}
	slices.Sort(limits)
	return strings.Join(append([]string{"adequacy decision"}, slices.Compact(limits)...), ", "), true
}

// gap gives the accepted gap of a coverage row.
func (j *Judged) gap(row string) *controls.Acceptance {
	return controls.GapOf(j.world.engagement.File.AcceptedGaps, row, j.world.run.Record.AsOf, j.JudgedAsOf)
}

// entry is a control in words.
func entry(c *controls.Control, p engagement.Parameters) report.Entry {
	e := report.Entry{ID: c.ID, Title: c.Title, Objective: c.Objective, Procedure: c.Procedure, Severity: c.Severity, Population: c.Population()}
	values := map[string]any{"allowed_locations": p.AllowedJurisdictions, "approved_countries": p.ApprovedCountries, "credential_max_days": p.CredentialMaxDays,
		"unused_max_days": p.UnusedMaxDays, "rotation_days": p.RotationDays, "log_retention_days": p.LogRetentionDays, "max_skew_minutes": p.MaxSkewMinutes,
		"max_age_days": p.MaxAgeDays, "exempt_actions": p.ExemptActions, "exempt_principals": p.ExemptPrincipals, "auditor_principals": p.AuditorPrincipals,
		"identity_providers": p.IdentityProviders}
	for _, name := range c.Parameters {
		text := fmt.Sprint(values[name])
		if list, ok := values[name].([]string); ok {
			text = strings.Join(list, ", ")
		}
		e.Parameters = append(e.Parameters, report.Setting{Name: name, Value: text})
	}
	for _, framework := range c.Frameworks() {
		e.Mappings = append(e.Mappings, report.Setting{Name: framework, Value: strings.Join(c.Mappings[framework], ", ")})
	}
	return e
}
