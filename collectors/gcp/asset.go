package gcp

import (
	"context"
	"strings"

	"github.com/go-json-experiment/json"
	"google.golang.org/api/cloudasset/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// assetTypes are the types that both the inventory and a collector of ours list, with the kind
// of the native fact.
var assetTypes = map[string]*evidence.Kind{
	"bigquery.googleapis.com/Dataset": kindDataset, "cloudkms.googleapis.com/CryptoKey": kindKey, "iam.googleapis.com/Role": kindRole,
	"iam.googleapis.com/ServiceAccount": kindServiceAccount, "logging.googleapis.com/LogBucket": kindLogBucket, "logging.googleapis.com/LogSink": kindSink,
	"sqladmin.googleapis.com/BackupRun": kindSQLBackup, "sqladmin.googleapis.com/Instance": kindSQL, "storage.googleapis.com/Bucket": kindBucket,
}

// topAssetTypes are those of the hierarchy, asked of the organisation.
var topAssetTypes = map[string]*evidence.Kind{
	"cloudresourcemanager.googleapis.com/Folder": kindFolder, "cloudresourcemanager.googleapis.com/Organization": kindOrganization,
	"cloudresourcemanager.googleapis.com/Project": kindProject,
}

// assets is the second source: what Cloud Asset Inventory lists in a project or an organisation.
// Its answers always carry the instant of their snapshot, so an empty one proves something.
type assets struct {
	access *Access
	level  collectors.Level
}

func (c *assets) Info() collectors.Info {
	return collectors.Info{Name: "gcp/asset", Provider: "gcp", Runs: c.level, Kinds: []*evidence.Kind{kindAsset},
		Operations: []collectors.Operation{
			lists(marked("cloudasset:assets.list", "cloudasset.assets.listResource", "readTime"), kindAsset),
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
	var names []string
	for name := range types {
		names = append(names, name)
	}
	type read struct {
		asset *cloudasset.Asset
		at    string
	}
	list(ctx, s, collectors.Global, "cloudasset:assets.list", kindAsset, func(ctx context.Context, token string) (page[read], error) {
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
		kind, ok := types[r.asset.AssetType]
		if !ok {
			return // a type that was not asked for
		}
		row := evidence.RowID(s.Target().ID, collectors.Global, "cloudasset:assets.list")
		s.Emit(kindAsset, assetFact(s.Target().Account, kind, r.asset, r.at, row).Because(from...))
	})
	return nil
}

// assetFact names a thing of the inventory by the id that its native fact has.
func assetFact(account string, kind *evidence.Kind, a *cloudasset.Asset, at, row string) *evidence.Fact {
	native := nativeID(account, kind, a)
	f := evidence.NewFact(kindAsset, "asset:"+native, native)
	f.Region = collectors.Global
	setTime(f, kindAsset, "/attrs/read", at, row)
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
	if len(a.Ancestors) > 0 && strings.HasPrefix(a.Ancestors[0], "projects/") {
		return strings.Replace(a.Name, "/"+a.Ancestors[0]+"/", "/projects/"+account+"/", 1)
	}
	return a.Name
}
