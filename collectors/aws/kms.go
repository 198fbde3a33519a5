package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// kmsKeys says of each key where it and its replicas are, where its material comes from, whether
// it rotates, and whom its policy and its grants let in.
type kmsKeys struct{ access *Access }

func (c *kmsKeys) Info() collectors.Info {
	policy := lists("kms:GetKeyPolicy", member("Policy", "string"), kindKeyStatement)
	policy.Parent = "kms:ListKeys"
	return collectors.Info{Name: "aws/kms", Provider: "aws", Runs: collectors.Account, Kinds: []*evidence.Kind{kindKey, kindKeyStatement},
		Operations: []collectors.Operation{
			lists("kms:ListKeys", member("Keys", "array"), kindKey), policy,
			item("kms:ListGrants", "kms:ListKeys", member("Grants", "array")),
			item("kms:DescribeKey", "kms:ListKeys", member("KeyMetadata", "object")),
			item("kms:ListResourceTags", "kms:ListKeys", member("Tags", "array")),
			item("kms:GetKeyRotationStatus", "kms:ListKeys", member("KeyRotationEnabled", "boolean")),
		}}
}

func (c *kmsKeys) Collect(ctx context.Context, s *collectors.Session) error {
	return s.EachRegion(ctx, func(ctx context.Context, region string) error {
		client := kms.NewFromConfig(c.access.config(s, region))
		var marker *string
		for {
			page := ask(ctx, s, region, "kms:ListKeys", client.ListKeys, &kms.ListKeysInput{Marker: marker, Limit: aws.Int32(1000)})
			if !page.OK() {
				return nil
			}
			for _, k := range page.Value.Keys {
				c.key(ctx, s, client, region, aws.ToString(k.KeyArn), aws.ToString(k.KeyId), page.From)
			}
			if marker, _ = nextPage(s, page.Row, page.Value.Truncated, page.Value.NextMarker); marker == nil {
				return nil
			}
		}
	})
}

func (c *kmsKeys) key(ctx context.Context, s *collectors.Session, client *kms.Client, region, arn, id string, from []string) {
	about := ask(ctx, s, region, "kms:DescribeKey", client.DescribeKey, &kms.DescribeKeyInput{KeyId: aws.String(id)})
	policy := ask(ctx, s, region, "kms:GetKeyPolicy", client.GetKeyPolicy, &kms.GetKeyPolicyInput{KeyId: aws.String(id), PolicyName: aws.String("default")})
	f := newFact(kindKey, arn, id, region, from).Because(about.From...).Because(policy.From...)
	c.tags(ctx, s, client, f, id, region)
	text := ""
	if policy.OK() {
		text = aws.ToString(policy.Value.Policy)
	}
	given, gap := c.grants(ctx, s, client, f, id, region)
	setKeyReach(f, text, policy.OK(), policy.Row, given, gap, s.Target().Account)
	if !about.OK() || about.Value.KeyMetadata == nil || aws.ToString(about.Value.KeyMetadata.KeyId) != id { // a description of another key, or of none
		f.Unknown(about.Row, "/key", "/attrs").Set("/located", []string{region}).Unknown(about.Row, "/located/-") // its material may be kept outside
	} else {
		m := about.Value.KeyMetadata
		f.Set("/located", keyPlaces(m, region))
		setKeyMetadata(f, m, about.Row)
		c.rotation(ctx, s, client, f, m, region)
	}
	s.Emit(kindKey, f)
	if !policy.OK() {
		return
	}
	facts, err := statementFacts(kindKeyStatement, text, arn+"#policy", region, arn, "key", []string{arn})
	if err != nil {
		s.Spoil(kindKeyStatement, region, err)
		return
	}
	for _, st := range facts {
		s.Emit(kindKeyStatement, st.Because(policy.From...))
	}
}

// grants lists whom grants let use a key from outside its account; gap is the row that kept the list
// from being whole.
func (c *kmsKeys) grants(ctx context.Context, s *collectors.Session, client *kms.Client, f *evidence.Fact, id, region string) (given []string, gap string) {
	var marker *string
	for {
		page := ask(ctx, s, region, "kms:ListGrants", client.ListGrants, &kms.ListGrantsInput{KeyId: aws.String(id), Marker: marker})
		f.Because(page.From...)
		if !page.OK() {
			return given, page.Row
		}
		for _, g := range page.Value.Grants {
			who, said := grantees(g, s.Target().Account)
			if given = append(given, who...); !said {
				gap = page.Row
			}
		}
		var lost bool
		if marker, lost = nextPage(s, page.Row, page.Value.Truncated, page.Value.NextMarker); lost {
			return given, page.Row
		}
		if marker == nil {
			return given, gap
		}
	}
}

// grantees gives whom a grant lets use the key, where that is somebody outside the account; it is not said where the
// grant names nobody, or a service of the provider and not who gave it the grant, for whom it acts.
func grantees(g types.GrantListEntry, account string) (who []string, said bool) {
	principal, by := aws.ToString(g.GranteePrincipal), accountOf(aws.ToString(g.IssuingAccount))
	service := principal == "" && aws.ToString(g.GranteeServicePrincipal) != "" || !strings.HasPrefix(principal, "arn:") && strings.HasSuffix(principal, ".amazonaws.com")
	switch {
	case service && by == "", principal == "" && !service:
		return nil, false
	case service && by != account:
		return []string{"aws:" + by}, true
	case service, accountOf(principal) == account:
		return nil, true
	}
	return []string{"aws:" + accountOf(principal)}, true
}

// setKeyReach joins whom a key's policy and its grants let in.
func setKeyReach(f *evidence.Fact, text string, seen bool, row string, given []string, gap, account string) {
	r, err := reachIn(text, account)
	if !seen || err != nil {
		gap = row
	}
	setReached(f, kindKey, r.with(reach{accounts: given}), row, gap)
}

// tags asks for a key's labels, to the last page.
func (c *kmsKeys) tags(ctx context.Context, s *collectors.Session, client *kms.Client, f *evidence.Fact, id, region string) {
	tags := map[string]string{}
	var marker *string
	for {
		page := ask(ctx, s, region, "kms:ListResourceTags", client.ListResourceTags, &kms.ListResourceTagsInput{KeyId: aws.String(id), Marker: marker})
		f.Because(page.From...)
		if !page.OK() {
			f.Unknown(page.Row, "/tags")
			return
		}
		for _, t := range page.Value.Tags {
			tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
		}
		var lost bool
		if marker, lost = nextPage(s, page.Row, page.Value.Truncated, page.Value.NextMarker); lost {
			f.Unknown(page.Row, "/tags")
			return
		}
		if marker == nil {
			f.SetTags(tags)
			return
		}
	}
}

// multiRegionID begins the id of each key of several regions, and of no other. See "KeyMetadata" in the KMS
// API reference.
const multiRegionID = "mrk-"

// keyPlaces lists where a key lies: one of an external key store is kept by whoever runs that, where no answer says.
func keyPlaces(m *types.KeyMetadata, region string) []string {
	if m.Origin != types.OriginTypeExternalKeyStore {
		return []string{region}
	}
	return placesIn(region, "external key store "+aws.ToString(m.CustomKeyStoreId))
}

// setKeyMetadata says what DescribeKey answers, whose row is given for what it leaves out.
func setKeyMetadata(f *evidence.Fact, m *types.KeyMetadata, row string) {
	origin := map[types.OriginType]string{types.OriginTypeAwsKms: "provider", types.OriginTypeExternal: "imported",
		types.OriginTypeAwsCloudhsm: "hsm", types.OriginTypeExternalKeyStore: "external"}[m.Origin]
	if origin == "" {
		origin = string(m.Origin)
	}
	state := map[types.KeyState]string{types.KeyStateEnabled: "enabled", types.KeyStateDisabled: "disabled", types.KeyStatePendingDeletion: "pending_deletion",
		types.KeyStatePendingReplicaDeletion: "pending_deletion", types.KeyStatePendingImport: "pending_import", types.KeyStateUnavailable: "unavailable"}[m.KeyState]
	if state == "" {
		state = string(m.KeyState)
	}
	custodian := "AWS"
	if id := aws.ToString(m.CustomKeyStoreId); id != "" {
		custodian = "custom key store " + id
	}
	f.Set("/key/origin", origin).Set("/key/state", state).Set("/key/custodian", custodian)
	if wide := aws.ToBool(m.MultiRegion); wide == strings.HasPrefix(aws.ToString(m.KeyId), multiRegionID) {
		f.Set("/key/multi_region", wide)
	} else { // its id says the opposite
		f.Unknown(row, "/key/multi_region")
	}
	switch {
	case m.DeletionDate != nil:
		f.Set("/key/deletes_at", *m.DeletionDate)
	case state == "pending_deletion": // one that waits for its replicas to be deleted has no date yet
		f.Unknown(row, "/key/deletes_at")
	default:
		f.None(kindKey, "/key/deletes_at")
	}
	if m.KeyManager != "" {
		f.Set("/attrs/manager", string(m.KeyManager))
	} else {
		f.Unknown(row, "/attrs/manager")
	}
	f.Set("/attrs/usage", string(m.KeyUsage)).Set("/attrs/spec", string(m.KeySpec))
	replicas := []string{}
	if c := m.MultiRegionConfiguration; c != nil {
		if c.PrimaryKey != nil {
			replicas = append(replicas, aws.ToString(c.PrimaryKey.Region))
		}
		for _, r := range c.ReplicaKeys {
			replicas = append(replicas, aws.ToString(r.Region))
		}
	}
	f.Set("/attrs/replicas", sortedUnion(replicas))
}

// rotation asks for the rotation of keys that the customer manages and that can rotate; AWS
// rotates its own each year.
func (c *kmsKeys) rotation(ctx context.Context, s *collectors.Session, client *kms.Client, f *evidence.Fact, m *types.KeyMetadata, region string) {
	switch {
	case m.KeyManager == types.KeyManagerTypeAws:
		f.Set("/key/rotation_days", 365)
		return
	case m.KeySpec != types.KeySpecSymmetricDefault || m.Origin != types.OriginTypeAwsKms:
		f.None(kindKey, "/key/rotation_days") // it cannot rotate by itself
		return
	}
	a := ask(ctx, s, region, "kms:GetKeyRotationStatus", client.GetKeyRotationStatus, &kms.GetKeyRotationStatusInput{KeyId: m.KeyId})
	f.Because(a.From...)
	switch {
	case !a.OK():
		f.Unknown(a.Row, "/key/rotation_days")
	case !a.Value.KeyRotationEnabled:
		f.None(kindKey, "/key/rotation_days")
	case a.Value.RotationPeriodInDays == nil:
		f.Set("/key/rotation_days", 365) // the service's own period, where it names none
	default:
		f.Set("/key/rotation_days", int(*a.Value.RotationPeriodInDays))
	}
}
