package audit

import (
	"context"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

func (g *gatherer) gcp(ctx context.Context, e *engagement.GCP) error {
	access, err := g.clouds.GCP(ctx, gcp.Settings{Organization: e.Organization, Endpoint: g.file.Overrides.GCPEndpoint})
	if err != nil {
		return err
	}
	found := map[string]foundAccount{}
	for _, id := range e.Projects {
		found[id] = foundAccount{id: id, wanted: true}
	}
	if e.Organization != "" {
		t := collectors.Target{ID: "gcp-org-" + e.Organization, Provider: "gcp", Level: collectors.Organization, Account: e.Organization, Name: "organisation " + e.Organization}
		j := job{target: t, discovery: level(gcp.Discovery(access), collectors.Organization), rest: level(gcp.Collectors(access), collectors.Organization),
			refused: g.exclusion(t.ID), enter: g.gcpEnter(access, e.Organization)}
		if err := g.run(ctx, j, func(w *collectors.Work) { discoveredProjects(w, e, found) }); err != nil {
			return err
		}
	}
	return g.each(ctx, g.gcpProjects(access, found))
}

func (g *gatherer) gcpProjects(access *gcp.Access, found map[string]foundAccount) []job {
	var jobs []job
	for _, p := range found {
		t := collectors.Target{ID: engagement.ProjectTarget(p.id), Provider: "gcp", Level: collectors.Account, Account: p.id, Name: p.name, Parent: p.parent}
		j := job{target: t, discovery: level(gcp.Discovery(access), collectors.Account), rest: level(gcp.Collectors(access), collectors.Account),
			refused: g.exclusion(t.ID), enter: g.gcpEnter(access, p.id)}
		switch {
		case j.refused != "":
		case !p.wanted:
			j.refused = "left out by the engagement's list of projects"
		case p.state != "" && p.state != "active":
			j.refused = "the project is " + p.state
		}
		jobs = append(jobs, j)
	}
	return jobs
}

// discoveredProjects adds the projects that the organisation lists.
func discoveredProjects(w *collectors.Work, e *engagement.GCP, found map[string]foundAccount) {
	for _, f := range w.Facts() {
		if f.Kind != "gcp.resourcemanager.project" {
			continue
		}
		id := strings.TrimPrefix(f.ID, "gcp:")
		state, _ := f.Get("/account/state")
		text, _ := state.(string)
		found[id] = foundAccount{id: id, name: f.Name, state: text, parent: w.Target.ID, wanted: len(e.Projects) == 0 || slices.Contains(e.Projects, id)}
	}
}

func (g *gatherer) gcpEnter(access *gcp.Access, id string) func(context.Context, *collectors.Work) (entered, bool) {
	return func(ctx context.Context, w *collectors.Work) (entered, bool) {
		status, reason, ok := w.Enter(ctx, access.Operation(), g.clock, func(ctx context.Context) collectors.Entry { return access.Enter(ctx, id) })
		return entered{status, reason}, ok
	}
}
