package gcp

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// identities says of a project which custom roles and service accounts it has, who may act as
// those, and which long-lived keys they have.
type identities struct{ access *Access }

func (c *identities) Info() collectors.Info {
	return collectors.Info{Name: "gcp/iam", Provider: "gcp", Runs: collectors.Account,
		Kinds: []*evidence.Kind{kindServiceAccount, kindRole, kindBinding},
		Operations: []collectors.Operation{
			lists(bare("iam:projects.roles.list", "iam.roles.list"), kindRole),
			lists(bare("iam:projects.serviceAccounts.list", "iam.serviceAccounts.list"), kindServiceAccount),
			under(lists(marked("iam:projects.serviceAccounts.getIamPolicy", "iam.serviceAccounts.getIamPolicy", "etag", "string"), kindBinding), "iam:projects.serviceAccounts.list"),
			under(scrubbed(marked("iam:projects.serviceAccounts.keys.list", "iam.serviceAccountKeys.list", "keys", "array"), "privateKeyData"), "iam:projects.serviceAccounts.list"),
		}}
}

func (c *identities) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := iam.NewService(ctx, c.access.options(s, collectors.Global, "iam")...)
	if err != nil {
		return err
	}
	parent := "projects/" + s.Target().Account
	roles := list(ctx, s, collectors.Global, "iam:projects.roles.list", kindRole, func(ctx context.Context, token string) (page[*iam.Role], error) {
		r, err := service.Projects.Roles.List(parent).View("FULL").ShowDeleted(true).PageSize(1000).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*iam.Role]{}, err
		}
		return page[*iam.Role]{items: r.Roles, next: r.NextPageToken}, nil
	}, func(r *iam.Role, from []string) { s.Emit(kindRole, roleFact(r).Because(from...)) })
	c.access.vouch(s, roles, assetRole, anyAsset)
	accounts := list(ctx, s, collectors.Global, "iam:projects.serviceAccounts.list", kindServiceAccount, func(ctx context.Context, token string) (page[*iam.ServiceAccount], error) {
		r, err := service.Projects.ServiceAccounts.List(parent).PageSize(100).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*iam.ServiceAccount]{}, err
		}
		return page[*iam.ServiceAccount]{items: r.Accounts, next: r.NextPageToken}, nil
	}, func(a *iam.ServiceAccount, from []string) { c.account(ctx, s, service, a, from) })
	c.access.vouch(s, accounts, assetAccount, anyAsset)
	return nil
}

func (c *identities) account(ctx context.Context, s *collectors.Session, service *iam.Service, account *iam.ServiceAccount, from []string) {
	project := s.Target().Account
	policy := ask(ctx, s, collectors.Global, "iam:projects.serviceAccounts.getIamPolicy", func(ctx context.Context) (*iam.Policy, error) {
		return service.Projects.ServiceAccounts.GetIamPolicy(account.Name).OptionsRequestedPolicyVersion(policyVersion).Context(ctx).Do()
	})
	keys := ask(ctx, s, collectors.Global, "iam:projects.serviceAccounts.keys.list", func(ctx context.Context) (*iam.ListServiceAccountKeysResponse, error) {
		return service.Projects.ServiceAccounts.Keys.List(account.Name).Context(ctx).Do()
	})
	if keys.OK() && len(keys.Value.Keys) == 0 { // each has those that Google rotates
		s.Fault(keys.Row, errNone)
	}
	s.Emit(kindServiceAccount, accountFact(project, account, policy, keys, s.AsOf()).Because(from...))
	if policy.OK() {
		own := c.access.known(project)
		o := owner{id: accountID(project, account), region: collectors.Global, project: project, number: own.number}
		emitBindings(s, o, iamBindings(policy.Value), append(own.from, policy.From...))
	}
}

func iamBindings(p *iam.Policy) []binding {
	var out []binding
	for _, b := range p.Bindings {
		one := binding{role: b.Role, members: b.Members}
		if b.Condition != nil {
			one.expression, one.title, one.description = b.Condition.Expression, b.Condition.Title, b.Condition.Description
		}
		out = append(out, one)
	}
	return out
}

func accountID(project string, a *iam.ServiceAccount) string {
	return "//iam.googleapis.com/projects/" + project + "/serviceAccounts/" + a.UniqueId
}

// accountFact says of a service account who may act as it by its own policy, and which keys its
// users hold. Keys that Google rotates by itself are no long-lived credentials.
func accountFact(project string, a *iam.ServiceAccount, policy collectors.Answer[*iam.Policy],
	keys collectors.Answer[*iam.ListServiceAccountKeysResponse], asOf time.Time) *evidence.Fact {
	f := evidence.NewFact(kindServiceAccount, accountID(project, a), a.Email).Because(policy.From...).Because(keys.From...)
	f.Region = collectors.Global
	f.Set("/principal/type", "service").None(kindServiceAccount, "/principal/idp").
		Set("/attrs/member", "serviceAccount:"+a.Email).Set("/attrs/disabled", a.Disabled)
	if policy.OK() {
		var who []string
		for _, b := range policy.Value.Bindings {
			who = append(who, b.Members...)
		}
		f.Set("/principal/trusted_by", sorted(who))
	} else {
		f.Unknown(policy.Row, "/principal/trusted_by")
	}
	if !keys.OK() || len(keys.Value.Keys) == 0 {
		return f.Unknown(keys.Row, "/principal/credentials")
	}
	credentials := []map[string]any{}
	for _, k := range keys.Value.Keys {
		if k.KeyType == "SYSTEM_MANAGED" {
			continue
		}
		one := map[string]any{"kind": "service_account_key", "id": last(k.Name)}
		at := "/principal/credentials/" + strconv.Itoa(len(credentials))
		f.Unknown(keys.Row, at+"/last_used") // the service does not say
		created, err := time.Parse(time.RFC3339Nano, k.ValidAfterTime)
		if err == nil {
			one["created"] = created
		} else {
			f.Unknown(keys.Row, at+"/created")
		}
		expires, err := time.Parse(time.RFC3339Nano, k.ValidBeforeTime)
		one["active"] = !k.Disabled && (err != nil || expires.After(asOf))
		credentials = append(credentials, one)
	}
	return f.Set("/principal/credentials", credentials)
}

func roleFact(r *iam.Role) *evidence.Fact {
	f := evidence.NewFact(kindRole, "//iam.googleapis.com/"+r.Name, r.Title)
	f.Region = collectors.Global
	setText(f, kindRole, "/attrs/stage", r.Stage)
	return f.Set("/attrs/permissions", sorted(r.IncludedPermissions)).Set("/attrs/deleted", r.Deleted)
}
