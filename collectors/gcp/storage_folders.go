package gcp

import (
	"context"
	"slices"

	"google.golang.org/api/storage/v1"

	"github.com/trefoil-audit/trefoil/collectors"
)

// managedFolder is a part of a bucket with a policy of its own, which lets in beside the bucket's.
type managedFolder struct {
	name   string
	policy collectors.Answer[*storage.Policy]
}

// bindings are those of its policy; none where it was not answered.
func (m managedFolder) bindings() []binding {
	if !m.policy.OK() {
		return nil
	}
	return storageBindings(m.policy.Value)
}

// managedFolders are those of one bucket.
type managedFolders struct {
	all    []managedFolder
	from   []string
	unseen string // row that says why not all policies were seen; "" where they were
}

// foldersOperation lists the managed folders of a bucket.
const foldersOperation = "storage:managedFolders.list"

// folders reads the managed folders of a bucket, with their policies.
func (c *buckets) folders(ctx context.Context, s *collectors.Session, service *storage.Service, bucket string) managedFolders {
	var out managedFolders
	l := list(ctx, s, collectors.Global, foldersOperation, kindBinding, func(ctx context.Context, token string) (page[*storage.ManagedFolder], error) {
		r, err := service.ManagedFolders.List(bucket).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*storage.ManagedFolder]{}, err
		}
		return page[*storage.ManagedFolder]{items: r.Items, next: r.NextPageToken}, nil
	}, func(m *storage.ManagedFolder, from []string) {
		policy := ask(ctx, s, collectors.Global, "storage:managedFolders.getIamPolicy", func(ctx context.Context) (*storage.Policy, error) {
			return service.ManagedFolders.GetIamPolicy(bucket, m.Name).OptionsRequestedPolicyVersion(policyVersion).Context(ctx).Do()
		})
		if !policy.OK() {
			out.unseen = policy.Row
		}
		out.all, out.from = append(out.all, managedFolder{m.Name, policy}), slices.Concat(out.from, from, policy.From)
	})
	if !l.whole {
		out.unseen, out.from = l.row, append(out.from, l.from...)
	}
	return out
}

// emit makes one fact for each binding of their policies.
func (m managedFolders) emit(s *collectors.Session, bucket owner) {
	for _, folder := range m.all {
		if folder.policy.OK() {
			o := bucket
			o.id += "/managedFolders/" + folder.name
			emitBindings(s, o, folder.bindings(), folder.policy.From)
		}
	}
}

// reach says whom their policies let in from outside the bucket's project.
func (m managedFolders) reach(bucket owner) (shared, public []string) {
	for _, folder := range m.all {
		r, how := policyReach(bucket, folder.bindings())
		shared = append(shared, r.shared...)
		for _, one := range how {
			public = append(public, "managed folder "+folder.name+": "+one)
		}
	}
	return shared, public
}
