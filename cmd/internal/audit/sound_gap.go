package audit

import (
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// everyGap refuses an accepted gap that by itself is for whatever is missing in all that the engagement names: each of
// its accounts, projects and plug-ins, or, where it names one account alone, each region of that. An organisation may
// list more, which such a pattern leaves out.
func (k *known) everyGap(c *strict.Checker, at, pattern string) {
	f := k.targets.file
	var accounts, plugins []string // a row of each, that nobody asks
	for _, a := range f.AWS {
		if a.Management != "" {
			return
		}
		regions := a.Regions
		if len(regions) == 0 {
			regions = k.table.Regions(a.Partition)
		}
		for _, id := range a.Accounts {
			for _, region := range regions { // what is global beside them is little
				accounts = append(accounts, "aws-"+id+"/"+region+"/zq:Nobody")
			}
		}
	}
	for _, g := range f.GCP {
		if g.Organization != "" {
			return
		}
		for _, id := range g.Projects {
			accounts = append(accounts, engagement.ProjectTarget(id)+"/global/zq:nobody.list", engagement.ProjectTarget(id)+"/zq-none-99/zq:nobody.list")
		}
	}
	for _, p := range f.Plugins {
		plugins = append(plugins, "plugin-"+p.Name+"/global/zq:Nobody")
	}
	audited := func(rows []string) []string { // what is left out is missing for a reason of its own
		return slices.DeleteFunc(rows, func(row string) bool {
			target, _, _ := strings.Cut(row, "/")
			return slices.ContainsFunc(f.Exclude, func(e engagement.Exclusion) bool { return e.Target == target })
		})
	}
	rows := audited(accounts)
	if len(rows) == 0 { // plug-ins beside an account do not make a pattern for all of it a narrow one
		rows = audited(plugins)
	}
	all := len(rows) > 0 && !slices.ContainsFunc(rows, func(row string) bool { return !engagement.Match(pattern, row) })
	c.Check(!all, at, "%q accepts whatever is missing: it is for every operation in all that this engagement audits", "name operations or a service of the rows that are accepted, such as */*/ec2:DescribeVolumes or */*/rds:*", pattern)
}
