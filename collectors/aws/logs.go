package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// logGroups says of each CloudWatch log group where it lies, how long it keeps entries and whose
// key encrypts it.
type logGroups struct{ access *Access }

func (c *logGroups) Info() collectors.Info {
	return collectors.Info{Name: "aws/logs", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindLogGroup},
		Operations: []collectors.Operation{lists("logs:DescribeLogGroups", member("logGroups"), kindLogGroup)}}
}

func (c *logGroups) Collect(ctx context.Context, s *collectors.Session) error {
	return s.EachRegion(ctx, func(ctx context.Context, region string) error {
		client := cloudwatchlogs.NewFromConfig(c.access.config(s, region))
		var token *string
		for {
			page := ask(ctx, s, region, "logs:DescribeLogGroups", client.DescribeLogGroups, &cloudwatchlogs.DescribeLogGroupsInput{NextToken: token})
			if !page.OK() {
				return nil
			}
			for _, g := range page.Value.LogGroups {
				arn := strings.TrimSuffix(aws.ToString(g.Arn), ":*")
				f := newFact(kindLogGroup, arn, aws.ToString(g.LogGroupName), region, page.From)
				f.Set("/store/class", "log").Set("/store/engine", "cloudwatch logs").Set("/located", []string{region}).Set("/encryption/in_transit", "enforced")
				setKey(f, kindLogGroup, true, g.KmsKeyId) // without a key of the customer the service encrypts by its own
				if g.RetentionInDays != nil {
					f.Set("/attrs/retention_days", int(*g.RetentionInDays))
				} else {
					f.None(kindLogGroup, "/attrs/retention_days")
				}
				s.Emit(kindLogGroup, f)
			}
			if token = page.Value.NextToken; aws.ToString(token) == "" {
				return nil
			}
		}
	})
}
