package audit

import (
	"slices"

	"github.com/trefoil-audit/trefoil/collectors/aws"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
	"github.com/trefoil-audit/trefoil/evidence"
)

// Kinds is the set of kinds that the collectors of this build emit.
func Kinds() (evidence.Kinds, error) {
	return evidence.NewKinds(slices.Concat(aws.Kinds(), gcp.Kinds())...)
}
