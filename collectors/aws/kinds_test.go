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
	if len(set) != 33 {
		t.Errorf("%d kinds, want 33", len(set))
	}
}
