package aws

import (
	"cmp"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// backups lists automated backups: those of instances and clusters that are there, those kept after
// their deletion, and those that were carried here from another region.
func (c *rdsDatabases) backups(ctx context.Context, s *collectors.Session, client *rds.Client, region string) {
	var marker *string
	for {
		page := ask(ctx, s, region, "rds:DescribeDBInstanceAutomatedBackups", client.DescribeDBInstanceAutomatedBackups, &rds.DescribeDBInstanceAutomatedBackupsInput{Marker: marker})
		if !page.OK() {
			break
		}
		for _, b := range page.Value.DBInstanceAutomatedBackups {
			id := backupID{arn: aws.ToString(b.DBInstanceAutomatedBackupsArn), resource: aws.ToString(b.DbiResourceId), of: aws.ToString(b.DBInstanceArn), name: aws.ToString(b.DBInstanceIdentifier)}
			f := automatedBackupFact(id, region, page.Row, aws.ToString(b.Engine), b.Encrypted, b.KmsKeyId, b.Status, b.BackupRetentionPeriod, b.TagList)
			s.Emit(kindDBBackup, f.Because(page.From...))
		}
		if marker = page.Value.Marker; aws.ToString(marker) == "" {
			break
		}
	}
	c.clusterBackups(ctx, s, client, region)
}

func (c *rdsDatabases) clusterBackups(ctx context.Context, s *collectors.Session, client *rds.Client, region string) {
	var marker *string
	for {
		page := ask(ctx, s, region, "rds:DescribeDBClusterAutomatedBackups", client.DescribeDBClusterAutomatedBackups, &rds.DescribeDBClusterAutomatedBackupsInput{Marker: marker})
		if !page.OK() {
			return
		}
		for _, b := range page.Value.DBClusterAutomatedBackups {
			id := backupID{arn: aws.ToString(b.DBClusterAutomatedBackupsArn), resource: aws.ToString(b.DbClusterResourceId), of: aws.ToString(b.DBClusterArn), name: aws.ToString(b.DBClusterIdentifier)}
			f := automatedBackupFact(id, region, page.Row, aws.ToString(b.Engine), b.StorageEncrypted, b.KmsKeyId, b.Status, b.BackupRetentionPeriod, b.TagList)
			s.Emit(kindDBBackup, f.Because(page.From...))
		}
		if marker = page.Value.Marker; aws.ToString(marker) == "" {
			return
		}
	}
}

// backupID is what names a backup: its ARN, or the resource whose backup it is where it has none.
type backupID struct{ arn, resource, of, name string }

// automatedBackupFact says where a backup lies: in the region that lists it. The region that its
// answer names is that of what it is a backup of. Row is of the list, for what an answer leaves out.
func automatedBackupFact(id backupID, region, row, engine string, encrypted *bool, key, status *string, days *int32, tags []types.Tag) *evidence.Fact {
	arn := cmp.Or(id.arn, region+"/auto-backup/"+cmp.Or(id.resource, id.name))
	f := newFact(kindDBBackup, arn, id.name, region, nil).Set("/store/class", "backup").Set("/store/engine", engine).Set("/located", []string{region}).SetTags(rdsTags(tags))
	if encrypted != nil {
		setKey(f, kindDBBackup, *encrypted, key)
	} else {
		f.Unknown(row, "/encryption/at_rest", "/encryption/key")
	}
	if id.of != "" {
		f.Set("/origin", id.of)
	} else {
		f.Unknown(row, "/origin")
	}
	setText(f, kindDBBackup, "/attrs/status", status)
	if days == nil {
		return f.None(kindDBBackup, "/attrs/days")
	}
	return f.Set("/attrs/days", int(*days))
}

// exports lists what was exported to buckets.
func (c *rdsDatabases) exports(ctx context.Context, s *collectors.Session, client *rds.Client, region string) {
	var marker *string
	for {
		page := ask(ctx, s, region, "rds:DescribeExportTasks", client.DescribeExportTasks, &rds.DescribeExportTasksInput{Marker: marker})
		if !page.OK() {
			return
		}
		for _, e := range page.Value.ExportTasks {
			s.Emit(kindDBExport, dbExportFact(e, c.access.settings.Partition, s.Target().Account, region).Because(page.From...))
		}
		if marker = page.Value.Marker; aws.ToString(marker) == "" {
			return
		}
	}
}

func dbExportFact(e types.ExportTask, partition, account, region string) *evidence.Fact {
	name, status := aws.ToString(e.ExportTaskIdentifier), aws.ToString(e.Status)
	f := newFact(kindDBExport, account+"/"+region+"/rds-export/"+name, name, region, nil)
	active := !strings.EqualFold(status, "FAILED") && !strings.EqualFold(status, "CANCELED")
	f.Set("/copies", []map[string]any{placedCopy("export", "arn:"+partition+":s3:::"+aws.ToString(e.S3Bucket), active)})
	setText(f, kindDBExport, "/origin", e.SourceArn)
	setText(f, kindDBExport, "/attrs/key", e.KmsKeyId)
	return f.Set("/attrs/status", status)
}

// globals are the members of Aurora global databases, by the ARN of each member.
type globals struct {
	members map[string][]string
	from    []string
	row     string // why they were not all seen; "" where they were
}

// globals asks for the global databases that the clusters of a region may belong to.
func (c *rdsDatabases) globals(ctx context.Context, s *collectors.Session, client *rds.Client, region string) globals {
	g := globals{members: map[string][]string{}}
	var marker *string
	for {
		page := ask(ctx, s, region, "rds:DescribeGlobalClusters", client.DescribeGlobalClusters, &rds.DescribeGlobalClustersInput{Marker: marker})
		g.from = append(g.from, page.From...)
		if !page.OK() {
			g.row = page.Row
			return g
		}
		for _, global := range page.Value.GlobalClusters {
			g.add(global)
		}
		if marker = page.Value.Marker; aws.ToString(marker) == "" {
			return g
		}
	}
}

// add links each member of a global database with the others.
func (g *globals) add(global types.GlobalCluster) {
	var arns []string
	for _, m := range global.GlobalClusterMembers {
		arns = append(arns, aws.ToString(m.DBClusterArn))
		arns = append(arns, m.Readers...)
	}
	arns = sortedUnion(arns)
	for _, a := range arns {
		for _, b := range arns {
			if a != b {
				g.members[a] = append(g.members[a], b)
			}
		}
	}
}
