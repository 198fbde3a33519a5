package aws

import (
	"cmp"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// ec2Storage says of volumes, snapshots and images where they lie, what they are copies of, how
// they are encrypted and whom they are shared with.
type ec2Storage struct{ access *Access }

func (c *ec2Storage) Info() collectors.Info {
	return collectors.Info{Name: "aws/ec2", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindVolume, kindSnapshot, kindImage},
		Operations: []collectors.Operation{
			lists("ec2:DescribeVolumes", holding("DescribeVolumesResponse", "volumeSet"), kindVolume),
			lists("ec2:DescribeSnapshots", holding("DescribeSnapshotsResponse", "snapshotSet"), kindSnapshot),
			lists("ec2:DescribeImages", holding("DescribeImagesResponse", "imagesSet"), kindImage),
			item("ec2:DescribeSnapshotAttribute", "ec2:DescribeSnapshots", holding("DescribeSnapshotAttributeResponse", "createVolumePermission")),
			item("ec2:DescribeImageAttribute", "ec2:DescribeImages", holding("DescribeImageAttributeResponse", "launchPermission")),
		}}
}

func (c *ec2Storage) Collect(ctx context.Context, s *collectors.Session) error {
	return s.EachRegion(ctx, func(ctx context.Context, region string) error {
		client := ec2.NewFromConfig(c.access.config(s, region))
		c.volumes(ctx, s, client, region)
		c.snapshots(ctx, s, client, region)
		c.images(ctx, s, client, region)
		return nil
	})
}

func (c *ec2Storage) volumes(ctx context.Context, s *collectors.Session, client *ec2.Client, region string) {
	var token *string
	for {
		page := ask(ctx, s, region, "ec2:DescribeVolumes", client.DescribeVolumes, &ec2.DescribeVolumesInput{NextToken: token})
		if !page.OK() {
			return
		}
		for _, v := range page.Value.Volumes {
			id := aws.ToString(v.VolumeId)
			f := newFact(kindVolume, c.access.arnOf(s, "ec2", region, "volume/"+id), id, region, page.From)
			f.Set("/store/class", "block").Set("/store/engine", "ebs").SetTags(ec2Tags(v.Tags))
			setPlaces(f, page.Row, region, aws.ToString(v.AvailabilityZone), aws.ToString(v.OutpostArn))
			setKey(f, kindVolume, aws.ToBool(v.Encrypted), v.KmsKeyId)
			switch from, copied := aws.ToString(v.SnapshotId), aws.ToString(v.SourceVolumeId); { // whose it is the answer does not say: as of images
			case copied != "":
				f.Set("/origin", c.access.arnOf(s, "ec2", region, "volume/"+copied))
			case from != "":
				f.Set("/origin", c.access.arnOf(s, "ec2", region, "snapshot/"+from))
			default:
				f.None(kindVolume, "/origin")
			}
			var on []string
			for _, a := range v.Attachments {
				on = append(on, aws.ToString(a.InstanceId))
			}
			s.Emit(kindVolume, f.Set("/attrs/state", string(v.State)).Set("/attrs/instances", sortedUnion(on)))
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

func (c *ec2Storage) snapshots(ctx context.Context, s *collectors.Session, client *ec2.Client, region string) {
	var token *string
	for {
		page := ask(ctx, s, region, "ec2:DescribeSnapshots", client.DescribeSnapshots, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, NextToken: token})
		if !page.OK() {
			return
		}
		for _, v := range page.Value.Snapshots {
			id := aws.ToString(v.SnapshotId)
			f := newFact(kindSnapshot, c.access.arnOf(s, "ec2", region, "snapshot/"+id), id, region, page.From)
			f.Set("/store/class", "backup").Set("/store/engine", "ebs").SetTags(ec2Tags(v.Tags))
			f.Set("/located", placesIn(region, aws.ToString(v.AvailabilityZone), aws.ToString(v.OutpostArn))) // one of a region has neither
			setKey(f, kindSnapshot, aws.ToBool(v.Encrypted), v.KmsKeyId)
			setVolume(f, c.access.arnOf(s, "ec2", region, "volume/"), aws.ToString(v.VolumeId))
			f.Set("/attrs/owner", "aws:"+aws.ToString(v.OwnerId))
			if v.StartTime != nil {
				f.Set("/attrs/started", *v.StartTime)
			} else {
				f.None(kindSnapshot, "/attrs/started")
			}
			a := ask(ctx, s, region, "ec2:DescribeSnapshotAttribute", client.DescribeSnapshotAttribute,
				&ec2.DescribeSnapshotAttributeInput{SnapshotId: v.SnapshotId, Attribute: types.SnapshotAttributeNameCreateVolumePermission})
			var with []string
			if a.OK() {
				for _, p := range a.Value.CreateVolumePermissions {
					with = append(with, string(p.Group)+aws.ToString(p.UserId))
				}
			}
			setShares(f, kindSnapshot, with, a.OK(), a.Row)
			s.Emit(kindSnapshot, f.Because(a.From...))
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

func (c *ec2Storage) images(ctx context.Context, s *collectors.Session, client *ec2.Client, region string) {
	var token *string
	for {
		page := ask(ctx, s, region, "ec2:DescribeImages", client.DescribeImages, &ec2.DescribeImagesInput{Owners: []string{"self"},
			IncludeDeprecated: aws.Bool(true), IncludeDisabled: aws.Bool(true), NextToken: token})
		if !page.OK() {
			return
		}
		for _, v := range page.Value.Images {
			id := aws.ToString(v.ImageId)
			f := newFact(kindImage, c.access.arnOf(s, "ec2", region, "image/"+id), id, region, page.From)
			f.Set("/store/class", "backup").Set("/store/engine", "ami").SetTags(ec2Tags(v.Tags))
			if of := aws.ToString(v.SourceImageId); of != "" { // the answer names no owner: the join looks for it in every account
				f.Set("/origin", c.access.arnOf(s, "ec2", cmp.Or(aws.ToString(v.SourceImageRegion), region), "image/"+of))
			} else {
				f.None(kindImage, "/origin")
			}
			var parts, sites []string
			for _, d := range v.BlockDeviceMappings {
				if d.Ebs == nil {
					continue
				}
				sites = append(sites, aws.ToString(d.Ebs.AvailabilityZone), aws.ToString(d.Ebs.OutpostArn))
				if d.Ebs.SnapshotId != nil {
					parts = append(parts, c.access.arnOf(s, "ec2", region, "snapshot/"+*d.Ebs.SnapshotId))
				}
			}
			f.Set("/located", placesIn(region, sites...))
			f.Set("/attrs/owner", "aws:"+aws.ToString(v.OwnerId)).Set("/attrs/snapshots", sortedUnion(parts))
			a := ask(ctx, s, region, "ec2:DescribeImageAttribute", client.DescribeImageAttribute,
				&ec2.DescribeImageAttributeInput{ImageId: v.ImageId, Attribute: types.ImageAttributeNameLaunchPermission})
			setLaunch(f, aws.ToBool(v.Public), a)
			s.Emit(kindImage, f.Because(a.From...))
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

// setLaunch says whom an image is shared with. That it is shared with all, the list of images says too: one witness is
// enough, also where the other was not answered.
func setLaunch(f *evidence.Fact, public bool, a collectors.Answer[*ec2.DescribeImageAttributeOutput]) {
	if public && !a.OK() {
		f.Set("/exposure/public", true).Set("/exposure/public_how", []string{"shared with all"}).Unknown(a.Row, "/exposure/shared_with")
		return
	}
	var with []string
	if public {
		with = append(with, "all")
	}
	if a.OK() {
		for _, p := range a.Value.LaunchPermissions {
			with = append(with, string(p.Group)+aws.ToString(p.UserId)+aws.ToString(p.OrganizationArn)+aws.ToString(p.OrganizationalUnitArn))
		}
	}
	setShares(f, kindImage, with, a.OK(), a.Row)
}

// setVolume says which volume a snapshot was taken of. A made-up id stands where it was copied from another
// snapshot, or imported: it is a copy then, and nothing says of what.
func setVolume(f *evidence.Fact, prefix, volume string) {
	if volume == "" || strings.HasPrefix(volume, "vol-ffffffff") {
		f.Unknown("ec2:DescribeSnapshots names no source of a snapshot that was copied or imported", "/origin")
		return
	}
	f.Set("/origin", prefix+volume)
}

func ec2Tags(list []types.Tag) map[string]string {
	tags := map[string]string{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}
