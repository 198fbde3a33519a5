package audit

import (
	"context"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/collectors/aws"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// Clouds opens access to providers: live, or for a replay.
type Clouds interface {
	AWS(ctx context.Context, s aws.Settings) (*aws.Access, error)
	GCP(ctx context.Context, s gcp.Settings) (*gcp.Access, error)
}

// entered says how entering a target ended.
type entered struct {
	status evidence.Status
	reason string
}

func notAttempted(reason string) entered { return entered{evidence.NotAttempted, reason} }

func (g *gatherer) aws(ctx context.Context, e *engagement.AWS) error {
	access, err := g.clouds.AWS(ctx, aws.Settings{Management: e.Management, Role: e.Role, ExternalID: e.ExternalID,
		Partition: e.Partition, HomeRegion: e.HomeRegion, Endpoint: g.file.Overrides.AWSEndpoint})
	if err != nil {
		return err
	}
	found := map[string]foundAccount{}
	for _, id := range e.Accounts {
		found[id] = foundAccount{id: id, wanted: true}
	}
	if e.Management != "" {
		j := g.awsOrganization(e, access)
		if err := g.run(ctx, j, func(w *collectors.Work) { discovered(w, e, found) }); err != nil {
			return err
		}
		if len(found) == 0 { // discovery was refused: at least the account that we know of
			found[e.Management] = foundAccount{id: e.Management, wanted: true}
		}
	}
	return g.each(ctx, g.awsAccounts(e, access, found))
}

// foundAccount is an account that the engagement names or discovery found.
type foundAccount struct {
	id, name, state string
	parent          string // the organisation's target that discovered it; empty where the engagement alone names it
	wanted          bool   // the engagement asks for it
}

func (g *gatherer) awsOrganization(e *engagement.AWS, access *aws.Access) job {
	t := collectors.Target{ID: "aws-org-" + e.Management, Provider: "aws", Level: collectors.Organization, Account: e.Management, Name: "organisation of " + e.Management}
	return job{target: t, discovery: level(aws.Discovery(access), collectors.Organization), refused: g.exclusion(t.ID), enter: g.awsEnter(access, e.Management)}
}

// discovered adds the accounts that the organisation lists. Where the engagement names
// accounts, the others are left out, and every row of theirs says so.
func discovered(w *collectors.Work, e *engagement.AWS, found map[string]foundAccount) {
	for _, f := range w.Facts() {
		if f.Kind != "aws.organizations.account" {
			continue
		}
		id := f.ID[len("aws:"):]
		state, _ := f.Get("/account/state")
		text, _ := state.(string)
		found[id] = foundAccount{id: id, name: f.Name, state: text, parent: w.Target.ID, wanted: len(e.Accounts) == 0 || slices.Contains(e.Accounts, id)}
	}
}

func (g *gatherer) awsAccounts(e *engagement.AWS, access *aws.Access, found map[string]foundAccount) []job {
	var jobs []job
	var fallback []collectors.Region
	for _, name := range g.table.Regions(e.Partition) {
		fallback = append(fallback, limited(e, collectors.Region{Name: name}))
	}
	for _, a := range found {
		t := collectors.Target{ID: "aws-" + a.id, Provider: "aws", Level: collectors.Account, Account: a.id, Name: a.name, Parent: a.parent}
		j := job{target: t, discovery: level(aws.Discovery(access), collectors.Account), rest: aws.Collectors(access), fallback: fallback,
			refused: g.exclusion(t.ID), enter: g.awsEnter(access, a.id),
			regions: func(w *collectors.Work) []collectors.Region {
				return g.before.gone(w.Target.ID, awsRegions(w, e, fallback))
			}}
		switch {
		case j.refused != "":
		case !a.wanted:
			j.refused = "left out by the engagement's list of accounts"
		case a.state != "" && a.state != "active":
			j.refused = "the account is " + a.state
		}
		jobs = append(jobs, j)
	}
	return jobs
}

func (g *gatherer) awsEnter(access *aws.Access, account string) func(context.Context, *collectors.Work) (entered, bool) {
	return func(ctx context.Context, w *collectors.Work) (entered, bool) {
		status, reason, ok := w.Enter(ctx, access.Operation(), g.clock, func(ctx context.Context) collectors.Entry { return access.Enter(ctx, account) })
		return entered{status, reason}, ok
	}
}

// awsRegions plans by the account's own list of regions; where that was denied, or is not whole, by the
// table too. The list names regions that the account never opted in to as well, so that one which the
// table knows and it leaves out is not asked, and shown as such.
func awsRegions(w *collectors.Work, e *engagement.AWS, fallback []collectors.Region) []collectors.Region {
	var out []collectors.Region
	for _, f := range w.Facts() {
		if f.Kind != "aws.account.region" {
			continue
		}
		r := collectors.Region{Name: f.Name}
		switch opt, _ := f.Get("/attrs/opt_in"); opt {
		case "opted-in", "opt-in-not-required":
			r = limited(e, r)
		case "not-opted-in":
			r.Status, r.Reason = evidence.NotEnabled, "not opted in; earlier use not shown"
		}
		out = append(out, r)
	}
	row, ok := w.Row(evidence.RowID(w.Target.ID, collectors.Global, "ec2:DescribeRegions"))
	whole := ok && row.Status == evidence.OK
	for _, r := range fallback {
		if slices.ContainsFunc(out, func(o collectors.Region) bool { return o.Name == r.Name }) {
			continue
		}
		if whole && r.Status == "" {
			r.Status, r.Reason = evidence.NotAttempted, "the account's list of regions leaves it out, and the table knows it"
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b collectors.Region) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// limited leaves a region out where the engagement names others.
func limited(e *engagement.AWS, r collectors.Region) collectors.Region {
	if len(e.Regions) > 0 && !slices.Contains(e.Regions, r.Name) {
		r.Status, r.Reason = evidence.NotAttempted, "left out by the engagement's list of regions"
	}
	return r
}

func level(all []collectors.Collector, l collectors.Level) []collectors.Collector {
	return slices.DeleteFunc(slices.Clone(all), func(c collectors.Collector) bool { return c.Info().Runs != l })
}
