package aws

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	dynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	kms "github.com/aws/aws-sdk-go-v2/service/kms/types"
	rds "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	control "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// said gives the value of a field, or "unknown: why".
func said(f *evidence.Fact, ptr string) any {
	if why, unseen := f.Unknowns[ptr]; unseen {
		return "unknown: " + why
	}
	v, _ := f.Get(ptr)
	return v
}

func wants(t *testing.T, f *evidence.Fact, want map[string]any) {
	t.Helper()
	for ptr, v := range want {
		if got := said(f, ptr); got != v {
			t.Errorf("%s: %v, want %v", ptr, got, v)
		}
	}
}

// Plain text is refused only where the parameter says so and is in force; what has no value, has
// another one, or waits for a restart says nothing.
func TestTransit(t *testing.T) {
	set := func(name, v string) []rds.Parameter {
		return []rds.Parameter{{ParameterName: aws.String("other"), ParameterValue: aws.String("1")}, {ParameterName: aws.String(name), ParameterValue: aws.String(v)}}
	}
	for name, c := range map[string]struct {
		in   []rds.Parameter
		want string
	}{
		"on":        {set("rds.force_ssl", "1"), "enforced"},
		"ON":        {set("rds.force_ssl", "ON"), "enforced"},
		"off":       {set("rds.force_ssl", "0"), "optional"},
		"no value":  {[]rds.Parameter{{ParameterName: aws.String("rds.force_ssl")}}, ""},
		"strange":   {set("rds.force_ssl", "{TLS}"), ""},
		"not there": {set("rds.force_tls", "1"), ""},
		"nothing":   {nil, ""},
	} {
		if got := transitOf(c.in, "rds.force_ssl"); got.value != c.want || (got.why == "") != (c.want != "") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for engine, want := range map[string]string{"postgres": "rds.force_ssl", "sqlserver-ee": "rds.force_ssl", "aurora-mysql": "require_secure_transport", "oracle-ee": "", "db2-se": "", "": ""} {
		if got := tlsParameter(engine); got != want {
			t.Errorf("%s: %s", engine, got)
		}
	}
	g := &settings{read: map[string]transit{"postgres tls": {value: "enforced"}}, cluster: map[string]transit{"c": {why: "row"}}}
	one := func(status string) rds.DBInstance {
		return rds.DBInstance{Engine: aws.String("postgres"), DBParameterGroups: []rds.DBParameterGroupStatus{{DBParameterGroupName: aws.String("tls"), ParameterApplyStatus: aws.String(status)}}}
	}
	for status, ok := range map[string]bool{"in-sync": true, "pending-reboot": false, "applying": false, "": false} {
		if got := g.ofInstance(t.Context(), one(status)); (got.why == "") != ok {
			t.Errorf("%q: %+v", status, got)
		}
	}
	d := one("in-sync")
	if d.DBClusterIdentifier = aws.String("c"); g.ofInstance(t.Context(), d).why != "row" {
		t.Error("an instance of a cluster does not obey the cluster's group")
	}
	if d.DBClusterIdentifier = aws.String("elsewhere"); g.ofInstance(t.Context(), d).why == "" {
		t.Error("an instance of a cluster that was not listed is said to refuse plain text")
	}
}

// A backup lies where it is listed, whatever region its answer names; what an answer leaves out is
// unknown, never "not encrypted" and never "of nothing".
func TestAutomatedBackup(t *testing.T) {
	f := automatedBackupFact(backupID{arn: "arn:aws:rds:us-east-1:1:auto-backup:ab", of: "arn:aws:rds:eu-west-1:1:db:d"}, "us-east-1", []string{"us-east-1"}, "row", "postgres", aws.Bool(true), aws.String("k"), aws.String("active"), aws.Int32(7), nil)
	wants(t, f, map[string]any{"/located/0": "us-east-1", "/origin": "arn:aws:rds:eu-west-1:1:db:d", "/encryption/key": "k", "/attrs/days": float64(7)})
	f = automatedBackupFact(backupID{account: "111122223333", name: "d"}, "eu-west-1", []string{"eu-west-1"}, "row", "", nil, nil, nil, nil, nil)
	wants(t, f, map[string]any{"/origin": "unknown: row", "/encryption/at_rest": "unknown: row", "/attrs/days": nil})
	if f.ID != "111122223333/eu-west-1/auto-backup/d" {
		t.Error(f.ID)
	}
}

// A snapshot that was copied from another account or region is no copy of the database that has the same name here.
func TestSourceOfSnapshots(t *testing.T) {
	const id, here, there = "arn:aws:rds:us-east-1:222233334444:snapshot:s", "arn:aws:rds:us-east-1:222233334444:db:accounts", "arn:aws:rds:eu-west-1:111122223333:snapshot:s"
	for name, c := range map[string]struct {
		from snapshotSource
		want string
	}{
		"taken here":              {snapshotSource{of: "accounts", region: "us-east-1"}, here},
		"nothing said":            {snapshotSource{of: "accounts"}, here},
		"copied, source named":    {snapshotSource{of: "accounts", region: "eu-west-1", arn: there}, there},
		"copied here":             {snapshotSource{of: "accounts", arn: there}, there},
		"copied, no source named": {snapshotSource{of: "accounts", region: "eu-west-1"}, "unknown: the answer names no source of a snapshot that was copied from eu-west-1"},
		"a source of no form":     {snapshotSource{of: "accounts", arn: "s"}, "unknown: row"},
		"of nothing":              {snapshotSource{}, "unknown: row"},
	} {
		f := newFact(kindDBSnapshot, id, "s", "us-east-1", nil)
		c.from.set(f, here, "row")
		t.Run(name, func(t *testing.T) { wants(t, f, map[string]any{"/origin": c.want}) })
	}
}

// An export lies where its bucket lies, which the join finds; the owner is said where the answer says it.
func TestExports(t *testing.T) {
	f := dbExportFact(rds.ExportTask{ExportTaskIdentifier: aws.String("x"), S3Bucket: aws.String("lake"), SourceArn: aws.String("s"), Status: aws.String("CANCELED")}, "aws", "1", "eu-west-1", "row")
	wants(t, f, map[string]any{"/copies/0/how": "export", "/copies/0/to": "arn:aws:s3:::lake", "/copies/0/active": false, "/copies/0/owner": nil, "/origin": "s"})
	if _, placed := f.Get("/copies/0/located"); placed {
		t.Error("the region of the export is taken for that of the bucket")
	}
	f = evidence.NewFact(kindTableExport, "e", "e")
	setTableExport(f, &dynamodb.ExportDescription{S3Bucket: aws.String("lake"), S3BucketOwner: aws.String("999999999999"), ExportStatus: dynamodb.ExportStatusCompleted}, "aws", "row")
	wants(t, f, map[string]any{"/copies/0/owner": "aws:999999999999", "/copies/0/active": true, "/origin": "unknown: row"})
}

// A snapshot of a type that can be shared, or that is new, is shared with nobody only where the answer says whom it is
// shared with.
func TestSharesOfASnapshotThatWereNotSaid(t *testing.T) {
	for sort, want := range map[string]any{"automated": false, "awsbackup": false, "manual": "unknown: attributes", "": "unknown: attributes", "shared": "unknown: attributes"} {
		target := collectors.Target{ID: "aws-111122223333", Provider: "aws", Level: collectors.Account, Account: "111122223333"}
		got := answered(t, target, func(a *Access) collectors.Collector { return &rdsDatabases{access: a} }, func(r *http.Request) (string, string) {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			action := r.PostForm.Get("Action")
			body := map[string]string{"DescribeDBSnapshots": "<DBSnapshots><DBSnapshot><DBSnapshotArn>s</DBSnapshotArn><DBSnapshotIdentifier>s</DBSnapshotIdentifier><SnapshotType>" + sort + "</SnapshotType></DBSnapshot></DBSnapshots>",
				"DescribeDBSnapshotAttributes": "<DBSnapshotAttributesResult><DBSnapshotIdentifier>s</DBSnapshotIdentifier></DBSnapshotAttributesResult>"}[action]
			return "text/xml", "<" + action + "Response><" + action + "Result>" + body + "</" + action + "Result></" + action + "Response>"
		}, "eu-west-1")
		if len(got.Facts) != 1 {
			t.Fatalf("%q: %d facts", sort, len(got.Facts))
		}
		public := said(got.Facts[0], "/exposure/public")
		if why, ok := public.(string); ok && strings.HasSuffix(why, "rds:DescribeDBSnapshotAttributes") {
			public = "unknown: attributes"
		}
		if public != want {
			t.Errorf("%q: %v, want %v", sort, public, want)
		}
	}
}

// What encrypted a table before that was switched off encrypts it no more; a backup is one of something.
func TestTableBackups(t *testing.T) {
	for status, want := range map[dynamodb.SSEStatus]any{"ENABLED": "k", "UPDATING": "k", "DISABLING": nil, "DISABLED": nil} {
		f := evidence.NewFact(kindTable, "t", "t")
		setTableKey(f, kindTable, &dynamodb.SSEDescription{Status: status, KMSMasterKeyArn: aws.String("k")})
		wants(t, f, map[string]any{"/encryption/key": want})
	}
	wants(t, tableBackupFact(dynamodb.BackupSummary{}, "eu-west-1", "row", "1"), map[string]any{"/origin": "unknown: row"})
	wants(t, tableBackupFact(dynamodb.BackupSummary{TableArn: aws.String("t")}, "eu-west-1", "row", "1"), map[string]any{"/origin": "t"})
}

// Each member of a global database is a copy of each other one, readers that no other list shows too.
func TestGlobalDatabase(t *testing.T) {
	g := globals{members: map[string][]string{}}
	g.add(rds.GlobalCluster{GlobalClusterMembers: []rds.GlobalClusterMember{{DBClusterArn: aws.String("a"), Readers: []string{"b"}}, {DBClusterArn: aws.String("c")}}})
	if got := g.members["b"]; len(got) != 2 || got[0] != "a" || got[1] != "c" {
		t.Error(got)
	}
}

// A grant to another account counts beside the policy, also where the policy was not seen; one to a
// service or within the account does not.
func TestGrants(t *testing.T) {
	for who, want := range map[string]string{"arn:aws:iam::111122223333:role/x": "", "arn:aws:iam::999999999999:role/x": "aws:999999999999",
		"arn:aws:sts::999999999999:assumed-role/x/y": "aws:999999999999", "dynamodb.amazonaws.com": "", "AROAEXAMPLE": "aws:AROAEXAMPLE"} {
		got, said := grantees(kms.GrantListEntry{GranteePrincipal: aws.String(who), IssuingAccount: aws.String("arn:aws:iam::111122223333:root")}, "111122223333")
		if !said {
			t.Errorf("%s: not said", who)
		}
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || got[0] != want) {
			t.Errorf("%s: %v", who, got)
		}
	}
	if got, said := grantees(kms.GrantListEntry{GrantId: aws.String("g")}, "111122223333"); said || len(got) > 0 {
		t.Errorf("a grant to nobody: %v", got)
	}
	for _, g := range []kms.GrantListEntry{{GranteeServicePrincipal: aws.String("rds.amazonaws.com")}, {GranteePrincipal: aws.String("rds.eu-west-1.amazonaws.com")}} {
		if got, said := grantees(g, "111122223333"); said || len(got) > 0 {
			t.Errorf("a grant to a service for nobody knows whom: %v", got)
		}
		g.IssuingAccount = aws.String("arn:aws:iam::111122223333:root")
		if got, said := grantees(g, "111122223333"); !said || len(got) > 0 {
			t.Errorf("a grant to a service: %v", got)
		}
		g.IssuingAccount = aws.String("arn:aws:iam::999999999999:root")
		if got, said := grantees(g, "111122223333"); !said || !slices.Equal(got, []string{"aws:999999999999"}) {
			t.Errorf("a grant to a service by a stranger: %v", got)
		}
	}
	const own = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}}`
	f := evidence.NewFact(kindKey, "k", "k")
	setKeyReach(f, own, true, "policy", []string{"aws:999999999999"}, "", "111122223333")
	wants(t, f, map[string]any{"/exposure/public": false, "/exposure/shared_with/0": "aws:999999999999"})
	f = evidence.NewFact(kindKey, "k", "k")
	setKeyReach(f, own, true, "policy", nil, "grants", "111122223333")
	wants(t, f, map[string]any{"/exposure/public": "unknown: grants", "/exposure/shared_with/-": "unknown: grants"})
	f = evidence.NewFact(kindKey, "k", "k")
	setKeyReach(f, "", false, "policy", []string{"aws:999999999999"}, "", "111122223333")
	wants(t, f, map[string]any{"/exposure/public": "unknown: policy", "/exposure/shared_with/0": "aws:999999999999", "/exposure/shared_with/-": "unknown: policy"})
}

// "Anyone, if …" lets in whom the condition names; where it names a network or an identity of unknown
// owner, that stands for them, and no register can trust it.
func TestConditionsNameWhomTheyLetIn(t *testing.T) {
	for condition, want := range map[string]string{
		`{"StringEquals":{"aws:SourceVpce":"vpce-1"}}`:                                                "aws:sourcevpce=vpce-1",
		`{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`:                                               "aws:sourceip=192.0.2.0/24",
		`{"StringEquals":{"s3:DataAccessPointAccount":"999999999999"}}`:                               "aws:999999999999",
		`{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:999999999999:accesspoint/*"}}`:  "aws:999999999999",
		`{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:111122223333:accesspoint/*"}}`:  "",
		`{"StringEquals":{"aws:SourceOwner":"999999999999"}}`:                                         "aws:999999999999",
		`{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}`:                               "",
		`{"StringEquals":{"aws:SourceVpce":"vpce-1","aws:PrincipalOrgID":"o-1"}}`:                     "aws:o-1",
		`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b"}}`:                                              "aws:sourcearn=arn:aws:s3:::b",
		`{"StringLike":{"aws:PrincipalArn":"arn:aws:iam:*:111122223333:*"}}`:                          "aws:principalarn=arn:aws:iam:*:111122223333:*",
		`{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}`:                      "",
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam:*:111122223333:*"}}`:                             "",
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ops"}}`:                                  "aws:principalarn=arn:aws:iam::*:role/ops",
		`{"StringEquals":{"kms:CallerAccount":"111122223333","kms:ViaService":"s3.x.amazonaws.com"}}`: "",
	} {
		r, err := reachIn(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":`+condition+`}}`, "111122223333")
		if err != nil || len(r.public)+len(r.unclear) > 0 {
			t.Errorf("%s: %+v %v", condition, r, err)
		}
		if want == "" && len(r.accounts) > 0 || want != "" && (len(r.accounts) != 1 || r.accounts[0] != want) {
			t.Errorf("%s: %v", condition, r.accounts)
		}
	}
	r, err := reachIn(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":["999999999999","${x}"]}}}}`, "111122223333")
	if err != nil || len(r.accounts) != 2 || r.accounts[0] != "aws:999999999999" {
		t.Errorf("a stranger beside what names nobody: %+v", r)
	}
	r, err = reachIn(`{"Statement":{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"*"}}`, "111122223333")
	if err != nil || len(r.unclear) != 1 {
		t.Errorf("what CloudFront may read is taken for private: %+v", r)
	}
	for _, service := range []string{"*", "*.amazonaws.com"} {
		r, err = reachIn(`{"Statement":{"Effect":"Allow","Principal":{"Service":"`+service+`"},"Action":"s3:GetObject","Resource":"*"}}`, "111122223333")
		if err != nil || len(r.unclear) != 1 {
			t.Errorf("what every service may read is taken for private: %+v", r)
		}
	}
	r, err = reachIn(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringEqualsIfExists":{"aws:SourceVpce":"vpce-1"}}}}`, "111122223333")
	if err != nil || len(r.public) != 1 {
		t.Errorf("IfExists lets in whoever names no endpoint: %+v", r)
	}
}

// A service acts for its customers: whose, the condition says. Where it says nobody, what the service may read for
// anybody is not private; what it only puts there is nobody's to read.
func TestServices(t *testing.T) {
	for _, c := range []struct {
		statement string
		accounts  []string
		unclear   int
	}{
		{`"Action":"s3:GetObject"`, nil, 1},
		{`"NotAction":"s3:PutObject"`, nil, 1},
		{`"Action":["s3:PutObject","S3:GetBucketAcl"]`, nil, 0},
		{`"Action":["s3:PutObject","s3:Get*"]`, nil, 1},
		{`"Action":"s3:PutObjectAcl"`, nil, 1},
		{`"Action":["kms:Describe*","kms:Get*","kms:List*"]`, nil, 0},
		{`"Action":["kms:Encrypt*","kms:Decrypt*"],"Condition":{"ArnEquals":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-1:111122223333:log-group:g"}}`, nil, 0},
		{`"Action":"kms:Decrypt*","Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:*:999999999999:*"}}`, []string{"aws:999999999999"}, 0},
		{`"Action":"kms:Decrypt*","Condition":{"ArnLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:logs:*:111122223333:*"}}`, nil, 1},
		{`"Action":"sqs:SendMessage","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::own-bucket"}}`, nil, 0},
		{`"Action":"sqs:ReceiveMessage","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::own-bucket"}}`, []string{"aws:sourcearn=arn:aws:s3:::own-bucket"}, 0},
		{`"Action":"s3:*","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}`, nil, 0},
		{`"Action":"s3:*","Condition":{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}}`, nil, 1},
		{`"Action":"s3:*","Condition":{"StringNotEquals":{"aws:SourceAccount":"999999999999"}}`, nil, 1},
		{`"Action":"s3:*","Condition":{"StringEquals":{"aws:SourceAccount":["111122223333","999999999999"]}}`, []string{"aws:999999999999"}, 0},
		{`"Action":"s3:PutObject","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:999999999999:trail/*"}}`, []string{"aws:999999999999"}, 0},
		{`"Action":"s3:*","Condition":{"StringEquals":{"aws:SourceOrgID":"o-1"}}`, []string{"aws:o-1"}, 0},
		{`"Action":"s3:*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:*:trail/*"}}`, []string{"aws:sourcearn=arn:aws:cloudtrail:*:*:trail/*"}, 0},
	} {
		r, err := reachIn(`{"Statement":{"Sid":"S","Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Resource":"*",`+c.statement+`}}`, "111122223333")
		if err != nil || len(r.public) > 0 || len(r.unclear) != c.unclear || !slices.Equal(r.accounts, c.accounts) {
			t.Errorf("%s: %+v %v", c.statement, r, err)
		}
	}
	r, err := reachIn(`{"Statement":{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:cloudfront::999999999999:distribution/E1"}}}}`, "111122223333")
	if err != nil || len(r.unclear) != 1 || !slices.Equal(r.accounts, []string{"aws:999999999999"}) {
		t.Errorf("a stranger's distribution: %+v %v", r, err)
	}
}

// An access list lets in whoever it names, of a sort that we do not know too; the provider's own log
// writer is nobody outside.
func TestGrantees(t *testing.T) {
	grant := func(kind s3types.Type, uri, id string) s3types.Grant {
		return s3types.Grant{Permission: s3types.PermissionRead, Grantee: &s3types.Grantee{Type: kind, URI: &uri, ID: &id}}
	}
	a := bucketAnswers{acl: collectors.Answer[*s3.GetBucketAclOutput]{Status: evidence.OK, Value: &s3.GetBucketAclOutput{Owner: &s3types.Owner{ID: aws.String("me")}, Grants: []s3types.Grant{
		grant(s3types.TypeCanonicalUser, "", "me"), grant(s3types.TypeGroup, "http://acs.amazonaws.com/groups/s3/LogDelivery", ""),
		grant(s3types.TypeGroup, "http://acs.amazonaws.com/groups/global/AllUsers", ""), grant(s3types.TypeGroup, "http://acs.amazonaws.com/groups/new", ""),
		grant(s3types.TypeCanonicalUser, "", "them"), grant("AmazonRobot", "", "r2")}}}}
	public, shared, whole := a.grants()
	if len(public) != 1 || len(shared) != 3 || !whole {
		t.Errorf("public %v, shared with %v, whole %v", public, shared, whole)
	}
	for name, g := range map[string]s3types.Grant{"no grantee": {Permission: s3types.PermissionRead}, "a grantee of no name": grant(s3types.TypeCanonicalUser, "", ""), "a group of no name": grant(s3types.TypeGroup, "", "")} {
		a.acl.Value = &s3.GetBucketAclOutput{Grants: []s3types.Grant{g}} // nor an owner, whose name would be as empty
		if public, shared, whole := a.grants(); whole || len(public)+len(shared) > 0 {
			t.Errorf("%s: public %v, shared with %v, whole %v", name, public, shared, whole)
		}
		f := evidence.NewFact(kindBucket, "b", "b")
		a.acl.Row = "acl"
		a.policy.Status, a.block.Status, a.account.Status = evidence.Empty, evidence.Empty, evidence.Empty
		a.setExposure(f, "111122223333")
		wants(t, f, map[string]any{"/exposure/public": "unknown: acl", "/exposure/shared_with/-": "unknown: acl"})
	}
}

// An image that is shared with an organisation, or with a unit of one, is shared with all its accounts: that
// the register trusts the management account, which the ARN names, does not make them trusted.
func TestSharesWithAnOrganization(t *testing.T) {
	for with, want := range map[string]string{
		"arn:aws:organizations::999900001111:organization/o-1":  "aws:o-1",
		"arn:aws-cn:organizations::999900001111:ou/o-2/ou-ab-1": "aws:o-2",
		"arn:aws:organizations::999900001111:new":               "aws:new",
		"999900001111": "aws:999900001111",
	} {
		f := evidence.NewFact(kindImage, "i", "i")
		setShares(f, kindImage, []string{with}, true, "row")
		wants(t, f, map[string]any{"/exposure/shared_with/0": want, "/exposure/shared_with/1": nil, "/exposure/public": false})
	}
}

// That an image is public, its list says too.
func TestPublicImage(t *testing.T) {
	denied := collectors.Answer[*ec2.DescribeImageAttributeOutput]{Status: evidence.Denied, Row: "row"}
	shared := collectors.Answer[*ec2.DescribeImageAttributeOutput]{Status: evidence.OK, Row: "row", Value: &ec2.DescribeImageAttributeOutput{LaunchPermissions: []ec2types.LaunchPermission{{UserId: aws.String("999999999999")}}}}
	for name, c := range map[string]struct {
		public bool
		answer collectors.Answer[*ec2.DescribeImageAttributeOutput]
		want   map[string]any
	}{
		"public, denied":  {true, denied, map[string]any{"/exposure/public": true, "/exposure/shared_with": "unknown: row"}},
		"public, shared":  {true, shared, map[string]any{"/exposure/public": true, "/exposure/shared_with/0": "aws:999999999999"}},
		"private, denied": {false, denied, map[string]any{"/exposure/public": "unknown: row"}},
		"private, shared": {false, shared, map[string]any{"/exposure/public": false, "/exposure/shared_with/0": "aws:999999999999"}},
	} {
		f := evidence.NewFact(kindImage, "i", name)
		setLaunch(f, c.public, c.answer)
		wants(t, f, c.want)
	}
}

// A block of public access that was not seen blocks nothing for sure.
func TestAccessPoint(t *testing.T) {
	open := reach{public: []string{"s"}}
	if r := open.behind(nil, false); len(r.public) > 0 || len(r.unclear) != 1 {
		t.Errorf("%+v", r)
	}
	if r := open.behind(&control.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true)}, true); len(r.public)+len(r.unclear) > 0 {
		t.Errorf("%+v", r)
	}
	if r := open.behind(&control.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)}, true); len(r.public) != 1 {
		t.Errorf("a block that leaves what is there is taken for one that does not: %+v", r)
	}
	f := accessPointFact(control.AccessPoint{Name: aws.String("p"), Bucket: aws.String("b"), NetworkOrigin: control.NetworkOriginVpc}, "aws", "eu-west-1", "row", "1")
	wants(t, f, map[string]any{"/attrs/bucket": "arn:aws:s3:::b", "/attrs/bucket_owner": "aws:1", "/exposure/network": "private"})
	f = accessPointFact(control.AccessPoint{Name: aws.String("p"), DataSourceType: aws.String("FSX")}, "aws", "eu-west-1", "row", "1")
	wants(t, f, map[string]any{"/attrs/bucket": "unknown: row", "/exposure/network": "open"})
}

// All members of an access point of several regions are said; a policy that was not answered is unknown.
func TestMultiRegionPoint(t *testing.T) {
	f := multiRegionFact(control.MultiRegionAccessPointReport{Name: aws.String("m"), Regions: []control.RegionReport{
		{Bucket: aws.String("b"), Region: aws.String("us-east-1"), BucketAccountId: aws.String("2")}, {Bucket: aws.String("a"), Region: aws.String("eu-west-1")}}}, "aws", "1")
	wants(t, f, map[string]any{"/located/0": "eu-west-1", "/located/1": "us-east-1", "/attrs/owners/0": "aws:1", "/attrs/owners/1": "aws:2"})
	setMultiRegionReach(f, collectors.Answer[*s3control.GetMultiRegionAccessPointPolicyOutput]{Status: evidence.Denied, Row: "row"}, nil, "1")
	wants(t, f, map[string]any{"/exposure/public": "unknown: row", "/exposure/shared_with/-": "unknown: row"})
}

// Where a group's entries go, and whose that is, is in the destination's own name.
func TestLogDestination(t *testing.T) {
	f := logDestinationFact(logs.Destination{Arn: aws.String("d"), TargetArn: aws.String("arn:aws:kinesis:us-east-1:999999999999:stream/s")}, "eu-west-1", "row", "1")
	wants(t, f, map[string]any{"/copies/0/located/0": "us-east-1", "/copies/0/owner": "aws:999999999999", "/exposure/public": false})
	f = logDestinationFact(logs.Destination{Arn: aws.String("d"), AccessPolicy: aws.String("{")}, "eu-west-1", "row", "1")
	wants(t, f, map[string]any{"/exposure/public": "unknown: row"})
	if c := placedCopy("stream", "arn:aws:kinesis:eu-west-1::stream/s", true); c["owner"] != nil || c["located"] != nil {
		t.Errorf("a stream of nobody: %v", c)
	}
	if c := placedCopy("stream", "no arn", true); c["owner"] != nil || c["located"] != nil {
		t.Error(c)
	}
}

func FuzzResourcePolicy(f *testing.F) {
	f.Add(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := reachIn(text, "111122223333"); err == nil {
			setReached(evidence.NewFact(kindTable, "t", "t"), kindTable, r, "row", "")
		}
	})
}
