package aws

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"github.com/trefoil-audit/trefoil/evidence"
)

// blocks is a public access block, of a bucket or an account. Known is false where it could not
// be read; absent means all four off.
type blocks struct {
	known, ignoreACLs, restrictPolicy, all bool
	row                                    string
}

func (a *bucketAnswers) bucketBlocks() blocks {
	b := blocks{known: a.block.OK() || a.block.Empty(), row: a.block.Row}
	if a.block.OK() && a.block.Value.PublicAccessBlockConfiguration != nil {
		c := a.block.Value.PublicAccessBlockConfiguration
		b.ignoreACLs, b.restrictPolicy = aws.ToBool(c.IgnorePublicAcls), aws.ToBool(c.RestrictPublicBuckets)
		b.all = b.ignoreACLs && b.restrictPolicy && aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.BlockPublicPolicy)
	}
	return b
}

func (a *bucketAnswers) accountBlocks() blocks {
	b := blocks{known: a.account.OK() || a.account.Empty(), row: a.account.Row}
	if a.account.OK() && a.account.Value.PublicAccessBlockConfiguration != nil {
		var c controltypes.PublicAccessBlockConfiguration = *a.account.Value.PublicAccessBlockConfiguration
		b.ignoreACLs, b.restrictPolicy = aws.ToBool(c.IgnorePublicAcls), aws.ToBool(c.RestrictPublicBuckets)
		b.all = b.ignoreACLs && b.restrictPolicy && aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.BlockPublicPolicy)
	}
	return b
}

// setExposure says who can reach the bucket from outside its account. What the blocks take
// away is taken away only where they were seen; what a policy gives is not seen as nothing
// where the policy was not seen.
func (a *bucketAnswers) setExposure(f *evidence.Fact, account string) {
	f.Because(a.policy.From...).Because(a.acl.From...).Because(a.block.From...).Because(a.account.From...)
	bucket, own := a.bucketBlocks(), a.accountBlocks()
	setKnown(f, "/attrs/block_public", bucket)
	setKnown(f, "/attrs/account_block_public", own)
	doc, err := a.parsedPolicy()
	policySeen := err == nil && (a.policy.OK() || a.policy.Empty())
	r, err := reachOf(doc, account)
	policySeen = policySeen && err == nil
	aclPublic, aclShared, aclWhole := a.grants()
	gap := "" // what was not seen may let in more; what was seen lets in whom it says
	switch {
	case !policySeen:
		r, gap = reach{}, a.policy.Row
	case !aclWhole:
		gap = a.acl.Row
	}
	if f.Set("/exposure/shared_with", sortedUnion(r.accounts, aclShared)); gap != "" {
		f.Unknown(gap, "/exposure/shared_with/-")
	}
	var how, maybe []string
	pick := func(names []string, blocked, unsure bool) {
		switch {
		case len(names) == 0 || blocked:
		case unsure:
			maybe = append(maybe, names...)
		default:
			how = append(how, names...)
		}
	}
	unsure := !bucket.known || !own.known
	if bucket.restrictPolicy || own.restrictPolicy {
		r = r.blocked()
	}
	pick(prefixed("policy: ", r.public), false, unsure)
	pick(prefixed("acl: ", aclPublic), bucket.ignoreACLs || own.ignoreACLs, unsure)
	pick(prefixed("policy: ", r.unclear), false, true)
	a.setPublic(f, how, maybe, gap, bucket, own)
}

// setPublic says whether the bucket is public; gap is the row of a policy or ACL that was not seen.
func (a *bucketAnswers) setPublic(f *evidence.Fact, how, maybe []string, gap string, bucket, own blocks) {
	switch {
	case len(how) > 0:
		f.Set("/exposure/public", true).Set("/exposure/public_how", how)
	case len(maybe) > 0:
		row := a.policy.Row // a condition that we cannot read
		if !own.known {
			row = own.row
		}
		if !bucket.known {
			row = bucket.row
		}
		f.Unknown(row, "/exposure/public", "/exposure/public_how")
	case gap != "":
		f.Unknown(gap, "/exposure/public", "/exposure/public_how")
	default:
		f.Set("/exposure/public", false).None(kindBucket, "/exposure/public_how")
	}
}

// grants reads the ACL: who it lets in besides the owner. It is not whole where it was not answered, or where a grant
// says to nobody that it is given.
func (a *bucketAnswers) grants() (public, shared []string, whole bool) {
	if !a.acl.OK() {
		return nil, nil, false
	}
	whole = true
	owner := ""
	if a.acl.Value.Owner != nil {
		owner = aws.ToString(a.acl.Value.Owner.ID)
	}
	for _, g := range a.acl.Value.Grants {
		if g.Grantee == nil {
			whole = false
			continue
		}
		uri, id := aws.ToString(g.Grantee.URI), cmp.Or(aws.ToString(g.Grantee.ID), aws.ToString(g.Grantee.EmailAddress))
		switch {
		case uri == "" && id == "":
			whole = false
		case strings.HasSuffix(uri, "/global/AllUsers"), strings.HasSuffix(uri, "/global/AuthenticatedUsers"):
			public = append(public, string(g.Permission)+" to "+uri[strings.LastIndexByte(uri, '/')+1:])
		case strings.HasSuffix(uri, "/s3/LogDelivery"): // the provider's own, which writes access logs
		case g.Grantee.Type == types.TypeCanonicalUser && id != owner:
			shared = append(shared, "CanonicalUser:"+id)
		case g.Grantee.Type != types.TypeCanonicalUser: // a group, or a sort of grantee, that we do not know
			shared = append(shared, string(g.Grantee.Type)+":"+uri+id)
		}
	}
	return public, shared, whole
}

func setKnown(f *evidence.Fact, ptr string, b blocks) {
	if b.known {
		f.Set(ptr, b.all)
	} else {
		f.Unknown(b.row, ptr)
	}
}
