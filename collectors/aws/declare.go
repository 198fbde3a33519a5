package aws

import (
	"cmp"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// lists declares an operation that enumerates kinds; what a genuine answer looks like is an XML
// root or a JSON member.
func lists(name string, genuine collectors.Genuine, kinds ...*evidence.Kind) collectors.Operation {
	op := collectors.Operation{Name: name, Permission: name, List: true, Genuine: genuine}
	for _, k := range kinds {
		op.Kinds = append(op.Kinds, k.Name)
	}
	return op
}

// item declares an operation that adds fields to what its parent listed.
func item(name, parent string, genuine collectors.Genuine, empty ...string) collectors.Operation {
	return collectors.Operation{Name: name, Permission: name, Parent: parent, Genuine: genuine, Empty: empty}
}

// holding is of a list: the element of the list stands in the answer also where it holds nothing.
func holding(root, element string) collectors.Genuine {
	return collectors.Genuine{Root: root, Holds: element}
}

func member(name, types string) collectors.Genuine {
	return collectors.Genuine{Member: name, Types: types}
}

// newFact starts a fact in a region.
func newFact(k *evidence.Kind, id, name, region string, from []string) *evidence.Fact {
	f := evidence.NewFact(k, id, name).Because(from...)
	f.Region = region
	return f
}

// nextPage gives the marker of the next page; nil where there is none. An answer that says it is cut off and
// names no next page makes its row an error.
func nextPage(s *collectors.Session, row string, truncated bool, marker *string) (next *string, lost bool) {
	switch {
	case aws.ToString(marker) != "":
		return marker, false
	case truncated:
		s.Fault(row, errors.New("the answer says that it is cut off, and names no next page"))
	}
	return nil, truncated
}

// arnOf builds an ARN of the account that is asked.
func (a *Access) arnOf(s *collectors.Session, service, region, resource string) string {
	return "arn:" + a.settings.Partition + ":" + service + ":" + region + ":" + s.Target().Account + ":" + resource
}

// setText sets a text, or says none where the answer has none.
func setText(f *evidence.Fact, k *evidence.Kind, ptr string, v *string) {
	if aws.ToString(v) == "" {
		f.None(k, ptr)
		return
	}
	f.Set(ptr, *v)
}

// setReach says whom a resource policy lets in, read from the policy's text. Where it was not
// seen, or cannot be read, nothing is said for sure.
func setReach(f *evidence.Fact, k *evidence.Kind, text string, seen bool, row, account string) {
	r, err := reachIn(text, account)
	if !seen || err != nil {
		f.Unknown(row, "/exposure/public", "/exposure/public_how", "/exposure/shared_with")
		return
	}
	setReached(f, k, r, row, "")
}

// setReached says whom what was seen lets in. Row is of the policy; gap, where it is set, is the
// row of something else that may let in more.
func setReached(f *evidence.Fact, k *evidence.Kind, r reach, row, gap string) {
	switch {
	case len(r.public) > 0:
		f.Set("/exposure/public", true).Set("/exposure/public_how", prefixed("policy: ", r.public))
	case len(r.unclear) > 0:
		f.Unknown(row, "/exposure/public", "/exposure/public_how")
	case gap != "":
		f.Unknown(gap, "/exposure/public", "/exposure/public_how")
	default:
		f.Set("/exposure/public", false).None(k, "/exposure/public_how")
	}
	f.Set("/exposure/shared_with", sortedUnion(r.accounts))
	if gap != "" {
		f.Unknown(gap, "/exposure/shared_with/-")
	}
}

// organizationOf gives the organisation that an ARN names, or one of whose units it names, as aws:o-…; "" of
// other ARNs. The account in such an ARN is the management account's, and is not who is meant.
func organizationOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "organizations" {
		return ""
	}
	_, rest, _ := strings.Cut(parts[5], "/")
	org, _, _ := strings.Cut(rest, "/")
	return "aws:" + cmp.Or(org, parts[5])
}

// setShares says whom a snapshot or image is shared with: account ids, organisations, and "all" for anyone.
func setShares(f *evidence.Fact, k *evidence.Kind, with []string, ok bool, row string) {
	if !ok {
		f.Unknown(row, "/exposure/public", "/exposure/public_how", "/exposure/shared_with")
		return
	}
	shared, public := []string{}, false
	for _, w := range with {
		switch {
		case w == "all":
			public = true
		case len(w) == 12:
			shared = append(shared, "aws:"+w)
		case organizationOf(w) != "":
			shared = append(shared, organizationOf(w))
		default:
			shared = append(shared, w)
		}
	}
	if public {
		f.Set("/exposure/public", true).Set("/exposure/public_how", []string{"shared with all"})
	} else {
		f.Set("/exposure/public", false).None(k, "/exposure/public_how")
	}
	f.Set("/exposure/shared_with", sortedUnion(shared))
}

// placedCopy is a copy whose destination is named by an ARN that says where it lies and whose it is. One that does not say
// whose is placed by the join alone: its region must not make up for its owner.
func placedCopy(how, to string, active bool) map[string]any {
	c := map[string]any{"how": how, "to": to, "active": active, "owner": nil}
	if parts := strings.SplitN(to, ":", 6); len(parts) == 6 && parts[0] == "arn" && parts[4] != "" {
		if c["owner"] = "aws:" + parts[4]; parts[3] != "" {
			c["located"] = []any{parts[3]}
		}
	}
	return c
}

// setKey says whose key encrypts. That a key's name stands in an answer does not say whether the
// customer or AWS manages it: at_rest is left to the join with the key's own fact.
func setKey(f *evidence.Fact, k *evidence.Kind, encrypted bool, key *string) {
	switch {
	case !encrypted:
		f.Set("/encryption/at_rest", "none").None(k, "/encryption/key")
	case aws.ToString(key) == "":
		f.Set("/encryption/at_rest", "provider_key").None(k, "/encryption/key")
	default:
		f.Set("/encryption/key", *key)
	}
}
