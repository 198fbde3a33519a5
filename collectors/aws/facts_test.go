package aws

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudtrail "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	dynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	kms "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/trefoil-audit/trefoil/evidence"
)

const reportHead = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n"

func TestCredentialReport(t *testing.T) {
	const root = "<root_account>,arn:aws:iam::1:root,2020-01-01T00:00:00+00:00,not_supported,no_information,not_supported,not_supported,false,true,2020-01-01T00:00:00+00:00,N/A,false,N/A,N/A,false,N/A,false,N/A\n"
	users, err := parseReport([]byte(reportHead + root +
		"ann,arn:aws:iam::1:user/ann,2020-01-01T00:00:00+00:00,false,N/A,N/A,N/A,true,false,2021-01-01T00:00:00+00:00,N/A,false,N/A,N/A,false,N/A,false,N/A\n"))
	if err != nil || len(users) != 2 {
		t.Fatal(users, err)
	}
	if u := users[0]; !u.console || u.mfa || len(u.keys) != 1 || !u.keys[0].active {
		t.Errorf("root: %+v", u)
	}
	if u := users[1]; u.console || !u.mfa || len(u.keys) != 1 || u.keys[0].active {
		t.Errorf("ann: %+v", u)
	}
	// What cannot be read is an error, never "no credential".
	const ann = "ann,arn:aws:iam::1:user/ann,t,true,N/A,N/A,N/A,true,false,N/A,N/A,false,N/A,N/A,false,N/A,false,N/A\n"
	line := func(old, new string) string { return reportHead + root + strings.Replace(ann, old, new, 1) }
	if _, err := parseReport([]byte(line("", ""))); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":                   "",
		"the head alone":            reportHead,
		"no root user":              reportHead + ann,
		"the root user twice":       reportHead + root + root,
		"the root user's ARN":       reportHead + strings.Replace(root, ":root", ":user/root", 1),
		"a user twice":              reportHead + root + ann + ann,
		"a user of another account": line("::1:", "::2:"),
		"column missing":            strings.Replace(reportHead, "access_key_2_active", "x", 1) + root,
		"strange truth":             line("t,true", "t,maybe"),
		"strange instant":           line("true,N/A", "true,yesterday"),
		"no instant":                line("true,N/A", "true,"),
		"line too short":            line(",N/A\n", "\n"),
		"line too long":             line("\n", ",N/A\n"),
		"a line of two columns":     reportHead + root + "a,arn\n",
		"an HTML page":              "<html>\n<body>\n",
		"a page after the head":     reportHead + "<html>\n",
		"quote left open":           reportHead + root + "\"a,arn\n",
		"empty truth":               line("t,true", "t,"),
		"key's truth lost":          line("true,false", "true,"),
		"no certificates":           strings.Replace(reportHead, "cert_1_active", "x", 1) + root,
		"certificate's truth lost":  line("false,N/A\n", ",N/A\n"),
		"factor not supported":      line("true,false", "not_supported,false"),
		"key not supported":         line("true,false", "true,not_supported"),
	} {
		if users, err := parseReport([]byte(text)); err == nil {
			t.Errorf("%s: read as %+v", name, users)
		}
	}
}

// A certificate signs requests as a key does. Where the report says that there are more credentials than it
// lists, those that are listed are not all.
func TestCredentialsBesidesKeys(t *testing.T) {
	const root, ann = "<root_account>,arn:aws:iam::1:root,t,FALSE,N/A,N/A,N/A,true,false,N/A,N/A,false,N/A,N/A,false,N/A,false,N/A",
		"ann,arn:aws:iam::1:user/ann,t,false,N/A,N/A,N/A,false,false,N/A,N/A,false,N/A,N/A,"
	head := strings.TrimSuffix(reportHead, "\n")
	for name, c := range map[string]struct {
		head, root, ann string
		want            map[string]any
	}{
		"none":           {head, root, ann + "false,N/A,false,N/A", map[string]any{"/principal/credentials/0/kind": nil, "/principal/credentials/-": nil}},
		"one that signs": {head, root, ann + "true,2020-01-01T00:00:00+00:00,false,N/A", map[string]any{"/principal/credentials/0/kind": "certificate", "/principal/credentials/0/id": "cert_1", "/principal/credentials/0/active": true}},
		"one put away":   {head, root, ann + "false,N/A,false,2020-01-01T00:00:00+00:00", map[string]any{"/principal/credentials/0/id": "cert_2", "/principal/credentials/0/active": false}},
		"no more":        {head + "," + moreColumn, root + ",", ann + "false,N/A,false,N/A,", map[string]any{"/principal/credentials/-": nil}},
		"more":           {head + "," + moreColumn, root + ",N/A", ann + "false,N/A,false,N/A,1 more access key", map[string]any{"/principal/credentials/-": "unknown: report"}},
	} {
		users, err := parseReport([]byte(c.head + "\n" + c.root + "\n" + c.ann + "\n"))
		if err != nil || len(users) != 2 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wants(t, reportedFact(users[0], credentialReport{row: "report"}, "row"), map[string]any{"/principal/credentials/-": nil})
		f := reportedFact(users[1], credentialReport{row: "report"}, "row")
		wants(t, f, c.want)
		f.Target, f.Seen = "aws-1", time.Now()
		if err := f.Because("x:1").Check(kindUser); err != nil {
			t.Error(name, err)
		}
	}
}

func FuzzCredentialReport(f *testing.F) {
	f.Add(reportHead)
	f.Fuzz(func(t *testing.T, text string) {
		users, err := parseReport([]byte(text))
		if err != nil && users != nil {
			t.Error("an error and users")
		}
	})
}

// A replica in another region is a copy; so is a witness.
func TestTableReplicas(t *testing.T) {
	c := &dynamoTables{access: ReplayAccess(Settings{Partition: "aws"})}
	f := evidence.NewFact(kindTable, "t", "t")
	c.setTable(f, &dynamodb.TableDescription{TableName: aws.String("t"), TableStatus: "ACTIVE",
		Replicas:             []dynamodb.ReplicaDescription{{RegionName: aws.String("eu-west-1")}, {RegionName: aws.String("us-east-1"), ReplicaStatus: "ACTIVE"}},
		GlobalTableWitnesses: []dynamodb.GlobalTableWitnessDescription{{RegionName: aws.String("us-east-2")}}}, "111122223333", "eu-west-1", "row")
	copies, _ := f.Get("/copies")
	if list := copies.([]any); len(list) != 2 {
		t.Fatalf("%v", list)
	}
	if to, _ := f.Get("/copies/0/to"); to != "arn:aws:dynamodb:us-east-1:111122223333:table/t" {
		t.Error(to)
	}
	if at, _ := f.Get("/copies/1/located/0"); at != "us-east-2" {
		t.Error(at)
	}
	if whose, _ := f.Get("/encryption/at_rest"); whose != "provider_key" {
		t.Error(whose)
	}
}

// A replica belongs to the account that its ARN names, which may be a stranger's; without an ARN it is the table's own
// only where the answer is of one account.
func TestReplicaInAnotherAccount(t *testing.T) {
	const own, theirs = "arn:aws:dynamodb:eu-north-1:111122223333:table/t", "arn:aws:dynamodb:eu-north-1:999999999999:table/t"
	for name, c := range map[string]struct {
		replica dynamodb.ReplicaDescription
		want    map[string]any
	}{
		"of before":           {dynamodb.ReplicaDescription{}, map[string]any{"/copies/0/to": own, "/copies/0/owner": "aws:111122223333", "/copies/0/located/0": "eu-north-1"}},
		"of one account":      {dynamodb.ReplicaDescription{GlobalTableSettingsReplicationMode: "ENABLED_WITH_OVERRIDES"}, map[string]any{"/copies/0/owner": "aws:111122223333"}},
		"its own, by its ARN": {dynamodb.ReplicaDescription{ReplicaArn: aws.String(own), GlobalTableSettingsReplicationMode: "ENABLED"}, map[string]any{"/copies/0/to": own, "/copies/0/owner": "aws:111122223333"}},
		"a stranger's":        {dynamodb.ReplicaDescription{ReplicaArn: aws.String(theirs)}, map[string]any{"/copies/0/to": theirs, "/copies/0/owner": "aws:999999999999"}},
		"of several accounts, whose was not said": {dynamodb.ReplicaDescription{GlobalTableSettingsReplicationMode: "DISABLED"},
			map[string]any{"/copies/0/to": "arn:aws:dynamodb:eu-north-1::table/t", "/copies/0/owner": "unknown: row"}},
		"of a mode of a new name": {dynamodb.ReplicaDescription{GlobalTableSettingsReplicationMode: "SHARED"}, map[string]any{"/copies/0/owner": "unknown: row"}},
		"an ARN of nobody":        {dynamodb.ReplicaDescription{ReplicaArn: aws.String("t")}, map[string]any{"/copies/0/owner": "unknown: row"}},
		"an ARN of another region": {dynamodb.ReplicaDescription{ReplicaArn: aws.String("arn:aws:dynamodb:us-east-1:111122223333:table/t")},
			map[string]any{"/copies/0/located/0": "eu-north-1", "/copies/0/located/1": "us-east-1"}},
	} {
		access := &dynamoTables{access: ReplayAccess(Settings{Partition: "aws"})}
		f := evidence.NewFact(kindTable, "arn:aws:dynamodb:eu-west-1:111122223333:table/t", "t")
		c.replica.RegionName = aws.String("eu-north-1")
		access.setTable(f, &dynamodb.TableDescription{TableName: aws.String("t"), Replicas: []dynamodb.ReplicaDescription{c.replica}}, "111122223333", "eu-west-1", "row")
		t.Run(name, func(t *testing.T) { wants(t, f, c.want) })
		if err := f.Check(kindTable); err == nil || strings.Contains(err.Error(), "/copies") { // the other fields are not set here
			t.Errorf("%s: %v", name, err)
		}
	}
	// One of another account in the same region is no entry of the table itself.
	here := "arn:aws:dynamodb:eu-west-1:111122223333:table/t"
	f := evidence.NewFact(kindTable, here, "t")
	(&dynamoTables{access: ReplayAccess(Settings{Partition: "aws"})}).setTable(f, &dynamodb.TableDescription{TableName: aws.String("t"), Replicas: []dynamodb.ReplicaDescription{
		{RegionName: aws.String("eu-west-1"), ReplicaArn: &here}, {RegionName: aws.String("eu-west-1"), ReplicaArn: aws.String("arn:aws:dynamodb:eu-west-1:999999999999:table/t")}}}, "111122223333", "eu-west-1", "row")
	wants(t, f, map[string]any{"/copies/0/owner": "aws:999999999999", "/copies/1": nil})
}

// All regions of a multi-region key are said, that of the primary too; a state that the API adds
// later stays as it came.
func TestKeyMetadata(t *testing.T) {
	f := evidence.NewFact(kindKey, "k", "k")
	setKeyMetadata(f, &kms.KeyMetadata{KeyId: aws.String("mrk-1"), KeyManager: "CUSTOMER", KeyState: "Melting", Origin: "AWS_KMS", MultiRegion: aws.Bool(true),
		MultiRegionConfiguration: &kms.MultiRegionConfiguration{PrimaryKey: &kms.MultiRegionKey{Region: aws.String("us-east-1")},
			ReplicaKeys: []kms.MultiRegionKey{{Region: aws.String("eu-west-1")}}}}, "row")
	if got, _ := f.Get("/attrs/replicas/1"); got != "us-east-1" {
		t.Error(got)
	}
	if got, _ := f.Get("/key/state"); got != "Melting" {
		t.Error(got)
	}
}

// A key of which the answer does not say who manages it is of no population that leaves AWS's own out; one
// whose id says that it is of several regions, and whose description does not, is not of one.
func TestKeyMetadataLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		m    kms.KeyMetadata
		want map[string]any
	}{
		"whole":         {kms.KeyMetadata{KeyId: aws.String("k"), KeyManager: "CUSTOMER"}, map[string]any{"/attrs/manager": "CUSTOMER", "/key/multi_region": false}},
		"no manager":    {kms.KeyMetadata{KeyId: aws.String("k")}, map[string]any{"/attrs/manager": "unknown: row", "/key/multi_region": false}},
		"a mrk":         {kms.KeyMetadata{KeyId: aws.String("mrk-1"), KeyManager: "AWS", MultiRegion: aws.Bool(true)}, map[string]any{"/attrs/manager": "AWS", "/key/multi_region": true}},
		"a mrk, unsaid": {kms.KeyMetadata{KeyId: aws.String("mrk-1")}, map[string]any{"/key/multi_region": "unknown: row"}},
		"a mrk, denied": {kms.KeyMetadata{KeyId: aws.String("mrk-1"), MultiRegion: aws.Bool(false)}, map[string]any{"/key/multi_region": "unknown: row"}},
		"to be deleted": {kms.KeyMetadata{KeyId: aws.String("k"), KeyState: "PendingDeletion", DeletionDate: aws.Time(time.Unix(0, 0))}, map[string]any{"/key/state": "pending_deletion", "/key/deletes_at": "1970-01-01T00:00:00Z"}},
		"to be deleted after its replicas": {kms.KeyMetadata{KeyId: aws.String("mrk-1"), MultiRegion: aws.Bool(true), KeyState: "PendingReplicaDeletion", PendingDeletionWindowInDays: aws.Int32(7)},
			map[string]any{"/key/state": "pending_deletion", "/key/deletes_at": "unknown: row"}},
		"to stay":        {kms.KeyMetadata{KeyId: aws.String("k"), KeyState: "Enabled"}, map[string]any{"/key/state": "enabled", "/key/deletes_at": nil}},
		"none, yet said": {kms.KeyMetadata{KeyId: aws.String("k"), MultiRegion: aws.Bool(true)}, map[string]any{"/key/multi_region": "unknown: row"}},
	} {
		f := evidence.NewFact(kindKey, "k", name)
		setKeyMetadata(f, &c.m, "row")
		wants(t, f, c.want)
	}
}

// The material of a key of an external store lies where no answer says; that of the others is in the region.
func TestPlacesOfAKey(t *testing.T) {
	for origin, want := range map[kms.OriginType]string{"AWS_KMS": "eu-west-1", "EXTERNAL": "eu-west-1", "AWS_CLOUDHSM": "eu-west-1", "EXTERNAL_KEY_STORE": "eu-west-1,external key store cks-1"} {
		if got := keyPlaces(&kms.KeyMetadata{Origin: origin, CustomKeyStoreId: aws.String("cks-1")}, "eu-west-1"); strings.Join(got, ",") != want {
			t.Errorf("%s: %v", origin, got)
		}
	}
}

// Management events count only where one selector takes all of them.
func TestSelectors(t *testing.T) {
	for name, c := range map[string]struct {
		selectors []cloudtrail.EventSelector
		want      bool
	}{
		"all":            {[]cloudtrail.EventSelector{{IncludeManagementEvents: aws.Bool(true), ReadWriteType: "All"}}, true},
		"none":           {nil, false},
		"writes alone":   {[]cloudtrail.EventSelector{{IncludeManagementEvents: aws.Bool(true), ReadWriteType: "WriteOnly"}}, false},
		"without KMS":    {[]cloudtrail.EventSelector{{IncludeManagementEvents: aws.Bool(true), ReadWriteType: "All", ExcludeManagementEventSources: []string{"kms.amazonaws.com"}}}, false},
		"not management": {[]cloudtrail.EventSelector{{IncludeManagementEvents: aws.Bool(false), ReadWriteType: "All"}}, false},
	} {
		f := evidence.NewFact(kindTrail, "t", "t")
		setSelectors(f, c.selectors)
		if got, _ := f.Get("/log/management"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
