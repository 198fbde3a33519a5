package audit

import (
	"context"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/place"
)

// The catalogue of this build loads against the kinds of this build's collectors, and each
// control tells good from bad.
func TestCatalogueTellsGoodFromBad(t *testing.T) {
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	c, err := controls.Load(controls.Default(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	table, err := place.Load(place.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, control := range c.Controls {
		faults, err := c.Prove(context.Background(), control, table)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			t.Errorf("%s: %s", control.ID, f)
		}
	}
}

// What the catalogue says that nobody asks, or that nobody reads, is so.
func TestNotAskedIsNotAsked(t *testing.T) {
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	c, err := controls.Load(controls.Default(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, collector := range declared() {
		for _, op := range collector.Info().Operations {
			asked[op.Name] = true
		}
	}
	named := 0
	for _, control := range c.Controls {
		for _, operations := range control.NotAsked {
			for _, op := range operations {
				named++
				if asked[op] {
					t.Errorf("%s: %s is asked now: test what it answers", control.ID, op)
				}
			}
		}
	}
	if named == 0 || len(asked) < 50 {
		t.Errorf("%d not asked, %d asked", named, len(asked))
	}
}
