package report

import (
	"fmt"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// acceptedLong says who accepted what, until when, and whether it counts.
func acceptedLong(a *controls.Acceptance) string {
	text := "Accepted (" + a.ID + ") by " + a.By + ", " + day(a.Approved) + " until " + day(a.Until)
	if !a.Counts {
		text = "NOT accepted: " + a.ID + " by " + a.By + " ran " + day(a.Approved) + " until " + day(a.Until) + " and does not count"
	}
	if a.Late {
		text += "; approved after the snapshot"
	}
	return text + ". " + a.Reason
}

// unmet says of an acceptance that counts where it has nothing to accept.
func unmet(counts styled, met bool, what string) styled {
	if counts.value == "Yes" && !met {
		counts.value = "Yes, matches " + what
	}
	return counts
}

// metWaivers says of each waiver whether a fail matches it.
func metWaivers(in *Input) ([]bool, error) {
	met := make([]bool, len(in.Waivers))
	if len(met) == 0 {
		return met, nil
	}
	for it, err := range each(in.Items) {
		if err != nil {
			return nil, fmt.Errorf("read results: %w", err)
		}
		for i, w := range in.Waivers {
			met[i] = met[i] || it.Verdict == controls.Fail && w.Control == it.Control && engagement.Match(w.Items, it.Fact)
		}
	}
	return met, nil
}

// metGaps says of each accepted gap whether a row of coverage that is a gap, or what an item misses, matches it.
func metGaps(in *Input) ([]bool, error) {
	gaps := in.Engagement.AcceptedGaps
	met := make([]bool, len(gaps))
	if len(met) == 0 {
		return met, nil
	}
	look := func(what string) {
		for i, g := range gaps {
			met[i] = met[i] || engagement.Match(g.Pattern, what)
		}
	}
	for r, err := range each(in.Coverage) {
		if err != nil {
			return nil, fmt.Errorf("read coverage: %w", err)
		}
		if !r.Status.Seen() {
			look(r.ID)
		}
	}
	for it, err := range each(in.Items) {
		if err != nil {
			return nil, fmt.Errorf("read results: %w", err)
		}
		for _, m := range it.Missing {
			look(m)
		}
	}
	return met, nil
}
