package audit

import (
	"slices"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// everyGap refuses an accepted gap that by itself is for most of what is asked of each account and project that the
// engagement names; where it names none, of each plug-in. An organisation may list more, of which one that nobody has stands
// for all.
func (k *known) everyGap(c *strict.Checker, at, pattern string) {
	f := k.targets.file
	targets, all := 0, true
	most := func(target string, asked []collectors.Operation, regions []string) {
		if !all || slices.ContainsFunc(f.Exclude, func(e engagement.Exclusion) bool { return e.Target == target }) {
			return // what is left out is missing for a reason of its own
		}
		rows, accepted := 0, 0
		for _, op := range asked {
			where := regions
			if op.Global {
				where = []string{"global"}
			}
			for _, region := range where {
				rows++
				if engagement.Match(pattern, evidence.RowID(target, region, op.Name)) {
					accepted++
				}
			}
		}
		targets++
		all = accepted*2 > rows
	}
	for _, a := range f.AWS {
		regions := a.Regions
		if len(regions) == 0 {
			regions = k.table.Regions(a.Partition)
		}
		for _, id := range a.Accounts {
			most("aws-"+id, k.asked["aws"], regions)
		}
		if a.Management != "" {
			most("aws-000000000000", k.asked["aws"], regions)
		}
	}
	for _, g := range f.GCP {
		locations := []string{"eu", "europe-west1", "us-central1"} // of what is asked by location: they are told by answers
		for _, id := range g.Projects {
			most(engagement.ProjectTarget(id), k.asked["gcp"], locations)
		}
		if g.Organization != "" {
			most(engagement.ProjectTarget("zq-nobody"), k.asked["gcp"], locations)
		}
	}
	if targets == 0 { // plug-ins beside an account do not make a pattern for all of it a narrow one
		for _, p := range f.Plugins {
			most("plugin-"+p.Name, []collectors.Operation{{Name: "zq:TheQuickBrownFoxJumpsOverALazyDog", Global: true}}, nil)
		}
	}
	c.Check(targets == 0 || !all, at, "%q accepts whatever is missing: it is for most operations in all that this engagement audits", "name operations or a service of the rows that are accepted, such as */*/ec2:DescribeVolumes or */*/rds:*", pattern)
}
