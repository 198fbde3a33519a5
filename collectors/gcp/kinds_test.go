package gcp

import (
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

func TestKindsAreSound(t *testing.T) {
	set, err := evidence.NewKinds(Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range every(ReplayAccess(Settings{})) {
		for _, k := range c.Info().Kinds {
			names[k.Name] = true
			if !slices.ContainsFunc(c.Info().Operations, func(op collectors.Operation) bool { return slices.Contains(op.Kinds, k.Name) }) {
				t.Errorf("%s emits %s, but no list operation of it enumerates the kind", c.Info().Name, k.Name)
			}
		}
	}
	for name := range set {
		if !names[name] {
			t.Errorf("no collector emits %s", name)
		}
	}
	if !slices.IsSortedFunc(Kinds(), func(a, b *evidence.Kind) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("kinds are not in order")
	}
}
