package audit

import (
	"errors"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// A gap that is for whatever is missing in all that an engagement audits is refused with its line and the cure; one
// for a service, for a region of several, or for one account of several is taken.
func TestGapsOfEverything(t *testing.T) {
	const (
		one     = "aws: [{accounts: [\"111122223333\"]}]"
		here    = "aws: [{accounts: [\"111122223333\"], regions: [eu-west-1, eu-north-1]}]"
		two     = "aws: [{accounts: [\"111122223333\", \"444455556666\"], role: r}]"
		rest    = "aws: [{accounts: [\"111122223333\", \"444455556666\"], role: r}]\nexclude: [{target: aws-444455556666, reason: sold}]"
		org     = "aws: [{management: \"123456789012\", accounts: [\"111122223333\"], role: r}]"
		project = "gcp: [{projects: [clover-shop]}]"
		several = "gcp: [{projects: [clover-shop, clover-mail]}]"
		both    = one + "\n" + project
		digest  = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		plugin  = "plugins: [{name: dc, path: p, sha256: " + digest + ", manifest_sha256: " + digest + "}]"
		beside  = one + "\n" + plugin
	)
	for _, c := range []struct {
		targets, pattern string
		refused          bool
	}{
		{one, "aws-111122223333/*", true},
		{one, "aws-111122223333/*/*", true},
		{one, "aws-111122223333/*-*/*", true},
		{one, "aws-111122223333/*s*", true},
		{one, "aws-111122223333/*/*:*s*", true},
		{one, "aws-111122223333/*-*/*:*e*", true},
		{one, "aws-111122223333/*/ec2:*", false},
		{one, "*/*/rds:*", false},
		{one, "aws-111122223333/*/s3:GetBucketTagging", false},
		{one, "aws-111122223333/eu-*/*", false},
		{one, "aws-111122223333/eu-south-2/*", false},
		{one, "aws-111122223333/global/*", false},
		{one, "*/eu-south-2/*", false},
		{here, "aws-111122223333/eu-*/*", true},
		{here, "aws-111122223333/eu-west-1/*", false},
		{two, "aws-111122223333/*", false},
		{rest, "aws-111122223333/*", true},
		{org, "aws-111122223333/*", false},
		{project, "gcp-clover-shop/*", true},
		{project, "gcp-clover-shop/global/*", true},
		{project, "gcp-clover-shop/*/storage:*", false},
		{several, "gcp-clover-shop/*", false},
		{several, "gcp-clover-*/*", true},
		{both, "aws-111122223333/*", false},
		{beside, "aws-111122223333/*", true},
		{beside, "plugin-dc/*", false},
		{plugin, "plugin-dc/*", true},
	} {
		text := "name: n\nauditor: a\nauditee: b\naccepted_gaps:\n  - {id: g, reason: r, by: b, approved: 2026-01-01, until: 2027-01-01, pattern: \"" + c.pattern + "\"}\nsigning: {key: k, timestamp: none}\n" + c.targets + "\n"
		err := Sound(loadedFrom(t, text, "", ""))
		var fault *strict.FileError
		switch {
		case !c.refused && err != nil:
			t.Errorf("%s, %s: %v", c.targets, c.pattern, err)
		case c.refused && (!errors.As(err, &fault) || fault.Line != 5 || !strings.Contains(fault.Cause, "accepts whatever is missing") || !strings.Contains(fault.Hint, "name operations")):
			t.Errorf("%s, %s: %v (%#v)", c.targets, c.pattern, err, fault)
		}
	}
}
