package engagement

import (
	"strings"
	"testing"
)

// The ids that facts of stores have are taken, in all forms that collectors and plug-ins give them.
func TestStoreIDs(t *testing.T) {
	for _, id := range []string{
		"arn:aws:s3:::old", "arn:aws:s3:::Old_Bucket.2016", "arn:aws-cn:s3:::old", "arn:aws-us-gov:s3:::old", "arn:aws-eusc:s3:::old",
		"arn:aws:ec2:eu-west-1:111122223333:volume/vol-0123abcd", "arn:aws:ec2:eu-west-1::snapshot/snap-0123456789abcdef0", "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:image/ami-0123456789abcdef0",
		"arn:aws:rds:eu-west-1:111122223333:db:old", "arn:aws:rds:eu-west-1:111122223333:cluster:old-2", "arn:aws:rds:eu-west-1:111122223333:snapshot:rds:old-2026-01-01-00-00",
		"arn:aws:rds:eu-west-1:111122223333:snapshot:awsbackup:job-0a1b", "arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:s", "arn:aws:rds:eu-west-1:111122223333:auto-backup:ab-0a1b2c",
		"arn:aws-eusc:rds:eusc-de-east-1:111122223333:cluster-auto-backup:ab-0a1b2c", "111122223333/eu-west-1/auto-backup/db-ABC",
		"arn:aws:dynamodb:eu-west-1:111122223333:table/Old.Table_1", "arn:aws:dynamodb:eu-west-1:111122223333:table/old/backup/01489602797149-73d8d5bc",
		"arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/old#1", "arn:aws:sqs:eu-west-1:111122223333:old", "arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-1",
		"//storage.googleapis.com/old", "//storage.googleapis.com/old.example.com", "//storage.googleapis.com/old#1730000000000001", "//bigquery.googleapis.com/projects/clover-legacy/datasets/Old_1",
		"//cloudsql.googleapis.com/projects/example.com:clover/instances/old", "//cloudsql.googleapis.com/projects/clover-legacy/instances/old/backupRuns/17", "//cloudsql.googleapis.com/projects/clover-legacy/backups/0a-1B",
		"//logging.googleapis.com/projects/clover-legacy/locations/global/buckets/_Default", "//logging.googleapis.com/folders/1001/locations/europe-west1/buckets/_Required",
		"//logging.googleapis.com/organizations/424242424242/locations/global/buckets/b", "//logging.googleapis.com/billingAccounts/0123AB-4567CD-89EF01/locations/global/buckets/b", "//spanner.googleapis.com/projects/clover-legacy/instances/old", "dc:volume/old", "dc:volume/Ågård",
	} {
		if why, _ := StoreFault(id); why != "" {
			t.Errorf("%s %s", id, why)
		}
	}
}

// An id that no store can have is refused, and the cure names the right form: it would count as gone.
func TestNoStoreIDs(t *testing.T) {
	const rds, s3, google = "arn:aws:rds:eu-west-1:111122223333:db:name", "arn:aws:s3:::name", "//storage.googleapis.com/name"
	for id, cure := range map[string]string{
		"arn:aws:rds:eu-west-1:111122223333:db-real": rds, "arn:aws:rds:eu-west-1:111122223333:db:real/": rds, "arn:aws:rds:eu-west-1:111122223333:db:": rds, "arn:aws:rds:eu-west-1:111122223333:database:old": rds,
		"arn:aws:rds::old": rds, "arn:aws:rds::111122223333:db:old": rds, "arn:aws:rds:eu-west-1::db:old": rds, "arn:aws:rds:eu-west-1:111122223333:db:оld": rds, "arn:aws:rds:eu-west-1:111122223333:db:Old": rds,
		"arn:aws:s3::old": s3, "arn:aws:s3:::": s3, "arn:aws:s3:eu-west-1:202972997528:old": s3, "arn:aws:s3:::lеgacy": s3, "arn:aws:s3:::old:": s3, "arn:aws:s3:::old/2019": s3,
		"arn::s3:::old": "arn:aws-cn:", "arn:x:s3:::old": "arn:aws-cn:", "arn:": "arn:aws:", "arn:aws:": s3, "arn:aws:sqs": s3, "arn:aws:sqs:eu-west-1:111122223333:": s3,
		"arn:aws:ec2:eu-west-1:202972997528:vol-1": "volume/vol-0123456789abcdef0", "arn:aws:ec2:eu-west-1:202972997528:volume/vol_1": "volume/vol-", "arn:aws:ec2:eu-west-1:202972997528:volume/vol-0123abc": "volume/vol-",
		"arn:aws:dynamodb:eu-west-1:202972997528:table:old": "table/name", "arn:aws:dynamodb:eu-west-1:202972997528:old": "table/name", "arn:aws:dynamodb:eu-west-1:202972997528:table/old/backup/": "table/name",
		"arn:aws:logs:eu-west-1:202972997528:log-group:": "log-group:name", "arn:aws:logs:eu-west-1:202972997528:log-groups:old": "log-group:name",
		"//storage.googleapis.com/": google, "//storage.googleapis.com/Old": google, "//storage.googleapis.com/оld": google, "//storage.googleapis.com/old/": google, "//cloudstorage.googleapis.com/old": google, "storage.googleapis.com/old": google,
		"//sql.googleapis.com/projects/clover-legacy/instances/old": "//cloudsql.googleapis.com/projects/", "//cloudsql.googleapis.com/projects/clover-legacy/instance/old": "//cloudsql.",
		"//bigquery.googleapis.com/projects/p/dataset/d": "datasets/name", "//bigquery.googleapis.com/projects/clover-legacy/datasets/": "datasets/name", "//logging.googleapis.com/projects/clover-legacy/buckets/b": "locations/global/buckets/name",
		"//googleapis.com/x": google, "old": s3, "": s3, "aws:old": s3, "gcp:old": s3, "dc:": s3, "dc:volume/": s3, "ARN:aws:s3:::old": s3, "arn:aws:s3:::old\u00e9": s3, "arn:aws:s3:::" + strings.Repeat("o", 3000): s3,
	} {
		if why, got := StoreFault(id); why == "" || !strings.Contains(got, cure) {
			t.Errorf("%.80s: %q, %q, want the cure to name %s", id, why, got, cure)
		}
	}
}
