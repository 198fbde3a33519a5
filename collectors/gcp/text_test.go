package gcp

import "testing"

// A period counts its last day where that has begun; a time that is promised does not.
func TestDaysOfAPeriod(t *testing.T) {
	for text, want := range map[string]struct {
		least, most int
		ok          bool
	}{"7776000s": {90, 90, true}, "7776001s": {90, 91, true}, "7776000.5s": {90, 91, true}, "7776000.0s": {90, 90, true}, "3600s": {0, 1, true}, "0s": {0, 0, true}, "": {0, 0, false}, "-1s": {0, 0, false}, "P90D": {0, 0, false}} {
		least, ok := days(text)
		most, ok2 := daysAtMost(text)
		if least != want.least || most != want.most || ok != want.ok || ok2 != want.ok {
			t.Errorf("%q: %d %t, at most %d %t", text, least, ok, most, ok2)
		}
	}
}
