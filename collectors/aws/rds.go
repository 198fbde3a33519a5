package aws

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// rdsDatabases says of instances, clusters, their snapshots, automated backups and exports where
// they and their replicas lie, how they are encrypted and who can reach them.
type rdsDatabases struct{ access *Access }

func (c *rdsDatabases) Info() collectors.Info {
	return collectors.Info{Name: "aws/rds", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindDB, kindDBBackup, kindDBCluster, kindDBExport, kindDBSnapshot},
		Operations: []collectors.Operation{
			lists("rds:DescribeDBInstances", holding("DescribeDBInstancesResponse", "DBInstances"), kindDB),
			lists("rds:DescribeDBClusters", holding("DescribeDBClustersResponse", "DBClusters"), kindDBCluster),
			lists("rds:DescribeDBSnapshots", holding("DescribeDBSnapshotsResponse", "DBSnapshots"), kindDBSnapshot),
			lists("rds:DescribeDBClusterSnapshots", holding("DescribeDBClusterSnapshotsResponse", "DBClusterSnapshots"), kindDBSnapshot),
			lists("rds:DescribeDBInstanceAutomatedBackups", holding("DescribeDBInstanceAutomatedBackupsResponse", "DBInstanceAutomatedBackups"), kindDBBackup),
			lists("rds:DescribeDBClusterAutomatedBackups", holding("DescribeDBClusterAutomatedBackupsResponse", "DBClusterAutomatedBackups"), kindDBBackup),
			lists("rds:DescribeExportTasks", holding("DescribeExportTasksResponse", "ExportTasks"), kindDBExport),
			item("rds:DescribeDBParameters", "rds:DescribeDBInstances", holding("DescribeDBParametersResponse", "Parameters")),
			item("rds:DescribeDBClusterParameters", "rds:DescribeDBClusters", holding("DescribeDBClusterParametersResponse", "Parameters")),
			item("rds:DescribeGlobalClusters", "rds:DescribeDBClusters", holding("DescribeGlobalClustersResponse", "GlobalClusters")),
			item("rds:DescribeDBSnapshotAttributes", "rds:DescribeDBSnapshots", holding("DescribeDBSnapshotAttributesResponse", "DBSnapshotAttributesResult")),
			item("rds:DescribeDBClusterSnapshotAttributes", "rds:DescribeDBClusterSnapshots", holding("DescribeDBClusterSnapshotAttributesResponse", "DBClusterSnapshotAttributesResult")),
		}}
}

func (c *rdsDatabases) Collect(ctx context.Context, s *collectors.Session) error {
	return s.EachRegion(ctx, func(ctx context.Context, region string) error {
		client := rds.NewFromConfig(c.access.config(s, region))
		g := &settings{client: client, session: s, region: region, read: map[string]transit{}, cluster: map[string]transit{}}
		c.clusters(ctx, s, client, region, g)
		c.instances(ctx, s, client, region, g)
		c.backups(ctx, s, client, region)
		c.exports(ctx, s, client, region)
		c.snapshots(ctx, s, client, region)
		c.clusterSnapshots(ctx, s, client, region)
		return nil
	})
}

func (c *rdsDatabases) instances(ctx context.Context, s *collectors.Session, client *rds.Client, region string, g *settings) {
	var marker *string
	for {
		page := ask(ctx, s, region, "rds:DescribeDBInstances", client.DescribeDBInstances, &rds.DescribeDBInstancesInput{Marker: marker})
		if !page.OK() {
			return
		}
		for _, d := range page.Value.DBInstances {
			f := newFact(kindDB, aws.ToString(d.DBInstanceArn), aws.ToString(d.DBInstanceIdentifier), region, page.From)
			var to []string
			for _, r := range d.ReadReplicaDBInstanceIdentifiers {
				to = append(to, c.arn(s, region, "db", r))
			}
			for _, r := range d.ReadReplicaDBClusterIdentifiers {
				to = append(to, c.arn(s, region, "cluster", r))
			}
			copies := replicaCopies(to)
			for _, r := range d.DBInstanceAutomatedBackupsReplications {
				copies = append(copies, placedCopy("backup", aws.ToString(r.DBInstanceAutomatedBackupsArn), true))
			}
			g.ofInstance(ctx, d).set(f)
			setPlaces(f, page.Row, region, aws.ToString(d.AvailabilityZone), append(outpostsOf(d.DBSubnetGroup), aws.ToString(d.SecondaryAvailabilityZone))...)
			c.database(f, kindDB, aws.ToString(d.Engine), copies, aws.ToBool(d.StorageEncrypted), d.KmsKeyId, aws.ToBool(d.DeletionProtection), d.TagList)
			source, sort := aws.ToString(d.ReadReplicaSourceDBInstanceIdentifier), "db"
			if source == "" {
				source, sort = aws.ToString(d.ReadReplicaSourceDBClusterIdentifier), "cluster"
			}
			setOrigin(f, kindDB, c.arn(s, region, sort, source), source)
			setPublicly(f, kindDB, d.PubliclyAccessible, page.Row)
			if cluster := aws.ToString(d.DBClusterIdentifier); cluster != "" {
				f.Set("/attrs/cluster", c.arn(s, region, "cluster", cluster))
			} else {
				f.None(kindDB, "/attrs/cluster")
			}
			days := int(aws.ToInt32(d.BackupRetentionPeriod))
			s.Emit(kindDB, f.Set("/attrs/backup_days", days).Set("/protection/recoverable_days", days))
		}
		if marker = page.Value.Marker; aws.ToString(marker) == "" {
			return
		}
	}
}

// arn completes an identifier: replicas in another region are named by their ARNs already.
func (c *rdsDatabases) arn(s *collectors.Session, region, sort, id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return c.access.arnOf(s, "rds", region, sort+":"+id)
}

func setOrigin(f *evidence.Fact, k *evidence.Kind, arn, id string) {
	if id == "" {
		f.None(k, "/origin")
		return
	}
	f.Set("/origin", arn)
}

// setPublicly says whether an instance has a public address. Whether anyone gets through depends
// on security groups, which are not read: a public address is said to be open.
func setPublicly(f *evidence.Fact, k *evidence.Kind, public *bool, row string) {
	switch {
	case public == nil:
		f.Unknown(row, "/exposure/public", "/exposure/public_how", "/exposure/network")
	case *public:
		f.Set("/exposure/public", true).Set("/exposure/public_how", []string{"publicly accessible"}).Set("/exposure/network", "open")
	default:
		f.Set("/exposure/public", false).None(k, "/exposure/public_how").Set("/exposure/network", "private")
	}
}

func replicaCopies(arns []string) []map[string]any {
	copies := []map[string]any{}
	for _, to := range arns {
		copies = append(copies, placedCopy("replica", to, true))
	}
	return copies
}

// database says what instances and clusters have in common.
func (c *rdsDatabases) database(f *evidence.Fact, k *evidence.Kind, engine string, copies []map[string]any, encrypted bool, key *string, protected bool, tags []types.Tag) {
	f.Set("/store/class", "relational").Set("/store/engine", engine).SetTags(rdsTags(tags))
	f.Set("/copies", copies).Set("/protection/delete_protected", protected)
	setKey(f, k, encrypted, key)
}

// outpostsOf lists the Outposts of a group of subnets: an instance with such a group lies on one, and the zone that
// its answer names is the one that runs it.
func outpostsOf(g *types.DBSubnetGroup) (arns []string) {
	if g == nil {
		return nil
	}
	for _, s := range g.Subnets {
		if s.SubnetOutpost != nil {
			arns = append(arns, cmp.Or(aws.ToString(s.SubnetOutpost.Arn), "an Outpost without a name"))
		}
	}
	return arns
}

func rdsTags(list []types.Tag) map[string]string {
	tags := map[string]string{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}

func (c *rdsDatabases) clusters(ctx context.Context, s *collectors.Session, client *rds.Client, region string, g *settings) {
	var marker *string
	var global *globals
	for {
		page := ask(ctx, s, region, "rds:DescribeDBClusters", client.DescribeDBClusters, &rds.DescribeDBClustersInput{Marker: marker})
		if !page.OK() {
			g.listed = page.Row
			return
		}
		if global == nil && len(page.Value.DBClusters) > 0 {
			found := c.globals(ctx, s, client, region)
			global = &found
		}
		for _, d := range page.Value.DBClusters {
			f := newFact(kindDBCluster, aws.ToString(d.DBClusterArn), aws.ToString(d.DBClusterIdentifier), region, page.From)
			var to []string
			for _, r := range d.ReadReplicaIdentifiers {
				to = append(to, c.arn(s, region, "cluster", r))
			}
			to = sortedUnion(to, global.members[f.ID])
			if f.Because(global.from...); global.row != "" {
				f.Unknown(global.row, "/copies/-")
			}
			g.ofCluster(ctx, d).set(f)
			f.Set("/located", placesIn(region, d.AvailabilityZones...)) // no cluster lies outside its region's own zones; one that names none lies in some of them
			c.database(f, kindDBCluster, aws.ToString(d.Engine), replicaCopies(to), aws.ToBool(d.StorageEncrypted), d.KmsKeyId, aws.ToBool(d.DeletionProtection), d.TagList)
			source := aws.ToString(d.ReplicationSourceIdentifier)
			setOrigin(f, kindDBCluster, c.arn(s, region, "cluster", source), source)
			public := d.PubliclyAccessible
			if public == nil && strings.HasPrefix(aws.ToString(d.Engine), "aurora") {
				public = aws.Bool(false) // of an Aurora cluster the instances have addresses, and say so themselves
			}
			setPublicly(f, kindDBCluster, public, page.Row)
			days := int(aws.ToInt32(d.BackupRetentionPeriod))
			s.Emit(kindDBCluster, f.Set("/attrs/backup_days", days).Set("/protection/recoverable_days", days))
		}
		if marker = page.Value.Marker; aws.ToString(marker) == "" {
			return
		}
	}
}

// snapshotFact says what snapshots of instances and of clusters have in common.
func snapshotFact(arn, name, region, engine, sort string, places []string, tags []types.Tag, from []string) *evidence.Fact {
	return newFact(kindDBSnapshot, arn, name, region, from).Set("/store/class", "backup").Set("/store/engine", engine).Set("/located", places).
		SetTags(rdsTags(tags)).Set("/attrs/type", sort)
}

// ownSnapshots are the types of snapshots that cannot be shared. Of any other the answer names the attribute "restore",
// also where it names nobody. See "DescribeDBSnapshotAttributes" in the RDS API reference.
var ownSnapshots = []string{"automated", "awsbackup"}

func (c *rdsDatabases) snapshots(ctx context.Context, s *collectors.Session, client *rds.Client, region string) {
	var marker *string
	for {
		page := ask(ctx, s, region, "rds:DescribeDBSnapshots", client.DescribeDBSnapshots, &rds.DescribeDBSnapshotsInput{Marker: marker})
		if !page.OK() {
			return
		}
		for _, d := range page.Value.DBSnapshots {
			at := keptIn(region, aws.ToString(d.SnapshotTarget), cmp.Or(aws.ToString(d.SnapshotAvailabilityZone), aws.ToString(d.AvailabilityZone)))
			f := snapshotFact(aws.ToString(d.DBSnapshotArn), aws.ToString(d.DBSnapshotIdentifier), region, aws.ToString(d.Engine), aws.ToString(d.SnapshotType), at, d.TagList, page.From)
			from := snapshotSource{arn: aws.ToString(d.SourceDBSnapshotIdentifier), region: aws.ToString(d.SourceRegion), of: aws.ToString(d.DBInstanceIdentifier)}
			from.set(f, c.arn(s, region, "db", from.of), page.Row)
			setKey(f, kindDBSnapshot, aws.ToBool(d.Encrypted), d.KmsKeyId)
			f.Set("/attrs/owner", "aws:"+accountOf(f.ID))
			if d.SnapshotCreateTime != nil {
				f.Set("/attrs/taken", *d.SnapshotCreateTime)
			} else {
				f.None(kindDBSnapshot, "/attrs/taken")
			}
			a := ask(ctx, s, region, "rds:DescribeDBSnapshotAttributes", client.DescribeDBSnapshotAttributes, &rds.DescribeDBSnapshotAttributesInput{DBSnapshotIdentifier: d.DBSnapshotIdentifier})
			var with []string
			ok := a.OK() && a.Value.DBSnapshotAttributesResult != nil
			if ok {
				said := slices.Contains(ownSnapshots, aws.ToString(d.SnapshotType))
				for _, v := range a.Value.DBSnapshotAttributesResult.DBSnapshotAttributes {
					if aws.ToString(v.AttributeName) == "restore" {
						said, with = true, append(with, v.AttributeValues...)
					}
				}
				ok = said
			}
			setShares(f, kindDBSnapshot, with, ok, a.Row)
			s.Emit(kindDBSnapshot, f.Because(a.From...))
		}
		if marker = page.Value.Marker; aws.ToString(marker) == "" {
			return
		}
	}
}

func (c *rdsDatabases) clusterSnapshots(ctx context.Context, s *collectors.Session, client *rds.Client, region string) {
	var marker *string
	for {
		page := ask(ctx, s, region, "rds:DescribeDBClusterSnapshots", client.DescribeDBClusterSnapshots, &rds.DescribeDBClusterSnapshotsInput{Marker: marker})
		if !page.OK() {
			return
		}
		for _, d := range page.Value.DBClusterSnapshots {
			f := snapshotFact(aws.ToString(d.DBClusterSnapshotArn), aws.ToString(d.DBClusterSnapshotIdentifier), region, aws.ToString(d.Engine), aws.ToString(d.SnapshotType),
				keptIn(region, "", d.AvailabilityZones...), d.TagList, page.From)
			from := snapshotSource{arn: aws.ToString(d.SourceDBClusterSnapshotArn), of: aws.ToString(d.DBClusterIdentifier)}
			from.set(f, c.arn(s, region, "cluster", from.of), page.Row)
			setKey(f, kindDBSnapshot, aws.ToBool(d.StorageEncrypted), d.KmsKeyId)
			f.Set("/attrs/owner", "aws:"+accountOf(f.ID))
			if d.SnapshotCreateTime != nil {
				f.Set("/attrs/taken", *d.SnapshotCreateTime)
			} else {
				f.None(kindDBSnapshot, "/attrs/taken")
			}
			a := ask(ctx, s, region, "rds:DescribeDBClusterSnapshotAttributes", client.DescribeDBClusterSnapshotAttributes, &rds.DescribeDBClusterSnapshotAttributesInput{DBClusterSnapshotIdentifier: d.DBClusterSnapshotIdentifier})
			var with []string
			ok := a.OK() && a.Value.DBClusterSnapshotAttributesResult != nil
			if ok {
				said := slices.Contains(ownSnapshots, aws.ToString(d.SnapshotType))
				for _, v := range a.Value.DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes {
					if aws.ToString(v.AttributeName) == "restore" {
						said, with = true, append(with, v.AttributeValues...)
					}
				}
				ok = said
			}
			setShares(f, kindDBSnapshot, with, ok, a.Row)
			s.Emit(kindDBSnapshot, f.Because(a.From...))
		}
		if marker = page.Value.Marker; aws.ToString(marker) == "" {
			return
		}
	}
}
