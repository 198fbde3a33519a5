package gcp

import "github.com/trefoil-audit/trefoil/collectors"

// Discovery lists the collectors that run first: the plan of the rest depends on their facts. The
// inventory comes before the hierarchy, whose lists it vouches for; it is no part of the plan.
func Discovery(a *Access) []collectors.Collector {
	return []collectors.Collector{
		&assets{access: a, level: collectors.Organization},
		&hierarchy{access: a},
		&project{access: a},
	}
}

// Collectors lists the rest, one line a service; those of level organization run on the
// organisation's target. The inventory comes first: it vouches for lists of the others.
func Collectors(a *Access) []collectors.Collector {
	return []collectors.Collector{
		&assets{access: a, level: collectors.Account},
		&buckets{access: a},
		&caller{access: a},
		&datasets{access: a},
		&guardrails{access: a},
		&identities{access: a},
		&instances{access: a},
		&keys{access: a},
		&pools{access: a},
		&projectLogs{access: a},
		&projectPolicy{access: a},
		&topLogs{access: a},
		&topPolicies{access: a},
		&topPools{access: a},
		&topRoles{access: a},
	}
}
