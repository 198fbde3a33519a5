package audit

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

const soundFile = `name: n
auditor: a
auditee: b
aws:
  - management: "123456789012"
    role: audit/TrefoilAudit
    regions: [eu-west-1]
gcp:
  - projects: [clover-enclave]
exclude:
  - {target: aws-444455556666, reason: r}
signing: {key: k, timestamp: none}
store: {url: away, place: "site:hamar-1"}
controls: [EDS-RES-01]
accepted_gaps:
  - {id: g, pattern: "unread/aws.sqs.*", reason: r, by: b, approved: 2026-01-01, until: 2027-01-01}
  - {id: h, pattern: "aws-111122223333/*/ec2:DescribeVolumes", reason: r, by: b, approved: 2026-01-01, until: 2027-01-01}
  - {id: i, pattern: "*/s3:GetBucket*", reason: r, by: b, approved: 2026-01-01, until: 2027-01-01}
  - {id: j, pattern: "aws-111122223333/*", reason: r, by: b, approved: 2026-01-01, until: 2027-01-01}
  - {id: k, pattern: "engagement.yaml names no *", reason: r, by: b, approved: 2026-01-01, until: 2027-01-01}
parameters:
  allowed_jurisdictions: [EU, EEA, CH]
  approved_countries: [IE, "NO"]
  auditor_principals: ["arn:aws:iam::111122223333:role/auditor", "group:audit@example.com"]
  identity_providers: ["arn:aws:iam::*:saml-provider/staff", "is:C0123abc"]
`

const soundRegister = `scope:
  - {id: s, scope: out, targets: [aws-111122223333], kinds: [aws.s3.bucket], because: b}
trusted_accounts:
  - {id: "aws:555566667777", country: IE, because: b}
  - {id: "dc:keystore/hamar-hsm", because: b}
  - {id: "aws:o-abcdef1234", because: b}
gateways:
  - {id: g, operator: o, place: "country:IE", accepts: ["arn:aws:iam::111122223333:role/staff"], reaches: [x], records: true}
legacy:
  - {id: "arn:aws:s3:::old", owner: aws-202972997528, state: deleted}
sites:
  - {id: "site:hamar-1", country: "NO", because: b}
`

const soundWaivers = `waivers:
  - {id: W, control: EDS-RES-01, items: "arn:aws:s3:::x", reason: r, by: b, approved: 2026-01-01, until: 2026-07-01}
`

func loadedFrom(t *testing.T, file, register, waivers string) *engagement.Loaded {
	t.Helper()
	l, err := engagement.Parse(map[string][]byte{engagement.FileName: []byte(file), engagement.RegisterName: []byte(register), engagement.WaiversName: []byte(waivers)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What would silently match nothing is refused before anything is asked, with file, line and what was
// probably meant.
func TestSound(t *testing.T) {
	if err := Sound(loadedFrom(t, soundFile, soundRegister, soundWaivers)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		old, new string
		file     string
		line     int
		want     string // in the error or its hint
	}{
		{"controls: [EDS-RES-01]", "controls: [EDS-RES-10]", "engagement.yaml", 14, "did you mean EDS-RES-01?"},
		{"regions: [eu-west-1]", "regions: [eu-west-1, eu-wset-2]", "engagement.yaml", 7, "did you mean eu-west-2?"},
		{"regions: [eu-west-1]", "home_region: cn-north-1", "engagement.yaml", 7, "no region of partition aws"},
		{"aws-444455556666", `"444455556666"`, "engagement.yaml", 11, "did you mean aws-444455556666?"},
		{"aws-444455556666", "aws-44445555666", "engagement.yaml", 11, "nothing would be left out"},
		{"aws-444455556666", "gcp-clover-enclaev", "engagement.yaml", 11, "did you mean gcp-clover-enclave?"},
		{"  - {target: aws-444455556666, reason: r}", "  - {target: aws-444455556666, reason: r}\n  - {target: aws-444455556666, reason: s}", "engagement.yaml", 12, "stands twice"},
		{"unread/aws.sqs.*", "unread/aws.sqss.*", "engagement.yaml", 16, "did you mean aws.sqs."},
		{"*/ec2:DescribeVolumes", "*/ec2:DescribeVolume", "engagement.yaml", 17, "did you mean ec2:DescribeVolumes?"},
		{"111122223333/*/ec2", "111122223333/eu-wset-1/ec2", "engagement.yaml", 17, "did you mean eu-west-1?"},
		{"aws-111122223333/*/ec2", "aws-11112222333/*/ec2", "engagement.yaml", 17, "it would accept nothing"},
		{"*/s3:GetBucket*", "*/*/s3:GetBuckt*", "engagement.yaml", 18, "no collector asks"},
		{"site:hamar-1", "site:hamar-2", "engagement.yaml", 13, "did you mean site:hamar-1?"},
		{"111122223333:role/auditor", "11112222333:role/auditor", "engagement.yaml", 24, "names nobody"},
		{"arn:aws:iam::111122223333:role/auditor", "auditor", "engagement.yaml", 24, "write an ARN"},
		{"arn:aws:iam::111122223333:role/auditor", "arn:aws:iam::123456789012:root", "engagement.yaml", 24, "belongs to aws-123456789012, which this engagement audits"},
		{"arn:aws:iam::111122223333:role/auditor", "arn:aws:iam::123456789012:role/x", "engagement.yaml", 24, "of the auditor's own account"},
		{"arn:aws:iam::111122223333:role/auditor", "123456789012", "engagement.yaml", 24, "whoever is audited is no auditor"},
		{"group:audit@example.com", "serviceAccount:audit@clover-enclave.iam.gserviceaccount.com", "engagement.yaml", 24, "belongs to gcp-clover-enclave"},
		{"arn:aws:iam::111122223333:role/auditor", "anr:aws:iam::111122223333:role/auditor", "engagement.yaml", 24, "names nobody"},
		{"arn:aws:iam::*:saml-provider/staff", "arn:aws:iam::111122223333:role/staff", "engagement.yaml", 25, "names no identity provider"},
		{"arn:aws:iam::*:saml-provider/staff", "arn:aws:iam::*:role/staff", "engagement.yaml", 25, "write the provider's ARN, such as arn:aws:iam::111122223333:saml-provider/staff"},
		{"arn:aws:iam::*:saml-provider/staff", "arn:aws:iam::11112222333:saml-provider/staff", "engagement.yaml", 25, "names no identity provider"},
		{"arn:aws:iam::*:saml-provider/staff", "arn:aws:iam::111122223333:saml-provider", "engagement.yaml", 25, "names no identity provider"},
		{"is:C0123abc", "//iam.googleapis.com/projects/p/serviceAccounts/1", "engagement.yaml", 25, "or the provider's name"},
		{"is:C0123abc", "user:staff@example.com", "engagement.yaml", 25, "is:C0123abc"},
		{"is:C0123abc", "group:staff@example.com", "engagement.yaml", 25, "is:C0123abc"},
		{"is:C0123abc", "C0123abc", "engagement.yaml", 25, "is:C0123abc"},
		{"targets: [aws-111122223333]", "targets: [111122223333]", "register.yaml", 2, "did you mean aws-111122223333?"},
		{"aws.s3.bucket", "aws.s3.buckets", "register.yaml", 2, "did you mean aws.s3.bucket?"},
		{"country:IE", "country-IE", "register.yaml", 8, "is no place"},
		{"owner: aws-202972997528", "owner: prod", "register.yaml", 10, "is no target"},
		{"arn:aws:s3:::old", "arn:aws:rds:us-east-1:999999999999:db:old", "register.yaml", 10, "write owner: aws-999999999999"},
		{"arn:aws:s3:::old", "//cloudsql.googleapis.com/projects/clover-legacy/instances/old", "register.yaml", 10, "write owner: gcp-clover-legacy"},
		{"\"arn:aws:s3:::old\", owner: aws-202972997528", "\"arn:aws-eusc:s3:::old\", owner: aws-123456789012", "register.yaml", 10, "begin it with arn:aws:"},
		{"control: EDS-RES-01", "control: EDS-RSE-01", "waivers.yaml", 2, "did you mean EDS-RES-01?"},
		{"aws:555566667777", "555566667777", "register.yaml", 4, "write aws:555566667777"},
		{"aws:555566667777", "aws-555566667777", "register.yaml", 4, "write aws:555566667777"},
		{"aws:555566667777", "gcp-clover-shop", "register.yaml", 4, "write gcp:clover-shop"},
		{"aws:555566667777", "aws:55556666777", "register.yaml", 4, "trusted nowhere"},
		{"aws:555566667777", "AWS:555566667777", "register.yaml", 4, "trusted nowhere"},
		{"aws:555566667777", "gcp:Clover-Shop", "register.yaml", 4, "trusted nowhere"},
		{"aws:555566667777", "partner", "register.yaml", 4, "gcp:project-id"},
		{"country: IE, because", "country: UK, because", "register.yaml", 4, "did you mean GB?"},
		{"country: IE, because", "country: ZZ, because", "register.yaml", 4, "is no ISO 3166-1 code"},
		{`country: "NO"`, "country: EL", "register.yaml", 12, "did you mean GR?"},
		{"country:IE", "country:UK", "register.yaml", 8, "did you mean GB?"},
		{"CH]", "UK]", "engagement.yaml", 22, "did you mean GB?"},
		{"[IE, ", "[ZZ, ", "engagement.yaml", 23, "is no ISO 3166-1 code"},
		{"unread/aws.sqs.*", "aws.sqs", "engagement.yaml", 16, "did you mean unread/aws.sqs.*?"},
		{"unread/aws.sqs.*", "aws.sqs.*", "engagement.yaml", 16, "did you mean unread/aws.sqs.*?"},
		{"unread/aws.sqs.*", "aws.sqs.queue", "engagement.yaml", 16, "did you mean unread/aws.sqs.queue?"},
		{"unread/aws.sqs.*", "sqs", "engagement.yaml", 16, "is no row of coverage"},
		{"arn:aws:s3:::x", "my-bucket", "waivers.yaml", 2, "it would waive nothing"},
	} {
		texts := []string{soundFile, soundRegister, soundWaivers}
		n := 0
		for i := range texts {
			name := []string{"engagement.yaml", "register.yaml", "waivers.yaml"}[i]
			if name == c.file {
				n = strings.Count(texts[i], c.old)
				texts[i] = strings.Replace(texts[i], c.old, c.new, 1)
			}
		}
		if n == 0 {
			t.Fatalf("nothing to replace: %q", c.old)
		}
		var fault *strict.FileError
		if err := Sound(loadedFrom(t, texts[0], texts[1], texts[2])); !errors.As(err, &fault) || fault.File != c.file || fault.Line != c.line || !strings.Contains(fault.Cause+" "+fault.Hint, c.want) || fault.Hint == "" {
			t.Errorf("%s: %v (%#v), want %s:%d, %q", c.new, err, fault, c.file, c.line, c.want)
		}
	}
}

// Each service of which a collector reads stores has a form of its own for their ids: by the general one alone, a
// store that cannot be would count as gone.
func TestStoresHaveAForm(t *testing.T) {
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range kinds {
		provider, rest, _ := strings.Cut(name, ".")
		service, _, _ := strings.Cut(rest, ".")
		if !slices.Contains(k.Facets, "store") {
			continue
		}
		ids := []string{"arn:aws:" + service + ":eu-west-1:111122223333:zq#zq"}
		if provider == "gcp" {
			ids = []string{"//" + service + ".googleapis.com/projects/clover-legacy/zq#zq", "//cloud" + service + ".googleapis.com/projects/clover-legacy/zq#zq"}
		}
		for _, id := range ids {
			if why, cure := engagement.StoreFault(id); why == "" || cure == "" {
				t.Errorf("%s: %s is taken for the id of a store", name, id)
			}
		}
	}
}

// Each store of the recorded world has an id that the register takes.
func TestStoresOfTheWorldCanBeLegacy(t *testing.T) {
	r, _ := seen(t)
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	stores := 0
	for f, err := range (&world{run: r}).facts() {
		if err != nil {
			t.Fatal(err)
		}
		if k := kinds[f.Kind]; k != nil && slices.Contains(k.Facets, "store") {
			stores++
			if why, _ := engagement.StoreFault(f.ID); why != "" {
				t.Errorf("%s %s %s", f.Kind, f.ID, why)
			}
		}
	}
	if stores < 100 {
		t.Errorf("%d stores", stores)
	}
}

// What may name an identity provider is taken.
func TestIdentityProviders(t *testing.T) {
	for _, good := range []string{"arn:aws:iam::111122223333:*", "arn:aws:iam::*:*-provider/staff", "arn:aws:iam::*:oidc-provider/token.actions.githubusercontent.com", "arn:aws-eusc:iam::111122223333:saml-provider/staff",
		"accounts.google.com", "*.amazonaws.com", "is:C0123abc", "in:C0123abc", "under:organizations/123456789012",
		"https://token.actions.githubusercontent.com", "urn:example:idp", "//iam.googleapis.com/locations/global/workforcePools/staff/providers/idp", "*/workforcePools/staff/providers/*",
		"//iam.googleapis.com/projects/example.com:p/locations/global/workloadIdentityPools/ci/providers/github"} {
		if err := Sound(loadedFrom(t, strings.Replace(soundFile, "is:C0123abc", good, 1), soundRegister, soundWaivers)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// A line of the roster that names no country, or nobody, is refused with its line and the cure.
func TestSoundRoster(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"p-2,e,IE,t,arn:aws:iam::111122223333:user/ann;user:ann@example.com; arn:aws:sts::111122223333:assumed-role/ops/ann", ""},
		{"p-2,e,GB,t,\"arn:aws:iam::111122223333:user/ann,b\"", ""}, // a name may hold a comma
		{"p-2,e,UK,t,", "did you mean GB?"},
		{"p-2,e,ZZ,t,", "country: \"ZZ\""},
		{"p-2,e,IE,t,jane.doe", "user:ann@example.com"},
		{"p-2,e,IE,t,jane@example.com", "names nobody"},
		{"p-2,e,IE,t,arn:aws:iam::11112222333:user/ann", "names nobody"},
		{"p-2,e,IE,t,\"arn:aws:iam::111122223333:user/ann,arn:aws:iam::111122223333:user/bob\"", "separated by ;"},
		{"p-2,e,IE,t,user:ann@example.com user:bob@example.com", "separated by ;"},
	} {
		l, err := engagement.Parse(map[string][]byte{engagement.FileName: []byte(soundFile), engagement.RegisterName: []byte(soundRegister),
			engagement.RosterName: []byte("id,employer,country,team,principals\np-1,e,IE,t,\n" + c.line + "\n")})
		if err == nil {
			err = Sound(l)
		}
		var fault *strict.FileError
		switch {
		case c.want == "":
			if err != nil {
				t.Errorf("%s: %v", c.line, err)
			}
		case !errors.As(err, &fault) || fault.File != "roster.csv" || fault.Line != 3 || !strings.Contains(fault.Cause+" "+fault.Hint, c.want) || fault.Hint == "":
			t.Errorf("%s: %v (%#v), want %q", c.line, err, fault, c.want)
		}
	}
}

// What only discovery can tell is named afterwards, and only where it was seen not to be there.
func TestNotFound(t *testing.T) {
	f := &engagement.File{AWS: []engagement.AWS{{Management: "123456789012", Accounts: []string{"111122223333", "444455556666"}}},
		Exclude: []engagement.Exclusion{{Target: "aws-777788889999", Reason: "r"}}}
	at := func(id, parent string) Planned { return Planned{Target: collectors.Target{ID: id, Parent: parent}} }
	org := at("aws-org-123456789012", "")
	got := NotFound(f, []Planned{org, at("aws-111122223333", org.ID), at("aws-444455556666", "")})
	if len(got) != 2 || !strings.Contains(got[0], "aws-777788889999 is no target of this run") || !strings.Contains(got[1], "aws-444455556666 is named by the engagement") {
		t.Errorf("%q", got)
	}
	// Where the organisation did not answer, nobody knows which accounts it has.
	got = NotFound(f, []Planned{org, at("aws-111122223333", ""), at("aws-444455556666", ""), at("aws-777788889999", "")})
	if !slices.Equal(got, []string{}) {
		t.Errorf("%q", got)
	}
}
