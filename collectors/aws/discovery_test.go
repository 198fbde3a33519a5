package aws

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// answered runs one collector of discovery against answers, and gives what comes of it.
func answered(t *testing.T, target collectors.Target, make func(*Access) collectors.Collector, answer func(*http.Request) (contentType, body string), regions ...string) collectors.Outcome {
	t.Helper()
	var in []collectors.Region
	for _, name := range regions {
		in = append(in, collectors.Region{Name: name})
	}
	base := roundTrip(func(r *http.Request) (*http.Response, error) {
		kind, body := answer(r)
		return &http.Response{StatusCode: 200, Request: r, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{"Content-Type": {kind}}}, nil
	})
	access := &Access{settings: Settings{Partition: "aws", HomeRegion: "eu-west-1"}, entered: map[string]aws.CredentialsProvider{target.Account: fixed()}}
	w := collectors.NewWork(target, time.Now(), base, &memoryVault{bodies: map[string][]byte{}}, time.Now)
	if err := w.Collect(context.Background(), make(access), in); err != nil {
		t.Fatal(err)
	}
	return w.Finish()
}

func rowOf(t *testing.T, o collectors.Outcome, operation string) evidence.Row {
	t.Helper()
	for _, r := range o.Rows {
		if r.Operation == operation {
			return r
		}
	}
	t.Fatalf("no row of %s", operation)
	return evidence.Row{}
}

// The plan of every regional collector hangs on this list: one that is empty, or lacks a region that
// every account has, is an error and no small account.
func TestShortListOfRegions(t *testing.T) {
	all := withoutOptIn("aws")
	for name, c := range map[string]struct {
		regions []string
		want    evidence.Status
	}{
		"whole":       {append([]string{"eu-central-2"}, all...), evidence.OK},
		"empty":       {nil, evidence.Failed},
		"one missing": {all[1:], evidence.Failed},
		"one alone":   {[]string{"eu-west-1"}, evidence.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			var items strings.Builder
			for _, r := range c.regions {
				items.WriteString("<item><regionName>" + r + "</regionName><optInStatus>opt-in-not-required</optInStatus></item>")
			}
			target := collectors.Target{ID: "aws-111122223333", Provider: "aws", Level: collectors.Account, Account: "111122223333"}
			got := answered(t, target, func(a *Access) collectors.Collector { return &regions{access: a} }, func(*http.Request) (string, string) {
				return "text/xml", "<DescribeRegionsResponse><regionInfo>" + items.String() + "</regionInfo></DescribeRegionsResponse>"
			})
			if r := rowOf(t, got, "ec2:DescribeRegions"); r.Status != c.want || len(got.Facts) != len(c.regions) {
				t.Errorf("%s (%s) with %d facts, want %s", r.Status, r.Reason, len(got.Facts), c.want)
			}
		})
	}
}

// An account that lies in a unit, and that the list of accounts does not name, is one that nobody would
// ask: the list is an error, and with it every population of the organisation.
func TestListOfAccountsIsHeldAgainstTheTree(t *testing.T) {
	const one, two = `{"Id":"111122223333","Name":"a","Status":"ACTIVE"}`, `{"Id":"222222222222","Name":"b","Status":"ACTIVE"}`
	for name, c := range map[string]struct {
		listed, tree string
		want         evidence.Status
	}{
		"the same":        {one + "," + two, one + "," + two, evidence.OK},
		"one not listed":  {one, one + "," + two, evidence.Failed},
		"none listed":     {"", one, evidence.Failed},
		"one not in tree": {one + "," + two, one, evidence.OK}, // its place is unknown: accountFact
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{
				"DescribeOrganization":             `{"Organization":{"Id":"o-1","MasterAccountId":"111122223333","FeatureSet":"ALL"}}`,
				"ListRoots":                        `{"Roots":[{"Id":"r-1","Name":"Root"}]}`,
				"ListAccountsForParent":            `{"Accounts":[` + c.tree + `]}`,
				"ListOrganizationalUnitsForParent": `{"OrganizationalUnits":[]}`,
				"ListAccounts":                     `{"Accounts":[` + c.listed + `]}`,
				"ListPolicies":                     `{"Policies":[]}`,
			}
			target := collectors.Target{ID: "aws-org-111122223333", Provider: "aws", Level: collectors.Organization, Account: "111122223333"}
			got := answered(t, target, func(a *Access) collectors.Collector { return &organization{access: a} }, func(r *http.Request) (string, string) {
				_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
				return "application/x-amz-json-1.1", answers[operation]
			})
			if r := rowOf(t, got, "organizations:ListAccounts"); r.Status != c.want || !r.Discovery {
				t.Errorf("%s (%s), want %s", r.Status, r.Reason, c.want)
			}
		})
	}
}
