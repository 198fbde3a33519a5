package gcp

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/api/cloudasset/v1"
	"google.golang.org/api/cloudkms/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// keys says of each Cloud KMS key where it lives, where its material came from, who keeps it
// and who may use it. Keys are listed location by location; each location is a region in
// coverage.
type keys struct{ access *Access }

func (c *keys) Info() collectors.Info {
	in := func(op collectors.Operation, parent string) collectors.Operation {
		return inLocation(under(op, parent))
	}
	return collectors.Info{Name: "gcp/kms", Provider: "gcp", Runs: collectors.Account, Kinds: []*evidence.Kind{kindKey, kindBinding},
		Operations: []collectors.Operation{
			lists(marked("cloudkms:projects.locations.list", "cloudkms.locations.list", "locations", "array"), kindKey),
			in(lists(bare("cloudkms:projects.locations.keyRings.list", "cloudkms.keyRings.list"), kindKey), "cloudkms:projects.locations.list"),
			in(lists(marked("cloudkms:projects.locations.keyRings.getIamPolicy", "cloudkms.keyRings.getIamPolicy", "etag", "string"), kindBinding), "cloudkms:projects.locations.keyRings.list"),
			in(lists(bare("cloudkms:projects.locations.keyRings.cryptoKeys.list", "cloudkms.cryptoKeys.list"), kindKey), "cloudkms:projects.locations.keyRings.list"),
			in(lists(marked("cloudkms:projects.locations.keyRings.cryptoKeys.getIamPolicy", "cloudkms.cryptoKeys.getIamPolicy", "etag", "string"), kindBinding), "cloudkms:projects.locations.keyRings.cryptoKeys.list"),
			in(bare("cloudkms:projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.list", "cloudkms.cryptoKeyVersions.list"), "cloudkms:projects.locations.keyRings.cryptoKeys.list"),
			in(marked("cloudkms:projects.locations.ekmConnections.get", "cloudkms.ekmConnections.get", "name", "string"), "cloudkms:projects.locations.keyRings.cryptoKeys.list"),
		}}
}

// kmsWalk is one project's walk through locations, key rings and keys.
type kmsWalk struct {
	session *collectors.Session
	service *cloudkms.Service
	project string
	own     identity
	access  *Access
}

func (c *keys) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := cloudkms.NewService(ctx, c.access.options(s, collectors.Global, "cloudkms")...)
	if err != nil {
		return err
	}
	w := &kmsWalk{session: s, service: service, project: s.Target().Account, own: c.access.known(s.Target().Account), access: c.access}
	var locations []string
	never(s, list(ctx, s, collectors.Global, "cloudkms:projects.locations.list", kindKey, func(ctx context.Context, token string) (page[*cloudkms.Location], error) {
		r, err := service.Projects.Locations.List("projects/" + w.project).PageSize(500).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*cloudkms.Location]{}, err
		}
		return page[*cloudkms.Location]{items: r.Locations, next: r.NextPageToken}, nil
	}, func(l *cloudkms.Location, _ []string) { locations = append(locations, l.LocationId) }))
	for _, location := range sorted(locations) {
		regional, err := cloudkms.NewService(ctx, c.access.options(s, place(location), "cloudkms")...)
		if err != nil {
			return err
		}
		at := *w
		at.service = regional
		at.rings(ctx, location)
	}
	return nil
}

func (w *kmsWalk) rings(ctx context.Context, location string) {
	s, region := w.session, place(location)
	parent := "projects/" + w.project + "/locations/" + location
	l := list(ctx, s, region, "cloudkms:projects.locations.keyRings.list", kindKey, func(ctx context.Context, token string) (page[*cloudkms.KeyRing], error) {
		r, err := w.service.Projects.Locations.KeyRings.List(parent).PageSize(1000).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*cloudkms.KeyRing]{}, err
		}
		return page[*cloudkms.KeyRing]{items: r.KeyRings, next: r.NextPageToken, total: int(r.TotalSize)}, nil
	}, func(r *cloudkms.KeyRing, from []string) { w.ring(ctx, region, r, from) })
	w.complete(region, parent, l)
}

// complete holds a list against what it says that there is in all, and an empty one against the
// second source: a ring without keys is of no matter.
func (w *kmsWalk) complete(region, parent string, l listed) {
	keys := func(a *cloudasset.Asset) bool { return strings.HasPrefix(byProjectID(w.project, a), keyID(parent)+"/") }
	if w.access.vouch(w.session, l, assetKey, keys) && l.total > 0 && l.total != l.items {
		w.session.Spoil(kindKey, region, fmt.Errorf("%d listed of %d", l.items, l.total))
	}
}

func (w *kmsWalk) ring(ctx context.Context, region string, ring *cloudkms.KeyRing, from []string) {
	s := w.session
	policy := ask(ctx, s, region, "cloudkms:projects.locations.keyRings.getIamPolicy", func(ctx context.Context) (*cloudkms.Policy, error) {
		return w.service.Projects.Locations.KeyRings.GetIamPolicy(ring.Name).OptionsRequestedPolicyVersion(policyVersion).Context(ctx).Do()
	})
	if policy.OK() {
		emitBindings(s, w.owner(region, ring.Name), kmsBindings(policy.Value), append(policy.From, w.own.from...))
	}
	l := list(ctx, s, region, "cloudkms:projects.locations.keyRings.cryptoKeys.list", kindKey, func(ctx context.Context, token string) (page[*cloudkms.CryptoKey], error) {
		r, err := w.service.Projects.Locations.KeyRings.CryptoKeys.List(ring.Name).PageSize(1000).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*cloudkms.CryptoKey]{}, err
		}
		return page[*cloudkms.CryptoKey]{items: r.CryptoKeys, next: r.NextPageToken, total: int(r.TotalSize)}, nil
	}, func(k *cloudkms.CryptoKey, listedFrom []string) {
		a := keyAnswers{key: k, region: region, from: append(listedFrom, from...), ring: policy, own: w.own}
		w.key(ctx, &a)
	})
	w.complete(region, ring.Name, l)
}

func (w *kmsWalk) owner(region, name string) owner {
	return owner{id: keyID(name), region: region, project: w.project, number: w.own.number}
}

func (w *kmsWalk) key(ctx context.Context, a *keyAnswers) {
	s := w.session
	a.policy = ask(ctx, s, a.region, "cloudkms:projects.locations.keyRings.cryptoKeys.getIamPolicy", func(ctx context.Context) (*cloudkms.Policy, error) {
		return w.service.Projects.Locations.KeyRings.CryptoKeys.GetIamPolicy(a.key.Name).OptionsRequestedPolicyVersion(policyVersion).Context(ctx).Do()
	})
	a.owner = w.owner(a.region, a.key.Name)
	w.versions(ctx, a)
	if a.key.CryptoKeyBackend != "" {
		a.asked = true
		a.connection = ask(ctx, s, a.region, "cloudkms:projects.locations.ekmConnections.get", func(ctx context.Context) (*cloudkms.EkmConnection, error) {
			return w.service.Projects.Locations.EkmConnections.Get(a.key.CryptoKeyBackend).Context(ctx).Do()
		})
	}
	s.Emit(kindKey, a.fact())
	if a.policy.OK() {
		emitBindings(s, a.owner, kmsBindings(a.policy.Value), append(a.policy.From, w.own.from...))
	}
}

// versions lists a key's versions. An answer of none is not believed: {} would hide where the
// material comes from.
func (w *kmsWalk) versions(ctx context.Context, a *keyAnswers) {
	total, token := 0, ""
	for n := 0; n < maxPages; n++ {
		p := collectors.Ask(ctx, w.session, a.region, "cloudkms:projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.list", func(ctx context.Context) (*cloudkms.ListCryptoKeyVersionsResponse, error) {
			return w.service.Projects.Locations.KeyRings.CryptoKeys.CryptoKeyVersions.List(a.key.Name).PageSize(1000).PageToken(token).Context(ctx).Do()
		})
		a.versionsRow, a.versionsFrom = p.Row, append(a.versionsFrom, p.From...)
		if !p.OK() {
			return
		}
		a.versions, total = append(a.versions, p.Value.CryptoKeyVersions...), max(total, int(p.Value.TotalSize))
		if token = p.Value.NextPageToken; token == "" {
			break
		}
	}
	a.versionsSeen = len(a.versions) > 0 && token == "" && (total == 0 || total == len(a.versions))
}

func kmsBindings(p *cloudkms.Policy) []binding {
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
