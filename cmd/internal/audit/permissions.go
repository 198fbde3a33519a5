package audit

import (
	"fmt"
	"slices"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/collectors/aws"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
)

// declared lists the collectors of this build, for what they declare.
func declared() []collectors.Collector {
	a, g := aws.ReplayAccess(aws.Settings{Partition: "aws"}), gcp.ReplayAccess(gcp.Settings{})
	return slices.Concat(aws.Discovery(a), aws.Collectors(a), gcp.Discovery(g), gcp.Collectors(g))
}

// Permissions lists what the collectors of a provider (aws or gcp) need, from the operations
// that they declare: sorted, each once.
func Permissions(provider string) ([]string, error) {
	if provider != "aws" && provider != "gcp" {
		return nil, fmt.Errorf("provider %q is neither aws nor gcp", provider)
	}
	var out []string
	for _, c := range declared() {
		if info := c.Info(); info.Provider == provider {
			for _, op := range info.Operations {
				if op.Permission != "" {
					out = append(out, op.Permission)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
