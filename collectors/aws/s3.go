package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// s3Buckets says of each bucket where it lies, where it is copied to, how it is encrypted, who
// can reach it and what protects it.
type s3Buckets struct{ access *Access }

func (c *s3Buckets) Info() collectors.Info {
	item := func(name, permission, root string, empty ...string) collectors.Operation {
		root, holds, _ := strings.Cut(root, "/") // the element that stands in each answer
		return collectors.Operation{Name: name, Permission: permission, Parent: "s3:ListBuckets", Empty: empty, Genuine: holding(root, holds)}
	}
	location := item("s3:GetBucketLocation", "s3:GetBucketLocation", "LocationConstraint")
	location.Global = true // asked before the bucket's region is known
	account := item("s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration")
	account.Global, account.Parent = true, ""
	policy := item("s3:GetBucketPolicy", "s3:GetBucketPolicy", "", "NoSuchBucketPolicy")
	policy.Genuine = member("Statement", "array|object")
	policy.List, policy.Kinds = true, []string{kindBucketStatement.Name}
	return collectors.Info{Name: "aws/s3", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindBucket, kindBucketStatement},
		Operations: []collectors.Operation{
			{Name: "s3:ListBuckets", Permission: "s3:ListAllMyBuckets", List: true, Global: true, Kinds: []string{kindBucket.Name},
				Genuine: holding("ListAllMyBucketsResult", "Buckets")},
			account, location, policy,
			item("s3:GetBucketAcl", "s3:GetBucketAcl", "AccessControlPolicy/AccessControlList"),
			item("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration", "ServerSideEncryptionConfiguration/Rule", "ServerSideEncryptionConfigurationNotFoundError"),
			item("s3:GetBucketLogging", "s3:GetBucketLogging", "BucketLoggingStatus"),
			item("s3:GetBucketReplication", "s3:GetReplicationConfiguration", "ReplicationConfiguration/Rule", "ReplicationConfigurationNotFoundError"),
			item("s3:GetBucketTagging", "s3:GetBucketTagging", "Tagging/TagSet", "NoSuchTagSet", "NoSuchTagSetError"),
			item("s3:GetBucketVersioning", "s3:GetBucketVersioning", "VersioningConfiguration|GetBucketVersioningResponse"),
			item("s3:GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", "ObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"),
			item("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration"),
		}}
}

func (c *s3Buckets) client(s *collectors.Session, region string) *s3.Client {
	return s3.NewFromConfig(c.access.config(s, region), func(o *s3.Options) { o.UsePathStyle = true })
}

func (c *s3Buckets) Collect(ctx context.Context, s *collectors.Session) error {
	client := c.client(s, collectors.Global)
	control := s3control.NewFromConfig(c.access.config(s, collectors.Global))
	account := ask(ctx, s, collectors.Global, "s3control:GetPublicAccessBlock", control.GetPublicAccessBlock, &s3control.GetPublicAccessBlockInput{AccountId: aws.String(s.Target().Account)})
	var token *string
	for {
		page := ask(ctx, s, collectors.Global, "s3:ListBuckets", client.ListBuckets, &s3.ListBucketsInput{ContinuationToken: token, MaxBuckets: aws.Int32(1000)})
		if !page.OK() {
			return nil
		}
		for _, b := range page.Value.Buckets {
			c.bucket(ctx, s, b, page.From, account)
		}
		if token = page.Value.ContinuationToken; aws.ToString(token) == "" {
			return nil
		}
	}
}

// bucket asks everything about one bucket and emits its facts.
func (c *s3Buckets) bucket(ctx context.Context, s *collectors.Session, b types.Bucket, from []string, account collectors.Answer[*s3control.GetPublicAccessBlockOutput]) {
	name := b.Name
	home := c.client(s, collectors.Global)
	a := bucketAnswers{name: aws.ToString(name), partition: c.access.settings.Partition, listed: b, from: from, account: account}
	a.location = ask(ctx, s, collectors.Global, "s3:GetBucketLocation", home.GetBucketLocation, &s3.GetBucketLocationInput{Bucket: name})
	region, known := a.region()
	if !known {
		region = c.access.settings.HomeRegion // S3 answers or redirects; either is recorded
	}
	client := c.client(s, region)
	a.encryption = ask(ctx, s, region, "s3:GetBucketEncryption", client.GetBucketEncryption, &s3.GetBucketEncryptionInput{Bucket: name})
	a.policy = ask(ctx, s, region, "s3:GetBucketPolicy", client.GetBucketPolicy, &s3.GetBucketPolicyInput{Bucket: name})
	a.acl = ask(ctx, s, region, "s3:GetBucketAcl", client.GetBucketAcl, &s3.GetBucketAclInput{Bucket: name})
	a.block = ask(ctx, s, region, "s3:GetPublicAccessBlock", client.GetPublicAccessBlock, &s3.GetPublicAccessBlockInput{Bucket: name})
	a.versioning = ask(ctx, s, region, "s3:GetBucketVersioning", client.GetBucketVersioning, &s3.GetBucketVersioningInput{Bucket: name})
	a.replication = ask(ctx, s, region, "s3:GetBucketReplication", client.GetBucketReplication, &s3.GetBucketReplicationInput{Bucket: name})
	a.lock = ask(ctx, s, region, "s3:GetObjectLockConfiguration", client.GetObjectLockConfiguration, &s3.GetObjectLockConfigurationInput{Bucket: name})
	a.logging = ask(ctx, s, region, "s3:GetBucketLogging", client.GetBucketLogging, &s3.GetBucketLoggingInput{Bucket: name})
	a.tags = ask(ctx, s, region, "s3:GetBucketTagging", client.GetBucketTagging, &s3.GetBucketTaggingInput{Bucket: name})
	a.emit(s)
}
