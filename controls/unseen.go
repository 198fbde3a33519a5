package controls

import (
	"fmt"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// unseen says why an item could not be judged. A reader must know what to do, so the causes stand
// apart: what was not answered may need a permission, or to be asked again; what was answered and says
// nothing that this build can interpret may need a newer one; the others say themselves what they need.
// Statuses are those of the coverage rows.
func unseen(statuses map[string]evidence.Status, missing []string) string {
	var refused, answered, others []string
	for _, m := range missing {
		switch status, row := statuses[m]; {
		case !row:
			others = append(others, m)
		case status.Seen():
			answered = append(answered, m)
		default:
			refused = append(refused, fmt.Sprintf("%s (%s)", m, status))
		}
	}
	words := []string{"Could not be judged"}
	for _, sort := range []struct {
		words string
		of    []string
	}{{"Not answered", refused}, {"Answered, but not said there, or not in a way that tells (such as for whom a service acts, or whom a condition lets in)", answered}, {"Not known", others}} {
		if len(sort.of) > 0 {
			words = append(words, sort.words+": "+someOf(sort.of))
		}
	}
	return strings.Join(words, ". ")
}
