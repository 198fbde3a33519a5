package gcp

import (
	"strconv"
	"strings"

	"google.golang.org/api/storage/v1"

	"github.com/trefoil-audit/trefoil/evidence"
)

// fact says of a bucket what its entry in the list, its policy and its transfer jobs say.
func (a *bucketAnswers) fact() *evidence.Fact {
	b := a.listed
	f := evidence.NewFact(kindBucket, bucketID(b.Name), b.Name).Because(a.from...)
	f.Region = place(b.Location)
	f.Set("/store/class", "object").Set("/store/engine", "cloud-storage").SetTags(b.Labels)
	f.Set("/located", bucketPlaces(b))
	a.jobs.setCopies(f, b.Name)
	setBucketKey(f, kindBucket, b)
	a.setExposure(f)
	a.setProtection(f)
	a.setAttrs(f)
	return f
}

// deletedBucketFact says of a bucket that was deleted, and can be restored until a day, where its data lies
// till then; row is that of the list. A bucket of its name may have been made anew since: the number of its
// generation tells them apart.
func deletedBucketFact(b *storage.Bucket, row string) *evidence.Fact {
	f := evidence.NewFact(kindDeletedBucket, bucketID(b.Name)+"#"+strconv.FormatInt(b.Generation, 10), b.Name)
	f.Region = place(b.Location)
	f.Set("/store/class", "backup").Set("/store/engine", "cloud-storage").SetTags(b.Labels).Set("/origin", bucketID(b.Name)).Set("/located", bucketPlaces(b))
	setBucketKey(f, kindDeletedBucket, b)
	setTime(f, kindDeletedBucket, "/attrs/deleted", b.SoftDeleteTime, row)
	setTime(f, kindDeletedBucket, "/attrs/gone", b.HardDeleteTime, row)
	return f
}

func setBucketKey(f *evidence.Fact, k *evidence.Kind, b *storage.Bucket) {
	if b.Encryption != nil && b.Encryption.DefaultKmsKeyName != "" {
		f.Set("/encryption/at_rest", "customer_key").Set("/encryption/key", keyID(b.Encryption.DefaultKmsKeyName))
		return
	}
	f.Set("/encryption/at_rest", "provider_key").None(k, "/encryption/key")
}

// keyID is the fact id of a key by its resource name; the version in it is left out.
func keyID(name string) string {
	if i := strings.Index(name, "/cryptoKeyVersions/"); i >= 0 {
		name = name[:i]
	}
	return "//cloudkms.googleapis.com/" + name
}

// bucketPlaces says where a bucket lies. A custom dual-region names its two regions; the
// predefined ones (EUR4, …) and multi-regions have a token that the table of places expands.
func bucketPlaces(b *storage.Bucket) []string {
	if b.CustomPlacementConfig == nil || len(b.CustomPlacementConfig.DataLocations) == 0 {
		return []string{place(b.Location)}
	}
	var places []string
	for _, l := range b.CustomPlacementConfig.DataLocations {
		places = append(places, place(l))
	}
	return sorted(places)
}

// setExposure says who can reach the bucket, or a managed folder of it, from outside its project. Where
// objects may have ACLs of their own, the ACL that new objects get counts too; those of the objects that
// are there were never asked, so whom else they let in is unknown.
func (a *bucketAnswers) setExposure(f *evidence.Fact) {
	f.Because(a.policy.From...).Because(a.defaults.From...).Because(a.folders.from...)
	var r reach
	var how []string
	unseen := a.folders.unseen
	if a.policy.OK() {
		r, how = policyReach(a.owner(), a.bindings())
	}
	switch {
	case !a.policy.OK():
		unseen = a.policy.Row
	case !a.uniform():
		unseen = a.defaults.Row
	}
	public, shared := a.objectGrants()
	within, open := a.folders.reach(a.owner())
	f.Set("/exposure/shared_with", sorted(r.shared, shared, within))
	if unseen != "" {
		f.Unknown(unseen, "/exposure/shared_with/-")
	}
	how = sorted(how, public, open)
	switch {
	case a.prevented():
		f.Set("/exposure/public", false).Set("/exposure/public_how", []string{})
	case unseen == "" || len(how) > 0: // one way in is enough
		f.Set("/exposure/public", len(how) > 0).Set("/exposure/public_how", how)
	default:
		f.Unknown(unseen, "/exposure/public", "/exposure/public_how")
	}
	if unseen != "" && !a.prevented() && len(how) > 0 {
		f.Unknown(unseen, "/exposure/public_how/-")
	}
}

// objectGrants reads the ACL that new objects get: who it lets in besides the project.
func (a *bucketAnswers) objectGrants() (public, shared []string) {
	if a.uniform() || !a.defaults.OK() {
		return nil, nil
	}
	for _, g := range a.defaults.Value.Items {
		kind, _, _ := strings.Cut(g.Entity, "-")
		switch kind {
		case "allUsers", "allAuthenticatedUsers":
			public = append(public, "default object acl: "+g.Role+" to "+g.Entity)
		case "project": // owners-, editors-, viewers- of a project by number
			if number := g.Entity[strings.LastIndexByte(g.Entity, '-')+1:]; number != a.owner().number {
				shared = append(shared, "gcp:projects/"+number)
			}
		case "user", "group", "domain":
			_, name, _ := strings.Cut(g.Entity, "-")
			if kind == "user" && strings.HasSuffix(name, "gserviceaccount.com") {
				kind = "serviceAccount"
			}
			r := reachOf([]string{kind + ":" + name}, a.owner().project, a.owner().number)
			shared = append(shared, r.shared...)
		default:
			shared = append(shared, g.Entity)
		}
	}
	return public, shared
}

func (a *bucketAnswers) setProtection(f *evidence.Fact) {
	b := a.listed
	f.Set("/protection/versioned", b.Versioning != nil && b.Versioning.Enabled)
	switch p := b.RetentionPolicy; {
	case p == nil || p.RetentionPeriod == 0:
		f.None(kindBucket, "/protection/lock")
	default:
		mode := "governance"
		if p.IsLocked {
			mode = "compliance"
		}
		f.Set("/protection/lock", map[string]any{"mode": mode, "days": int(p.RetentionPeriod / 86400), "until": nil})
	}
	if b.SoftDeletePolicy == nil || b.SoftDeletePolicy.RetentionDurationSeconds == 0 {
		f.None(kindBucket, "/protection/recoverable_days")
		return
	}
	f.Set("/protection/recoverable_days", int(b.SoftDeletePolicy.RetentionDurationSeconds/86400))
}

func (a *bucketAnswers) setAttrs(f *evidence.Fact) {
	b := a.listed
	f.Set("/attrs/location", b.Location).Set("/attrs/location_type", b.LocationType).Set("/attrs/storage_class", b.StorageClass).
		Set("/attrs/uniform_access", a.uniform()).
		Set("/attrs/retention_locked", b.RetentionPolicy != nil && b.RetentionPolicy.IsLocked).
		Set("/attrs/object_retention", b.ObjectRetention != nil && b.ObjectRetention.Mode == "Enabled").
		Set("/attrs/ip_filter", b.IpFilter != nil && b.IpFilter.Mode == "Enabled")
	setText(f, kindBucket, "/attrs/rpo", b.Rpo)
	prevention := "inherited"
	if b.IamConfiguration != nil && b.IamConfiguration.PublicAccessPrevention != "" {
		prevention = b.IamConfiguration.PublicAccessPrevention
	}
	f.Set("/attrs/public_access_prevention", prevention)
	if b.Logging != nil {
		setText(f, kindBucket, "/attrs/logging_to", b.Logging.LogBucket)
		return
	}
	f.None(kindBucket, "/attrs/logging_to")
}
