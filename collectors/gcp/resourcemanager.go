package gcp

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	crm "google.golang.org/api/cloudresourcemanager/v3"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// hierarchy says which folders and projects an organisation has, walking from the top by lists
// that need a permission on the parent. Search answers leave out what the caller may not see, so
// they are no list; here one contradicts a list that hides something, as the inventory does.
type hierarchy struct{ access *Access }

func (c *hierarchy) Info() collectors.Info {
	return collectors.Info{Name: "gcp/resourcemanager", Provider: "gcp", Runs: collectors.Organization, Discovery: true,
		Kinds: []*evidence.Kind{kindOrganization, kindFolder, kindProject},
		Operations: []collectors.Operation{
			lists(marked("cloudresourcemanager:organizations.get", "resourcemanager.organizations.get", "name", "string"), kindOrganization),
			lists(bare("cloudresourcemanager:folders.list", "resourcemanager.folders.list"), kindFolder, kindProject),
			lists(bare("cloudresourcemanager:projects.list", "resourcemanager.projects.list"), kindProject),
			lists(marked("cloudresourcemanager:projects.search", "resourcemanager.projects.get", "projects", "array"), kindProject),
		}}
}

// maxFolderDepth bounds the walk; Google allows ten levels of folders.
const maxFolderDepth = 16

// tree is what the walk found.
type tree struct {
	access   *Access
	session  *collectors.Session
	service  *crm.Service
	under    map[string]bool     // names of the organisation and its folders
	found    map[string]bool     // names of projects listed
	searched map[string][]string // names of projects that search found, by parent
}

func (c *hierarchy) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := crm.NewService(ctx, c.access.options(s, collectors.Global, "cloudresourcemanager")...)
	if err != nil {
		return err
	}
	t := &tree{access: c.access, session: s, service: service, under: map[string]bool{}, found: map[string]bool{}, searched: map[string][]string{}}
	top := "organizations/" + s.Target().Account
	org := ask(ctx, s, collectors.Global, "cloudresourcemanager:organizations.get", func(ctx context.Context) (*crm.Organization, error) {
		return service.Organizations.Get(top).Context(ctx).Do()
	})
	if org.OK() {
		s.Emit(kindOrganization, organizationFact(org.Value).Because(org.From...))
	}
	t.search(ctx)
	t.walk(ctx, top, []string{hierarchyID(top)})
	t.contradict()
	delete(t.under, top)
	c.access.knowFolders(s.Target().Account, slices.Collect(maps.Keys(t.under)))
	return nil
}

// search asks for every project that the caller can see.
func (t *tree) search(ctx context.Context) {
	list(ctx, t.session, collectors.Global, "cloudresourcemanager:projects.search", kindProject, func(ctx context.Context, token string) (page[*crm.Project], error) {
		r, err := t.service.Projects.Search().PageSize(500).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*crm.Project]{}, err
		}
		return page[*crm.Project]{items: r.Projects, next: r.NextPageToken}, nil
	}, func(p *crm.Project, _ []string) {
		t.searched[p.Parent] = append(t.searched[p.Parent], p.Name)
	})
}

// walk lists what lies right under an organisation or folder, and then under each folder.
// Parents are the ids from it to the root.
func (t *tree) walk(ctx context.Context, name string, parents []string) {
	if len(parents) > maxFolderDepth || t.under[name] {
		t.session.Spoil(kindFolder, collectors.Global, errors.New("folders nest deeper than Google allows, or in a ring, at "+name))
		return
	}
	t.under[name] = true
	t.projects(ctx, name, parents)
	var below []*crm.Folder
	l := list(ctx, t.session, collectors.Global, "cloudresourcemanager:folders.list", kindFolder, func(ctx context.Context, token string) (page[*crm.Folder], error) {
		r, err := t.service.Folders.List().Parent(name).ShowDeleted(true).PageSize(300).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*crm.Folder]{}, err
		}
		return page[*crm.Folder]{items: r.Folders, next: r.NextPageToken}, nil
	}, func(f *crm.Folder, from []string) {
		t.session.Emit(kindFolder, folderFact(f, parents).Because(from...))
		below = append(below, f)
	})
	t.access.vouch(t.session, l, assetFolder, directlyUnder(name))
	for _, f := range below {
		t.walk(ctx, f.Name, append([]string{hierarchyID(f.Name)}, parents...))
	}
}

func (t *tree) projects(ctx context.Context, name string, parents []string) {
	l := list(ctx, t.session, collectors.Global, "cloudresourcemanager:projects.list", kindProject, func(ctx context.Context, token string) (page[*crm.Project], error) {
		r, err := t.service.Projects.List().Parent(name).ShowDeleted(true).PageSize(300).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*crm.Project]{}, err
		}
		return page[*crm.Project]{items: r.Projects, next: r.NextPageToken}, nil
	}, func(p *crm.Project, from []string) {
		t.found[p.Name] = true
		t.session.Emit(kindProject, projectFact(p, parents).Because(from...))
	})
	t.access.vouch(t.session, l, assetProject, directlyUnder(name))
}

// contradict compares the lists with what search found under the same parents, and with all that the inventory
// lists in the organisation. A folder or project that one of those shows and the lists do not makes the list
// an error: they may lag behind but invent nothing. Search goes beyond the organisation: under a parent that was
// not listed it proves nothing.
func (t *tree) contradict() {
	for _, parent := range slices.Sorted(maps.Keys(t.searched)) {
		for _, name := range sorted(t.searched[parent]) {
			if t.under[parent] && !t.found[name] {
				t.session.Spoil(kindProject, collectors.Global, errors.New("a search finds "+name+", the list of its parent does not"))
			}
		}
	}
	i := t.access.inventoryOf(t.session.Target().ID)
	if i == nil {
		return
	}
	for _, a := range i.assets {
		switch {
		case a.AssetType == assetProject && !t.found[selfOf(a)]:
			t.session.Spoil(kindProject, collectors.Global, errors.New("the inventory lists "+selfOf(a)+", the list of its parent does not"))
		case a.AssetType == assetFolder && !t.under[selfOf(a)]:
			t.session.Spoil(kindFolder, collectors.Global, errors.New("the inventory lists "+selfOf(a)+", the list of its parent does not"))
		}
	}
}

// hierarchyID is the fact id of an organisation or folder.
func hierarchyID(name string) string { return "gcp:" + name }

// projectID is the fact id of a project, and the id by which registers trust it.
func projectID(project string) string { return "gcp:" + project }

func state(s string) string {
	switch s {
	case "ACTIVE":
		return "active"
	case "DELETE_REQUESTED":
		return "closing"
	}
	return s
}

func organizationFact(o *crm.Organization) *evidence.Fact {
	f := evidence.NewFact(kindOrganization, hierarchyID(o.Name), o.DisplayName)
	f.Region = collectors.Global
	setText(f, kindOrganization, "/attrs/customer", o.DirectoryCustomerId)
	return f.None(kindOrganization, "/account/parents").Set("/account/state", state(o.State))
}

func folderFact(o *crm.Folder, parents []string) *evidence.Fact {
	f := evidence.NewFact(kindFolder, hierarchyID(o.Name), o.DisplayName)
	f.Region = collectors.Global
	return f.Set("/account/parents", parents).Set("/account/state", state(o.State))
}

func projectFact(p *crm.Project, parents []string) *evidence.Fact {
	f := evidence.NewFact(kindProject, projectID(p.ProjectId), p.DisplayName)
	f.Region = collectors.Global
	return f.Set("/account/parents", parents).Set("/account/state", state(p.State)).SetTags(p.Labels).
		Set("/attrs/project_id", p.ProjectId).Set("/attrs/number", strings.TrimPrefix(p.Name, "projects/"))
}
