package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence/place"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/store"
)

// keptWhat names the check: control EDS-EVD-05, as far as it is about places.
const keptWhat = "EDS-EVD-05: where the evidence is kept"

// Kept judges where a store lies, by the run's own allowed jurisdictions and table of places. It is a
// check of push and verify and no result: where a copy of a run lies is no part of the run, and two
// copies may lie in two places. Said is the place that the engagement or the caller names.
//
// The check fails where a place is outside, or is not the one that was said; it is a warning where
// that cannot be told, or rests on a statement alone.
func Kept(r *run.Run, about *store.Description, said string) (run.Check, error) {
	check := run.Check{File: about.URL, What: keptWhat, Anchor: "the provider's answer", Result: "ok"}
	loaded, err := EngagementOf(r)
	if err != nil {
		return check, err
	}
	text, ok, err := r.Input(placesName)
	if err != nil || !ok {
		return check, fmt.Errorf("the run has no %s: %w", placesName, err)
	}
	table, err := place.Load(text)
	if err == nil {
		table, err = table.Extend(loaded.Register.Countries())
	}
	if err != nil {
		return check, err
	}
	allowed, err := table.Allowed(loaded.File.Parameters.AllowedJurisdictions)
	if err != nil {
		return check, err
	}
	where, stated := about.Where, false
	if !about.Provider || len(where) == 0 {
		stated, where, check.Anchor = true, nil, "a statement"
		if said != "" {
			where = []string{said}
		}
	}
	check.Result, check.Detail = keptVerdict(where, said, stated, about, table.Within(where, allowed))
	return check, nil
}

func keptVerdict(where []string, said string, stated bool, about *store.Description, within place.Answer) (result, detail string) {
	list := strings.Join(where, ", ")
	other := func(w string) bool { return strings.EqualFold(w, said) }
	switch {
	case within == place.False:
		return "failed", list + " is not in an allowed jurisdiction"
	case said != "" && !stated && !slices.ContainsFunc(where, other):
		return "failed", fmt.Sprintf("%s was said, the provider says %s", said, list)
	case len(where) == 0:
		return "warning", "nobody says where it lies"
	case within == place.Unknown:
		return "warning", list + " is not in the table of places"
	}
	var doubts []string
	if stated {
		doubts = append(doubts, "STATED, not read back")
	}
	for _, id := range about.CopiesTo {
		doubts = append(doubts, "it copies to "+id+", and where that lies was not asked")
	}
	for _, what := range about.NotSeen {
		doubts = append(doubts, "not seen: "+what)
	}
	if len(doubts) > 0 {
		return "warning", strings.Join(doubts, "; ") + ": " + list
	}
	return "ok", list
}
