package gcp

import (
	"context"

	"google.golang.org/api/iam/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// topRoles says which custom roles an organisation defines.
type topRoles struct{ access *Access }

func (c *topRoles) Info() collectors.Info {
	return collectors.Info{Name: "gcp/iam", Provider: "gcp", Runs: collectors.Organization, Kinds: []*evidence.Kind{kindRole},
		Operations: []collectors.Operation{
			lists(bare("iam:organizations.roles.list", "iam.roles.list"), kindRole),
		}}
}

func (c *topRoles) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := iam.NewService(ctx, c.access.options(s, collectors.Global, "iam")...)
	if err != nil {
		return err
	}
	top := "organizations/" + s.Target().Account
	roles := list(ctx, s, collectors.Global, "iam:organizations.roles.list", kindRole, func(ctx context.Context, token string) (page[*iam.Role], error) {
		r, err := service.Organizations.Roles.List(top).View("FULL").ShowDeleted(true).PageSize(1000).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*iam.Role]{}, err
		}
		return page[*iam.Role]{items: r.Roles, next: r.NextPageToken}, nil
	}, func(r *iam.Role, from []string) { s.Emit(kindRole, roleFact(r).Because(from...)) })
	c.access.vouch(s, roles, assetRole, below("//iam.googleapis.com/"+top+"/"))
	return nil
}
