package aws

import (
	"net/http"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// A trail whose answer leaves out the home region, or the bucket, is said all the same, with what was not said; one of
// another region or account is said there; one whose ARN does not say whose it is makes the list an error.
func TestTrailsDoNotVanish(t *testing.T) {
	const own, bucket = `"TrailARN":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/t"`, `,"S3BucketName":"b"`
	for name, c := range map[string]struct {
		trail string
		found bool
		row   evidence.Status
		want  map[string]any
	}{
		"whole":             {own + bucket + `,"HomeRegion":"eu-west-1"`, true, evidence.OK, map[string]any{"/attrs/home_region": "eu-west-1", "/log/to": "arn:aws:s3:::b"}},
		"no home region":    {own + bucket, true, evidence.OK, map[string]any{"/attrs/home_region": "unknown: aws-111122223333/eu-west-1/cloudtrail:DescribeTrails", "/log/enabled": true}},
		"no bucket":         {own + `,"HomeRegion":"eu-west-1"`, true, evidence.OK, map[string]any{"/log/to": "unknown: aws-111122223333/eu-west-1/cloudtrail:DescribeTrails"}},
		"another region's":  {own + bucket + `,"HomeRegion":"us-east-1"`, false, evidence.OK, nil},
		"its ARN elsewhere": {strings.Replace(own, "eu-west-1", "us-east-1", 1) + bucket, false, evidence.OK, nil},
		"another account's": {strings.Replace(own, "1111", "9999", 1) + bucket, false, evidence.OK, nil},
		"no ARN":            {`"Name":"t","HomeRegion":"eu-west-1"`, false, evidence.Failed, nil},
		"an ARN of nobody":  {`"TrailARN":"arn:aws:cloudtrail:eu-west-1::trail/t","HomeRegion":"eu-west-1"`, false, evidence.Failed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			target := collectors.Target{ID: "aws-111122223333", Provider: "aws", Level: collectors.Account, Account: "111122223333"}
			got := answered(t, target, func(a *Access) collectors.Collector { return &trails{access: a} }, func(r *http.Request) (string, string) {
				body := `{"IsLogging":true,` + own + `}`
				if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeTrails") {
					body = `{"trailList":[{` + c.trail + `}]}`
				}
				return "application/x-amz-json-1.1", body
			}, "eu-west-1")
			if r := rowOf(t, got, "cloudtrail:DescribeTrails"); r.Status != c.row || c.found != (len(got.Facts) == 1) {
				t.Fatalf("%d facts, %s (%s)", len(got.Facts), r.Status, r.Reason)
			}
			if c.found {
				wants(t, got.Facts[0], c.want)
			}
		})
	}
}
