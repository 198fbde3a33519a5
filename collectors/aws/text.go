package aws

import "slices"

func prefixed(prefix string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + n
	}
	return out
}

// sortedUnion merges lists without repeats; never nil.
func sortedUnion(lists ...[]string) []string {
	out := slices.Concat(lists...)
	slices.Sort(out)
	return append([]string{}, slices.Compact(out)...)
}
