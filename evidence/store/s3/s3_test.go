package s3_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/trefoil-audit/trefoil/evidence/store"
	"github.com/trefoil-audit/trefoil/evidence/store/s3"
	"github.com/trefoil-audit/trefoil/evidence/store/storetest"
)

// endpoint is a real server that speaks S3; .ci/integration starts one.
func endpoint(t testing.TB) string {
	t.Helper()
	at := os.Getenv("TREFOIL_S3")
	if at == "" {
		t.Skip("TREFOIL_S3 names no server; .ci/integration starts one")
	}
	return at
}

// bucket makes a bucket, with object lock where a rule is given.
func bucket(t testing.TB, name string, lock bool, rule *types.DefaultRetention) {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-west-1"))
	if err != nil {
		t.Fatal(err)
	}
	c := awss3.NewFromConfig(cfg, func(o *awss3.Options) { o.BaseEndpoint, o.UsePathStyle = aws.String(endpoint(t)), true })
	if _, err := c.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: &lock,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}}); err != nil {
		t.Fatal(err)
	}
	if rule == nil {
		return
	}
	if _, err := c.PutObjectLockConfiguration(t.Context(), &awss3.PutObjectLockConfigurationInput{Bucket: &name,
		ObjectLockConfiguration: &types.ObjectLockConfiguration{ObjectLockEnabled: types.ObjectLockEnabledEnabled, Rule: &types.ObjectLockRule{DefaultRetention: rule}}}); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, name, prefix string) store.Bucket {
	t.Helper()
	b, err := s3.Open(t.Context(), s3.Settings{Bucket: name, Prefix: prefix, Region: "eu-west-1", Endpoint: endpoint(t)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var drawn = time.Now().UnixNano()

func TestS3(t *testing.T) {
	endpoint(t)
	name := fmt.Sprintf("suite-%d", drawn)
	bucket(t, name, false, nil)
	var n atomic.Int64
	again := func(t testing.TB) store.Bucket { return open(t, name, fmt.Sprintf("deep/%d", n.Load())) }
	storetest.Run(t, storetest.Options{Again: again, Open: func(t testing.TB) store.Bucket {
		n.Add(1)
		return again(t)
	}})
}

// In a bucket with object lock each object gets a retention of its own, which is read back; what
// the bucket cannot keep is refused before anything is uploaded.
func TestObjectLock(t *testing.T) {
	endpoint(t)
	r := storetest.MakeRun(t, 2, 1000, 1)
	day := 24 * time.Hour
	for _, c := range []struct {
		name   string
		lock   bool
		rule   *types.DefaultRetention
		retain store.Retention
		want   *store.Lock
		err    string
	}{
		{"none", false, nil, store.Retention{}, nil, ""},
		{"none-asked", false, nil, store.Retention{Days: 3}, nil, "it retains no objects, and 3 days are asked for"},
		{"unsaid", true, nil, store.Retention{}, nil, "say how many days"},
		{"said", true, nil, store.Retention{Days: 3}, &store.Lock{Mode: store.Compliance, Until: r.Record.AsOf.Add(3 * day)}, ""},
		{"governance", true, nil, store.Retention{Days: 3, Mode: store.Governance}, &store.Lock{Mode: store.Governance, Until: r.Record.AsOf.Add(3 * day)}, ""},
		{"rule", true, &types.DefaultRetention{Mode: types.ObjectLockRetentionModeCompliance, Days: aws.Int32(5)}, store.Retention{Days: 3, Mode: store.Governance},
			&store.Lock{Mode: store.Compliance, Until: r.Record.AsOf.Add(5 * day)}, ""},
		{"rule-years", true, &types.DefaultRetention{Mode: types.ObjectLockRetentionModeGovernance, Years: aws.Int32(1)}, store.Retention{},
			&store.Lock{Mode: store.Governance, Until: r.Record.AsOf.Add(366 * day)}, ""},
	} {
		name := fmt.Sprintf("lock-%s-%d", c.name, drawn)
		bucket(t, name, c.lock, c.rule)
		b := open(t, name, "")
		about, err := b.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.Push(t.Context(), b, about, store.Upload{Run: r, Name: "r", Retain: c.retain, Clock: time.Now})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		files, err := r.Files()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			held, err := b.Held(t.Context(), "r/"+f.Path)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == nil && held.Mode != "" || c.want != nil && (held.Mode != c.want.Mode || held.Until.Before(c.want.Until.Truncate(time.Second)) || held.Until.After(c.want.Until.Add(time.Hour))) {
				t.Errorf("%s: %s is held %+v, want %+v", c.name, f.Path, held, c.want)
			}
		}
		// A second push asks for more than the objects there have.
		if c.want != nil {
			_, err = store.Push(t.Context(), b, about, store.Upload{Run: r, Name: "r", Retain: store.Retention{Days: 4000, Mode: c.want.Mode}, Clock: time.Now})
			if err == nil || !strings.Contains(err.Error(), "it is retained until") {
				t.Errorf("%s: objects there that are kept for less: %v", c.name, err)
			}
		}
	}
}
