package s3

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/trefoil-audit/trefoil/evidence/store"
)

// Describe implements store.Bucket. What may not be asked is named in NotSeen; that object lock
// cannot be asked for is an error, since objects could then be kept for less than they should.
func (b *Bucket) Describe(ctx context.Context) (*store.Description, error) {
	d := &store.Description{URL: "s3://" + strings.TrimSuffix(b.settings.Bucket+"/"+b.settings.Prefix, "/"), Provider: b.settings.Endpoint == ""}
	if err := b.retention(ctx, d); err != nil {
		return nil, fmt.Errorf("store %s: ask for its object lock: %w", d.URL, err)
	}
	at, err := b.client.GetBucketLocation(ctx, &awss3.GetBucketLocationInput{Bucket: &b.settings.Bucket})
	if err != nil {
		d.NotSeen = append(d.NotSeen, "location ("+code(err)+")")
	} else {
		d.Where = []string{regionOf(at.LocationConstraint)}
	}
	rules, err := b.client.GetBucketReplication(ctx, &awss3.GetBucketReplicationInput{Bucket: &b.settings.Bucket})
	switch {
	case err == nil && rules.ReplicationConfiguration != nil:
		for _, r := range rules.ReplicationConfiguration.Rules {
			if r.Status == types.ReplicationRuleStatusEnabled && r.Destination != nil {
				d.CopiesTo = append(d.CopiesTo, aws.ToString(r.Destination.Bucket))
			}
		}
	case code(err) != "ReplicationConfigurationNotFoundError":
		d.NotSeen = append(d.NotSeen, "replication ("+code(err)+")")
	}
	return d, nil
}

// regionOf reads a location constraint: none means us-east-1, and EU is the old name of
// eu-west-1 (GetBucketLocation in the API reference).
func regionOf(c types.BucketLocationConstraint) string {
	switch c {
	case "":
		return "us-east-1"
	case types.BucketLocationConstraintEu:
		return "eu-west-1"
	}
	return string(c)
}

func (b *Bucket) retention(ctx context.Context, d *store.Description) error {
	out, err := b.client.GetObjectLockConfiguration(ctx, &awss3.GetObjectLockConfigurationInput{Bucket: &b.settings.Bucket})
	if code(err) == "ObjectLockConfigurationNotFoundError" {
		return nil
	}
	if err != nil {
		return err
	}
	if out.ObjectLockConfiguration == nil || out.ObjectLockConfiguration.ObjectLockEnabled != types.ObjectLockEnabledEnabled {
		return nil
	}
	d.Retention = &store.Rule{Each: true}
	if r := out.ObjectLockConfiguration.Rule; r != nil && r.DefaultRetention != nil {
		d.Retention.Mode = strings.ToLower(string(r.DefaultRetention.Mode))
		d.Retention.Days = int(aws.ToInt32(r.DefaultRetention.Days) + 366*aws.ToInt32(r.DefaultRetention.Years))
	}
	return nil
}

// code is an error's code; that of the transport where no answer came.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return "no answer"
}
