package aws

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// dynamoTables says of each table where it and its replicas are, how it is encrypted and who can
// reach it, and of each on-demand backup and export where it lies.
type dynamoTables struct{ access *Access }

func (c *dynamoTables) Info() collectors.Info {
	return collectors.Info{Name: "aws/dynamodb", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindTable, kindTableBackup, kindTableExport},
		Operations: []collectors.Operation{
			lists("dynamodb:ListTables", member("TableNames", "array"), kindTable),
			lists("dynamodb:ListBackups", member("BackupSummaries", "array"), kindTableBackup),
			lists("dynamodb:ListExports", member("ExportSummaries", "array"), kindTableExport),
			item("dynamodb:DescribeBackup", "dynamodb:ListBackups", member("BackupDescription", "object")),
			item("dynamodb:DescribeExport", "dynamodb:ListExports", member("ExportDescription", "object")),
			item("dynamodb:GetResourcePolicy", "dynamodb:ListTables", member("Policy", "string"), "PolicyNotFoundException"),
			item("dynamodb:DescribeTable", "dynamodb:ListTables", member("Table", "object")),
			item("dynamodb:DescribeContinuousBackups", "dynamodb:ListTables", member("ContinuousBackupsDescription", "object")),
			item("dynamodb:ListTagsOfResource", "dynamodb:ListTables", member("Tags", "array")),
		}}
}

func (c *dynamoTables) Collect(ctx context.Context, s *collectors.Session) error {
	return s.EachRegion(ctx, func(ctx context.Context, region string) error {
		client := dynamodb.NewFromConfig(c.access.config(s, region), func(o *dynamodb.Options) {
			// The recorder keeps the decoded body; the checksum is of the compressed one.
			o.DisableValidateResponseChecksum = true
			o.EndpointDiscovery.EnableEndpointDiscovery = aws.EndpointDiscoveryDisabled
		})
		c.tables(ctx, s, client, region)
		c.backups(ctx, s, client, region)
		c.exports(ctx, s, client, region)
		return nil
	})
}

func (c *dynamoTables) tables(ctx context.Context, s *collectors.Session, client *dynamodb.Client, region string) {
	var after *string
	for {
		page := ask(ctx, s, region, "dynamodb:ListTables", client.ListTables, &dynamodb.ListTablesInput{ExclusiveStartTableName: after})
		if !page.OK() {
			return
		}
		for _, name := range page.Value.TableNames {
			c.table(ctx, s, client, region, name, page.From)
		}
		if after = page.Value.LastEvaluatedTableName; aws.ToString(after) == "" {
			return
		}
	}
}

func (c *dynamoTables) table(ctx context.Context, s *collectors.Session, client *dynamodb.Client, region, name string, from []string) {
	arn := c.access.arnOf(s, "dynamodb", region, "table/"+name)
	f := newFact(kindTable, arn, name, region, from).Set("/store/class", "table").Set("/store/engine", "dynamodb").Set("/located", []string{region})
	f.Set("/encryption/in_transit", "enforced") // the service has no plain endpoint for SDKs: every endpoint takes TLS alone
	about := ask(ctx, s, region, "dynamodb:DescribeTable", client.DescribeTable, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	backups := ask(ctx, s, region, "dynamodb:DescribeContinuousBackups", client.DescribeContinuousBackups, &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String(name)})
	tags, whole, row := c.tags(ctx, s, client, region, arn, f)
	f.Because(about.From...).Because(backups.From...)
	if whole {
		f.SetTags(tags)
	} else {
		f.Unknown(row, "/tags")
	}
	if about.OK() && about.Value.Table != nil && aws.ToString(about.Value.Table.TableName) == name {
		c.setTable(f, about.Value.Table, s.Target().Account, region, about.Row)
		c.exposure(ctx, s, client, f, region, "", streamsOf(arn, about.Value.Table)...)
	} else {
		c.exposure(ctx, s, client, f, region, about.Row, arn)
		f.Unknown(about.Row, "/copies", "/encryption/at_rest", "/encryption/key", "/protection/delete_protected", "/attrs/status")
	}
	switch {
	case !backups.OK() || backups.Value.ContinuousBackupsDescription == nil:
		f.Unknown(backups.Row, "/protection/recoverable_days")
	default:
		days := 0
		if p := backups.Value.ContinuousBackupsDescription.PointInTimeRecoveryDescription; p != nil && p.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled {
			if days = int(aws.ToInt32(p.RecoveryPeriodInDays)); days == 0 {
				days = 35 // the service's own period, where it names none
			}
		}
		f.Set("/protection/recoverable_days", days)
	}
	s.Emit(kindTable, f)
}

// setTable says what DescribeTable answers, whose row is given for what it leaves out.
func (c *dynamoTables) setTable(f *evidence.Fact, t *types.TableDescription, account, region, row string) {
	copies := []map[string]any{}
	for _, r := range t.Replicas {
		if aws.ToString(r.RegionName) == region && cmp.Or(aws.ToString(r.ReplicaArn), f.ID) == f.ID {
			continue // the table itself
		}
		c, owned := c.replica(r, aws.ToString(t.TableName), account)
		if !owned {
			f.Unknown(row, "/copies/"+strconv.Itoa(len(copies))+"/owner")
		}
		copies = append(copies, c)
	}
	for _, w := range t.GlobalTableWitnesses {
		at := aws.ToString(w.RegionName)
		copies = append(copies, map[string]any{"how": "replica", "to": "witness:" + at, "active": true, "owner": "aws:" + account, "located": []any{at}})
	}
	if len(t.Replicas) == 0 && aws.ToString(t.GlobalTableVersion) == legacyGlobalTable {
		f.Unknown("no collector asks for the replicas of global tables of version "+legacyGlobalTable+" (dynamodb:DescribeGlobalTable)", "/copies/-")
	}
	f.Set("/copies", copies).Set("/protection/delete_protected", aws.ToBool(t.DeletionProtectionEnabled)).Set("/attrs/status", string(t.TableStatus))
	setTableKey(f, kindTable, t.SSEDescription)
}

// replica is a copy of a table in another region, or in another account: its ARN says whose. An answer from before
// global tables could span accounts names no ARN, and no way of carrying settings over either, or that of one account:
// its replicas are the account's own. Any other replica without an ARN of a table is nobody's that we know: owned is
// then false. See "ReplicaDescription" in the DynamoDB API reference.
func (c *dynamoTables) replica(r types.ReplicaDescription, table, account string) (copied map[string]any, owned bool) {
	at, arn := aws.ToString(r.RegionName), aws.ToString(r.ReplicaArn)
	places, owner := []string{at}, ""
	parts := strings.SplitN(arn, ":", 6)
	mode := r.GlobalTableSettingsReplicationMode
	switch {
	case len(parts) == 6 && parts[0] == "arn" && parts[2] == "dynamodb" && parts[3] != "" && parts[4] != "":
		places, owner = sortedUnion(places, parts[3:4]), parts[4]
	case arn == "" && (mode == "" || mode == types.GlobalTableSettingsReplicationModeEnabledWithOverrides):
		owner = account
	}
	if owner == "" || arn == "" {
		arn = "arn:" + c.access.settings.Partition + ":dynamodb:" + at + ":" + owner + ":table/" + table
	}
	copied = map[string]any{"how": "replica", "to": arn, "active": r.ReplicaStatus == types.ReplicaStatusActive, "located": places}
	if owner != "" {
		copied["owner"] = "aws:" + owner
	}
	return copied, owner != ""
}

// legacyGlobalTable is the version of global tables whose replicas the description of a table does not
// list. See "GlobalTableVersion" in the DynamoDB API reference.
const legacyGlobalTable = "2017.11.29"

// streamsOf lists what of a table can have a policy: itself, and its stream where that is on.
func streamsOf(arn string, t *types.TableDescription) []string {
	if stream := aws.ToString(t.LatestStreamArn); stream != "" && t.StreamSpecification != nil && aws.ToBool(t.StreamSpecification.StreamEnabled) {
		return []string{arn, stream}
	}
	return []string{arn}
}

func (c *dynamoTables) tags(ctx context.Context, s *collectors.Session, client *dynamodb.Client, region, arn string, f *evidence.Fact) (tags map[string]string, whole bool, row string) {
	tags = map[string]string{}
	var token *string
	for {
		page := ask(ctx, s, region, "dynamodb:ListTagsOfResource", client.ListTagsOfResource, &dynamodb.ListTagsOfResourceInput{ResourceArn: aws.String(arn), NextToken: token})
		f.Because(page.From...)
		if !page.OK() {
			return nil, false, page.Row
		}
		for _, t := range page.Value.Tags {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return tags, true, page.Row
		}
	}
}
