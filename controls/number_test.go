package controls

import (
	"math"
	"testing"

	"cel.dev/cel-go/common/types"

	"github.com/trefoil-audit/trefoil/evidence"
)

// A number that is not exact is an unknown value to a test: not another number, and never a negative one that
// would pass as small.
func TestInexactIntegersAreUnknown(t *testing.T) {
	n := &node{field: evidence.Field{Name: "n", Type: evidence.Int}}
	r := &record{&evidence.Fact{}, n, "/attrs", nil}
	for v, known := range map[float64]bool{0: true, -1: true, 1<<53 - 1: true, 1 << 53: false, 1 << 62: false, 1 << 63: false, 1 << 64: false, -1 << 63: false, math.MaxFloat64: false, 0.5: false} {
		got := r.scalar("/attrs/n", n, v)
		if i, ok := got.(types.Int); ok != known || ok && float64(i) != v {
			t.Errorf("%v is %v", v, got)
		}
		if !known && !types.IsUnknown(got) {
			t.Errorf("%v is %v, not unknown", v, got)
		}
		if days, why := wholeDays(v, "x"); (why == "") != known || known && float64(days) != v {
			t.Errorf("%v days are %d, %s", v, days, why)
		}
	}
}
