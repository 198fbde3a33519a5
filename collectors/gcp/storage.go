package gcp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/api/storage/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// buckets says of each bucket where it lies, how it is encrypted, who can reach it and what
// protects it.
type buckets struct{ access *Access }

func (c *buckets) Info() collectors.Info {
	return collectors.Info{Name: "gcp/storage", Provider: "gcp", Runs: collectors.Account,
		Kinds: []*evidence.Kind{kindBucket, kindDeletedBucket, kindBinding},
		Operations: []collectors.Operation{
			lists(marked("storage:buckets.list", "storage.buckets.list", "kind", "string"), kindBucket, kindDeletedBucket),
			under(lists(marked("storage:buckets.getIamPolicy", "storage.buckets.getIamPolicy", "etag", "string"), kindBinding), "storage:buckets.list"),
			under(marked("storage:defaultObjectAccessControls.list", "storage.buckets.getIamPolicy", "kind", "string"), "storage:buckets.list"),
			under(lists(marked(foldersOperation, "storage.managedFolders.list", "kind", "string"), kindBinding), "storage:buckets.list"),
			under(lists(marked("storage:managedFolders.getIamPolicy", "storage.managedFolders.getIamPolicy", "etag", "string"), kindBinding), foldersOperation),
			transferJobs(),
		}}
}

func (c *buckets) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := storage.NewService(ctx, c.access.options(s, collectors.Global, "storage")...)
	if err != nil {
		return err
	}
	jobs, err := c.jobs(ctx, s)
	if err != nil {
		return err
	}
	project := s.Target().Account
	own := map[string]bool{}
	l := c.list(ctx, s, service.Buckets.List(project), func(b *storage.Bucket, from []string) {
		own[b.Name] = true
		a := bucketAnswers{project: project, listed: b, from: from, jobs: jobs}
		a.policy = ask(ctx, s, collectors.Global, "storage:buckets.getIamPolicy", func(ctx context.Context) (*storage.Policy, error) {
			return service.Buckets.GetIamPolicy(b.Name).OptionsRequestedPolicyVersion(policyVersion).Context(ctx).Do()
		})
		if a.uniform() { // only there can be managed folders
			a.folders = c.folders(ctx, s, service, b.Name)
		} else {
			a.defaults = ask(ctx, s, collectors.Global, "storage:defaultObjectAccessControls.list", func(ctx context.Context) (*storage.ObjectAccessControls, error) {
				return service.DefaultObjectAccessControls.List(b.Name).Context(ctx).Do()
			})
		}
		a.emit(s)
	})
	if name := jobs.elsewhere(own); l.whole && name != "" {
		s.Spoil(kindBucket, collectors.Global, errors.New(name))
	}
	c.list(ctx, s, service.Buckets.List(project).SoftDeleted(true), func(b *storage.Bucket, from []string) {
		if b.SoftDeleteTime == "" || b.Generation == 0 {
			s.Spoil(kindDeletedBucket, collectors.Global, fmt.Errorf("the list of what was deleted holds a bucket that does not say when it was, or which of its name it is: %q", b.Name))
			return
		}
		s.Emit(kindDeletedBucket, deletedBucketFact(b, evidence.RowID(s.Target().ID, collectors.Global, "storage:buckets.list")).Because(from...))
	})
	return nil
}

// list reads buckets of the project: those that are there, or those that were deleted and can be restored.
func (c *buckets) list(ctx context.Context, s *collectors.Session, call *storage.BucketsListCall, each func(*storage.Bucket, []string)) listed {
	return list(ctx, s, collectors.Global, "storage:buckets.list", kindBucket, func(ctx context.Context, token string) (page[*storage.Bucket], error) {
		r, err := call.Projection("noAcl").MaxResults(1000).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*storage.Bucket]{}, err
		}
		return page[*storage.Bucket]{items: r.Items, next: r.NextPageToken, missing: strings.Join(r.Unreachable, ", ")}, nil
	}, each)
}

// bucketAnswers is everything that was asked about one bucket.
type bucketAnswers struct {
	project  string
	listed   *storage.Bucket
	from     []string
	policy   collectors.Answer[*storage.Policy]
	defaults collectors.Answer[*storage.ObjectAccessControls] // only of buckets with object ACLs
	folders  managedFolders                                   // only of buckets without
	jobs     transfers
}

func (a *bucketAnswers) owner() owner {
	return owner{id: bucketID(a.listed.Name), region: place(a.listed.Location), project: a.project, number: strconv.FormatUint(a.listed.ProjectNumber, 10)}
}

func bucketID(name string) string { return "//storage.googleapis.com/" + name }

// uniform reports that object ACLs have no effect.
func (a *bucketAnswers) uniform() bool {
	c := a.listed.IamConfiguration
	return c != nil && c.UniformBucketLevelAccess != nil && c.UniformBucketLevelAccess.Enabled
}

// prevented reports that the bucket refuses grants to everyone.
func (a *bucketAnswers) prevented() bool {
	c := a.listed.IamConfiguration
	return c != nil && c.PublicAccessPrevention == "enforced"
}

func (a *bucketAnswers) bindings() []binding { return storageBindings(a.policy.Value) }

func storageBindings(p *storage.Policy) []binding {
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

// emit makes the bucket's fact and one for each binding of its policy and those of its managed folders.
func (a *bucketAnswers) emit(s *collectors.Session) {
	s.Emit(kindBucket, a.fact())
	a.folders.emit(s, a.owner())
	if !a.policy.OK() {
		return
	}
	emitBindings(s, a.owner(), a.bindings(), a.policy.From)
}

// emitBindings emits the facts of one policy.
func emitBindings(s *collectors.Session, o owner, all []binding, from []string) {
	facts, err := bindingFacts(o, all)
	if err != nil {
		s.Spoil(kindBinding, o.region, err)
		return
	}
	for _, f := range facts {
		s.Emit(kindBinding, f.Because(from...))
	}
}
