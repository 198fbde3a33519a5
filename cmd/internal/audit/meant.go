package audit

import (
	"slices"
	"strings"

	"github.com/xrash/smetrics"
)

// meant asks "did you mean …?" where a word is near one of those that are known; else it is empty.
func meant(word string, known []string) string {
	best, least := "", max(2, len(word)/4)+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if n := smetrics.WagnerFischer(strings.ToLower(word), strings.ToLower(k), 1, 1, 1); n < least {
			best, least = k, n
		}
	}
	if best == "" || len(word) > 200 {
		return ""
	}
	return "did you mean " + best + "? "
}
