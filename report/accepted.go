package report

import "github.com/trefoil-audit/trefoil/controls"

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
