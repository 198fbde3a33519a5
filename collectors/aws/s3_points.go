package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// accessPoints says of the further ways into buckets whom their own policies let in, and of those
// that span regions where what is written to them may land. A bucket's policy may leave the decision
// to them, so a bucket is not private before they were read.
type accessPoints struct{ access *Access }

func (c *accessPoints) Info() collectors.Info {
	item := func(name, parent, root, holds string, empty ...string) collectors.Operation {
		return collectors.Operation{Name: "s3control:" + name, Permission: "s3:" + name, Parent: "s3control:" + parent, Empty: empty, Genuine: holding(root+"Result|"+root+"Response", holds)}
	}
	points := lists("s3control:ListAccessPoints", holding("ListAccessPointsResult|ListAccessPointsResponse", "AccessPointList"), kindAccessPoint)
	points.Permission = "s3:ListAccessPoints"
	wide := lists("s3control:ListMultiRegionAccessPoints", holding("ListMultiRegionAccessPointsResult|ListMultiRegionAccessPointsResponse", "AccessPoints"), kindMultiRegionPoint)
	wide.Permission, wide.Global = "s3:ListMultiRegionAccessPoints", true
	widePolicy := item("GetMultiRegionAccessPointPolicy", "ListMultiRegionAccessPoints", "GetMultiRegionAccessPointPolicy", "Policy")
	widePolicy.Global = true
	return collectors.Info{Name: "aws/s3control", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindAccessPoint, kindMultiRegionPoint},
		Operations: []collectors.Operation{points, wide, widePolicy,
			item("GetAccessPoint", "ListAccessPoints", "GetAccessPoint", "Name"),
			item("GetAccessPointPolicy", "ListAccessPoints", "GetAccessPointPolicy", "Policy", "NoSuchAccessPointPolicy"),
		}}
}

func (c *accessPoints) Collect(ctx context.Context, s *collectors.Session) error {
	c.multiRegion(ctx, s)
	return s.EachRegion(ctx, func(ctx context.Context, region string) error {
		client := s3control.NewFromConfig(c.access.config(s, region))
		account := aws.String(s.Target().Account)
		var token *string
		for {
			page := ask(ctx, s, region, "s3control:ListAccessPoints", client.ListAccessPoints, &s3control.ListAccessPointsInput{AccountId: account, NextToken: token})
			if !page.OK() {
				return nil
			}
			for _, p := range page.Value.AccessPointList {
				c.point(ctx, s, client, p, region, page)
			}
			if token = page.Value.NextToken; aws.ToString(token) == "" {
				return nil
			}
		}
	})
}

func (c *accessPoints) point(ctx context.Context, s *collectors.Session, client *s3control.Client, p types.AccessPoint, region string, list collectors.Answer[*s3control.ListAccessPointsOutput]) {
	account := s.Target().Account
	f := accessPointFact(p, c.access.settings.Partition, region, list.Row, account).Because(list.From...)
	policy := ask(ctx, s, region, "s3control:GetAccessPointPolicy", client.GetAccessPointPolicy, &s3control.GetAccessPointPolicyInput{AccountId: aws.String(account), Name: p.Name})
	f.Because(policy.From...)
	var r reach
	err := policy.Err
	if policy.OK() {
		r, err = reachIn(aws.ToString(policy.Value.Policy), account)
	}
	gap := ""
	if !policy.Empty() && (!policy.OK() || err != nil) {
		gap = policy.Row
	}
	if len(r.public)+len(r.unclear) > 0 { // its own block may take that away
		own := ask(ctx, s, region, "s3control:GetAccessPoint", client.GetAccessPoint, &s3control.GetAccessPointInput{AccountId: aws.String(account), Name: p.Name})
		f.Because(own.From...)
		var block *types.PublicAccessBlockConfiguration
		if own.OK() {
			block = own.Value.PublicAccessBlockConfiguration
		}
		r = r.behind(block, own.OK())
	}
	setReached(f, kindAccessPoint, r, policy.Row, gap)
	s.Emit(kindAccessPoint, f)
}

// behind takes away what a block of public access does not let through. Where the block was not
// seen, what is public may be blocked: it is unclear.
func (r reach) behind(block *types.PublicAccessBlockConfiguration, seen bool) reach {
	switch {
	case !seen || block == nil:
		r.public, r.unclear, r.doubtful = nil, slices.Concat(r.unclear, r.public), nil
	case aws.ToBool(block.RestrictPublicBuckets):
		return r.blocked()
	}
	return r
}

func accessPointFact(p types.AccessPoint, partition, region, row, account string) *evidence.Fact {
	f := newFact(kindAccessPoint, aws.ToString(p.AccessPointArn), aws.ToString(p.Name), region, nil).Set("/located", []string{region})
	if bucket := aws.ToString(p.Bucket); bucket != "" {
		f.Set("/attrs/bucket", "arn:"+partition+":s3:::"+bucket)
	} else { // a way into something else, such as a file system
		f.Unknown(row, "/attrs/bucket")
	}
	owner := aws.ToString(p.BucketAccountId)
	if owner == "" {
		owner = account // named only where it is another's
	}
	f.Set("/attrs/bucket_owner", "aws:"+owner)
	if p.NetworkOrigin == types.NetworkOriginVpc {
		return f.Set("/exposure/network", "private")
	}
	return f.Set("/exposure/network", "open")
}

// multiRegionHome is where AWS keeps all Multi-Region Access Points of its first partition; the
// others have none. See "Multi-Region Access Point restrictions and limitations".
const multiRegionHome = "us-west-2"

func (c *accessPoints) multiRegion(ctx context.Context, s *collectors.Session) {
	cfg := c.access.config(s, collectors.Global)
	if c.access.settings.Partition == "aws" {
		cfg.Region = multiRegionHome
	}
	client := s3control.NewFromConfig(cfg)
	account := s.Target().Account
	var token *string
	for {
		page := ask(ctx, s, collectors.Global, "s3control:ListMultiRegionAccessPoints", client.ListMultiRegionAccessPoints,
			&s3control.ListMultiRegionAccessPointsInput{AccountId: aws.String(account), NextToken: token})
		if !page.OK() {
			return
		}
		for _, p := range page.Value.AccessPoints {
			f := multiRegionFact(p, c.access.settings.Partition, account).Because(page.From...)
			policy := ask(ctx, s, collectors.Global, "s3control:GetMultiRegionAccessPointPolicy", client.GetMultiRegionAccessPointPolicy,
				&s3control.GetMultiRegionAccessPointPolicyInput{AccountId: aws.String(account), Name: p.Name})
			setMultiRegionReach(f, policy, p.PublicAccessBlock, account)
			s.Emit(kindMultiRegionPoint, f.Because(policy.From...))
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

func setMultiRegionReach(f *evidence.Fact, policy collectors.Answer[*s3control.GetMultiRegionAccessPointPolicyOutput], block *types.PublicAccessBlockConfiguration, account string) {
	text := ""
	if policy.OK() && policy.Value.Policy != nil && policy.Value.Policy.Established != nil {
		text = aws.ToString(policy.Value.Policy.Established.Policy)
	}
	var r reach
	var err error
	if text != "" {
		r, err = reachIn(text, account)
	}
	gap := ""
	if !policy.OK() || err != nil {
		gap = policy.Row
	}
	setReached(f, kindMultiRegionPoint, r.behind(block, block != nil), policy.Row, gap)
}

func multiRegionFact(p types.MultiRegionAccessPointReport, partition, account string) *evidence.Fact {
	name := aws.ToString(p.Name)
	f := newFact(kindMultiRegionPoint, account+"/mrap/"+name, name, collectors.Global, nil).Set("/attrs/status", string(p.Status))
	var regions, buckets, owners []string
	for _, r := range p.Regions {
		regions = append(regions, aws.ToString(r.Region))
		buckets = append(buckets, "arn:"+partition+":s3:::"+aws.ToString(r.Bucket))
		owner := aws.ToString(r.BucketAccountId)
		if owner == "" {
			owner = account // named only where it is another's
		}
		owners = append(owners, "aws:"+owner)
	}
	return f.Set("/located", sortedUnion(regions)).Set("/attrs/buckets", sortedUnion(buckets)).Set("/attrs/owners", sortedUnion(owners))
}
