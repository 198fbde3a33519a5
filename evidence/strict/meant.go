package strict

import (
	"slices"
	"strings"

	"github.com/xrash/smetrics"
)

// maxWord bounds what is compared: the time that it takes is the product of both lengths.
const maxWord = 200

// Meant asks "did you mean …?" where a word is near one of those that are known, but for letter case; else it is
// empty. Of several that are as near, it is the first by order.
func Meant(word string, known ...string) string {
	if len(word) > maxWord {
		return ""
	}
	best, least := "", max(1, len(word)/4)+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if n := smetrics.WagnerFischer(strings.ToLower(word), strings.ToLower(k), 1, 1, 1); n < least {
			best, least = k, n
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "? "
}
