package aws

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudtrail "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	dynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	kms "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// The answers of item operations that would say "none" when they hold nothing name the element that stands
// in each genuine one: the root alone must not read as "shared with nobody" or "not copied".
func TestItemsThatSayNoneHoldTheirElement(t *testing.T) {
	holds := map[string]string{"ec2:DescribeSnapshotAttribute": "createVolumePermission", "ec2:DescribeImageAttribute": "launchPermission",
		"rds:DescribeGlobalClusters": "GlobalClusters", "rds:DescribeDBSnapshotAttributes": "DBSnapshotAttributesResult",
		"rds:DescribeDBClusterSnapshotAttributes": "DBClusterSnapshotAttributesResult", "s3:GetBucketAcl": "AccessControlList",
		"s3:GetBucketReplication": "Rule", "s3:GetBucketTagging": "TagSet", "s3:GetBucketEncryption": "Rule",
		"s3control:GetAccessPointPolicy": "Policy", "s3control:GetMultiRegionAccessPointPolicy": "Policy"}
	// What a root alone says of these is never "none": off, of no value, or not covered by anything.
	rootAlone := []string{"s3:GetBucketLocation", "s3:GetBucketLogging", "s3:GetBucketVersioning", "s3:GetObjectLockConfiguration", "s3:GetPublicAccessBlock", "s3control:GetPublicAccessBlock"}
	for _, c := range Collectors(ReplayAccess(Settings{Partition: "aws"})) {
		for _, op := range c.Info().Operations {
			if want, ok := holds[op.Name]; ok && op.Genuine.Holds != want {
				t.Errorf("%s holds %q, want %q", op.Name, op.Genuine.Holds, want)
			}
			alone := strings.Contains(strings.Join(rootAlone, " ")+" ", op.Name+" ")
			if g := op.Genuine; g.Root != "" && (g.Holds == "") != alone {
				t.Errorf("%s: its root alone is genuine: %t, want %t", op.Name, g.Holds == "", alone)
			}
		}
	}
}

// A role that is named like a service is a role.
func TestGrantToARoleNamedLikeAService(t *testing.T) {
	got, _ := grantees(kms.GrantListEntry{GranteePrincipal: aws.String("arn:aws:iam::999999999999:role/x.amazonaws.com")}, "111122223333")
	if len(got) != 1 || got[0] != "aws:999999999999" {
		t.Error(got)
	}
}

// One witness is enough: whom a policy lets in is said also where the access list was refused, and the
// other way round; what was not seen may let in more.
func TestExposureOfABucketIsWhatWasSeen(t *testing.T) {
	const open = `{"Statement":[{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"},{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"s3:*","Resource":"*"}]}`
	bucket := func() *bucketAnswers {
		a := &bucketAnswers{account: collectors.Answer[*s3control.GetPublicAccessBlockOutput]{Status: evidence.Empty, Row: "account"}, block: collectors.Answer[*s3.GetPublicAccessBlockOutput]{Status: evidence.Empty, Row: "block"}}
		a.policy = collectors.Answer[*s3.GetBucketPolicyOutput]{Status: evidence.Denied, Row: "policy"}
		a.acl = collectors.Answer[*s3.GetBucketAclOutput]{Status: evidence.Denied, Row: "acl"}
		return a
	}
	fact := func(a *bucketAnswers) *evidence.Fact {
		f := evidence.NewFact(kindBucket, "b", "b")
		a.setExposure(f, "111122223333")
		return f
	}
	policy := collectors.Answer[*s3.GetBucketPolicyOutput]{Status: evidence.OK, Row: "policy", Value: &s3.GetBucketPolicyOutput{Policy: aws.String(open)}}
	acl := collectors.Answer[*s3.GetBucketAclOutput]{Status: evidence.OK, Row: "acl", Value: &s3.GetBucketAclOutput{Grants: []s3types.Grant{
		{Permission: s3types.PermissionRead, Grantee: &s3types.Grantee{Type: s3types.TypeGroup, URI: aws.String("http://acs.amazonaws.com/groups/global/AllUsers")}}}}}

	a := bucket()
	wants(t, fact(a), map[string]any{"/exposure/public": "unknown: policy", "/exposure/shared_with/-": "unknown: policy"})
	a.policy = policy
	wants(t, fact(a), map[string]any{"/exposure/public": true, "/exposure/public_how/0": "policy: Open", "/exposure/shared_with/0": "aws:999999999999", "/exposure/shared_with/-": "unknown: acl"})
	a = bucket()
	a.acl = acl
	wants(t, fact(a), map[string]any{"/exposure/public": true, "/exposure/public_how/0": "acl: READ to AllUsers", "/exposure/shared_with/-": "unknown: policy"})
	a.acl.Value = &s3.GetBucketAclOutput{}
	wants(t, fact(a), map[string]any{"/exposure/public": "unknown: policy"})
}

// A description that names something else, or nothing, describes nothing; a table of the older global
// version does not list its replicas.
func TestLegacyGlobalTable(t *testing.T) {
	c := &dynamoTables{access: ReplayAccess(Settings{Partition: "aws"})}
	for version, unknown := range map[string]bool{"2017.11.29": true, "2019.11.21": false, "": false} {
		f := evidence.NewFact(kindTable, "t", "t")
		c.setTable(f, &dynamodb.TableDescription{TableName: aws.String("t"), GlobalTableVersion: aws.String(version)}, "111122223333", "eu-west-1", "row")
		if _, got := f.Unknowns["/copies/-"]; got != unknown {
			t.Errorf("version %q: %v", version, f.Unknowns)
		}
	}
}

// A snapshot that was copied or imported is a copy of what nothing names: not "of nothing".
func TestSnapshotOfNoVolume(t *testing.T) {
	for volume, want := range map[string]any{"vol-1": "p/vol-1", "vol-ffffffff": nil, "vol-ffffffffffffffff": nil, "": nil} {
		f := evidence.NewFact(kindSnapshot, "s", "s")
		setVolume(f, "p/", volume)
		got, _ := f.Get("/origin")
		if _, unknown := f.Unknowns["/origin"]; got != want || unknown != (want == nil) {
			t.Errorf("%s: %v %v", volume, got, f.Unknowns)
		}
	}
}

// Advanced selectors: one that takes all management events is whole; those with further fields are not
// read together; where none is about management, none is recorded.
func TestAdvancedSelectors(t *testing.T) {
	field := func(name string, equals ...string) cloudtrail.AdvancedFieldSelector {
		return cloudtrail.AdvancedFieldSelector{Field: aws.String(name), Equals: equals}
	}
	one := func(fields ...cloudtrail.AdvancedFieldSelector) cloudtrail.AdvancedEventSelector {
		return cloudtrail.AdvancedEventSelector{FieldSelectors: fields}
	}
	data := one(field("eventCategory", "Data"), field("resources.type", "AWS::S3::Object"))
	all := one(field("eventCategory", "Management"))
	writes := one(field("eventCategory", "Management"), field("readOnly", "false"))
	for name, c := range map[string]struct {
		in   []cloudtrail.AdvancedEventSelector
		want any
	}{
		"all":                        {[]cloudtrail.AdvancedEventSelector{data, all}, true},
		"writes alone":               {[]cloudtrail.AdvancedEventSelector{writes}, "unknown: row"},
		"writes beside all":          {[]cloudtrail.AdvancedEventSelector{writes, all}, true},
		"data alone":                 {[]cloudtrail.AdvancedEventSelector{data}, false},
		"all but some":               {[]cloudtrail.AdvancedEventSelector{one(cloudtrail.AdvancedFieldSelector{Field: aws.String("eventCategory"), Equals: []string{"Management"}, NotStartsWith: []string{"M"}})}, "unknown: row"},
		"a category that is negated": {[]cloudtrail.AdvancedEventSelector{one(cloudtrail.AdvancedFieldSelector{Field: aws.String("eventCategory"), NotEquals: []string{"Data"}})}, "unknown: row"},
	} {
		f := evidence.NewFact(kindTrail, "t", "t")
		setAdvanced(f, c.in, "row")
		if got := said(f, "/log/management"); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A list that says it is cut off and names no next page is an error; one that names a next page goes on,
// whatever it says. A user whom the report alone shows has groups that were not seen, not none.
func TestListThatIsCutOff(t *testing.T) {
	const user = `<member><UserName>ann</UserName><Arn>arn:aws:iam::111122223333:user/ann</Arn></member>`
	for name, c := range map[string]struct {
		first string
		want  evidence.Status
		users int
	}{
		"whole":               {"<IsTruncated>false</IsTruncated>", evidence.OK, 1},
		"cut off, no marker":  {"<IsTruncated>true</IsTruncated>", evidence.Failed, 1},
		"not cut off, marker": {"<IsTruncated>false</IsTruncated><Marker>2</Marker>", evidence.OK, 2},
	} {
		t.Run(name, func(t *testing.T) {
			target := collectors.Target{ID: "aws-111122223333", Provider: "aws", Level: collectors.Account, Account: "111122223333"}
			got := answered(t, target, func(a *Access) collectors.Collector { return &iamAccess{access: a} }, func(r *http.Request) (string, string) {
				if err := r.ParseForm(); err != nil {
					t.Error(err)
				}
				body := "<IsTruncated>false</IsTruncated><UserDetailList>" + strings.ReplaceAll(user, "ann", "bob") + "</UserDetailList>"
				if r.PostForm.Get("Marker") == "" {
					body = c.first + "<UserDetailList>" + user + "</UserDetailList>"
				}
				action := r.PostForm.Get("Action")
				return "text/xml", "<" + action + "Response><" + action + "Result>" + body + "</" + action + "Result></" + action + "Response>"
			})
			users := 0
			for _, f := range got.Facts {
				if f.Kind == kindUser.Name {
					users++
				}
			}
			if r := rowOf(t, got, "iam:GetAccountAuthorizationDetails"); r.Status != c.want || users != c.users {
				t.Errorf("%s (%s), %d users", r.Status, r.Reason, users)
			}
		})
	}
	u := reportedUser{name: "ann", arn: "arn:aws:iam::1:user/ann"}
	if f := reportedFact(u, credentialReport{}, "row"); f.Unknowns["/attrs/groups"] != "row" || f.Unknowns["/tags"] != "row" {
		t.Error(f.Unknowns)
	}
	u.arn = "arn:aws:iam::1:root"
	if f := reportedFact(u, credentialReport{}, "row"); len(f.Unknowns) > 0 {
		t.Error(f.Unknowns)
	}
}
