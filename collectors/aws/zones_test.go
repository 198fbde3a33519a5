package aws

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
)

func TestPlacesIn(t *testing.T) {
	for site, want := range map[string][]string{
		"":                          {"eu-central-1"},
		"eu-central-1a":             {"eu-central-1"},
		"eu-central-1z":             {"eu-central-1"},
		"us-gov-west-1b":            {"eu-central-1", "us-gov-west-1"},
		"eu-central-1-ham-1a":       {"eu-central-1", "eu-central-1-ham-1a"},
		"eu-west-3-wl1-cmn-wlz-1":   {"eu-central-1", "eu-west-3-wl1-cmn-wlz-1"},
		"eu-central-1":              {"eu-central-1"},
		"eu-central-1ab":            {"eu-central-1", "eu-central-1ab"},
		"euc1-az2":                  {"eu-central-1", "euc1-az2"},
		"arn:aws:outposts:x:1:op/o": {"arn:aws:outposts:x:1:op/o", "eu-central-1"},
	} {
		if got := placesIn("eu-central-1", site); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", site, got, want)
		}
	}
}

func TestKeptIn(t *testing.T) {
	for name, c := range map[string]struct {
		target, zone string
		want         []string
	}{
		"an answer of before":        {"", "eu-central-1a", []string{"eu-central-1"}},
		"without a zone":             {"", "", []string{"eu-central-1"}},
		"copied from another region": {"", "us-east-1f", []string{"eu-central-1"}},
		"of a Local Zone, here":      {"region", "eu-central-1-ham-1a", []string{"eu-central-1"}},
		"of a Local Zone, not said":  {"", "eu-central-1-ham-1a", []string{"eu-central-1", "eu-central-1-ham-1a"}},
		"in a Local Zone":            {"local-zone", "eu-central-1-ham-1a", []string{"eu-central-1", "eu-central-1-ham-1a"}},
		"on an Outpost":              {"outposts", "eu-central-1a", []string{"eu-central-1", "outposts of eu-central-1"}},
		"a target of a new name":     {"attic", "", []string{"attic of eu-central-1", "eu-central-1"}},
	} {
		if got := keptIn("eu-central-1", c.target, c.zone); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// What lies in a Local Zone or on an Outpost, or in a zone that was not said, does not lie in the region that
// lists it for sure.
func TestWhatLiesBesideARegion(t *testing.T) {
	const outpost = "arn:aws:outposts:eu-central-1:111122223333:outpost/op-1"
	bodies := map[string]string{
		"DescribeVolumes": `<volumeSet><item><volumeId>vol-1</volumeId><availabilityZone>eu-central-1a</availabilityZone></item>
			<item><volumeId>vol-2</volumeId><availabilityZone>eu-central-1-ham-1a</availabilityZone></item>
			<item><volumeId>vol-3</volumeId><availabilityZone>eu-central-1b</availabilityZone><outpostArn>` + outpost + `</outpostArn></item>
			<item><volumeId>vol-4</volumeId></item></volumeSet>`,
		"DescribeSnapshots": `<snapshotSet><item><snapshotId>snap-1</snapshotId></item><item><snapshotId>snap-2</snapshotId><outpostArn>` + outpost + `</outpostArn></item>
			<item><snapshotId>snap-3</snapshotId><availabilityZone>eu-central-1-waw-1a</availabilityZone></item></snapshotSet>`,
		"DescribeImages": `<imagesSet><item><imageId>ami-1</imageId><blockDeviceMapping><item><ebs><snapshotId>snap-1</snapshotId></ebs></item></blockDeviceMapping></item>
			<item><imageId>ami-2</imageId><blockDeviceMapping><item><ebs><snapshotId>snap-2</snapshotId><outpostArn>` + outpost + `</outpostArn></ebs></item></blockDeviceMapping></item></imagesSet>`,
		"DescribeSnapshotAttribute": "<createVolumePermission/>", "DescribeImageAttribute": "<launchPermission/>",
	}
	databases := map[string]string{
		"DescribeDBInstances": `<DBInstances><DBInstance><DBInstanceArn>db-1</DBInstanceArn><AvailabilityZone>eu-central-1a</AvailabilityZone><SecondaryAvailabilityZone>eu-central-1b</SecondaryAvailabilityZone></DBInstance>
			<DBInstance><DBInstanceArn>db-2</DBInstanceArn><AvailabilityZone>eu-central-1a</AvailabilityZone><SecondaryAvailabilityZone>eu-central-1-ham-1a</SecondaryAvailabilityZone></DBInstance>
			<DBInstance><DBInstanceArn>db-3</DBInstanceArn><AvailabilityZone>eu-central-1a</AvailabilityZone><DBSubnetGroup><Subnets><Subnet><SubnetOutpost><Arn>` + outpost + `</Arn></SubnetOutpost></Subnet></Subnets></DBSubnetGroup></DBInstance>
			<DBInstance><DBInstanceArn>db-4</DBInstanceArn></DBInstance></DBInstances>`,
		"DescribeDBClusters": `<DBClusters><DBCluster><DBClusterArn>c-1</DBClusterArn></DBCluster>
			<DBCluster><DBClusterArn>c-2</DBClusterArn><AvailabilityZones><AvailabilityZone>eu-central-1-ham-1a</AvailabilityZone></AvailabilityZones></DBCluster></DBClusters>`,
		"DescribeDBSnapshots": `<DBSnapshots><DBSnapshot><DBSnapshotArn>s-1</DBSnapshotArn></DBSnapshot>
			<DBSnapshot><DBSnapshotArn>s-2</DBSnapshotArn><SnapshotTarget>outposts</SnapshotTarget></DBSnapshot></DBSnapshots>`,
		"DescribeDBClusterSnapshots":          `<DBClusterSnapshots/>`,
		"DescribeDBClusterAutomatedBackups":   `<DBClusterAutomatedBackups/>`,
		"DescribeDBInstanceAutomatedBackups":  `<DBInstanceAutomatedBackups><DBInstanceAutomatedBackup><DBInstanceAutomatedBackupsArn>b-1</DBInstanceAutomatedBackupsArn><BackupTarget>outposts</BackupTarget></DBInstanceAutomatedBackup></DBInstanceAutomatedBackups>`,
		"DescribeExportTasks":                 `<ExportTasks/>`,
		"DescribeGlobalClusters":              `<GlobalClusters/>`,
		"DescribeDBSnapshotAttributes":        `<DBSnapshotAttributesResult/>`,
		"DescribeDBClusterSnapshotAttributes": `<DBClusterSnapshotAttributesResult/>`,
	}
	const volume, snapshot, image = "arn:aws:ec2:eu-central-1:111122223333:volume/", "arn:aws:ec2:eu-central-1:111122223333:snapshot/", "arn:aws:ec2:eu-central-1:111122223333:image/"
	const ham = "eu-central-1 eu-central-1-ham-1a"
	want := map[string]string{
		volume + "vol-1": "eu-central-1", volume + "vol-2": ham, volume + "vol-3": outpost + " eu-central-1",
		volume + "vol-4":    "unknown: aws-111122223333/eu-central-1/ec2:DescribeVolumes",
		snapshot + "snap-1": "eu-central-1", snapshot + "snap-2": outpost + " eu-central-1", snapshot + "snap-3": "eu-central-1 eu-central-1-waw-1a",
		image + "ami-1": "eu-central-1", image + "ami-2": outpost + " eu-central-1",
		"db-1": "eu-central-1", "db-2": ham, "db-3": outpost + " eu-central-1", "db-4": "unknown: aws-111122223333/eu-central-1/rds:DescribeDBInstances",
		"c-1": "eu-central-1", "c-2": ham, "s-1": "eu-central-1", "s-2": "eu-central-1 outposts of eu-central-1", "b-1": "eu-central-1 outposts of eu-central-1",
	}
	target := collectors.Target{ID: "aws-111122223333", Provider: "aws", Level: collectors.Account, Account: "111122223333"}
	answer := func(bodies map[string]string, result bool) func(*http.Request) (string, string) {
		return func(r *http.Request) (string, string) {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			action := r.PostForm.Get("Action")
			body := bodies[action]
			if result {
				body = "<" + action + "Result>" + body + "</" + action + "Result>"
			}
			return "text/xml", "<" + action + "Response>" + body + "</" + action + "Response>"
		}
	}
	disks := answered(t, target, func(a *Access) collectors.Collector { return &ec2Storage{access: a} }, answer(bodies, false), "eu-central-1")
	dbs := answered(t, target, func(a *Access) collectors.Collector { return &rdsDatabases{access: a} }, answer(databases, true), "eu-central-1")
	got := map[string]string{}
	for _, f := range append(disks.Facts, dbs.Facts...) {
		var places []string
		if why, unknown := f.Unknowns["/located"]; unknown {
			places = append(places, "unknown: "+why)
		}
		v, _ := f.Get("/located")
		list, _ := v.([]any)
		for _, p := range list {
			places = append(places, p.(string))
		}
		got[f.ID] = strings.Join(places, " ")
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v\nwant %v\n%v\n%v", got, want, disks.Rows, dbs.Rows)
	}
}
