package gcp

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

// place is the provider's token of a place in the form of the table of places: regions, zones
// and global in lower case (europe-west1, global), multi- and dual-regions in upper case (EU,
// EUR4), whichever case a service writes.
func place(token string) string {
	lower := strings.ToLower(token)
	if lower == "global" || strings.Contains(lower, "-") {
		return lower
	}
	return strings.ToUpper(token)
}

// ofRegion reports whether a place token names one region, not several or all.
func ofRegion(token string) bool { return strings.Contains(token, "-") }

// setText says a text, or that there is none.
func setText(f *evidence.Fact, k *evidence.Kind, ptr, text string) {
	if text == "" {
		f.None(k, ptr)
		return
	}
	f.Set(ptr, text)
}

// setTime says an instant, or that there is none; false where the text is no instant.
func setTime(f *evidence.Fact, k *evidence.Kind, ptr, text, row string) {
	if text == "" {
		f.None(k, ptr)
		return
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		f.Unknown(row, ptr)
		return
	}
	f.Set(ptr, t)
}

// days turns seconds, as in 7776000s, into whole days; ok is false for any other text.
func days(duration string) (n int, ok bool) {
	whole, _, _ := strings.Cut(strings.TrimSuffix(duration, "s"), ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds < 0 {
		return 0, false
	}
	return int(seconds / 86400), true
}

// daysAtMost does the same and counts a day that has begun: a period is compared with the longest that is allowed.
func daysAtMost(duration string) (n int, ok bool) {
	n, ok = days(duration)
	text := strings.TrimSuffix(duration, "s")
	if whole, fraction, _ := strings.Cut(text, "."); ok && (whole != strconv.Itoa(n*86400) || strings.Trim(fraction, "0") != "") {
		n++
	}
	return n, ok
}

// last is the text after the last slash.
func last(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// sorted gives a sorted copy without repeats; never nil.
func sorted(lists ...[]string) []string {
	out := slices.Concat(lists...)
	slices.Sort(out)
	return append([]string{}, slices.Compact(out)...)
}
