package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// logGroups says of each CloudWatch log group where it lies, how long it keeps entries, whose key
// encrypts it and where its entries are sent on; and of each region who may send and read them.
type logGroups struct{ access *Access }

func (c *logGroups) Info() collectors.Info {
	return collectors.Info{Name: "aws/logs", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindLogDestination, kindLogGroup, kindLogPolicy},
		Operations: []collectors.Operation{
			lists("logs:DescribeLogGroups", member("logGroups", "array"), kindLogGroup),
			lists("logs:DescribeDestinations", member("destinations", "array"), kindLogDestination),
			lists("logs:DescribeResourcePolicies", member("resourcePolicies", "array"), kindLogPolicy),
			item("logs:DescribeSubscriptionFilters", "logs:DescribeLogGroups", member("subscriptionFilters", "array")),
		}}
}

func (c *logGroups) Collect(ctx context.Context, s *collectors.Session) error {
	return s.EachRegion(ctx, func(ctx context.Context, region string) error {
		client := cloudwatchlogs.NewFromConfig(c.access.config(s, region))
		c.groups(ctx, s, client, region)
		c.destinations(ctx, s, client, region)
		c.policies(ctx, s, client, region)
		return nil
	})
}

func (c *logGroups) groups(ctx context.Context, s *collectors.Session, client *cloudwatchlogs.Client, region string) {
	var token *string
	for {
		page := ask(ctx, s, region, "logs:DescribeLogGroups", client.DescribeLogGroups, &cloudwatchlogs.DescribeLogGroupsInput{NextToken: token})
		if !page.OK() {
			return
		}
		for _, g := range page.Value.LogGroups {
			f := logGroupFact(g, region).Because(page.From...)
			c.subscriptions(ctx, s, client, f, g.LogGroupName, region)
			s.Emit(kindLogGroup, f)
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

func logGroupFact(g types.LogGroup, region string) *evidence.Fact {
	f := newFact(kindLogGroup, strings.TrimSuffix(aws.ToString(g.Arn), ":*"), aws.ToString(g.LogGroupName), region, nil)
	f.Set("/store/class", "log").Set("/store/engine", "cloudwatch logs").Set("/located", []string{region}).Set("/encryption/in_transit", "enforced")
	setKey(f, kindLogGroup, true, g.KmsKeyId) // without a key of the customer the service encrypts by its own
	if g.RetentionInDays != nil {
		return f.Set("/attrs/retention_days", int(*g.RetentionInDays))
	}
	return f.None(kindLogGroup, "/attrs/retention_days")
}

// subscriptions says where a group's entries are sent on as they come.
func (c *logGroups) subscriptions(ctx context.Context, s *collectors.Session, client *cloudwatchlogs.Client, f *evidence.Fact, group *string, region string) {
	copies := []map[string]any{}
	var token *string
	for {
		page := ask(ctx, s, region, "logs:DescribeSubscriptionFilters", client.DescribeSubscriptionFilters, &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: group, NextToken: token})
		f.Because(page.From...)
		if !page.OK() {
			f.Set("/copies", copies).Unknown(page.Row, "/copies/-")
			return
		}
		for _, filter := range page.Value.SubscriptionFilters {
			copies = append(copies, placedCopy("stream", aws.ToString(filter.DestinationArn), true))
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			f.Set("/copies", copies)
			return
		}
	}
}

func (c *logGroups) destinations(ctx context.Context, s *collectors.Session, client *cloudwatchlogs.Client, region string) {
	var token *string
	for {
		page := ask(ctx, s, region, "logs:DescribeDestinations", client.DescribeDestinations, &cloudwatchlogs.DescribeDestinationsInput{NextToken: token})
		if !page.OK() {
			return
		}
		for _, d := range page.Value.Destinations {
			s.Emit(kindLogDestination, logDestinationFact(d, region, page.Row, s.Target().Account).Because(page.From...))
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

func logDestinationFact(d types.Destination, region, row, account string) *evidence.Fact {
	f := newFact(kindLogDestination, aws.ToString(d.Arn), aws.ToString(d.DestinationName), region, nil).Set("/located", []string{region})
	f.Set("/copies", []map[string]any{placedCopy("stream", aws.ToString(d.TargetArn), true)})
	if text := aws.ToString(d.AccessPolicy); text != "" {
		setReach(f, kindLogDestination, text, true, row, account)
		return f
	}
	return f.Set("/exposure/public", false).None(kindLogDestination, "/exposure/public_how", "/exposure/shared_with") // without a policy nobody else may send
}

func (c *logGroups) policies(ctx context.Context, s *collectors.Session, client *cloudwatchlogs.Client, region string) {
	var token *string
	for {
		page := ask(ctx, s, region, "logs:DescribeResourcePolicies", client.DescribeResourcePolicies, &cloudwatchlogs.DescribeResourcePoliciesInput{NextToken: token})
		if !page.OK() {
			return
		}
		for _, p := range page.Value.ResourcePolicies {
			name := aws.ToString(p.PolicyName)
			f := newFact(kindLogPolicy, s.Target().Account+"/"+region+"/logs-policy/"+name, name, region, page.From)
			setReach(f, kindLogPolicy, aws.ToString(p.PolicyDocument), true, page.Row, s.Target().Account)
			s.Emit(kindLogPolicy, f)
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}
