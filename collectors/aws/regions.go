package aws

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// regions says which regions an account can use. The plan of every other regional collector
// depends on it.
type regions struct{ access *Access }

func (c *regions) Info() collectors.Info {
	return collectors.Info{Name: "aws/regions", Provider: "aws", Runs: collectors.Account, Discovery: true, Kinds: []*evidence.Kind{kindRegion},
		Operations: []collectors.Operation{{Name: "ec2:DescribeRegions", Permission: "ec2:DescribeRegions", List: true, Global: true,
			Kinds: []string{kindRegion.Name}, Genuine: holding("DescribeRegionsResponse", "regionInfo")}}}
}

func (c *regions) Collect(ctx context.Context, s *collectors.Session) error {
	client := ec2.NewFromConfig(c.access.config(s, collectors.Global))
	list := ask(ctx, s, collectors.Global, "ec2:DescribeRegions", client.DescribeRegions, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(true)})
	if !list.OK() {
		return nil
	}
	seen := map[string]bool{}
	for _, r := range list.Value.Regions {
		seen[aws.ToString(r.RegionName)] = true
		s.Emit(kindRegion, regionFact(s.Target().Account, r).Because(list.From...))
	}
	var missing []string
	for _, name := range withoutOptIn(c.access.settings.Partition) {
		if !seen[name] {
			missing = append(missing, name)
		}
	}
	switch {
	case len(seen) == 0:
		s.Spoil(kindRegion, collectors.Global, errors.New("the answer names no region"))
	case len(missing) > 0:
		s.Spoil(kindRegion, collectors.Global, errors.New("the answer leaves out regions that every account has: "+strings.Join(missing, ", ")))
	}
	return nil
}

// withoutOptIn lists the regions of a partition that every account has: an answer without one of
// them is not whole. Those launched since 20 March 2019 need an opt-in.
// Source: AWS Account Management guide, "Enable or disable AWS Regions in your account".
func withoutOptIn(partition string) []string {
	switch partition {
	case "aws":
		return []string{"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
			"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"}
	case "aws-cn":
		return []string{"cn-north-1", "cn-northwest-1"}
	case "aws-us-gov":
		return []string{"us-gov-east-1", "us-gov-west-1"}
	case "aws-eusc":
		return []string{"eusc-de-east-1"}
	}
	return nil
}

func regionFact(account string, r types.Region) *evidence.Fact {
	name := aws.ToString(r.RegionName)
	f := evidence.NewFact(kindRegion, account+"/"+name, name)
	f.Region = name
	return f.Set("/located", []string{name}).Set("/attrs/opt_in", aws.ToString(r.OptInStatus))
}
