package gcp

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"google.golang.org/api/cloudasset/v1"
	"google.golang.org/api/iam/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// iamHost begins the ids of what IAM holds, and the names of pools in policies.
const iamHost = "//iam.googleapis.com/"

// pools says which workload identity pools a project has, and whose tokens each takes: a pool is the
// project's own, but whoever an outside issuer signs for may come through it.
type pools struct{ access *Access }

func (c *pools) Info() collectors.Info {
	const parent = "iam:projects.locations.workloadIdentityPools.list"
	return collectors.Info{Name: "gcp/pools", Provider: "gcp", Runs: collectors.Account, Kinds: []*evidence.Kind{kindPool, kindProvider},
		Operations: []collectors.Operation{
			lists(bare(parent, "iam.googleapis.com/workloadIdentityPools.list"), kindPool, kindProvider),
			under(lists(bare("iam:projects.locations.workloadIdentityPools.providers.list", "iam.googleapis.com/workloadIdentityPoolProviders.list"), kindPool, kindProvider), parent),
		}}
}

func (c *pools) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := iam.NewService(ctx, c.access.options(s, collectors.Global, "iam")...)
	if err != nil {
		return err
	}
	const operation, below = "iam:projects.locations.workloadIdentityPools.list", "iam:projects.locations.workloadIdentityPools.providers.list"
	parent, all := "projects/"+s.Target().Account+"/locations/global", service.Projects.Locations.WorkloadIdentityPools
	l := list(ctx, s, collectors.Global, operation, kindPool, func(ctx context.Context, token string) (page[*iam.WorkloadIdentityPool], error) {
		r, err := all.List(parent).ShowDeleted(true).PageSize(1000).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*iam.WorkloadIdentityPool]{}, err
		}
		return page[*iam.WorkloadIdentityPool]{items: r.WorkloadIdentityPools, next: r.NextPageToken}, nil
	}, func(p *iam.WorkloadIdentityPool, from []string) {
		project, own := "projects/"+s.Target().Account, c.access.known(s.Target().Account)
		pool := identityPool{name: named(p.Name, project, own.number), mode: p.Mode, usable: usable(p.State, p.Disabled)}
		if rest, ok := strings.CutPrefix(pool.name, project+"/"); ok && own.number != "" {
			pool.member = iamHost + "projects/" + own.number + "/" + rest
		}
		c.access.providers(ctx, s, below, assetPoolProvider, &pool, slices.Concat(from, own.from), func(ctx context.Context, token string) (page[provider], error) {
			r, err := all.Providers.List(p.Name).ShowDeleted(true).PageSize(100).PageToken(token).Context(ctx).Do()
			if err != nil {
				return page[provider]{}, err
			}
			out := page[provider]{next: r.NextPageToken}
			for _, one := range r.WorkloadIdentityPoolProviders {
				out.items = append(out.items, workloadProvider(one))
			}
			return out, nil
		})
	})
	c.access.vouchShown(s, l, assetPool, anyAsset)
	return nil
}

// topPools says the same of the workforce pools of an organisation.
type topPools struct{ access *Access }

func (c *topPools) Info() collectors.Info {
	const parent = "iam:locations.workforcePools.list"
	return collectors.Info{Name: "gcp/pools", Provider: "gcp", Runs: collectors.Organization, Kinds: []*evidence.Kind{kindPool, kindProvider},
		Operations: []collectors.Operation{
			lists(bare(parent, "iam.googleapis.com/workforcePools.list"), kindPool, kindProvider),
			under(lists(bare("iam:locations.workforcePools.providers.list", "iam.googleapis.com/workforcePoolProviders.list"), kindPool, kindProvider), parent),
		}}
}

func (c *topPools) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := iam.NewService(ctx, c.access.options(s, collectors.Global, "iam")...)
	if err != nil {
		return err
	}
	const operation, below = "iam:locations.workforcePools.list", "iam:locations.workforcePools.providers.list"
	all := service.Locations.WorkforcePools
	l := list(ctx, s, collectors.Global, operation, kindPool, func(ctx context.Context, token string) (page[*iam.WorkforcePool], error) {
		r, err := all.List("locations/global").Parent("organizations/" + s.Target().Account).ShowDeleted(true).PageSize(100).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*iam.WorkforcePool]{}, err
		}
		return page[*iam.WorkforcePool]{items: r.WorkforcePools, next: r.NextPageToken}, nil
	}, func(p *iam.WorkforcePool, from []string) {
		pool := identityPool{name: p.Name, member: iamHost + p.Name, mode: "FEDERATION_ONLY", usable: usable(p.State, p.Disabled)}
		c.access.providers(ctx, s, below, assetForceProvider, &pool, from, func(ctx context.Context, token string) (page[provider], error) {
			r, err := all.Providers.List(p.Name).ShowDeleted(true).PageSize(100).PageToken(token).Context(ctx).Do()
			if err != nil {
				return page[provider]{}, err
			}
			out := page[provider]{next: r.NextPageToken}
			for _, one := range r.WorkforcePoolProviders {
				out.items = append(out.items, workforceProvider(one))
			}
			return out, nil
		})
	})
	c.access.vouchShown(s, l, assetForcePool, anyAsset)
	return nil
}

// errShown says that an empty list of pools proves nothing.
var errShown = errors.New("an answer without any member, and the organisation's inventory shows no such thing anywhere: whether it lists them at all is not known")

// vouchShown vouches for a list of what not every inventory lists: it counts where the inventory of the
// organisation shows one somewhere, and none there.
func (a *Access) vouchShown(s *collectors.Session, l listed, assetType string, there func(*cloudasset.Asset) bool) bool {
	if !l.bare() {
		return l.whole
	}
	for _, target := range []string{s.Target().Parent, s.Target().ID} {
		if i := a.inventoryOf(target); i != nil && i.beyond(0, assetType, anyAsset) != "" {
			return a.vouch(s, l, assetType, there)
		}
	}
	s.Fault(l.row, errShown)
	return false
}

// identityPool is a pool of either sort.
type identityPool struct {
	name   string // as its id is made of: with the id of its project
	member string // what the names of its members begin with in policies; empty where that is not known
	mode   string
	usable bool
}

// provider is one issuer whose tokens a pool takes.
type provider struct {
	name, sort     string
	issuer, unread string // its issuer, or why that is not known
	audiences      []string
	condition      string
	mapping        map[string]string
	usable         bool
}

// usable reports whether a pool or provider lets anybody in now. A deleted one can be restored, and is listed.
func usable(state string, disabled bool) bool { return state != "DELETED" && !disabled }

// providers reads the providers of a pool, and emits the pool and them.
func (a *Access) providers(ctx context.Context, s *collectors.Session, operation, assetType string, pool *identityPool, from []string, get func(context.Context, string) (page[provider], error)) {
	ids := []string{}
	l := list(ctx, s, collectors.Global, operation, kindProvider, get, func(p provider, from []string) {
		id := iamHost + pool.name + "/providers/" + last(p.name)
		ids = append(ids, id)
		s.Emit(kindProvider, providerFact(id, pool, &p, evidence.RowID(s.Target().ID, collectors.Global, operation)).Because(from...))
	})
	whole := a.vouchShown(s, l, assetType, func(asset *cloudasset.Asset) bool {
		return strings.Contains(asset.Name, "/"+last(pool.name)+"/providers/")
	})
	f := evidence.NewFact(kindPool, iamHost+pool.name, last(pool.name)).Because(from...).Because(l.from...)
	f.Region = collectors.Global
	f.Set("/attrs/usable", pool.usable)
	if pool.member == "" {
		f.Unknown(evidence.RowID(s.Target().ID, collectors.Global, "cloudresourcemanager:projects.get"), "/attrs/member")
	} else {
		f.Set("/attrs/member", pool.member)
	}
	setText(f, kindPool, "/attrs/mode", pool.mode)
	switch {
	case whole:
		f.Set("/attrs/providers", sorted(ids))
	case len(ids) == 0:
		f.Unknown(l.row, "/attrs/providers")
	default:
		f.Set("/attrs/providers", sorted(ids)).Unknown(l.row, "/attrs/providers/-")
	}
	s.Emit(kindPool, f)
}

// providerFact says of a provider whose tokens it takes; row is that of the list.
func providerFact(id string, pool *identityPool, p *provider, row string) *evidence.Fact {
	f := evidence.NewFact(kindProvider, id, last(id))
	f.Region = collectors.Global
	f.Set("/attrs/pool", iamHost+pool.name).Set("/attrs/usable", p.usable && pool.usable).Set("/attrs/audiences", sorted(p.audiences))
	if p.sort == "" {
		f.Unknown(row, "/attrs/type")
	} else {
		f.Set("/attrs/type", p.sort)
	}
	if p.issuer != "" {
		f.Set("/attrs/url", p.issuer)
	} else {
		f.Unknown(cmp.Or(p.unread, row), "/attrs/url")
	}
	setText(f, kindProvider, "/attrs/condition", p.condition)
	mapped := []string{}
	for _, key := range slices.Sorted(maps.Keys(p.mapping)) {
		mapped = append(mapped, key+"="+p.mapping[key])
	}
	return f.Set("/attrs/mapping", mapped)
}

func workloadProvider(p *iam.WorkloadIdentityPoolProvider) provider {
	out := provider{name: p.Name, condition: p.AttributeCondition, mapping: p.AttributeMapping, usable: usable(p.State, p.Disabled)}
	switch {
	case p.Oidc != nil:
		out.sort, out.issuer, out.audiences = "oidc", p.Oidc.IssuerUri, p.Oidc.AllowedAudiences
	case p.Saml != nil:
		out.sort = "saml"
		out.issuer, out.unread = entityOf(p.Saml.IdpMetadataXml)
	case p.Aws != nil:
		out.sort, out.issuer = "aws", "aws:"+p.Aws.AccountId
	case p.X509 != nil:
		out.sort, out.unread = "x509", "no collector reads the authorities of a trust store"
	}
	return out
}

func workforceProvider(p *iam.WorkforcePoolProvider) provider {
	out := provider{name: p.Name, condition: p.AttributeCondition, mapping: p.AttributeMapping, usable: usable(p.State, p.Disabled)}
	switch {
	case p.Oidc != nil:
		out.sort, out.issuer, out.audiences = "oidc", p.Oidc.IssuerUri, []string{p.Oidc.ClientId}
	case p.Saml != nil:
		out.sort = "saml"
		out.issuer, out.unread = entityOf(p.Saml.IdpMetadataXml)
	}
	return out
}

// entityOf finds the name that a SAML identity provider gives itself: the entityID of its metadata's root.
func entityOf(metadata string) (name, unread string) {
	d := xml.NewDecoder(io.LimitReader(strings.NewReader(metadata), 1<<20))
	for {
		token, err := d.Token()
		if err != nil {
			return "", "the SAML metadata names no entityID"
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range start.Attr {
			if start.Name.Local == "EntityDescriptor" && a.Name.Local == "entityID" && a.Value != "" {
				return a.Value, ""
			}
		}
		return "", "the SAML metadata's root is no EntityDescriptor with an entityID"
	}
}
