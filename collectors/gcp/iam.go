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
			lists(scrubbed(marked(hmacOperation, "storage.hmacKeys.list", "kind", "string"), "secret"), kindServiceAccount),
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
	hmac, err := c.hmac(ctx, s)
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	accounts := list(ctx, s, collectors.Global, "iam:projects.serviceAccounts.list", kindServiceAccount, func(ctx context.Context, token string) (page[*iam.ServiceAccount], error) {
		r, err := service.Projects.ServiceAccounts.List(parent).PageSize(100).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*iam.ServiceAccount]{}, err
		}
		return page[*iam.ServiceAccount]{items: r.Accounts, next: r.NextPageToken}, nil
	}, func(a *iam.ServiceAccount, from []string) {
		listed[a.Email] = true
		c.account(ctx, s, service, a, hmac, from)
	})
	c.access.vouch(s, accounts, assetAccount, anyAsset)
	if err := hmac.elsewhere(listed); accounts.whole && err != nil {
		s.Spoil(kindServiceAccount, collectors.Global, err)
	}
	return nil
}

func (c *identities) account(ctx context.Context, s *collectors.Session, service *iam.Service, account *iam.ServiceAccount, hmac hmacKeys, from []string) {
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
	s.Emit(kindServiceAccount, accountFact(project, account, policy, keys, hmac, s.AsOf()).Because(from...))
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
// users hold, those of Cloud Storage with them. Keys that Google rotates by itself are no long-lived credentials.
func accountFact(project string, a *iam.ServiceAccount, policy collectors.Answer[*iam.Policy],
	keys collectors.Answer[*iam.ListServiceAccountKeysResponse], hmac hmacKeys, asOf time.Time) *evidence.Fact {
	f := evidence.NewFact(kindServiceAccount, accountID(project, a), a.Email).Because(policy.From...).Because(keys.From...).Because(hmac.from...)
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
	c := credentials{fact: f, list: []map[string]any{}}
	if !keys.OK() || len(keys.Value.Keys) == 0 {
		c.lack(keys.Row)
	} else {
		c.addKeys(keys, asOf)
	}
	hmac.addTo(&c, a.Email)
	return f.Set("/principal/credentials", c.list)
}

// credentials are the long-lived ones of an account, on their way into its fact.
type credentials struct {
	fact *evidence.Fact
	list []map[string]any
	gap  bool // not all were seen, and the fact says so
}

// add takes one; what it does not say is unknown.
func (c *credentials) add(one map[string]any, created, row string) {
	at := "/principal/credentials/" + strconv.Itoa(len(c.list))
	c.fact.Unknown(row, at+"/last_used") // the services do not say
	if t, err := time.Parse(time.RFC3339Nano, created); err == nil {
		one["created"] = t
	} else {
		c.fact.Unknown(row, at+"/created")
	}
	if _, said := one["active"]; !said {
		c.fact.Unknown(row, at+"/active")
	}
	c.list = append(c.list, one)
}

// lack says that not all were seen, and the first row that says why.
func (c *credentials) lack(row string) {
	if !c.gap {
		c.gap = true
		c.fact.Unknown(row, "/principal/credentials/-")
	}
}

// addKeys takes the account's own keys.
func (c *credentials) addKeys(keys collectors.Answer[*iam.ListServiceAccountKeysResponse], asOf time.Time) {
	for _, k := range keys.Value.Keys {
		if k.KeyType == "SYSTEM_MANAGED" {
			continue
		}
		expires, err := time.Parse(time.RFC3339Nano, k.ValidBeforeTime)
		c.add(map[string]any{"kind": "service_account_key", "id": last(k.Name), "active": !k.Disabled && (err != nil || expires.After(asOf))}, k.ValidAfterTime, keys.Row)
	}
}

func roleFact(r *iam.Role) *evidence.Fact {
	f := evidence.NewFact(kindRole, "//iam.googleapis.com/"+r.Name, r.Title)
	f.Region = collectors.Global
	setText(f, kindRole, "/attrs/stage", r.Stage)
	return f.Set("/attrs/permissions", sorted(r.IncludedPermissions)).Set("/attrs/deleted", r.Deleted)
}
