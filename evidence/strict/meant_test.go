package strict

import (
	"strings"
	"testing"
)

// What was meant is asked where it is near, the same each time; what is far, or too long to be compared, is not.
func TestMeant(t *testing.T) {
	for word, want := range map[string]string{"outt": "did you mean out? ", "OUT": "did you mean out? ", "on": "did you mean in? ", "maybe": "", "cotpliance": "did you mean compliance? ", "compl": "", strings.Repeat("x", 201): ""} {
		for range 5 {
			if got := Meant(word, "out", "in", "compliance", strings.Repeat("x", 200)); got != want {
				t.Errorf("%.20s: %q, want %q", word, got, want)
			}
		}
	}
	if got := Meant("bat", "car", "cat", "bar"); got != "did you mean bar? " {
		t.Errorf("of several: %q", got)
	}
}
