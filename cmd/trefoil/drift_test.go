package main

import (
	"io"
	"testing"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
)

// What got worse in a selected control is 2, what passed and cannot be judged any more 3, the rest
// 0; where both apply, 2.
func TestDriftExitCodes(t *testing.T) {
	change := func(w audit.Weight, selected bool) audit.Change { return audit.Change{Weight: w, Selected: selected} }
	for name, c := range map[string]struct {
		changes []audit.Change
		want    int
	}{
		"nothing":                      {nil, exitDone},
		"other changes":                {[]audit.Change{change(audit.Other, true), change(audit.Other, false)}, exitDone},
		"worse":                        {[]audit.Change{change(audit.Worse, true)}, exitFailed},
		"worse, and does not gate":     {[]audit.Change{change(audit.Worse, false)}, exitDone},
		"cannot be judged":             {[]audit.Change{change(audit.Unjudged, true)}, exitUnjudged},
		"cannot, and does not gate":    {[]audit.Change{change(audit.Unjudged, false)}, exitDone},
		"both":                         {[]audit.Change{change(audit.Unjudged, true), change(audit.Worse, true)}, exitFailed},
		"worse elsewhere, cannot here": {[]audit.Change{change(audit.Worse, false), change(audit.Unjudged, true)}, exitUnjudged},
	} {
		if got := report(io.Discard, driftGate(weigh(c.changes))); got != c.want {
			t.Errorf("%s: exit code %d, want %d", name, got, c.want)
		}
	}
}
