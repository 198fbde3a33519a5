package aws

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// organization says which accounts there are, in which units, and which service control
// policies are attached where. It is a target of its own, asked with the management account's
// identity; every other account's plan depends on it.
type organization struct{ access *Access }

func (c *organization) Info() collectors.Info {
	op := func(name, parent string, genuine collectors.Genuine, kinds ...*evidence.Kind) collectors.Operation {
		o := collectors.Operation{Name: "organizations:" + name, Permission: "organizations:" + name, Global: true, Genuine: genuine}
		if parent != "" {
			o.Parent = "organizations:" + parent
		}
		for _, k := range kinds {
			o.List, o.Kinds = true, append(o.Kinds, k.Name)
		}
		return o
	}
	return collectors.Info{Name: "aws/organizations", Provider: "aws", Runs: collectors.Organization, Discovery: true,
		Kinds: []*evidence.Kind{kindOrganization, kindUnit, kindAccount, kindSCP},
		Operations: []collectors.Operation{
			op("DescribeOrganization", "", member("Organization", "object"), kindOrganization),
			op("ListRoots", "", member("Roots", "array"), kindUnit),
			op("ListAccounts", "", member("Accounts", "array"), kindAccount),
			op("ListOrganizationalUnitsForParent", "ListRoots", member("OrganizationalUnits", "array"), kindUnit),
			op("ListAccountsForParent", "ListRoots", member("Accounts", "array")),
			op("ListPolicies", "", member("Policies", "array"), kindSCP),
			op("DescribePolicy", "ListPolicies", member("Policy", "object"), kindSCP),
			op("ListTargetsForPolicy", "ListPolicies", member("Targets", "array"), kindSCP),
		}}
}

// orgTree is what the walk through the units found.
type orgTree struct {
	client  *organizations.Client
	session *collectors.Session
	parents map[string][]string // account id → path to the root
	rows    map[string]string   // account id or "" → row that kept the walk from finishing
	from    map[string][]string
}

func (c *organization) Collect(ctx context.Context, s *collectors.Session) error {
	client := organizations.NewFromConfig(c.access.config(s, collectors.Global))
	org := ask(ctx, s, collectors.Global, "organizations:DescribeOrganization", client.DescribeOrganization, &organizations.DescribeOrganizationInput{})
	orgID := ""
	if org.OK() && org.Value.Organization != nil {
		orgID = aws.ToString(org.Value.Organization.Id)
		s.Emit(kindOrganization, organizationFact(org.Value.Organization).Because(org.From...))
	}
	t := &orgTree{client: client, session: s, parents: map[string][]string{}, rows: map[string]string{}, from: map[string][]string{}}
	t.roots(ctx, orgID)
	c.accounts(ctx, t, org)
	c.policies(ctx, t)
	return nil
}

func (t *orgTree) roots(ctx context.Context, orgID string) {
	var token *string
	for {
		page := ask(ctx, t.session, collectors.Global, "organizations:ListRoots", t.client.ListRoots, &organizations.ListRootsInput{NextToken: token})
		if !page.OK() {
			t.rows[""] = page.Row
			return
		}
		for _, r := range page.Value.Roots {
			t.unit(ctx, aws.ToString(r.Id), aws.ToString(r.Name), orgPath(orgID), page.From)
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

func orgPath(orgID string) []string {
	if orgID == "" {
		return []string{}
	}
	return []string{orgID}
}

// maxUnitDepth bounds the walk; AWS allows five levels below the root.
const maxUnitDepth = 16

// unit emits a root or organisational unit and walks what lies under it.
func (t *orgTree) unit(ctx context.Context, id, name string, parents, from []string) {
	f := evidence.NewFact(kindUnit, id, name).Because(from...)
	f.Region = collectors.Global
	t.session.Emit(kindUnit, f.Set("/account/parents", parents))
	path := append([]string{id}, parents...)
	if len(path) > maxUnitDepth {
		return
	}
	t.accountsUnder(ctx, id, path)
	var token *string
	for {
		page := ask(ctx, t.session, collectors.Global, "organizations:ListOrganizationalUnitsForParent", t.client.ListOrganizationalUnitsForParent,
			&organizations.ListOrganizationalUnitsForParentInput{ParentId: aws.String(id), NextToken: token})
		if !page.OK() {
			t.rows[""] = page.Row
			return
		}
		for _, u := range page.Value.OrganizationalUnits {
			t.unit(ctx, aws.ToString(u.Id), aws.ToString(u.Name), path, page.From)
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

func (t *orgTree) accountsUnder(ctx context.Context, id string, path []string) {
	var token *string
	for {
		page := ask(ctx, t.session, collectors.Global, "organizations:ListAccountsForParent", t.client.ListAccountsForParent,
			&organizations.ListAccountsForParentInput{ParentId: aws.String(id), NextToken: token})
		if !page.OK() {
			t.rows[""] = page.Row
			return
		}
		for _, a := range page.Value.Accounts {
			t.parents[aws.ToString(a.Id)], t.from[aws.ToString(a.Id)] = path, page.From
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

func (c *organization) accounts(ctx context.Context, t *orgTree, org collectors.Answer[*organizations.DescribeOrganizationOutput]) {
	listed := map[string]bool{}
	var token *string
	for {
		page := ask(ctx, t.session, collectors.Global, "organizations:ListAccounts", t.client.ListAccounts, &organizations.ListAccountsInput{NextToken: token})
		if !page.OK() {
			return
		}
		for _, a := range page.Value.Accounts {
			listed[aws.ToString(a.Id)] = true
			t.session.Emit(kindAccount, t.accountFact(a, org).Because(page.From...))
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			break
		}
	}
	t.contradict(listed)
}

// contradict holds the list of accounts against the tree: an account that lies in a unit, and that the
// list does not name, would never be asked. It makes the list an error; the tree may lag, but invents
// nothing.
func (t *orgTree) contradict(listed map[string]bool) {
	for _, id := range slices.Sorted(maps.Keys(t.parents)) {
		if !listed[id] {
			t.session.Spoil(kindAccount, collectors.Global, errors.New("account "+id+" lies in "+t.parents[id][0]+", the list of accounts does not name it"))
		}
	}
}

func (t *orgTree) accountFact(a types.Account, org collectors.Answer[*organizations.DescribeOrganizationOutput]) *evidence.Fact {
	id := aws.ToString(a.Id)
	f := evidence.NewFact(kindAccount, "aws:"+id, aws.ToString(a.Name))
	f.Region = collectors.Global
	if path, ok := t.parents[id]; ok {
		f.Set("/account/parents", path).Because(t.from[id]...)
	} else {
		row := t.rows[""]
		if row == "" { // the tree was walked whole, and the account is in none of its units: the two lists disagree
			row = evidence.RowID(t.session.Target().ID, collectors.Global, "organizations:ListAccountsForParent")
		}
		f.Unknown(row, "/account/parents")
	}
	switch a.Status {
	case types.AccountStatusActive:
		f.Set("/account/state", "active")
	case types.AccountStatusSuspended:
		f.Set("/account/state", "suspended")
	default:
		f.Set("/account/state", string(a.Status))
	}
	if org.OK() && org.Value.Organization != nil {
		f.Set("/attrs/management", aws.ToString(org.Value.Organization.MasterAccountId) == id).Because(org.From...)
	} else {
		f.Unknown(org.Row, "/attrs/management")
	}
	if a.JoinedTimestamp != nil {
		return f.Set("/attrs/joined", *a.JoinedTimestamp)
	}
	return f.None(kindAccount, "/attrs/joined")
}

func organizationFact(o *types.Organization) *evidence.Fact {
	f := evidence.NewFact(kindOrganization, aws.ToString(o.Id), aws.ToString(o.Id))
	f.Region = collectors.Global
	features := []string{string(o.FeatureSet)}
	for _, p := range o.AvailablePolicyTypes {
		if p.Status == types.PolicyTypeStatusEnabled {
			features = append(features, string(p.Type))
		}
	}
	return f.None(kindOrganization, "/account/parents").Set("/account/state", "active").Set("/account/features", features).
		Set("/attrs/management", "aws:"+aws.ToString(o.MasterAccountId))
}
