package gcp

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// A job that copies a bucket of another project keeps the buckets from being judged as whole: the other
// project's own jobs do not show it.
func TestJobsThatCopyOthersBuckets(t *testing.T) {
	const job = `{"transferJobs":[{"name":"transferJobs/1","status":"%","transferSpec":{"gcsDataSource":{"bucketName":"theirs"},"gcsDataSink":{"bucketName":"far"}}}]}`
	for status, want := range map[string]evidence.Status{"ENABLED": evidence.Failed, "DISABLED": evidence.Failed, "DELETED": evidence.OK} {
		rows := answered(t, map[string][]string{"/storage/v1/b": {`{"kind":"storage#buckets"}`}, "/b": {`{"kind":"storage#buckets"}`}, "/v1/transferJobs": {strings.Replace(job, "%", status, 1)}},
			func(a *Access) []collectors.Collector { return []collectors.Collector{&buckets{access: a}} })
		if r := rows["storage:buckets.list"]; r.Status != want || (want == evidence.Failed) != strings.Contains(r.Reason, "transferJobs/1") {
			t.Errorf("%s: %s (%s)", status, r.Status, r.Reason)
		}
	}
}
