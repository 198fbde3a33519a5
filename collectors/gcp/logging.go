package gcp

import (
	"context"
	"strings"

	"google.golang.org/api/logging/v2"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// projectLogs says of a project where its logs go and where they are kept. Every project has
// the sinks and buckets _Required and _Default, so neither list is ever empty.
type projectLogs struct{ access *Access }

func (c *projectLogs) Info() collectors.Info {
	return collectors.Info{Name: "gcp/logging", Provider: "gcp", Runs: collectors.Account, Kinds: []*evidence.Kind{kindSink, kindLogBucket},
		Operations: []collectors.Operation{
			lists(marked("logging:projects.sinks.list", "logging.sinks.list", "sinks", "array"), kindSink),
			lists(marked("logging:projects.locations.buckets.list", "logging.buckets.list", "buckets", "array"), kindLogBucket),
		}}
}

func (c *projectLogs) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := logging.NewService(ctx, c.access.options(s, collectors.Global, "logging")...)
	if err != nil {
		return err
	}
	project := s.Target().Account
	parent := "projects/" + project
	logs{session: s, id: projectID(project), parent: parent, number: c.access.known(project).number,
		sinks: "logging:projects.sinks.list", buckets: "logging:projects.locations.buckets.list"}.read(ctx,
		func(ctx context.Context, token string) (*logging.ListSinksResponse, error) {
			return service.Projects.Sinks.List(parent).PageSize(1000).PageToken(token).Context(ctx).Do()
		}, func(ctx context.Context, token string) (*logging.ListBucketsResponse, error) {
			return service.Projects.Locations.Buckets.List(parent + "/locations/-").PageSize(1000).PageToken(token).Context(ctx).Do()
		})
	return nil
}

// topLogs says the same of an organisation and its folders.
type topLogs struct{ access *Access }

func (c *topLogs) Info() collectors.Info {
	const folders = "cloudresourcemanager:folders.list"
	return collectors.Info{Name: "gcp/logging", Provider: "gcp", Runs: collectors.Organization, Kinds: []*evidence.Kind{kindSink, kindLogBucket},
		Operations: []collectors.Operation{
			lists(marked("logging:organizations.sinks.list", "logging.sinks.list", "sinks", "array"), kindSink),
			lists(marked("logging:organizations.locations.buckets.list", "logging.buckets.list", "buckets", "array"), kindLogBucket),
			under(lists(marked("logging:folders.sinks.list", "logging.sinks.list", "sinks", "array"), kindSink), folders),
			under(lists(marked("logging:folders.locations.buckets.list", "logging.buckets.list", "buckets", "array"), kindLogBucket), folders),
		}}
}

func (c *topLogs) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := logging.NewService(ctx, c.access.options(s, collectors.Global, "logging")...)
	if err != nil {
		return err
	}
	top := "organizations/" + s.Target().Account
	logs{session: s, id: hierarchyID(top), parent: top, sinks: "logging:organizations.sinks.list", buckets: "logging:organizations.locations.buckets.list"}.read(ctx,
		func(ctx context.Context, token string) (*logging.ListSinksResponse, error) {
			return service.Organizations.Sinks.List(top).PageSize(1000).PageToken(token).Context(ctx).Do()
		}, func(ctx context.Context, token string) (*logging.ListBucketsResponse, error) {
			return service.Organizations.Locations.Buckets.List(top + "/locations/-").PageSize(1000).PageToken(token).Context(ctx).Do()
		})
	for _, folder := range c.access.foldersOf(s.Target().Account) {
		logs{session: s, id: hierarchyID(folder), parent: folder, sinks: "logging:folders.sinks.list", buckets: "logging:folders.locations.buckets.list"}.read(ctx,
			func(ctx context.Context, token string) (*logging.ListSinksResponse, error) {
				return service.Folders.Sinks.List(folder).PageSize(1000).PageToken(token).Context(ctx).Do()
			}, func(ctx context.Context, token string) (*logging.ListBucketsResponse, error) {
				return service.Folders.Locations.Buckets.List(folder + "/locations/-").PageSize(1000).PageToken(token).Context(ctx).Do()
			})
	}
	return nil
}

// logs reads the sinks and log buckets of one node of the hierarchy.
type logs struct {
	session        *collectors.Session
	id             string // fact id of the node
	parent         string // its resource name
	number         string // of a project
	sinks, buckets string // operations
}

func (l logs) read(ctx context.Context, sinks func(context.Context, string) (*logging.ListSinksResponse, error),
	buckets func(context.Context, string) (*logging.ListBucketsResponse, error)) {
	row := func(operation string) string {
		return evidence.RowID(l.session.Target().ID, collectors.Global, operation)
	}
	never(l.session, list(ctx, l.session, collectors.Global, l.sinks, kindSink, func(ctx context.Context, token string) (page[*logging.LogSink], error) {
		r, err := sinks(ctx, token)
		if err != nil {
			return page[*logging.LogSink]{}, err
		}
		return page[*logging.LogSink]{items: r.Sinks, next: r.NextPageToken}, nil
	}, func(sink *logging.LogSink, from []string) {
		l.session.Emit(kindSink, sinkFact(l.id, l.parent, sink, row(l.sinks)).Because(from...))
	}))
	never(l.session, list(ctx, l.session, collectors.Global, l.buckets, kindLogBucket, func(ctx context.Context, token string) (page[*logging.LogBucket], error) {
		r, err := buckets(ctx, token)
		if err != nil {
			return page[*logging.LogBucket]{}, err
		}
		return page[*logging.LogBucket]{items: r.Buckets, next: r.NextPageToken}, nil
	}, func(b *logging.LogBucket, from []string) {
		l.session.Emit(kindLogBucket, logBucketFact(named(b.Name, l.parent, l.number), b, row(l.buckets)).Because(from...))
	}))
}

// named writes a resource name with the project's id where the service wrote its number.
func named(name, parent, number string) string {
	if rest, ok := strings.CutPrefix(name, "projects/"+number+"/"); ok && number != "" {
		return parent + "/" + rest
	}
	return name
}

// logBucketFact makes the fact of a log bucket; row is that of the list.
func logBucketFact(name string, b *logging.LogBucket, row string) *evidence.Fact {
	f := evidence.NewFact(kindLogBucket, "//logging.googleapis.com/"+name, last(name))
	parts := strings.Split(name, "/") // projects/p/locations/place/buckets/name
	f.Region = collectors.Global
	if len(parts) == 6 && parts[2] == "locations" {
		f.Region = place(parts[3])
		f.Set("/located", []string{f.Region})
	} else {
		f.Unknown(row, "/located")
	}
	f.Set("/store/class", "log").Set("/store/engine", "cloud-logging").Set("/protection/delete_protected", b.Locked)
	if c := b.CmekSettings; c != nil && c.KmsKeyName != "" {
		f.Set("/encryption/at_rest", "customer_key").Set("/encryption/key", keyID(c.KmsKeyName))
	} else {
		f.Set("/encryption/at_rest", "provider_key").None(kindLogBucket, "/encryption/key")
	}
	switch {
	case b.Locked && b.RetentionDays > 0:
		f.Set("/protection/lock", map[string]any{"mode": "compliance", "days": int(b.RetentionDays), "until": nil})
	case b.Locked:
		f.Unknown(row, "/protection/lock")
	default:
		f.None(kindLogBucket, "/protection/lock")
	}
	if b.RetentionDays > 0 {
		f.Set("/attrs/retention_days", int(b.RetentionDays))
	} else {
		f.Unknown(row, "/attrs/retention_days")
	}
	setText(f, kindLogBucket, "/attrs/state", b.LifecycleState)
	return f
}
