package audit

import (
	"slices"

	"github.com/trefoil-audit/trefoil/collectors/aws"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
	"github.com/trefoil-audit/trefoil/collectors/plugin"
	"github.com/trefoil-audit/trefoil/evidence"
)

// Kinds is the set of kinds that the collectors of this build emit, and those that plug-ins do.
func Kinds(plugins ...*plugin.Plugin) (evidence.Kinds, error) {
	all := slices.Concat(aws.Kinds(), gcp.Kinds())
	for _, p := range plugins {
		all = append(all, p.Manifest.Kinds...)
	}
	return evidence.NewKinds(all...)
}
