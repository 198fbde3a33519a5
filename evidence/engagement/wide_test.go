package engagement

import (
	"strings"
	"testing"
)

// A pattern that is for whatever comes is refused: of one partition, of a part of the world, of accounts by some digits, or
// by words that stand anywhere.
func TestWidePatterns(t *testing.T) {
	for list, patterns := range map[string][]string{
		"providers": {"https://*", "http*", "*://*", "//iam.googleapis.com/*", "//iam.googleapis.com/projects/*", "*/providers/*", "*/workloadIdentityPools/*", "arn:aws-eusc:*", "arn:aws-e*", "arn:aws-eusc:iam::*:saml-provider/*",
			"arn:aws-us-gov:iam::*:oidc-provider/*", "arn:aws-cn:iam::*", "arn:aws:iam::1*", "arn:aws:iam::12345678901*:saml-provider/staff", "arn:aws:iam::*1:saml-provider/staff", "arn:aws:iam::*:*i*", "*.com", "*.example", "urn:*", "principalSet:*", "domain:*", "is:C*", "C0*", "*C0*",
			"in:*", "https://login.microsoftonline.com/*", "https://*.okta.com"},
		"exempt": {"arn:aws-eusc:iam::*:role/*", "arn:aws-us-gov:*", "arn:aws:iam::1*:role/x", "principal:*", "principal://*", "user:*@*.com", "*-*", "*a*"},
		"things": {"arn:aws-eusc:*", "arn:aws-cn:*", "arn:aws-us-gov:s3:::*", "arn:aws-c*:s3:::*", "*eu-*", "*us-east-*", "arn:aws:s3:::*-*", "arn:aws:s3:::*a*", "arn:aws:ec2:eu-*:*:volume/*", "arn:aws:rds:eu-west-*", "arn:aws:ec2:*:1*:volume/*", "guardrail:*", "guardrail:aws:1*",
			"arn:aws:iam::*:policy/*", "arn:aws:sns:*", "arn:aws:lambda:*:function:*", "arn:aws:iam::*:role/*#inline#*", "arn:aws:iam::*:role/*#*", "arn:aws:rds:*:snapshot:*", "//bigquery.googleapis.com/projects/*", "//compute.googleapis.com/*", "//*.googleapis.com/projects/*", "gcp:folders/*", "aws:*", "gcp:*",
			"log_route:*", "log_store:*", "human:arn:aws:iam::1*:user/x", "coverage:aws-1*", "coverage:*/eu-*", "*europe-*"},
		"gaps":  {"aws-*/eu-*/*", "*/eu-west-*/*", "*eu-*", "aws-1*", "aws-org-*", "gcp-org-*", "plugin-*", "gcp-*/europe-*/*", "* is *", "*the *", "what*", "*not*", "*.yaml *", "withheld*", "*by rule*", "engagement.yaml*", "*s3*", "unread/aws.*", "unread/gcp.*", "unread/aws*", "unread/aws.s*", "unread/*"},
		"names": {"*a*", "*-*", "*", "*1*", "-*", "a*", "*-a-*"},
	} {
		for _, pattern := range patterns {
			if !widely(list, pattern) {
				t.Errorf("%s: %q is taken", list, pattern)
			}
		}
	}
}

// What is meant for some is taken.
func TestNarrowPatterns(t *testing.T) {
	for list, patterns := range map[string][]string{
		"providers": {"https://token.actions.githubusercontent.com", "arn:aws:iam::111122223333:saml-provider/*", "arn:aws:iam::111122223333:*", "arn:aws:iam::*:saml-provider/staff", "arn:aws:iam::*:oidc-provider/token.actions.githubusercontent.com", "arn:aws:iam::*:*-provider/staff",
			"arn:aws-eusc:iam::111122223333:saml-provider/staff", "arn:*:iam::*:saml-provider/staff", "*.amazonaws.com", "*/workforcePools/staff/providers/*", "//iam.googleapis.com/projects/clover-ci/*", "https://login.microsoftonline.com/0a1b2c3d-0000-4000-8000-000000000000/*", "is:C0123abc", "under:organizations/123456789012"},
		"exempt": {"arn:aws:iam::*:role/AWSControlTowerExecution", "arn:aws:iam::*:role/aws-reserved/*", "arn:aws:iam::*:root", "arn:aws-cn:iam::*:role/org-admin-*", "group:*@clover.example.org"},
		"things": {"arn:aws:s3:::clover-tmp-*", "arn:aws:s3:::clover*", "arn:aws:s3:::*-scratch", "arn:aws:ec2:eu-west-1:111122223333:snapshot/*", "arn:aws:ec2:*:111122223333:*", "arn:aws:rds:eu-*:*:db:scratch-*", "arn:aws-cn:s3:::clover-*", "//storage.googleapis.com/clover-*",
			"//bigquery.googleapis.com/projects/clover-shop/*", "human:arn:aws:iam::*:root", "human:arn:aws:iam::111122223333:user/*", "*/iam-summary", "coverage:aws-111122223333/*", "coverage:*/eu-south-2/*", "coverage:*/s3:GetBucketTagging", "legacy:arn:aws:s3:::clover-*", "gcp:clover-shop#*", "person:p-00*", "*#policy#0"},
		"gaps": {"aws-111122223333/*/s3:GetBucketTagging", "aws-111122223333/*", "*/eu-south-2/*", "*/s3:GetBucket*", "*/*/ec2:DescribeVolumes", "gcp-clover-shop/*", "plugin-inventory/*", "unread/aws.sqs.*", "unread/gcp.pubsub.*", "engagement.yaml names no *", "withheld by rule people*", "only in the second source: b",
			"what it is a copy of was not collected: arn:aws:ec2:*", "*DescribeVolumes", "the other end was not collected: arn:aws:s3:::partner-*"},
		"names": {"*scratch*", "tmp-*", "*-qa", "qa*", "a", "x-1", "*QA*"},
	} {
		for _, pattern := range patterns {
			if widely(list, pattern) {
				t.Errorf("%s: %q is refused", list, pattern)
			}
		}
	}
}

// widely says whether a pattern is refused in a list.
func widely(list, pattern string) bool {
	switch list {
	case "providers":
		return wide(pattern, anyTrusted) != ""
	case "exempt":
		return wide(pattern, anyPeople) != ""
	case "things":
		return wide(pattern, anyThings) != ""
	case "gaps":
		return wideGap(pattern) != ""
	}
	return wideName(pattern)
}

// No list holds a word that stands for others.
func TestNobody(t *testing.T) {
	for i, list := range [][]string{anyThings(), anyTrusted(), anyGaps(), noRegions} {
		for _, s := range list {
			if strings.Contains(s, "REGION") || strings.Contains(s, "EACH") {
				t.Errorf("list %d: %s", i, s)
			}
		}
	}
}
