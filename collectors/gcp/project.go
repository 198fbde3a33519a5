package gcp

import (
	"context"
	"fmt"
	"strings"

	crm "google.golang.org/api/cloudresourcemanager/v3"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// project asks a project who it is: its number tells its own service agents from strangers.
// Where no organisation was read, it also says the project's fact, which otherwise the
// organisation's target says.
type project struct{ access *Access }

func (c *project) Info() collectors.Info {
	return collectors.Info{Name: "gcp/project", Provider: "gcp", Runs: collectors.Account, Discovery: true,
		Kinds: []*evidence.Kind{kindProject},
		Operations: []collectors.Operation{
			lists(marked("cloudresourcemanager:projects.get", "resourcemanager.projects.get", "projectId", "string"), kindProject),
		}}
}

func (c *project) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := crm.NewService(ctx, c.access.options(s, collectors.Global, "cloudresourcemanager")...)
	if err != nil {
		return err
	}
	a := ask(ctx, s, collectors.Global, "cloudresourcemanager:projects.get", func(ctx context.Context) (*crm.Project, error) {
		return service.Projects.Get("projects/" + s.Target().Account).Context(ctx).Do()
	})
	if !a.OK() {
		return nil
	}
	if a.Value.ProjectId != s.Target().Account && a.Value.Name != "projects/"+s.Target().Account {
		s.Fault(a.Row, fmt.Errorf("the answer is of project %q", a.Value.ProjectId))
		return nil
	}
	c.access.know(s.Target().Account, strings.TrimPrefix(a.Value.Name, "projects/"), a.From)
	if s.Target().Parent == "" {
		s.Emit(kindProject, ownProjectFact(a.Value, a.Row).Because(a.From...))
	}
	return nil
}

// ownProjectFact is the project's fact where the way to the root was not walked: only the
// direct parent is known.
func ownProjectFact(p *crm.Project, row string) *evidence.Fact {
	parents := []string{}
	if p.Parent != "" {
		parents = append(parents, hierarchyID(p.Parent))
	}
	f := projectFact(p, parents)
	if strings.HasPrefix(p.Parent, "folders/") {
		f.Unknown(row, "/account/parents/-")
	}
	return f
}
