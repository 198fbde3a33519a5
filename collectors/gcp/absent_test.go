package gcp

import (
	"maps"
	"slices"
	"testing"

	"google.golang.org/api/bigquery/v2"
	"google.golang.org/api/cloudkms/v1"
	"google.golang.org/api/logging/v2"
	sqladmin "google.golang.org/api/sqladmin/v1"
	"google.golang.org/api/storage/v1"
	"google.golang.org/api/storagetransfer/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// unknownOf checks that of the fields asked about exactly those are unknown, and that the fact is whole.
func unknownOf(t *testing.T, name string, k *evidence.Kind, f *evidence.Fact, want ...string) {
	t.Helper()
	f.Target, f.Seen = "gcp-p", testTime
	if err := f.Because("x:1").Check(k); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if got := slices.Sorted(maps.Keys(f.Unknowns)); !slices.Equal(got, sorted(want)) {
		t.Errorf("%s: unknown %v, want %v", name, got, sorted(want))
	}
}

// Settings that say nothing of backups don't say that there are none; a configuration that is not enabled does.
func TestBackupsNotSaid(t *testing.T) {
	const copies, count, days = "/copies/-", "/attrs/backup_count", "/protection/recoverable_days"
	seven := &sqladmin.BackupRetentionSettings{RetainedBackups: 7, RetentionUnit: "COUNT"}
	for name, c := range map[string]struct {
		b    *sqladmin.BackupConfiguration
		want []string
	}{
		"nothing":             {nil, []string{copies, count, days}},
		"off":                 {&sqladmin.BackupConfiguration{}, nil},
		"in a vault":          {&sqladmin.BackupConfiguration{BackupTier: "ENHANCED"}, []string{copies, count, days}},
		"on":                  {&sqladmin.BackupConfiguration{Enabled: true, Location: "eu", BackupRetentionSettings: seven}, nil},
		"on, how many?":       {&sqladmin.BackupConfiguration{Enabled: true, Location: "eu"}, []string{count, days}},
		"with logs":           {&sqladmin.BackupConfiguration{Enabled: true, PointInTimeRecoveryEnabled: true, TransactionLogRetentionDays: 7, BackupRetentionSettings: seven}, nil},
		"with logs, how long": {&sqladmin.BackupConfiguration{Enabled: true, BinaryLogEnabled: true, BackupRetentionSettings: seven}, []string{days}},
	} {
		f := instanceFact("p", &sqladmin.DatabaseInstance{Name: "i", Region: "europe-west1", DatabaseVersion: "MYSQL_8_0", ReplicaNames: []string{"r"},
			Settings: &sqladmin.Settings{IpConfiguration: &sqladmin.IpConfiguration{}, BackupConfiguration: c.b}}, "c:row")
		unknownOf(t, name, kindSQL, f, c.want...)
		if to, _ := f.Get("/copies/0/to"); to != instanceID("p", "r") {
			t.Errorf("%s: the replica that was named is lost: %v", name, to)
		}
	}
}

func answer[T any](v *T) collectors.Answer[*T] {
	return collectors.Answer[*T]{Value: v, Status: evidence.OK, Row: "c:row", From: []string{"x:1"}}
}

// A bucket whose objects have access lists of their own is not shown to be closed by what was asked.
func TestObjectsWithLists(t *testing.T) {
	const shared, public, how, more = "/exposure/shared_with/-", "/exposure/public", "/exposure/public_how", "/exposure/public_how/-"
	uniform := &storage.BucketIamConfigurationUniformBucketLevelAccess{Enabled: true}
	for name, c := range map[string]struct {
		iam  *storage.BucketIamConfiguration
		all  bool // new objects are for everyone
		want []string
	}{
		"uniform":                   {&storage.BucketIamConfiguration{UniformBucketLevelAccess: uniform}, false, nil},
		"lists":                     {&storage.BucketIamConfiguration{}, false, []string{shared, public, how}},
		"not said":                  {nil, false, []string{shared, public, how}},
		"lists, prevented":          {&storage.BucketIamConfiguration{PublicAccessPrevention: "enforced"}, false, []string{shared}},
		"lists, new ones of public": {&storage.BucketIamConfiguration{}, true, []string{shared, more}},
	} {
		defaults := &storage.ObjectAccessControls{}
		if c.all {
			defaults.Items = []*storage.ObjectAccessControl{{Entity: "allUsers", Role: "READER"}}
		}
		a := bucketAnswers{project: "p", listed: &storage.Bucket{Name: "b", Location: "EUROPE-WEST1", IamConfiguration: c.iam}, from: []string{"x:1"},
			policy: answer(&storage.Policy{}), defaults: answer(defaults), jobs: transfers{whole: true, row: "c:row"}}
		unknownOf(t, name, kindBucket, a.fact(), c.want...)
	}
}

// A job that does not say whether it runs is not switched off.
func TestJobOfNoStatus(t *testing.T) {
	for status, want := range map[string][]string{"ENABLED": nil, "DISABLED": nil, "": {"/copies/0/active"}, "PAUSED": {"/copies/0/active"}} {
		job := &storagetransfer.TransferJob{Status: status, TransferSpec: &storagetransfer.TransferSpec{
			GcsDataSource: &storagetransfer.GcsData{BucketName: "b"}, GcsDataSink: &storagetransfer.GcsData{BucketName: "far"}}}
		f := evidence.NewFact(kindBucket, "b", "b")
		transfers{whole: true, row: "c:row", jobs: []*storagetransfer.TransferJob{job}}.setCopies(f, "b")
		if got := slices.Collect(maps.Keys(f.Unknowns)); !slices.Equal(got, want) {
			t.Errorf("%q: unknown %v", status, got)
		}
		if active, said := f.Get("/copies/0/active"); said != (want == nil) || said && active != (status == "ENABLED") {
			t.Errorf("%q: active %v", status, active)
		}
	}
}

// A data set's answer without an access list is one of its metadata alone; a linked or external one lies
// elsewhere, whether it names where or not.
func TestDatasetNotSaid(t *testing.T) {
	exposure := []string{"/copies", "/attrs/access", "/exposure/public", "/exposure/public_how", "/exposure/shared_with"}
	owners := []*bigquery.DatasetAccess{{Role: "OWNER", SpecialGroup: "projectOwners"}}
	for name, c := range map[string]struct {
		d    *bigquery.Dataset
		want []string
	}{
		"whole":        {&bigquery.Dataset{Type: "DEFAULT", Access: owners}, []string{"/copies"}},
		"no list":      {&bigquery.Dataset{Type: "DEFAULT"}, exposure},
		"linked":       {&bigquery.Dataset{Type: "LINKED", Access: owners, LinkedDatasetSource: &bigquery.LinkedDatasetSource{SourceDataset: &bigquery.DatasetReference{ProjectId: "q", DatasetId: "d"}}}, []string{"/copies"}},
		"linked where": {&bigquery.Dataset{Type: "LINKED", Access: owners}, []string{"/copies", "/origin"}},
		"external":     {&bigquery.Dataset{Type: "EXTERNAL", Access: owners}, []string{"/copies", "/origin"}},
	} {
		a := datasetAnswers{owner: owner{id: datasetID("p", "d"), region: "EU", project: "p", number: "7"}, full: answer(c.d),
			listed: &bigquery.DatasetListDatasets{DatasetReference: &bigquery.DatasetReference{ProjectId: "p", DatasetId: "d"}}}
		unknownOf(t, name, kindDataset, a.fact(), c.want...)
	}
}

// A key of which nothing says what protects it is not the provider's, an external one without a host has a
// manager, and a destruction of no instant is one.
func TestKeyNotSaid(t *testing.T) {
	const origin, custodian, hosts, deletes = "/key/origin", "/key/custodian", "/attrs/external_hosts", "/key/deletes_at"
	for name, c := range map[string]struct {
		version cloudkms.CryptoKeyVersion
		want    []string
	}{
		"software":            {cloudkms.CryptoKeyVersion{State: "ENABLED", ProtectionLevel: "SOFTWARE"}, nil},
		"nothing of use":      {cloudkms.CryptoKeyVersion{State: "DESTROYED", ProtectionLevel: "EXTERNAL"}, []string{origin, custodian, hosts}},
		"external":            {cloudkms.CryptoKeyVersion{State: "ENABLED", ProtectionLevel: "EXTERNAL"}, []string{custodian, hosts}},
		"to be destroyed":     {cloudkms.CryptoKeyVersion{State: "DESTROY_SCHEDULED", ProtectionLevel: "HSM", DestroyTime: "2026-12-20T08:00:00Z"}, nil},
		"to be destroyed, at": {cloudkms.CryptoKeyVersion{State: "DESTROY_SCHEDULED", ProtectionLevel: "HSM"}, []string{deletes}},
	} {
		a := keyAnswers{key: &cloudkms.CryptoKey{Name: "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k", Purpose: "ENCRYPT_DECRYPT"}, region: "europe-west1", from: []string{"x:1"},
			versions: []*cloudkms.CryptoKeyVersion{&c.version}, versionsSeen: true, versionsRow: "c:row", ring: answer(&cloudkms.Policy{}), policy: answer(&cloudkms.Policy{})}
		unknownOf(t, name, kindKey, a.fact(), c.want...)
	}
}

// A log bucket that is locked for days that the answer does not name is not locked for none.
func TestLockOfNoDays(t *testing.T) {
	for _, c := range []struct {
		b    *logging.LogBucket
		want []string
	}{
		{&logging.LogBucket{Locked: true, RetentionDays: 400}, nil},
		{&logging.LogBucket{Locked: true}, []string{"/protection/lock", "/attrs/retention_days"}},
		{&logging.LogBucket{RetentionDays: 30}, nil},
	} {
		unknownOf(t, "lock", kindLogBucket, logBucketFact("projects/p/locations/europe-north1/buckets/b", c.b, "c:row"), c.want...)
	}
}
