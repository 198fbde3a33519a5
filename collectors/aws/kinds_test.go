package aws

import (
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

func TestKindsAreSound(t *testing.T) {
	set, err := evidence.NewKinds(Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	if len(set) != 26 {
		t.Errorf("%d kinds, want 26", len(set))
	}
}
