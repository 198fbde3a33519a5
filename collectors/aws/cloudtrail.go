package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// trails says of each trail what it records, where it delivers, and whether it is on. A trail is
// said once: by the account that owns it, in its home region.
type trails struct{ access *Access }

func (c *trails) Info() collectors.Info {
	return collectors.Info{Name: "aws/cloudtrail", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindTrail},
		Operations: []collectors.Operation{
			lists("cloudtrail:DescribeTrails", member("trailList", "array"), kindTrail),
			item("cloudtrail:GetTrailStatus", "cloudtrail:DescribeTrails", member("IsLogging", "boolean")),
			item("cloudtrail:GetEventSelectors", "cloudtrail:DescribeTrails", member("TrailARN", "string")),
		}}
}

func (c *trails) Collect(ctx context.Context, s *collectors.Session) error {
	return s.EachRegion(ctx, func(ctx context.Context, region string) error {
		client := cloudtrail.NewFromConfig(c.access.config(s, region))
		list := ask(ctx, s, region, "cloudtrail:DescribeTrails", client.DescribeTrails, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(false)})
		if !list.OK() {
			return nil
		}
		for _, t := range list.Value.TrailList {
			home, owner, ok := homeOf(t)
			switch {
			case !ok: // it may be one that is said nowhere else
				s.Fault(list.Row, fmt.Errorf("trail %q has no ARN that says whose it is, and of which region: %q", aws.ToString(t.Name), aws.ToString(t.TrailARN)))
			case home == region && owner == s.Target().Account:
				c.trail(ctx, s, client, region, t, list)
			}
		}
		return nil
	})
}

// homeOf gives the region by which a trail is said, and the account that owns it: of a trail whose home region the
// answer leaves out, the region that its ARN names.
func homeOf(t types.Trail) (region, account string, ok bool) {
	parts := strings.SplitN(aws.ToString(t.TrailARN), ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[3] == "" || parts[4] == "" {
		return "", "", false
	}
	return cmp.Or(aws.ToString(t.HomeRegion), parts[3]), parts[4], true
}

func (c *trails) trail(ctx context.Context, s *collectors.Session, client *cloudtrail.Client, region string, t types.Trail, list collectors.Answer[*cloudtrail.DescribeTrailsOutput]) {
	f := newFact(kindTrail, aws.ToString(t.TrailARN), aws.ToString(t.Name), region, list.From).Set("/located", []string{region})
	accounts, regions := []string{"aws:" + s.Target().Account}, []string{region}
	if aws.ToBool(t.IsOrganizationTrail) {
		accounts = []string{"*"}
	}
	if aws.ToBool(t.IsMultiRegionTrail) {
		regions = []string{"*"}
	}
	f.Set("/log/accounts", accounts).Set("/log/regions", regions).Set("/log/validated", aws.ToBool(t.LogFileValidationEnabled)).
		Set("/attrs/organization", aws.ToBool(t.IsOrganizationTrail)).Set("/attrs/multi_region", aws.ToBool(t.IsMultiRegionTrail)).
		Set("/attrs/global_events", aws.ToBool(t.IncludeGlobalServiceEvents))
	if aws.ToString(t.HomeRegion) != "" {
		f.Set("/attrs/home_region", region)
	} else {
		f.Unknown(list.Row, "/attrs/home_region")
	}
	if bucket := aws.ToString(t.S3BucketName); bucket != "" {
		f.Set("/log/to", "arn:"+c.access.settings.Partition+":s3:::"+bucket)
	} else {
		f.Unknown(list.Row, "/log/to")
	}
	status := ask(ctx, s, region, "cloudtrail:GetTrailStatus", client.GetTrailStatus, &cloudtrail.GetTrailStatusInput{Name: t.TrailARN})
	f.Because(status.From...)
	if status.OK() {
		f.Set("/log/enabled", aws.ToBool(status.Value.IsLogging))
		setText(f, kindTrail, "/attrs/delivery_error", status.Value.LatestDeliveryError)
		if at := status.Value.LatestDeliveryTime; at != nil {
			f.Set("/attrs/last_delivery", *at)
		} else {
			f.None(kindTrail, "/attrs/last_delivery")
		}
	} else {
		f.Unknown(status.Row, "/log/enabled", "/attrs/delivery_error", "/attrs/last_delivery")
	}
	sel := ask(ctx, s, region, "cloudtrail:GetEventSelectors", client.GetEventSelectors, &cloudtrail.GetEventSelectorsInput{TrailName: t.TrailARN})
	f.Because(sel.From...)
	switch {
	case !sel.OK(), len(sel.Value.EventSelectors)+len(sel.Value.AdvancedEventSelectors) == 0: // each trail has some
		f.Unknown(sel.Row, "/log/management", "/log/data_read", "/log/data_write")
	case len(sel.Value.AdvancedEventSelectors) > 0:
		setAdvanced(f, sel.Value.AdvancedEventSelectors, sel.Row)
	default:
		setSelectors(f, sel.Value.EventSelectors)
	}
	s.Emit(kindTrail, f)
}

// setAdvanced reads of advanced selectors whether one takes all management events, or none takes any. What
// those with further fields come to together, and what they take of data, is not read.
func setAdvanced(f *evidence.Fact, selectors []types.AdvancedEventSelector, row string) {
	f.Unknown(row, "/log/data_read", "/log/data_write")
	whole, some := false, false
	for _, sel := range selectors {
		for _, field := range sel.FieldSelectors {
			if aws.ToString(field.Field) == "eventCategory" && (len(field.Equals) == 0 || slices.Contains(field.Equals, "Management")) {
				some = true
				alone := len(field.NotEquals)+len(field.StartsWith)+len(field.NotStartsWith)+len(field.EndsWith)+len(field.NotEndsWith) == 0
				whole = whole || len(sel.FieldSelectors) == 1 && alone && slices.Contains(field.Equals, "Management")
			}
		}
	}
	if some && !whole {
		f.Unknown(row, "/log/management")
		return
	}
	f.Set("/log/management", whole)
}

// setSelectors says which events a trail's basic selectors record. Management events count where
// one selector takes all of them, reads and writes, and excludes no source; data events where
// one takes all objects of all buckets.
func setSelectors(f *evidence.Fact, selectors []types.EventSelector) {
	var management, read, write bool
	for _, sel := range selectors {
		all := sel.ReadWriteType == types.ReadWriteTypeAll || sel.ReadWriteType == ""
		management = management || aws.ToBool(sel.IncludeManagementEvents) && all && len(sel.ExcludeManagementEventSources) == 0
		for _, d := range sel.DataResources {
			for _, v := range d.Values {
				if aws.ToString(d.Type) == "AWS::S3::Object" && (v == "arn:aws:s3" || v == "arn:aws:s3:::") {
					read = read || all || sel.ReadWriteType == types.ReadWriteTypeReadOnly
					write = write || all || sel.ReadWriteType == types.ReadWriteTypeWriteOnly
				}
			}
		}
	}
	f.Set("/log/management", management).Set("/log/data_read", read).Set("/log/data_write", write)
}
