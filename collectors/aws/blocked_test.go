package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	control "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// All four blocks take away what S3 calls public, and nothing else: no service of the provider, and no
// condition of a fixed value. What they may leave is never said to be private.
func TestBlocksLeaveWhatS3DoesNotCallPublic(t *testing.T) {
	on := aws.Bool(true)
	statement := func(principal, condition string) string {
		return `{"Statement":{"Sid":"S","Effect":"Allow","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"*","Condition":{` + condition + `}}}`
	}
	for name, c := range map[string]struct {
		policy        string
		open, blocked any
	}{
		"anyone":                   {statement(`"*"`, ``), true, false},
		"anyone over TLS":          {statement(`"*"`, `"Bool":{"aws:SecureTransport":"true"}`), true, false},
		"a distribution's origin":  {statement(`{"Service":"cloudfront.amazonaws.com"}`, `"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}`), "unknown: policy", "unknown: policy"},
		"a fixed key":              {statement(`"*"`, `"StringEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:eu-west-1:111122223333:key/k"}`), "unknown: policy", "unknown: policy"},
		"an unknown condition":     {statement(`"*"`, `"StringEquals":{"s3:NewKey":"x"}`), "unknown: policy", "unknown: policy"},
		"a fixed value, or none":   {statement(`"*"`, `"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}`), true, "unknown: policy"},
		"a network, or none":       {statement(`"*"`, `"IpAddressIfExists":{"aws:SourceIp":"192.0.2.0/24"}`), true, "unknown: policy"},
		"all but some":             {`{"Statement":{"Sid":"S","Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/x"},"Action":"s3:GetObject","Resource":"*"}}`, true, false},
		"all but some, of a place": {`{"Statement":{"Sid":"S","Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/x"},"Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}}}`, true, "unknown: policy"},
		"another's access point":   {statement(`"*"`, `"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:999900001111:accesspoint/*"}`), false, false},
	} {
		a := bucketAnswers{
			policy: collectors.Answer[*s3.GetBucketPolicyOutput]{Status: evidence.OK, Row: "policy", Value: &s3.GetBucketPolicyOutput{Policy: aws.String(c.policy)}},
			acl:    collectors.Answer[*s3.GetBucketAclOutput]{Status: evidence.OK, Row: "acl", Value: &s3.GetBucketAclOutput{}},
			block:  collectors.Answer[*s3.GetPublicAccessBlockOutput]{Status: evidence.Empty, Row: "block"},
		}
		a.account = collectors.Answer[*s3control.GetPublicAccessBlockOutput]{Status: evidence.Empty, Row: "account"}
		f := evidence.NewFact(kindBucket, "b", "b")
		a.setExposure(f, "111122223333")
		wants(t, f, map[string]any{"/exposure/public": c.open})
		a.block = collectors.Answer[*s3.GetPublicAccessBlockOutput]{Status: evidence.OK, Row: "block", Value: &s3.GetPublicAccessBlockOutput{
			PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{BlockPublicAcls: on, BlockPublicPolicy: on, IgnorePublicAcls: on, RestrictPublicBuckets: on}}}
		f = evidence.NewFact(kindBucket, "b", "b")
		a.setExposure(f, "111122223333")
		wants(t, f, map[string]any{"/exposure/public": c.blocked, "/attrs/block_public": true})
		// An access point's own block leaves the same.
		r, err := reachIn(c.policy, "111122223333")
		if err != nil {
			t.Fatal(err)
		}
		f = evidence.NewFact(kindAccessPoint, "p", "p")
		setReached(f, kindAccessPoint, r.behind(&control.PublicAccessBlockConfiguration{RestrictPublicBuckets: on}, true), "policy", "")
		wants(t, f, map[string]any{"/exposure/public": c.blocked})
		if t.Failed() {
			t.Fatal(name)
		}
	}
}
