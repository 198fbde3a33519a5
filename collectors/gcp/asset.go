package gcp

import (
	"context"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"google.golang.org/api/cloudasset/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// Types of assets that vouch for lists.
const (
	assetFolder  = "cloudresourcemanager.googleapis.com/Folder"
	assetProject = "cloudresourcemanager.googleapis.com/Project"
	assetKey     = "cloudkms.googleapis.com/CryptoKey"
	assetRole    = "iam.googleapis.com/Role"
	assetAccount = "iam.googleapis.com/ServiceAccount"
	assetSQL     = "sqladmin.googleapis.com/Instance"
	assetBackup  = "sqladmin.googleapis.com/BackupRun"
	assetJob     = "storagetransfer.googleapis.com/TransferJob"

	assetPool          = "iam.googleapis.com/WorkloadIdentityPool"
	assetPoolProvider  = "iam.googleapis.com/WorkloadIdentityPoolProvider"
	assetForcePool     = "iam.googleapis.com/WorkforcePool"
	assetForceProvider = "iam.googleapis.com/WorkforcePoolProvider"
)

// rolesOrPools asks for roles, and for identity pools where the inventory knows them. A type that it does
// not know fails the whole call; a pattern that any known type fits does not (Cloud Asset API, assets.list,
// assetTypes). Google's list of types could not be shown to have pools, so none in an answer proves
// nothing by itself: see vouchShown.
const rolesOrPools = "iam.googleapis.com/(Role|Work(load|force)(Identity)?Pool(Provider)?)"

// assetTypes are the types asked of a project, with the kind of the native fact. Those without a
// kind only vouch for lists: a transfer job is no fact, and a backup run that was skipped is
// none either, though it may stand in the inventory.
var assetTypes = map[string]*evidence.Kind{
	"bigquery.googleapis.com/Dataset": kindDataset, assetKey: kindKey, assetRole: kindRole, assetAccount: kindServiceAccount,
	"logging.googleapis.com/LogBucket": kindLogBucket, "logging.googleapis.com/LogSink": kindSink,
	assetSQL: kindSQL, "storage.googleapis.com/Bucket": kindBucket, assetBackup: nil, assetJob: nil,
}

// topAssetTypes are those asked of the organisation. Of roles, sinks and log buckets the
// organisation's and its folders' own count; a project's are the project's.
var topAssetTypes = map[string]*evidence.Kind{
	assetFolder: kindFolder, "cloudresourcemanager.googleapis.com/Organization": kindOrganization, assetProject: kindProject,
	assetRole: kindRole, "logging.googleapis.com/LogBucket": kindLogBucket, "logging.googleapis.com/LogSink": kindSink,
}

// nativeKinds are the names of the kinds that both sources list, sorted.
func nativeKinds(types map[string]*evidence.Kind) []string {
	var out []string
	for _, k := range types {
		if k != nil {
			out = append(out, k.Name)
		}
	}
	return sorted(out)
}

// inventory is what the second source listed in one target.
type inventory struct {
	whole  bool // read to its end
	assets []*cloudasset.Asset
}

// beyond names the first asset of a type that satisfies of, after n others; "" where there is none.
func (i *inventory) beyond(n int, assetType string, of func(*cloudasset.Asset) bool) string {
	for _, a := range i.assets {
		if a.AssetType != assetType || !of(a) {
			continue
		}
		if n == 0 {
			return a.Name
		}
		n--
	}
	return ""
}

// below gives a predicate on assets: those whose name starts so.
func below(prefix string) func(*cloudasset.Asset) bool {
	return func(a *cloudasset.Asset) bool { return strings.HasPrefix(a.Name, prefix) }
}

// anyAsset is the predicate that every asset satisfies.
func anyAsset(*cloudasset.Asset) bool { return true }

// assets is the second source: what Cloud Asset Inventory lists in a project or an organisation.
// Its answers always carry the instant of their snapshot, so an empty one proves something. It
// runs before the lists that it vouches for.
type assets struct {
	access *Access
	level  collectors.Level
}

func (c *assets) kind() *evidence.Kind {
	if c.level == collectors.Organization {
		return kindTopAsset
	}
	return kindAsset
}

func (c *assets) Info() collectors.Info {
	return collectors.Info{Name: "gcp/asset", Provider: "gcp", Runs: c.level, Kinds: []*evidence.Kind{c.kind()},
		Operations: []collectors.Operation{
			lists(marked("cloudasset:assets.list", "cloudasset.assets.listResource", "readTime", "string"), c.kind()),
		}}
}

func (c *assets) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := cloudasset.NewService(ctx, c.access.options(s, collectors.Global, "cloudasset")...)
	if err != nil {
		return err
	}
	parent, types, content := "projects/"+s.Target().Account, assetTypes, "CONTENT_TYPE_UNSPECIFIED"
	if c.level == collectors.Organization { // a project's id stands in its data alone
		parent, types, content = "organizations/"+s.Target().Account, topAssetTypes, "RESOURCE"
	}
	names := []string{rolesOrPools}
	for name := range types {
		if name != assetRole {
			names = append(names, name)
		}
	}
	type read struct {
		asset *cloudasset.Asset
		at    string
	}
	var found inventory
	l := list(ctx, s, collectors.Global, "cloudasset:assets.list", c.kind(), func(ctx context.Context, token string) (page[read], error) {
		r, err := service.Assets.List(parent).AssetTypes(sorted(names)...).ContentType(content).PageSize(1000).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[read]{}, err
		}
		var items []read
		for _, a := range r.Assets {
			items = append(items, read{a, r.ReadTime})
		}
		return page[read]{items: items, next: r.NextPageToken}, nil
	}, func(r read, from []string) {
		found.assets = append(found.assets, r.asset)
		kind := types[r.asset.AssetType]
		if kind == nil || c.level == collectors.Organization && ofProject(kind, r.asset) {
			return // a type that was not asked for, that only vouches, or another target's thing
		}
		row := evidence.RowID(s.Target().ID, collectors.Global, "cloudasset:assets.list")
		s.Emit(c.kind(), assetFact(c.kind(), s.Target().Account, kind, r.asset, r.at, row).Because(from...))
	})
	found.whole = l.whole
	c.access.keepInventory(s.Target().ID, &found)
	return nil
}

// ofProject says that an asset belongs to a project, as against the hierarchy itself.
func ofProject(kind *evidence.Kind, a *cloudasset.Asset) bool {
	return kind != kindProject && len(a.Ancestors) > 0 && strings.HasPrefix(a.Ancestors[0], "projects/")
}

// assetFact names a thing of the inventory by the id that its native fact has.
func assetFact(k *evidence.Kind, account string, kind *evidence.Kind, a *cloudasset.Asset, at, row string) *evidence.Fact {
	native := nativeID(account, kind, a)
	f := evidence.NewFact(k, "asset:"+native, native)
	f.Region = collectors.Global
	setTime(f, k, "/attrs/read", at, row)
	return f.Set("/attrs/native", native).Set("/attrs/native_kind", kind.Name).Set("/attrs/type", a.AssetType)
}

// nativeID is the id of the native fact. The inventory writes some names with the number of the
// project, which is the first of the asset's ancestors.
func nativeID(account string, kind *evidence.Kind, a *cloudasset.Asset) string {
	const top = "//cloudresourcemanager.googleapis.com/"
	switch kind {
	case kindOrganization, kindFolder:
		return "gcp:" + strings.TrimPrefix(a.Name, top)
	case kindProject:
		var data struct {
			ProjectID string `json:"projectId"`
		}
		if a.Resource != nil && json.Unmarshal(a.Resource.Data, &data) == nil && data.ProjectID != "" {
			return projectID(data.ProjectID)
		}
		return "gcp:" + strings.TrimPrefix(a.Name, top)
	}
	return byProjectID(account, a)
}

// byProjectID writes an asset's name with its project's id, not its number.
func byProjectID(account string, a *cloudasset.Asset) string {
	if len(a.Ancestors) > 0 && strings.HasPrefix(a.Ancestors[0], "projects/") {
		return strings.Replace(a.Name, "/"+a.Ancestors[0]+"/", "/projects/"+account+"/", 1)
	}
	return a.Name
}

// selfOf names an asset of the hierarchy itself: projects by number.
func selfOf(a *cloudasset.Asset) string {
	return strings.TrimPrefix(a.Name, "//cloudresourcemanager.googleapis.com/")
}

// parentOf names what an asset of the hierarchy lies right under; "" where that is not said.
func parentOf(a *cloudasset.Asset) string {
	if len(a.Ancestors) < 2 {
		return ""
	}
	return a.Ancestors[1]
}

// directlyUnder gives a predicate on assets of the hierarchy: those that lie right under a parent, and
// those that do not say where they lie.
func directlyUnder(parent string) func(*cloudasset.Asset) bool {
	return func(a *cloudasset.Asset) bool { return slices.Contains([]string{parent, ""}, parentOf(a)) }
}
