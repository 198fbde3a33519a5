package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

func (c *dynamoTables) backups(ctx context.Context, s *collectors.Session, client *dynamodb.Client, region string) {
	var after *string
	for {
		page := ask(ctx, s, region, "dynamodb:ListBackups", client.ListBackups, &dynamodb.ListBackupsInput{ExclusiveStartBackupArn: after, BackupType: types.BackupTypeFilterAll})
		if !page.OK() {
			return
		}
		for _, b := range page.Value.BackupSummaries {
			about := ask(ctx, s, region, "dynamodb:DescribeBackup", client.DescribeBackup, &dynamodb.DescribeBackupInput{BackupArn: b.BackupArn})
			f := tableBackupFact(b, region, page.Row, s.Target().Account).Because(page.From...).Because(about.From...)
			if about.OK() && about.Value.BackupDescription != nil && about.Value.BackupDescription.SourceTableFeatureDetails != nil {
				setTableKey(f, kindTableBackup, about.Value.BackupDescription.SourceTableFeatureDetails.SSEDescription)
			} else {
				f.Unknown(about.Row, "/encryption/at_rest", "/encryption/key")
			}
			s.Emit(kindTableBackup, f)
		}
		if after = page.Value.LastEvaluatedBackupArn; aws.ToString(after) == "" {
			return
		}
	}
}

func tableBackupFact(b types.BackupSummary, region, row, account string) *evidence.Fact {
	f := newFact(kindTableBackup, aws.ToString(b.BackupArn), aws.ToString(b.BackupName), region, nil)
	f.Set("/store/class", "backup").Set("/store/engine", "dynamodb").Set("/located", []string{region})
	setSource(f, b.TableArn, row)
	f.Set("/exposure/public", false).None(kindTableBackup, "/exposure/public_how", "/exposure/shared_with") // the service has no way to share a backup
	f.Set("/attrs/owner", "aws:"+account)
	if b.BackupCreationDateTime != nil {
		return f.Set("/attrs/taken", *b.BackupCreationDateTime)
	}
	return f.None(kindTableBackup, "/attrs/taken")
}

// exports lists what was exported to buckets; of an export whose description was not answered the
// destination is unknown.
func (c *dynamoTables) exports(ctx context.Context, s *collectors.Session, client *dynamodb.Client, region string) {
	var token *string
	for {
		page := ask(ctx, s, region, "dynamodb:ListExports", client.ListExports, &dynamodb.ListExportsInput{NextToken: token})
		if !page.OK() {
			return
		}
		for _, e := range page.Value.ExportSummaries {
			about := ask(ctx, s, region, "dynamodb:DescribeExport", client.DescribeExport, &dynamodb.DescribeExportInput{ExportArn: e.ExportArn})
			f := newFact(kindTableExport, aws.ToString(e.ExportArn), aws.ToString(e.ExportArn), region, page.From).Because(about.From...).Set("/attrs/status", string(e.ExportStatus))
			if about.OK() && about.Value.ExportDescription != nil {
				setTableExport(f, about.Value.ExportDescription, c.access.settings.Partition, about.Row)
			} else {
				f.Unknown(about.Row, "/copies", "/origin", "/attrs/key")
			}
			s.Emit(kindTableExport, f)
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

func setTableExport(f *evidence.Fact, d *types.ExportDescription, partition, row string) {
	copied := placedCopy("export", "arn:"+partition+":s3:::"+aws.ToString(d.S3Bucket), d.ExportStatus != types.ExportStatusFailed)
	if owner := aws.ToString(d.S3BucketOwner); owner != "" {
		copied["owner"] = "aws:" + owner
	}
	f.Set("/copies", []map[string]any{copied})
	setSource(f, d.TableArn, row)
	setText(f, kindTableExport, "/attrs/key", d.S3SseKmsKeyId)
}

// setTableKey says whose key encrypts a table or its backup: one that AWS owns, where none is named.
func setTableKey(f *evidence.Fact, k *evidence.Kind, d *types.SSEDescription) {
	if d == nil || d.Status == types.SSEStatusDisabling || d.Status == types.SSEStatusDisabled {
		setKey(f, k, true, nil)
		return
	}
	setKey(f, k, true, d.KMSMasterKeyArn)
}

// exposure says whom the policies of a table and of its stream let in. A table whose description
// was not answered may have a stream, with a policy of its own: gap is then that row.
func (c *dynamoTables) exposure(ctx context.Context, s *collectors.Session, client *dynamodb.Client, f *evidence.Fact, region, gap string, arns ...string) {
	var all reach
	row := gap
	for _, arn := range arns {
		policy := ask(ctx, s, region, "dynamodb:GetResourcePolicy", client.GetResourcePolicy, &dynamodb.GetResourcePolicyInput{ResourceArn: aws.String(arn)})
		f.Because(policy.From...)
		if policy.Empty() {
			continue
		}
		r, err := reach{}, policy.Err
		if policy.OK() {
			r, err = reachIn(aws.ToString(policy.Value.Policy), s.Target().Account)
		}
		if !policy.OK() || err != nil {
			gap = policy.Row
		}
		row = policy.Row
		all = all.with(r)
	}
	setReached(f, kindTable, all, row, gap)
}
