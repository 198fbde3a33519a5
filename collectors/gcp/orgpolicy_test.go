package gcp

import (
	"testing"

	"google.golang.org/api/orgpolicy/v2"
)

// A rule that allows everything leaves nothing of what another one lists.
func TestAllowAllBesideValues(t *testing.T) {
	p := &orgpolicy.GoogleCloudOrgpolicyV2Policy{Spec: &orgpolicy.GoogleCloudOrgpolicyV2PolicySpec{Rules: []*orgpolicy.GoogleCloudOrgpolicyV2PolicySpecPolicyRule{
		{Values: &orgpolicy.GoogleCloudOrgpolicyV2PolicySpecPolicyRuleStringValues{AllowedValues: []string{"is:C0123abc"}}}, {AllowAll: true}}}}
	f := policyFact("p", "iam.allowedPolicyMemberDomains", p, "c:row")
	if v, _ := f.Get("/attrs/allowed"); len(v.([]any)) != 0 {
		t.Errorf("allowed %v", v)
	}
}
