package gcp

import (
	"context"
	"slices"

	crm "google.golang.org/api/cloudresourcemanager/v3"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// projectPolicy says which roles a project's own policy binds, and which accesses to data it
// has logged. Policies of what lies above it bind in the project too; they are the
// organisation's.
type projectPolicy struct{ access *Access }

func (c *projectPolicy) Info() collectors.Info {
	return collectors.Info{Name: "gcp/policy", Provider: "gcp", Runs: collectors.Account, Kinds: []*evidence.Kind{kindBinding, kindAudit},
		Operations: []collectors.Operation{
			lists(marked("cloudresourcemanager:projects.getIamPolicy", "resourcemanager.projects.getIamPolicy", "etag", "string"), kindBinding, kindAudit),
		}}
}

func (c *projectPolicy) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := crm.NewService(ctx, c.access.options(s, collectors.Global, "cloudresourcemanager")...)
	if err != nil {
		return err
	}
	project := s.Target().Account
	a := ask(ctx, s, collectors.Global, "cloudresourcemanager:projects.getIamPolicy", func(ctx context.Context) (*crm.Policy, error) {
		return service.Projects.GetIamPolicy("projects/"+project, wholePolicy()).Context(ctx).Do()
	})
	own := c.access.known(project)
	emitPolicy(s, owner{id: projectID(project), region: collectors.Global, project: project, number: own.number}, a, own.from)
	return nil
}

// topPolicies says which roles the policies of an organisation and of its folders bind.
type topPolicies struct{ access *Access }

func (c *topPolicies) Info() collectors.Info {
	return collectors.Info{Name: "gcp/policy", Provider: "gcp", Runs: collectors.Organization, Kinds: []*evidence.Kind{kindBinding, kindAudit},
		Operations: []collectors.Operation{
			lists(marked("cloudresourcemanager:organizations.getIamPolicy", "resourcemanager.organizations.getIamPolicy", "etag", "string"), kindBinding, kindAudit),
			under(lists(marked("cloudresourcemanager:folders.getIamPolicy", "resourcemanager.folders.getIamPolicy", "etag", "string"), kindBinding, kindAudit), "cloudresourcemanager:folders.list"),
		}}
}

func (c *topPolicies) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := crm.NewService(ctx, c.access.options(s, collectors.Global, "cloudresourcemanager")...)
	if err != nil {
		return err
	}
	top := "organizations/" + s.Target().Account
	a := ask(ctx, s, collectors.Global, "cloudresourcemanager:organizations.getIamPolicy", func(ctx context.Context) (*crm.Policy, error) {
		return service.Organizations.GetIamPolicy(top, wholePolicy()).Context(ctx).Do()
	})
	emitPolicy(s, owner{id: hierarchyID(top), region: collectors.Global}, a, nil)
	for _, name := range c.access.foldersOf(s.Target().Account) {
		a := ask(ctx, s, collectors.Global, "cloudresourcemanager:folders.getIamPolicy", func(ctx context.Context) (*crm.Policy, error) {
			return service.Folders.GetIamPolicy(name, wholePolicy()).Context(ctx).Do()
		})
		emitPolicy(s, owner{id: hierarchyID(name), region: collectors.Global}, a, nil)
	}
	return nil
}

func wholePolicy() *crm.GetIamPolicyRequest {
	return &crm.GetIamPolicyRequest{Options: &crm.GetPolicyOptions{RequestedPolicyVersion: policyVersion}}
}

// emitPolicy emits the bindings and audit configurations of one policy of the hierarchy.
func emitPolicy(s *collectors.Session, o owner, a collectors.Answer[*crm.Policy], from []string) {
	if !a.OK() {
		return
	}
	var all []binding
	for _, b := range a.Value.Bindings {
		one := binding{role: b.Role, members: b.Members}
		if b.Condition != nil {
			one.expression, one.title, one.description = b.Condition.Expression, b.Condition.Title, b.Condition.Description
		}
		all = append(all, one)
	}
	emitBindings(s, o, all, slices.Concat(a.From, from))
	for _, f := range auditFacts(o, a.Value.AuditConfigs) {
		s.Emit(kindAudit, f.Because(a.From...))
	}
}

// allServices is the name under which a policy logs accesses for every service.
const allServices = "allServices"

// auditFacts makes one fact of each service that a policy has a configuration for, and always
// one for all services: that nothing is logged is said, not left out.
func auditFacts(o owner, configs []*crm.AuditConfig) []*evidence.Fact {
	by := map[string][]*crm.AuditLogConfig{allServices: nil}
	for _, c := range configs {
		by[c.Service] = append(by[c.Service], c.AuditLogConfigs...)
	}
	var out []*evidence.Fact
	for service, logs := range by {
		on, exempt := map[string]bool{}, []string{}
		for _, l := range logs {
			on[l.LogType] = true
			exempt = append(exempt, l.ExemptedMembers...)
		}
		f := evidence.NewFact(kindAudit, o.id+"#audit#"+service, service+" on "+o.id)
		f.Region = o.region
		f.Set("/log/accounts", []string{o.id}).Set("/log/regions", []string{"*"}).Set("/log/management", true).Set("/log/enabled", true).
			Set("/log/data_read", on["DATA_READ"]).Set("/log/data_write", on["DATA_WRITE"]).
			Set("/attrs/service", service).Set("/attrs/admin_read", on["ADMIN_READ"]).Set("/attrs/exempt", sorted(exempt))
		out = append(out, f)
	}
	return out
}
