package aws

import (
	"context"

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
			Kinds: []string{kindRegion.Name}, Genuine: collectors.Genuine{Root: "DescribeRegionsResponse"}}}}
}

func (c *regions) Collect(ctx context.Context, s *collectors.Session) error {
	client := ec2.NewFromConfig(c.access.config(s, collectors.Global))
	list := ask(ctx, s, collectors.Global, "ec2:DescribeRegions", client.DescribeRegions, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(true)})
	if !list.OK() {
		return nil
	}
	for _, r := range list.Value.Regions {
		s.Emit(kindRegion, regionFact(s.Target().Account, r).Because(list.From...))
	}
	return nil
}

func regionFact(account string, r types.Region) *evidence.Fact {
	name := aws.ToString(r.RegionName)
	f := evidence.NewFact(kindRegion, account+"/"+name, name)
	f.Region = name
	return f.Set("/located", []string{name}).Set("/attrs/opt_in", aws.ToString(r.OptInStatus))
}
