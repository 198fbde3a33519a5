package audit

import (
	"fmt"
	"slices"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/collectors/aws"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
)

// Permissions lists what the collectors of a provider (aws or gcp) need, from the operations
// that they declare: sorted, each once.
func Permissions(provider string) ([]string, error) {
	var all []collectors.Collector
	switch provider {
	case "aws":
		a := aws.ReplayAccess(aws.Settings{Partition: "aws"})
		all = slices.Concat(aws.Discovery(a), aws.Collectors(a))
	case "gcp":
		a := gcp.ReplayAccess(gcp.Settings{})
		all = slices.Concat(gcp.Discovery(a), gcp.Collectors(a))
	default:
		return nil, fmt.Errorf("provider %q is neither aws nor gcp", provider)
	}
	var out []string
	for _, c := range all {
		for _, op := range c.Info().Operations {
			if op.Permission != "" {
				out = append(out, op.Permission)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
