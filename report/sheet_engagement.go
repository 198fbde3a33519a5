package report

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

const engagementSheet = "Engagement"

// Files that the engagement consists of; each row names the one that it is from.
const (
	engagementFile = "engagement.yaml"
	registerFile   = "register.yaml"
	waiversFile    = "waivers.yaml"
)

// writeEngagement writes what was agreed and decided: all of it as it stood when it was judged.
func writeEngagement(ctx context.Context, b *book, s sheet) error {
	if _, err := b.surveyed(ctx); err != nil {
		return err
	}
	f, err := b.form(s.name, []float64{14, 26, 26, 22, 22, 22, 20})
	if err != nil {
		return err
	}
	if err := f.heading(s.name, s.says); err != nil {
		return err
	}
	for _, part := range []func(*form) error{parties, targets, exclusions, withheld, asked, parameters, scopeRules, trustedAccounts, sites, gateways, legacyCopies, waivers, acceptedGaps} {
		if err := part(f); err != nil {
			return err
		}
	}
	return f.close()
}

// parties says who audits whom, over which time, and how the run is signed.
func parties(f *form) error {
	if err := f.section("Parties and signing"); err != nil {
		return err
	}
	e := f.in.Engagement
	timestamp := e.Signing.Timestamp
	if timestamp == "none" {
		timestamp = "NONE: all times are the collector's claim"
	}
	gates := "every control that has tests"
	if len(e.Controls) > 0 {
		gates = strings.Join(e.Controls, ", ")
	}
	for _, p := range []Setting{
		{"Engagement", e.Name}, {"Auditor", e.Auditor}, {"Auditee", e.Auditee},
		{"Audit period", day(e.Period.From.Time) + " to " + day(e.Period.To.Time) + " (both days included)"},
		{"Signing key", e.Signing.Key}, {"Timestamp authority", timestamp}, {"Controls that gate", gates},
	} {
		if err := f.stated(Subject{File: engagementFile, Entry: p.Name}, p.Name, orElse(p.Value, "not stated"), prose); err != nil {
			return err
		}
	}
	return nil
}

// list writes a section with a small table; none is said where it has no row.
func (f *form) list(title, none string, spans []int, heads []string, rows []stated) error {
	if err := f.section(title); err != nil {
		return err
	}
	if len(rows) == 0 {
		return f.text(none, faintText)
	}
	looks := make([]style, len(spans))
	looks[0], looks[1] = refText, strongText
	g, err := f.grid(spans, looks, append([]string{headRef}, heads...)...)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := g.add(r.about, r.values...); err != nil {
			return err
		}
	}
	return nil
}

// stated is one row about an entry of a file.
type stated struct {
	about  Subject
	values []any
}

func entryOf(file, entry string, values ...any) stated {
	return stated{Subject{File: file, Entry: entry}, values}
}

// targets lists the plan: what was to be asked, and what was refused before asking.
func targets(f *form) error {
	var rows []stated
	for _, t := range f.in.Run.Targets {
		asked := styled{look: passCell, value: "Asked"}
		if t.Refused != "" {
			asked = styled{look: untestedCell, value: "NOT ASKED: " + t.Refused}
		}
		regions := "global"
		if t.Regions > 0 {
			regions = group(t.Regions) + " planned"
		}
		rows = append(rows, entryOf("run.json", t.ID, t.ID, orElse(t.Name, t.Account), t.Provider+" "+t.Level, orElse(t.Parent, "named by the engagement"), regions, asked))
	}
	return f.list("Targets of the plan", "No target was planned.", []int{1, 1, 1, 1, 1, 1, 1}, []string{"Target", "Name", "Provider and level", "Found in", "Regions", "Was it asked?"}, rows)
}

func exclusions(f *form) error {
	var rows []stated
	for _, x := range f.in.Engagement.Exclude {
		target := any(x.Target)
		if !slices.ContainsFunc(f.in.Run.Targets, func(t Target) bool { return t.ID == x.Target }) {
			target = styled{look: failCell, value: "NOT FOUND: " + x.Target}
		}
		rows = append(rows, entryOf(engagementFile, "exclusion of "+x.Target, target, x.Reason))
	}
	return f.list("Left out by the engagement", "Nothing was left out by the engagement.", []int{1, 1, 5}, []string{"Target", "Reason"}, rows)
}

// withheld lists the rules that keep values out of the evidence; nothing is written where there are none.
func withheld(f *form) error {
	var rows []stated
	for _, w := range f.in.Engagement.Withhold {
		rows = append(rows, entryOf(engagementFile, "withhold "+w.ID, w.ID, strings.Join(w.Operations, "\n"), strings.Join(append(slices.Clone(w.Fields), "error answers, but for their codes"), "\n"), w.Because, group(f.in.Run.Withheld[w.ID])))
	}
	if len(rows) == 0 {
		return nil
	}
	return f.list("Kept out of the evidence before it was written", "", []int{1, 1, 1, 2, 1, 1}, []string{"Rule", "Operations", "Fields", "Because", "Values"}, rows)
}

// asked says whose organisations were named, and what redirects collection.
func asked(f *form) error {
	e := f.in.Engagement
	var rows []stated
	for i, a := range e.AWS {
		how := "as the caller's own identity"
		if a.Role != "" {
			how = "through role " + a.Role
		}
		if a.ExternalID != "" {
			how += ", with an external id (not shown)"
		}
		accounts := "every account of the organisation"
		if len(a.Accounts) > 0 {
			accounts = "accounts " + strings.Join(a.Accounts, ", ")
		}
		limit := "all regions"
		if len(a.Regions) > 0 {
			limit = "LIMITED to " + strings.Join(a.Regions, ", ")
		}
		rows = append(rows, entryOf(engagementFile, fmt.Sprintf("aws %d", i+1), "AWS, partition "+a.Partition, orElse(a.Management, "no organisation"), accounts+", "+how, limit))
	}
	for i, g := range e.GCP {
		projects := "every project of the organisation"
		if len(g.Projects) > 0 {
			projects = "projects " + strings.Join(g.Projects, ", ")
		}
		rows = append(rows, entryOf(engagementFile, fmt.Sprintf("gcp %d", i+1), "Google Cloud", orElse(g.Organization, "no organisation"), projects, "all regions"))
	}
	for _, p := range e.Plugins {
		rows = append(rows, entryOf(engagementFile, "plugin "+p.Name, "Plug-in "+p.Name, "pinned to sha256:"+p.SHA256, "executable "+p.Path+pluginManifest(p), "what it states is the auditee's claim"))
	}
	for _, o := range f.in.Run.Overrides {
		rows = append(rows, entryOf(engagementFile, "override "+o.Name, styled{look: failCell, value: "REDIRECTED"}, o.Name, o.Value, "answers may not be the provider's"))
	}
	return f.list("Who was asked, and how", "Nobody.", []int{1, 1, 1, 2, 2}, []string{"Provider", "Organisation", "What, and as whom", "Limits"}, rows)
}

func pluginManifest(p engagement.Plugin) string {
	if p.ManifestSHA256 == "" {
		return ""
	}
	return ", manifest pinned to sha256:" + p.ManifestSHA256
}

// parameters lists what the tests were fed with.
func parameters(f *form) error {
	p := f.in.Engagement.Parameters
	texts := func(v []string) string { return orElse(strings.Join(v, ", "), "none") }
	if err := f.section("Parameters of the tests"); err != nil {
		return err
	}
	for _, s := range []Setting{
		{"Allowed jurisdictions", texts(p.AllowedJurisdictions)}, {"Approved countries", texts(p.ApprovedCountries)},
		{"Keys rotate within", fmt.Sprintf("%d days", p.RotationDays)}, {"Logs are kept for", fmt.Sprintf("%d days", p.LogRetentionDays)},
		{"Collection, at most", fmt.Sprintf("%d minutes long; %d days old when judged", p.MaxSkewMinutes, p.MaxAgeDays)},
		{"Exempt actions", texts(p.ExemptActions)}, {"Exempt principals", texts(p.ExemptPrincipals)}, {"Auditor's principals", texts(p.AuditorPrincipals)},
		{"Identity providers", texts(p.IdentityProviders)},
	} {
		if err := f.stated(Subject{File: engagementFile, Entry: "parameters: " + s.Name}, s.Name, s.Value, prose); err != nil {
			return err
		}
	}
	return nil
}

// counts reports whether an acceptance counted when this was judged.
func (f *form) counts(approved, until engagement.Date) styled {
	at := f.in.Judgement.AsOf
	switch {
	case approved.After(at):
		return styled{look: untestedCell, value: "NO: NOT YET APPROVED"}
	case !at.Before(until.Time):
		return styled{look: untestedCell, value: "NO: HAS LAPSED"}
	case approved.After(f.in.Run.AsOf):
		return styled{look: insufficientCell, value: "Yes, approved after the snapshot"}
	}
	return styled{look: plainText, value: "Yes"}
}
