package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

// API calls that ended alike in several regions stand in one row, which counts them, names their rows of coverage, and
// hides none that ended in another way; a thing of a cloud never stands in the row of another.
func TestAlikeCalls(t *testing.T) {
	in, p := sample(t, nil)
	p.items = nil
	item := func(control, region, operation, why string, v controls.Verdict) {
		id := evidence.RowID(target, region, operation)
		p.items = append(p.items, controls.Item{Record: "item", Control: control, Fact: "coverage:" + id, Kind: callKind, Target: target, Region: region, Name: operation, Scope: controls.In, ScopeRule: "default",
			Verdict: v, Basis: controls.Automated, Reason: "Not answered: " + id + why, Missing: []string{id}, Observed: `{"/attrs/answered":{"unknown":"` + id + `"}}`, From: []string{"c:" + id}})
	}
	for _, control := range []string{"EDS-EVD-02", "EDS-GOV-02"} {
		for n := range 9 {
			item(control, fmt.Sprintf("eu-west-%d", n), "ec2:DescribeVolumes", " (left out)", controls.Insufficient)
			item(control, fmt.Sprintf("eu-west-%d", n), "ec2:DescribeImages", "", controls.Pass)
		}
		item(control, "eu-south-1", "ec2:DescribeVolumes", " (denied)", controls.Insufficient)
		item(control, "eu-south-2", "ec2:DescribeVolumes", " (left out)", controls.Fail)
		item(control, "eu-south-1", "kms:ListKeys", " (denied)", controls.Insufficient)
		item(control, "eu-south-2", "kms:ListKeys", " (denied)", controls.Insufficient)
	}
	for _, name := range []string{"a", "b"} { // alike in all but the id
		p.items = append(p.items, controls.Item{Record: "item", Control: "EDS-RES-01", Fact: "arn:aws:s3:::" + name, Kind: "aws.s3.bucket", Target: target, Region: "eu-west-1", Verdict: controls.Fail, Scope: controls.In, ScopeRule: "default"})
	}
	in.Lines = nil
	want := map[string][]string{}
	for _, control := range []string{"EDS-EVD-02", "EDS-GOV-02"} {
		want[resultsSheet] = append(want[resultsSheet], control+" Insufficient evidence 9 9 regions, which Coverage names: Not answered: "+target+"/*/ec2:DescribeVolumes (left out)",
			control+" Insufficient evidence 1 eu-south-1: Not answered: "+target+"/eu-south-1/ec2:DescribeVolumes (denied)",
			control+" FAIL 1 eu-south-2: Not answered: "+target+"/eu-south-2/ec2:DescribeVolumes (left out)",
			control+" Insufficient evidence 2 eu-south-1, eu-south-2: Not answered: "+target+"/*/kms:ListKeys (denied)")
	}
	f := opened(t, made(t, in, maxRows))
	for sheet, where := range map[string]int{resultsSheet: 4, exceptionsSheet: 5} {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		refs := map[string]bool{}
		for _, r := range rows {
			if len(r) < 10 || !strings.HasPrefix(r[0], "R-") {
				continue
			}
			refs[r[0]] = true
			if r[1] != "EDS-RES-01" {
				got = append(got, fmt.Sprintf("%s %s %s %s: %s", r[1], r[2], r[9], strings.TrimPrefix(r[where], target+"\n"), r[where+1]))
			}
		}
		all := slices.Sorted(slices.Values(want[resultsSheet]))
		if slices.Sort(got); !slices.Equal(got, all) || len(refs) != len(all)+2 {
			t.Errorf("%s: %d rows\n%s\nwant\n%s", sheet, len(refs), strings.Join(got, "\n"), strings.Join(all, "\n"))
		}
	}
	for _, tie := range tied(t, in, maxRows) {
		if (strings.Contains(tie.what, "test results") || strings.Contains(tie.what, "exceptions")) && strings.Contains(tie.b.says, "Test results") && tie.difference() != 0 {
			t.Errorf("%s: %+v", tie.what, tie)
		}
	}
	rows, err := f.GetRows(exceptionsSheet)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(rows, func(r []string) bool { return len(r) > 9 && r[9] == "9" })
	about, err := Resolve(context.Background(), in, exceptionsSheet, rows[i][0])
	if err != nil || len(about.Rows) != 9 || about.Rows[8] != evidence.RowID(target, "eu-west-8", "ec2:DescribeVolumes") || about.Item != "coverage:"+about.Rows[0] {
		t.Errorf("%+v %v", about, err)
	}
}
