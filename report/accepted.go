package report

import (
	"fmt"
	"strings"

	"github.com/trefoil-audit/trefoil/controls"
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

// unmet says of an acceptance, also of one that does not count, where it has nothing to accept.
func unmet(counts styled, met bool) styled {
	if !met {
		text := strings.Replace(fmt.Sprint(counts.value), "Yes", "Counts", 1) // it says no plain yes
		join := ", and "
		if strings.HasPrefix(text, "Counts") {
			join = ", but "
		}
		counts.value, counts.look = text+join+"MATCHES NO EXCEPTION", untestedCell
	}
	return counts
}
