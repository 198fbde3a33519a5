package controls

import (
	"context"
	"slices"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// An account whose plan lacks a list that another account's has was not looked at: what the other one
// holds is no evidence for it. One that was left out has rows that say so, and an organisation has none.
func TestEachAccountIsLookedAt(t *testing.T) {
	c := load(t, map[string]string{"a.yaml": file("EDS-RES-01", located)})
	row := func(target, operation, kind string, status evidence.Status) evidence.Row {
		return evidence.Row{ID: target + "/global/" + operation, Target: target, Operation: operation, List: true, Kinds: []string{kind}, Status: status}
	}
	for name, test := range map[string]struct {
		target  Target
		rows    []evidence.Row
		want    []string
		verdict Verdict
	}{
		"no row": {Target{ID: "aws-222222222222", Provider: "aws", Account: "222222222222"}, nil,
			[]string{"aws-222222222222: aws.ec2.volume", "aws-222222222222: aws.s3.bucket"}, Insufficient},
		"a row of one kind": {Target{ID: "aws-222222222222", Provider: "aws", Account: "222222222222"}, []evidence.Row{row("aws-222222222222", "s3:ListBuckets", "aws.s3.bucket", evidence.Empty)},
			[]string{"aws-222222222222: aws.ec2.volume"}, Insufficient},
		"each row": {Target{ID: "aws-222222222222", Provider: "aws", Account: "222222222222"}, []evidence.Row{row("aws-222222222222", "s3:ListBuckets", "aws.s3.bucket", evidence.Empty),
			row("aws-222222222222", "ec2:DescribeVolumes", "aws.ec2.volume", evidence.Empty)}, []string{}, Pass},
		"an organisation":  {Target{ID: "aws-org-222222222222", Provider: "aws", Account: "222222222222"}, nil, []string{}, Pass},
		"another provider": {Target{ID: "plugin-inventory", Provider: "inventory", Account: "inventory"}, nil, []string{}, Pass},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, bucket(t, "good", map[string]any{"/located": []any{"eu-west-1"}}))
			in.Targets, in.Coverage = append(in.Targets, test.target), append(in.Coverage, test.rows...)
			r, err := c.Judge(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			mine := slices.DeleteFunc(slices.Clone(r.Lines[0].NotLooked), func(s string) bool { return s[:4] != "aws-" })
			if l := r.Lines[0]; l.Verdict != test.verdict || !slices.Equal(mine, test.want) {
				t.Errorf("%s, not looked at %q, want %s and %q", l.Verdict, l.NotLooked, test.verdict, test.want)
			}
		})
	}
}
