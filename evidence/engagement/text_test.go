package engagement

import (
	"errors"
	"strings"
	"testing"
)

// What would match nothing without a reader seeing why, or would match everything, is refused with file, line, cause
// and cure.
func TestMatchedTexts(t *testing.T) {
	const gap, items, trusted, tag, owner = "aws-1/*/s3:GetBucketAcl", `"arn:aws:s3:::x*"`, `"aws:999900001111"`, "data-class: eu-user-data", "owner: aws-123456789012"
	const params = "controls: [EDS-RES-01]"
	parameter := func(name, value string) string { return params + "\nparameters: {" + name + ": [" + value + "]}" }
	for _, c := range []struct {
		file, old, new string
		line           int
		want           string // in the cause
	}{
		{FileName, gap, `"` + gap + ` "`, 22, "begins or ends with a space"},
		{FileName, gap, `"\u00a0` + gap + `"`, 22, "begins or ends with a space"},
		{FileName, gap, `"aws-1/*\u200b/s3:GetBucketAcl"`, 22, "holds U+200B, which nobody sees"},
		{FileName, gap, `"aws-1/*/s3:\u00a0GetBucketAcl"`, 22, "holds U+00A0"},
		{FileName, gap, `"aws-1/*/s3:GetBucket\ufe0fAcl"`, 22, "holds U+FE0F"},
		{FileName, gap, `"aws-1/*/s3: GetBucketAcl"`, 22, "holds a space, which no row of coverage has"},
		{FileName, gap, `"* "`, 22, "begins or ends"},
		{FileName, gap, `"*"`, 22, "accepts whatever is missing"},
		{FileName, gap, `"*-*/*"`, 22, "accepts whatever is missing"},
		{FileName, gap, `"*s3*"`, 22, "accepts whatever is missing"},
		{FileName, gap, `"*s*"`, 22, "accepts whatever is missing"},
		{FileName, gap, "aws-*", 22, "accepts whatever is missing"},
		{FileName, gap, "unread/*", 22, "accepts whatever is missing"},
		{FileName, "id: G1", "id: \"G1\\u2060\"", 21, "holds U+2060"},
		{FileName, "accepted_gaps:", "accepted_gaps:\n  - {id: G1, pattern: a/b, reason: r, by: b, approved: 2026-01-01, until: 2027-01-01}", 22, `"G1" stands twice`},
		{FileName, "aws-111122223333", `"aws-111122223333\t"`, 11, "begins or ends"},
		{FileName, params, parameter("auditor_principals", `"arn:aws:iam::777788889999:role/a\u200d"`), 20, "holds U+200D"},
		{FileName, params, parameter("auditor_principals", `"arn:aws:iam::*:role/*"`), 20, "holds a *"},
		{FileName, params, parameter("auditor_principals", `"arn:aws:iam::12345678901*:role/x"`), 20, "no part is left open"},
		{FileName, params, parameter("auditor_principals", `"group:audit@example.com", allAuthenticatedUsers`), 20, "is everybody"},
		{FileName, params, parameter("identity_providers", `"is:C*"`), 20, "matches whatever comes"},
		{FileName, params, parameter("identity_providers", `"arn:aws:iam::*:saml-provider/*"`), 20, "matches whatever comes"},
		{FileName, params, parameter("exempt_principals", `"arn:aws:iam::*:user/*"`), 20, "matches whatever comes"},
		{FileName, params, parameter("exempt_principals", `"arn:aws:iam::111122223333:*"`), 20, "matches whatever comes"},
		{FileName, params, parameter("exempt_principals", `"arn:aws:iam::111122223333:role/*"`), 20, "matches whatever comes"},
		{FileName, params, parameter("exempt_actions", `"*:*"`), 20, "matches everything"},
		{FileName, params, parameter("exempt_actions", `" iam:*"`), 20, "begins or ends"},
		{FileName, `"123456789012"`, "012345670123", 8, "012345670123 would be read as 1402433619"},
		{WaiversName, items, `" arn:aws:s3:::x"`, 2, "begins or ends"},
		{WaiversName, items, `"arn:aws:s3:::x\u00ad"`, 2, "holds U+00AD"},
		{WaiversName, items, `"arn:*"`, 2, "waives every fail"},
		{WaiversName, items, `"arn:aws:s3:::*"`, 2, "waives every fail"},
		{WaiversName, items, `"*user*"`, 2, "waives every fail"},
		{WaiversName, items, `"coverage:*"`, 2, "waives every fail"},
		{RegisterName, trusted, `"aws:999900001111 "`, 4, "begins or ends"},
		{RegisterName, trusted, `"aws:999900001111 aws:999900002222"`, 4, "holds a space"},
		{RegisterName, trusted, `"gcp:clover-*"`, 4, "trusted nowhere"},
		{RegisterName, trusted, `"gcp:clover\u200bshop"`, 4, "holds U+200B"},
		{RegisterName, trusted, "012345670123", 4, "would be read as 1402433619"},
		{RegisterName, trusted, "0x10", 4, "would be read as 16"},
		{RegisterName, trusted, "111122223333.0", 4, "would be read as 1.11122223333e+11"},
		{RegisterName, tag, `data-class: "eu-user-data\u00a0"`, 2, "begins or ends"},
		{RegisterName, tag, `"data\u00a0class": eu-user-data`, 2, "holds U+00A0"},
		{RegisterName, tag, "data-class: 007", 2, "007 would be read as 7"},
		{RegisterName, tag, "data-class: True", 2, "True would be read as true"},
		{RegisterName, tag, "data-class: 1.50", 2, "1.50 would be read as 1.5"},
		{RegisterName, "scope: in, tags: {data-class: eu-user-data}", `scope: out, names: ["*a*"]`, 2, "matches everything"},
		{RegisterName, "scope: in, tags: {data-class: eu-user-data}", `scope: out, names: [scratch, "*-*"]`, 2, "matches everything"},
		{RegisterName, "scope: in, tags: {data-class: eu-user-data}", `scope: out, names: ["*-x-*", "?*"]`, 2, "matches everything"},
		{RegisterName, "scope: in, tags", `scope: in, targets: ["aws-111122223333 "], tags`, 2, "begins or ends"},
		{RegisterName, "scope: in, tags", `scope: in, names: [a, "b\u200b"], tags`, 2, "names[1]"},
		{RegisterName, "scope: in, tags", `scope: in, kinds: ["aws.s3.bucket\u200b"], tags`, 2, "kinds[0]"},
		{RegisterName, owner, `owner: "aws-123456789012 "`, 6, "begins or ends"},
		{RegisterName, `"arn:aws:s3:::old"`, `"arn:aws:s3:::old\u200b"`, 6, "holds U+200B"},
		{RegisterName, `"arn:aws:s3:::old"`, `"arn:aws:s3:::clover-*"`, 6, "would be looked for in vain"},
		{RegisterName, `"arn:aws:s3:::old"`, `"arn:aws:s3:::old/2019"`, 6, "names what lies in a bucket"},
		{RegisterName, `"arn:aws:s3:::old"`, `"arn:aws:s3:::old/"`, 6, "names what lies in a bucket"},
		{RegisterName, `"arn:aws:s3:::old"`, `"//storage.googleapis.com/old/"`, 6, "names what lies in a bucket"},
		{RegisterName, `"arn:aws:s3:::old"`, `"arn:aws:rds:us-east-1:123456789012:db:Old"`, 6, "holds capitals"},
		{RegisterName, "legacy:", "legacy:\n  - {id: \"arn:aws:s3:::old\", owner: aws-123456789012, state: exempt, why: w}", 7, "stands twice"},
		{RegisterName, trusted, `"gcp:clоver-shop"`, 4, "holds U+043E"},
		{RegisterName, trusted, `"arn:aws:iam::111122223333:role/аdmin"`, 4, "holds U+0430"},
		{RegisterName, "legacy:", "gateways:\n  - {id: g, operator: o, accepts: [\"arn:aws:iam::111122223333:role/staff\", \"user:аnn@example.com\"]}\nlegacy:", 6, "gateways[0].accepts[1]"},
		{RegisterName, "legacy:", "gateways:\n  - {id: g, operator: o, reaches: [\"arn:aws:s3:::mеssages\"]}\nlegacy:", 6, "holds U+0435"},
		{WaiversName, items, `"arn:aws:s3:::clоver-tmp-*"`, 2, "holds U+043E"},
		{FileName, params, parameter("auditor_principals", `"arn:aws:iam::777788889999:role/аuditor"`), 20, "holds U+0430"},
		{FileName, "aws-111122223333", "aws-１11122223333", 11, "holds U+FF11"},
		{RosterName, "arn:b", "user:аnn@example.com", 2, "holds U+0430 (а), which no such name has"},
		{RosterName, "arn:b", "user:ann@exаmple.com", 2, "holds U+0430"},
		{RosterName, "arn:b", "deleted:user:аnn@example.com?uid=1", 2, "holds U+0430"},
		{RosterName, "arn:b", "arn:aws:iam::111122223333:user/аnn", 2, "holds U+0430"},
		{RosterName, "Verdant,IE", "\u00a0Verdant,IE", 2, "employer"},
		{RosterName, "p1,", "p1\u200b,", 2, "holds U+200B"},
		{RosterName, "arn:b", "arn:b\u200b", 2, "holds U+200B"},
		{RosterName, "arn:b", "user:ann@example.com user:bob@example.com", 2, "holds a space"},
		{RosterName, "arn:b", "user:ann@example.com|user:bob@example.com", 2, "is more than one"},
		{RosterName, "arn:a;arn:b", `"arn:a,arn:b"`, 2, "is more than one"},
		{RosterName, "arn:a;arn:b", `"user:ann@example.com,bob@example.com"`, 2, "is no one address"},
		{RosterName, "arn:b", "user:ann@example.com/bob@example.com", 2, "is no one address"},
		{RosterName, "arn:b", "user:Ann@example.com", 2, "holds capitals"},
		{RosterName, "arn:b", "user:ann@Example.com", 2, "holds capitals"},
		{RosterName, "arn:b", "User:ann@example.com", 2, "begins with User:"},
		{RosterName, "arn:b", "ARN:aws:iam::111122223333:user/ann", 2, "begins with ARN:"},
		{RosterName, "arn:a;arn:b", `"arn:a;'arn:b'"`, 2, "quotation mark"},
		{RosterName, "arn:a;arn:b", `"""arn:a""";arn:b`, 2, "extraneous"},
		{RosterName, "arn:b", "user:ann@example.com>", 2, "quotation mark"},
		{RosterName, "arn:b", "arn:aws:iam::111122223333:user/*", 2, "holds a space or a *"},
	} {
		texts := map[string]string{FileName: good, RegisterName: register, RosterName: roster, WaiversName: waivers}
		if strings.Count(texts[c.file], c.old) == 0 {
			t.Fatalf("%s: nothing to replace: %q", c.file, c.old)
		}
		raw := map[string][]byte{}
		for name, text := range texts {
			if name == c.file {
				text = strings.Replace(text, c.old, c.new, 1)
			}
			raw[name] = []byte(text)
		}
		var f *FileError
		if _, err := Parse(raw); !errors.As(err, &f) || f.File != c.file || f.Line != c.line || !strings.Contains(f.Cause, c.want) || f.Hint == "" {
			t.Errorf("%s: %q: got %v (%#v), want line %d, %q", c.file, c.new, err, f, c.line, c.want)
		}
	}
}

// What is meant for some is taken.
func TestMatchedTextsTaken(t *testing.T) {
	for _, c := range []struct {
		pattern string
		any     func() []string
	}{
		{"aws-111122223333/*", anyGaps}, {"*/s3:GetBucket*", anyGaps}, {"unread/aws.sqs.*", anyGaps}, {"engagement.yaml names no *", anyGaps}, {"withheld by rule people*", anyGaps},
		{"arn:aws:s3:::clover-*", anyThings}, {"human:arn:aws:iam::*:root", anyThings}, {"*/iam-summary", anyThings}, {"coverage:aws-111122223333/*", anyThings},
		{"arn:aws:iam::*:saml-provider/staff", anyPeople}, {"arn:aws:iam::111122223333:*", anyPeople}, {"arn:aws:iam::*:root", anyPeople}, {"group:*@example.com", anyPeople},
		{"iam:*", anyActions}, {"*:Get*", anyActions},
	} {
		if got := wide(c.pattern, c.any); got != "" {
			t.Errorf("%q is said to match %s", c.pattern, got)
		}
	}
	for _, who := range []string{"arn:aws:iam::111122223333:user/ann,b", "arn:aws:iam::111122223333:user/Ann", "user:ann@example.com", "domain:example.com", "dc:person/x",
		"principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/Ann", "principal://iam.googleapis.com/locations/global/workforcePools/p/subject/Åse", "dc:person/Åse",
		"arn:aws:iam::111122223333:user/division/ann+b=c@example.com", "deleted:user:ann@example.com?uid=1", "serviceAccount:a@p.iam.gserviceaccount.com"} {
		if got := principalFault(who); got != "" {
			t.Errorf("%q %s", who, got)
		}
	}
}
