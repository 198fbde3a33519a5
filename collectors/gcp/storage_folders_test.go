package gcp

import (
	"slices"
	"testing"

	"google.golang.org/api/storage/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// letsIn is the policy of a bucket or managed folder.
func letsIn(members ...string) collectors.Answer[*storage.Policy] {
	return answer(&storage.Policy{Bindings: []*storage.PolicyBindings{{Role: "roles/storage.objectViewer", Members: members}}})
}

// A managed folder lets in beside its bucket: whom it lets in, the bucket lets in; where its policy was
// not seen, the bucket is not closed.
func TestManagedFolders(t *testing.T) {
	const shared, public, how = "/exposure/shared_with", "/exposure/public", "/exposure/public_how"
	denied := collectors.Answer[*storage.Policy]{Status: evidence.Denied, Row: "c:folder"}
	stranger, own := "serviceAccount:x@acme.iam.gserviceaccount.com", "serviceAccount:x@p.iam.gserviceaccount.com"
	for name, c := range map[string]struct {
		bucket    collectors.Answer[*storage.Policy]
		folders   managedFolders
		prevented bool
		public    any // nil: unknown
		shared    []any
		unknown   []string
	}{
		"none":                         {letsIn(), managedFolders{}, false, false, []any{}, nil},
		"for the project itself":       {letsIn(), managedFolders{all: []managedFolder{{"f/", letsIn(own)}}}, false, false, []any{}, nil},
		"for everyone":                 {letsIn(), managedFolders{all: []managedFolder{{"f/", letsIn("allUsers")}}}, false, true, []any{}, nil},
		"for whoever has an account":   {letsIn(), managedFolders{all: []managedFolder{{"f/", letsIn("allAuthenticatedUsers")}}}, false, true, []any{}, nil},
		"for everyone, prevented":      {letsIn(), managedFolders{all: []managedFolder{{"f/", letsIn("allUsers")}}}, true, false, []any{}, nil},
		"for a stranger":               {letsIn(), managedFolders{all: []managedFolder{{"e/", letsIn()}, {"f/", letsIn(stranger)}}}, false, false, []any{"gcp:acme"}, nil},
		"not listed":                   {letsIn(), managedFolders{unseen: "c:list"}, false, nil, []any{}, []string{shared + "/-", public, how}},
		"not listed, prevented":        {letsIn(), managedFolders{unseen: "c:list"}, true, false, []any{}, []string{shared + "/-"}},
		"not listed, bucket for all":   {letsIn("allUsers"), managedFolders{unseen: "c:list"}, false, true, []any{}, []string{shared + "/-", how + "/-"}},
		"one refused":                  {letsIn(), managedFolders{all: []managedFolder{{"f/", denied}}, unseen: "c:folder"}, false, nil, []any{}, []string{shared + "/-", public, how}},
		"one refused, one for all":     {letsIn(), managedFolders{all: []managedFolder{{"e/", letsIn("allUsers")}, {"f/", denied}}, unseen: "c:folder"}, false, true, []any{}, []string{shared + "/-", how + "/-"}},
		"bucket refused, one for all":  {denied, managedFolders{all: []managedFolder{{"e/", letsIn("allUsers", stranger)}}}, false, true, []any{"gcp:acme"}, []string{shared + "/-", how + "/-"}},
		"bucket refused, none for all": {denied, managedFolders{all: []managedFolder{{"e/", letsIn()}}}, false, nil, []any{}, []string{shared + "/-", public, how}},
	} {
		iam := &storage.BucketIamConfiguration{UniformBucketLevelAccess: &storage.BucketIamConfigurationUniformBucketLevelAccess{Enabled: true}}
		if c.prevented {
			iam.PublicAccessPrevention = "enforced"
		}
		a := bucketAnswers{project: "p", listed: &storage.Bucket{Name: "b", Location: "EUROPE-WEST1", IamConfiguration: iam}, from: []string{"x:1"},
			policy: c.bucket, folders: c.folders, jobs: transfers{whole: true, row: "c:row"}}
		f := a.fact()
		unknownOf(t, name, kindBucket, f, c.unknown...)
		if got, _ := f.Get(public); got != c.public {
			t.Errorf("%s: public %v", name, got)
		}
		got, _ := f.Get(shared)
		if list, ok := got.([]any); !ok || !slices.Equal(list, c.shared) {
			t.Errorf("%s: shared with %v", name, got)
		}
	}
}
