package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// bucketAnswers is everything that was asked about one bucket.
type bucketAnswers struct {
	name, partition string
	listed          types.Bucket
	from            []string
	account         collectors.Answer[*s3control.GetPublicAccessBlockOutput]
	location        collectors.Answer[*s3.GetBucketLocationOutput]
	encryption      collectors.Answer[*s3.GetBucketEncryptionOutput]
	policy          collectors.Answer[*s3.GetBucketPolicyOutput]
	acl             collectors.Answer[*s3.GetBucketAclOutput]
	block           collectors.Answer[*s3.GetPublicAccessBlockOutput]
	versioning      collectors.Answer[*s3.GetBucketVersioningOutput]
	replication     collectors.Answer[*s3.GetBucketReplicationOutput]
	lock            collectors.Answer[*s3.GetObjectLockConfigurationOutput]
	logging         collectors.Answer[*s3.GetBucketLoggingOutput]
	tags            collectors.Answer[*s3.GetBucketTaggingOutput]
}

func (a *bucketAnswers) arn() string { return "arn:" + a.partition + ":s3:::" + a.name }

// region is the bucket's region. GetBucketLocation answers nothing for us-east-1 and the old
// name EU for eu-west-1.
func (a *bucketAnswers) region() (string, bool) {
	if !a.location.OK() {
		return "", false
	}
	switch c := string(a.location.Value.LocationConstraint); c {
	case "":
		return "us-east-1", true
	case "EU":
		return "eu-west-1", true
	default:
		return c, true
	}
}

// emit makes the bucket's fact and one for each statement of its policy.
func (a *bucketAnswers) emit(s *collectors.Session) {
	account := s.Target().Account
	s.Emit(kindBucket, a.fact(account))
	if !a.policy.OK() {
		return
	}
	region, ok := a.region()
	if !ok {
		region = collectors.Global
	}
	facts, err := statementFacts(kindBucketStatement, aws.ToString(a.policy.Value.Policy), a.arn()+"#policy", region, a.arn(), "resource", []string{a.arn()})
	if err != nil {
		s.Spoil(kindBucketStatement, region, err)
		return
	}
	for _, f := range facts {
		s.Emit(kindBucketStatement, f.Because(a.policy.From...))
	}
}

func (a *bucketAnswers) fact(account string) *evidence.Fact {
	f := evidence.NewFact(kindBucket, a.arn(), a.name).Because(a.from...)
	f.Set("/store/class", "object").Set("/store/engine", "s3")
	f.Because(a.location.From...)
	if region, ok := a.region(); ok {
		f.Region = region
		f.Set("/located", []string{region})
	} else {
		f.Region = collectors.Global
		f.Unknown(a.location.Row, "/located")
	}
	a.setCopies(f)
	a.setEncryption(f, account)
	a.setExposure(f, account)
	a.setProtection(f)
	a.setRest(f)
	return f
}

func (a *bucketAnswers) setCopies(f *evidence.Fact) {
	f.Because(a.replication.From...)
	switch {
	case a.replication.Empty():
		f.None(kindBucket, "/copies")
	case !a.replication.OK():
		f.Unknown(a.replication.Row, "/copies")
	default:
		copies, lost := []map[string]any{}, false
		for _, r := range a.replication.Value.ReplicationConfiguration.Rules {
			if r.Destination == nil {
				lost = true
				continue
			}
			c := map[string]any{"how": "replica", "to": aws.ToString(r.Destination.Bucket), "active": r.Status == types.ReplicationRuleStatusEnabled, "owner": nil}
			if r.Destination.Account != nil {
				c["owner"] = "aws:" + *r.Destination.Account
			}
			copies = append(copies, c)
		}
		f.Set("/copies", copies)
		if lost {
			f.Unknown(a.replication.Row, "/copies/-")
		}
	}
}

func (a *bucketAnswers) setEncryption(f *evidence.Fact, account string) {
	f.Because(a.encryption.From...)
	switch {
	case a.encryption.Empty():
		f.Set("/encryption/at_rest", "none").None(kindBucket, "/encryption/key")
	case !a.encryption.OK() || a.encryption.Value.ServerSideEncryptionConfiguration == nil:
		f.Unknown(a.encryption.Row, "/encryption/at_rest", "/encryption/key")
	default:
		whose, key := atRest(a.encryption.Value.ServerSideEncryptionConfiguration.Rules, a.partition, f.Region, account)
		if whose != "" {
			f.Set("/encryption/at_rest", whose)
		}
		if key == "" {
			f.None(kindBucket, "/encryption/key")
		} else {
			f.Set("/encryption/key", key)
		}
	}
	f.Because(a.policy.From...)
	switch doc, err := a.parsedPolicy(); {
	case err != nil || !a.policy.OK() && !a.policy.Empty():
		f.Unknown(a.policy.Row, "/encryption/in_transit", "/attrs/tls_only")
	case refusesPlainText(doc, a.arn()):
		f.Set("/encryption/in_transit", "enforced").Set("/attrs/tls_only", true)
	default:
		f.Set("/encryption/in_transit", "optional").Set("/attrs/tls_only", false)
	}
}

func (a *bucketAnswers) parsedPolicy() (policyDocument, error) {
	if !a.policy.OK() {
		return policyDocument{}, nil
	}
	return parsePolicy(aws.ToString(a.policy.Value.Policy))
}

// atRest says whose key encrypts, and which; a rule without a key is the provider's. Of a key
// that is named it does not say who manages it: that is the join's.
func atRest(rules []types.ServerSideEncryptionRule, partition, region, account string) (whose, key string) {
	for _, r := range rules {
		d := r.ApplyServerSideEncryptionByDefault
		if d == nil {
			continue
		}
		id := aws.ToString(d.KMSMasterKeyID)
		if d.SSEAlgorithm == types.ServerSideEncryptionAes256 || id == "" || strings.Contains(id, "alias/aws/") {
			return "provider_key", ""
		}
		return "", keyARN(id, partition, region, account)
	}
	return "none", ""
}

// keyARN completes a bare key id or alias to an ARN.
func keyARN(id, partition, region, account string) string {
	switch {
	case strings.HasPrefix(id, "arn:"):
		return id
	case strings.HasPrefix(id, "alias/"):
		return "arn:" + partition + ":kms:" + region + ":" + account + ":" + id
	}
	return "arn:" + partition + ":kms:" + region + ":" + account + ":key/" + id
}

// refusesPlainText reports whether a statement denies every S3 action on the bucket's objects
// to everyone when the request is not over TLS, under no further condition.
func refusesPlainText(doc policyDocument, arn string) bool {
	for _, st := range doc.Statement {
		who, err := principals(st.Principal)
		if st.Effect != "Deny" || err != nil || !slices.Contains(who, "*") || len(st.Condition) != 1 {
			continue
		}
		secure := st.Condition["Bool"]
		if len(secure) != 1 || !all(st.Action, []string{"s3:*", "*"}) || !covers(st.Resource, arn) {
			continue
		}
		for key, values := range secure {
			if strings.EqualFold(key, "aws:SecureTransport") && len(values) == 1 && strings.EqualFold(string(values[0]), "false") {
				return true
			}
		}
	}
	return false
}

// all reports whether any of the patterns stands among the actions.
func all(actions, patterns []string) bool {
	return slices.ContainsFunc(actions, func(a string) bool { return slices.Contains(patterns, a) })
}

// covers reports whether resources cover the bucket and all of its objects.
func covers(resources []string, arn string) bool {
	objects := slices.Contains(resources, arn+"/*") && slices.Contains(resources, arn)
	return objects || slices.Contains(resources, "*") || slices.Contains(resources, arn+"*")
}

func (a *bucketAnswers) setProtection(f *evidence.Fact) {
	f.Because(a.versioning.From...)
	f.Because(a.lock.From...)
	if a.versioning.OK() {
		f.Set("/protection/versioned", a.versioning.Value.Status == types.BucketVersioningStatusEnabled)
	} else {
		f.Unknown(a.versioning.Row, "/protection/versioned")
	}
	switch {
	case a.lock.Empty():
		f.None(kindBucket, "/protection/lock")
	case !a.lock.OK():
		f.Unknown(a.lock.Row, "/protection/lock")
	default:
		c := a.lock.Value.ObjectLockConfiguration
		if c == nil || c.Rule == nil || c.Rule.DefaultRetention == nil {
			f.None(kindBucket, "/protection/lock")
			return
		}
		days := aws.ToInt32(c.Rule.DefaultRetention.Days) + 365*aws.ToInt32(c.Rule.DefaultRetention.Years)
		f.Set("/protection/lock", map[string]any{"mode": strings.ToLower(string(c.Rule.DefaultRetention.Mode)), "days": int(days), "until": nil})
	}
}

func (a *bucketAnswers) setRest(f *evidence.Fact) {
	f.Because(a.logging.From...)
	f.Because(a.tags.From...)
	switch {
	case !a.logging.OK():
		f.Unknown(a.logging.Row, "/attrs/logging_to")
	case a.logging.Value.LoggingEnabled == nil:
		f.None(kindBucket, "/attrs/logging_to")
	default:
		f.Set("/attrs/logging_to", aws.ToString(a.logging.Value.LoggingEnabled.TargetBucket))
	}
	switch {
	case a.tags.Empty():
		f.SetTags(nil)
	case !a.tags.OK():
		f.Unknown(a.tags.Row, "/tags")
	default:
		tags := map[string]string{}
		for _, t := range a.tags.Value.TagSet {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		f.SetTags(tags)
	}
}
