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
			id := backupID{account: s.Target().Account, arn: aws.ToString(b.DBInstanceAutomatedBackupsArn), resource: aws.ToString(b.DbiResourceId), of: aws.ToString(b.DBInstanceArn), name: aws.ToString(b.DBInstanceIdentifier)}
			at := keptIn(region, aws.ToString(b.BackupTarget), aws.ToString(b.AvailabilityZone))
			f := automatedBackupFact(id, region, at, page.Row, aws.ToString(b.Engine), b.Encrypted, b.KmsKeyId, b.Status, b.BackupRetentionPeriod, b.TagList)
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
			id := backupID{account: s.Target().Account, arn: aws.ToString(b.DBClusterAutomatedBackupsArn), resource: aws.ToString(b.DbClusterResourceId), of: aws.ToString(b.DBClusterArn), name: aws.ToString(b.DBClusterIdentifier)}
			f := automatedBackupFact(id, region, keptIn(region, "", b.AvailabilityZones...), page.Row, aws.ToString(b.Engine), b.StorageEncrypted, b.KmsKeyId, b.Status, b.BackupRetentionPeriod, b.TagList)
			s.Emit(kindDBBackup, f.Because(page.From...))
		}
		if marker = page.Value.Marker; aws.ToString(marker) == "" {
			return
		}
	}
}

// backupID is what names a backup: its ARN, or the account and the resource whose backup it is where it has none.
type backupID struct{ account, arn, resource, of, name string }

// automatedBackupFact says where a backup lies: in the region that lists it. The region that its
// answer names is that of what it is a backup of. Row is of the list, for what an answer leaves out.
func automatedBackupFact(id backupID, region string, places []string, row, engine string, encrypted *bool, key, status *string, days *int32, tags []types.Tag) *evidence.Fact {
	arn := cmp.Or(id.arn, id.account+"/"+region+"/auto-backup/"+cmp.Or(id.resource, id.name))
	f := newFact(kindDBBackup, arn, id.name, region, nil).Set("/store/class", "backup").Set("/store/engine", engine).Set("/located", places).SetTags(rdsTags(tags))
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

// snapshotSource is what an answer says of where a snapshot comes from.
type snapshotSource struct {
	arn    string // of the snapshot that it was copied from; of an instance's, only where that is of another account or region
	region string // that it was taken in, or copied from; "" where it is not said
	of     string // name of the instance or cluster
}

// set says what a snapshot is a copy of: of the snapshot that it was copied from, else of the database of that name
// here. The name alone says nothing of one that was copied from another region: a database of that name here
// is another one. See "DBSnapshot" and "DBClusterSnapshot" in the RDS API reference.
func (from snapshotSource) set(f *evidence.Fact, here, row string) {
	switch {
	case from.arn != "" && !strings.HasPrefix(from.arn, "arn:"):
		f.Unknown(row, "/origin")
	case from.arn != "" && from.arn != f.ID:
		f.Set("/origin", from.arn)
	case from.region != "" && from.region != f.Region:
		f.Unknown("the answer names no source of a snapshot that was copied from "+from.region, "/origin")
	case from.of == "":
		f.Unknown(row, "/origin")
	default:
		f.Set("/origin", here)
	}
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
			s.Emit(kindDBExport, dbExportFact(e, c.access.settings.Partition, s.Target().Account, region, page.Row).Because(page.From...))
		}
		if marker = page.Value.Marker; aws.ToString(marker) == "" {
			return
		}
	}
}

func dbExportFact(e types.ExportTask, partition, account, region, row string) *evidence.Fact {
	name, status := aws.ToString(e.ExportTaskIdentifier), aws.ToString(e.Status)
	f := newFact(kindDBExport, account+"/"+region+"/rds-export/"+name, name, region, nil)
	active := !strings.EqualFold(status, "FAILED") && !strings.EqualFold(status, "CANCELED")
	f.Set("/copies", []map[string]any{placedCopy("export", "arn:"+partition+":s3:::"+aws.ToString(e.S3Bucket), active)})
	setSource(f, e.SourceArn, row)
	setText(f, kindDBExport, "/attrs/key", e.KmsKeyId)
	return f.Set("/attrs/status", status)
}

// setSource says what an export or backup is a copy of: it is one of something.
func setSource(f *evidence.Fact, arn *string, row string) {
	if aws.ToString(arn) == "" {
		f.Unknown(row, "/origin")
		return
	}
	f.Set("/origin", *arn)
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
