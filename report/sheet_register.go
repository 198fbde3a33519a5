package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// scopeRules lists the register's rules in their order: the first that matches decides.
func scopeRules(f *form) error {
	var rows []stated
	for i, r := range f.in.Register.Scope {
		var match []string
		for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
			match = append(match, "label "+k+" = "+r.Tags[k])
		}
		for _, m := range []struct {
			what string
			any  []string
		}{{"target", r.Targets}, {"kind", r.Kinds}, {"name", r.Names}} {
			if len(m.any) > 0 {
				match = append(match, m.what+" "+strings.Join(m.any, " or "))
			}
		}
		rows = append(rows, entryOf(registerFile, "rule "+r.ID, r.ID, fmt.Sprintf("%d. %s", i+1, scopeText(r.Scope)), orElse(strings.Join(match, "\nand "), "everything"), r.Because))
	}
	return f.list("Rules of scope, in their order; what no rule puts out is in, and so is a copy of anything in scope", "The register has no rule: everything is in scope.",
		[]int{1, 1, 1, 2, 2}, []string{"Rule", "Order and effect", "Matches", "Because"}, rows)
}

func scopeText(s string) string {
	if s == "out" {
		return "puts OUT of scope"
	}
	return "puts in scope"
}

func trustedAccounts(f *form) error {
	var rows []stated
	for _, t := range f.in.Register.TrustedAccounts {
		rows = append(rows, entryOf(registerFile, "trusted account "+t.ID, t.ID, t.Name, orElse(t.Country, "not said"), t.Because))
	}
	return f.list("Accounts outside the organisation that are trusted", "None is trusted.", []int{1, 1, 1, 1, 3}, []string{"Account", "Name", "Country", "Because"}, rows)
}

// sites lists places that no table of regions lists; their countries are the auditor's statement.
func sites(f *form) error {
	var rows []stated
	for _, s := range f.in.Register.Sites {
		rows = append(rows, entryOf(registerFile, "site "+s.ID, s.ID, s.Country, s.Because))
	}
	return f.list("Sites that no table of regions lists", "The register names no site.", []int{1, 1, 1, 4}, []string{"Place", "Country", "Because"}, rows)
}

func gateways(f *form) error {
	var rows []stated
	for _, g := range f.in.Register.Gateways {
		records := styled{look: plainText, value: "Yes"}
		if !g.Records {
			records = styled{look: awayCell, value: "NO"}
		}
		rows = append(rows, entryOf(registerFile, "gateway "+g.ID, g.ID, g.Operator, g.Place, strings.Join(g.Accepts, "\n"), strings.Join(g.Reaches, "\n"), records))
	}
	return f.list("Security gateways", "The register names no gateway.", []int{1, 1, 1, 1, 1, 1, 1}, []string{"Gateway", "Operator", "Place", "Accepts", "Reaches", "Records sessions"}, rows)
}

func legacyCopies(f *form) error {
	var rows []stated
	for _, l := range f.in.Register.Legacy {
		rows = append(rows, entryOf(registerFile, "legacy copy "+l.ID, l.ID, l.Owner, capital(l.State), day(l.By.Time), l.Why))
	}
	return f.list("Legacy copies, and what the programme says of them", "The register names no legacy copy.", []int{1, 2, 1, 1, 1, 1}, []string{"Store", "Owner", "Said to be", "To be gone by", "Why"}, rows)
}

func waivers(f *form) error {
	var rows []stated
	for i, w := range f.in.Waivers {
		rows = append(rows, entryOf(waiversFile, w.ID, w.ID+"\n"+w.Control, w.Items, w.Reason, w.By, day(w.Approved.Time)+" until "+day(w.Until.Time), unmet(f.counts(w.Approved, w.Until), f.survey.waivers[i])))
	}
	return f.list("Waivers: a fail stays a fail, marked as accepted", "There is no waiver.", []int{1, 1, 1, 1, 1, 1, 1},
		[]string{"Waiver and control", "Items", "Reason", "By", "Approved", "Counts?"}, rows)
}

func acceptedGaps(f *form) error {
	var rows []stated
	for i, g := range f.in.Engagement.AcceptedGaps {
		rows = append(rows, entryOf(engagementFile, "accepted gap "+g.ID, g.ID, g.Pattern, g.Reason, g.By, day(g.Approved.Time)+" until "+day(g.Until.Time), unmet(f.counts(g.Approved, g.Until), f.survey.gaps[i])))
	}
	return f.list("Accepted gaps: what cannot be judged stays insufficient, marked as accepted", "No gap is accepted.", []int{1, 1, 1, 1, 1, 1, 1},
		[]string{"Gap", "Covers", "Reason", "By", "Approved", "Counts?"}, rows)
}
