package aws

import "github.com/trefoil-audit/trefoil/evidence"

func text(name, doc string) evidence.Field {
	return evidence.Field{Name: name, Type: evidence.String, Doc: doc}
}

func texts(name, doc string) evidence.Field {
	return evidence.Field{Name: name, Type: evidence.String, List: true, Doc: doc}
}

func flag(name, doc string) evidence.Field {
	return evidence.Field{Name: name, Type: evidence.Bool, Doc: doc}
}

func number(name, doc string) evidence.Field {
	return evidence.Field{Name: name, Type: evidence.Int, Doc: doc}
}

func instant(name, doc string) evidence.Field {
	return evidence.Field{Name: name, Type: evidence.Time, Doc: doc}
}

const (
	noTags      = "the API that lists it has no labels"
	noPlace     = "it has no location"
	noTransit   = "not reached over a network endpoint of its own"
	noNetwork   = "it has no network setting of its own"
	noRecycle   = "a deletion cannot be undone"
	noLock      = "the service has no write-once lock"
	noVersions  = "the service keeps no versions"
	noDelete    = "the service has no deletion protection"
	noPrincipal = "the policy names no principal: it is attached to one"
)

// Kinds of facts that the AWS collectors emit, declared together because controls are written
// against all of them.
var (
	kindOrganization = &evidence.Kind{Name: "aws.organizations.organization", Schema: 1,
		Doc: "the organisation; id o-…", Facets: []string{"account"},
		NotApplicable: map[string]string{"/tags": noTags},
		Attrs:         []evidence.Field{text("management", "account fact id of the management account")}}
	kindUnit = &evidence.Kind{Name: "aws.organizations.unit", Schema: 1,
		Doc: "a root or organisational unit; id r-… or ou-…", Facets: []string{"account"},
		NotApplicable: map[string]string{"/tags": noTags, "/account/state": "units have no state", "/account/features": "said by the organisation"}}
	kindAccount = &evidence.Kind{Name: "aws.organizations.account", Schema: 1,
		Doc: "a member account; id aws:<12 digits>", Facets: []string{"account"},
		NotApplicable: map[string]string{"/tags": noTags, "/account/features": "said by the organisation"},
		Attrs:         []evidence.Field{flag("management", "it is the management account"), instant("joined", "joined the organisation")}}
	kindSCP = &evidence.Kind{Name: "aws.organizations.scp_statement", Schema: 1,
		Doc: "one statement of a service control policy; id <policy arn>#<n>", Facets: []string{"binding", "guardrail"},
		NotApplicable: map[string]string{"/tags": noTags, "/binding/principals": noPrincipal}}
	kindRegion = &evidence.Kind{Name: "aws.account.region", Schema: 1,
		Doc: "a region as the account sees it; id <account>/<region>", Facets: []string{"located"},
		NotApplicable: map[string]string{"/tags": noTags},
		Attrs:         []evidence.Field{text("opt_in", "opted-in, not-opted-in, opt-in-not-required")}}
	kindCaller = &evidence.Kind{Name: "aws.sts.caller", Schema: 1,
		Doc: "who the collector was in this account; id <arn of the caller>", NotApplicable: map[string]string{"/tags": noTags},
		Attrs: []evidence.Field{text("account", "12 digits"), text("role", "arn of the role assumed; none for a user")}}

	kindUser = &evidence.Kind{Name: "aws.iam.user", Schema: 1,
		Doc: "an IAM user; id its ARN; the root user is <account>:root", Facets: []string{"principal"},
		NotApplicable: map[string]string{"/principal/trusted_by": "users are not assumed"},
		Attrs:         []evidence.Field{flag("console", "has a console password"), texts("groups", "group names"), texts("policies", "names of attached and inline policies")}}
	kindRole = &evidence.Kind{Name: "aws.iam.role", Schema: 1,
		Doc: "an IAM role; id its ARN", Facets: []string{"principal"},
		NotApplicable: map[string]string{"/principal/mfa": "roles have no second factor", "/principal/credentials": "roles have short-lived credentials only"},
		Attrs:         []evidence.Field{instant("last_used", "none = never in the tracked period"), texts("policies", "names of attached and inline policies"), text("boundary", "arn of the permissions boundary")}}
	kindGroup = &evidence.Kind{Name: "aws.iam.group", Schema: 1,
		Doc: "an IAM group; id its ARN", Facets: []string{"principal"},
		NotApplicable: map[string]string{"/tags": noTags, "/principal/mfa": "groups do not sign in", "/principal/credentials": "groups do not sign in",
			"/principal/trusted_by": "groups are not assumed", "/principal/idp": "IAM groups are local"},
		Attrs: []evidence.Field{texts("policies", "names of attached and inline policies")}}
	kindStatement = &evidence.Kind{Name: "aws.iam.statement", Schema: 1,
		Doc: "one statement of an identity or trust policy; id <arn>#<policy>#<n>", Facets: []string{"binding"},
		NotApplicable: map[string]string{"/tags": noTags}}
	kindProvider = &evidence.Kind{Name: "aws.iam.identity_provider", Schema: 1,
		Doc: "a SAML or OIDC provider; id its ARN", NotApplicable: map[string]string{"/tags": noTags},
		Attrs: []evidence.Field{text("type", "saml or oidc"), text("url", "issuer; none for saml"), texts("audiences", "client ids; none for saml"), instant("valid_until", "of SAML metadata; none for oidc")}}
	kindSummary = &evidence.Kind{Name: "aws.iam.summary", Schema: 2,
		Doc: "account-wide IAM figures; id <account>/iam-summary", NotApplicable: map[string]string{"/tags": noTags},
		Attrs: []evidence.Field{flag("root_mfa", "root has a second factor"), flag("root_password", "root has a password"), flag("root_keys", "root has access keys"), number("users", "users"), number("roles", "roles")}}

	kindBucket = &evidence.Kind{Name: "aws.s3.bucket", Schema: 1,
		Doc: "an S3 bucket; id arn:<partition>:s3:::name", Facets: []string{"store", "located", "copies", "encryption", "exposure", "protection"},
		NotApplicable: map[string]string{"/exposure/network": noNetwork, "/protection/recoverable_days": noRecycle, "/protection/delete_protected": noDelete},
		Attrs: []evidence.Field{flag("tls_only", "the policy denies plain text to everyone"),
			flag("block_public", "all four bucket-level public access blocks are on"),
			flag("account_block_public", "all four account-level public access blocks are on"),
			text("logging_to", "bucket that server access logs go to")}}
	kindBucketStatement = &evidence.Kind{Name: "aws.s3.statement", Schema: 1,
		Doc: "one statement of a bucket policy; id <bucket arn>#policy#<n>", Facets: []string{"binding"},
		NotApplicable: map[string]string{"/tags": noTags}}
	kindAccessPoint = &evidence.Kind{Name: "aws.s3.access_point", Schema: 1,
		Doc: "a further way into an S3 bucket, with a policy of its own; id its ARN", Facets: []string{"located", "exposure"},
		NotApplicable: map[string]string{"/tags": noTags},
		Attrs:         []evidence.Field{text("bucket", "ARN of the bucket"), text("bucket_owner", "account fact id of the bucket's owner")}}
	kindMultiRegionPoint = &evidence.Kind{Name: "aws.s3.multi_region_access_point", Schema: 1,
		Doc: "one address for buckets in several regions: what is written to it may land in any of them; id <account>/mrap/<name>", Facets: []string{"located", "exposure"},
		NotApplicable: map[string]string{"/tags": noTags, "/exposure/network": noNetwork},
		Attrs:         []evidence.Field{text("status", "READY, …"), texts("buckets", "ARNs of its buckets"), texts("owners", "account fact ids of their owners")}}
	kindKey = &evidence.Kind{Name: "aws.kms.key", Schema: 1,
		Doc: "a KMS key; id its ARN", Facets: []string{"key", "located", "exposure"},
		NotApplicable: map[string]string{"/exposure/network": noNetwork},
		Attrs: []evidence.Field{{Name: "manager", Type: evidence.String, Enum: []string{"AWS", "CUSTOMER"}, Doc: "who manages it"}, text("usage", "ENCRYPT_DECRYPT, …"), text("spec", "SYMMETRIC_DEFAULT, …"),
			{Name: "replicas", Type: evidence.Place, List: true, Doc: "regions of a multi-region key's other copies"}}}
	kindKeyStatement = &evidence.Kind{Name: "aws.kms.statement", Schema: 1,
		Doc: "one statement of a key policy; id <key arn>#policy#<n>", Facets: []string{"binding"},
		NotApplicable: map[string]string{"/tags": noTags}}

	kindVolume = &evidence.Kind{Name: "aws.ec2.volume", Schema: 1,
		Doc: "an EBS volume; id its ARN", Facets: []string{"store", "located", "encryption", "origin"},
		NotApplicable: map[string]string{"/encryption/in_transit": noTransit},
		Attrs:         []evidence.Field{text("state", "in-use, available, …"), texts("instances", "instances it is attached to")}}
	kindSnapshot = &evidence.Kind{Name: "aws.ec2.snapshot", Schema: 1,
		Doc: "an EBS snapshot owned by the account; id its ARN", Facets: []string{"store", "located", "encryption", "origin", "exposure"},
		NotApplicable: map[string]string{"/encryption/in_transit": noTransit, "/exposure/network": noNetwork},
		Attrs:         []evidence.Field{text("owner", "account fact id of the owner"), instant("started", "when it was taken")}}
	kindImage = &evidence.Kind{Name: "aws.ec2.image", Schema: 1,
		Doc: "a machine image owned by the account; id its ARN", Facets: []string{"store", "located", "exposure", "origin"},
		NotApplicable: map[string]string{"/exposure/network": noNetwork},
		Attrs:         []evidence.Field{text("owner", "account fact id of the owner"), texts("snapshots", "ARNs of its snapshots")}}

	kindDB = &evidence.Kind{Name: "aws.rds.instance", Schema: 1,
		Doc: "an RDS instance; id its ARN", Facets: []string{"store", "located", "copies", "encryption", "exposure", "protection", "origin"},
		NotApplicable: map[string]string{"/protection/versioned": noVersions, "/protection/lock": noLock, "/exposure/shared_with": "instances are not shared"},
		Attrs:         []evidence.Field{text("cluster", "ARN of its cluster"), number("backup_days", "retention of automated backups; 0 = off")}}
	kindDBCluster = &evidence.Kind{Name: "aws.rds.cluster", Schema: 1,
		Doc: "an RDS or Aurora cluster; id its ARN", Facets: []string{"store", "located", "copies", "encryption", "exposure", "protection", "origin"},
		NotApplicable: map[string]string{"/protection/versioned": noVersions, "/protection/lock": noLock, "/exposure/shared_with": "clusters are not shared"},
		Attrs:         []evidence.Field{number("backup_days", "retention of automated backups; 0 = off")}}
	kindDBSnapshot = &evidence.Kind{Name: "aws.rds.snapshot", Schema: 1,
		Doc: "a snapshot of an instance or cluster; id its ARN", Facets: []string{"store", "located", "encryption", "origin", "exposure"},
		NotApplicable: map[string]string{"/encryption/in_transit": noTransit, "/exposure/network": noNetwork},
		Attrs:         []evidence.Field{text("type", "manual, automated, …"), text("owner", "account fact id of the owner"), instant("taken", "when")}}

	kindDBBackup = &evidence.Kind{Name: "aws.rds.automated_backup", Schema: 1,
		Doc: "automated backups of an instance or cluster, kept after it or carried to another region too; id its ARN", Facets: []string{"store", "located", "encryption", "origin"},
		NotApplicable: map[string]string{"/encryption/in_transit": noTransit},
		Attrs:         []evidence.Field{text("status", "active, retained, …"), number("days", "days that they are kept")}}
	kindDBExport = &evidence.Kind{Name: "aws.rds.export", Schema: 1,
		Doc: "an export of a snapshot or cluster to a bucket; id <account>/<region>/rds-export/<name>", Facets: []string{"copies", "origin"},
		NotApplicable: map[string]string{"/tags": noTags},
		Attrs:         []evidence.Field{text("status", "COMPLETE, FAILED, …"), text("key", "KMS key that it was encrypted by")}}

	kindTable = &evidence.Kind{Name: "aws.dynamodb.table", Schema: 1,
		Doc: "a DynamoDB table (each replica region has its own); id its ARN", Facets: []string{"store", "located", "copies", "encryption", "exposure", "protection"},
		NotApplicable: map[string]string{"/protection/versioned": noVersions, "/protection/lock": noLock, "/exposure/network": noNetwork},
		Attrs:         []evidence.Field{text("status", "ACTIVE, …")}}
	kindTableBackup = &evidence.Kind{Name: "aws.dynamodb.backup", Schema: 1,
		Doc: "an on-demand backup; id its ARN", Facets: []string{"store", "located", "encryption", "origin", "exposure"},
		NotApplicable: map[string]string{"/tags": noTags, "/exposure/network": noNetwork, "/encryption/in_transit": noTransit},
		Attrs:         []evidence.Field{text("owner", "account fact id of the owner"), instant("taken", "when")}}
	kindTableExport = &evidence.Kind{Name: "aws.dynamodb.export", Schema: 1,
		Doc: "an export of a table to a bucket, of the last 90 days; id its ARN", Facets: []string{"copies", "origin"},
		NotApplicable: map[string]string{"/tags": noTags},
		Attrs:         []evidence.Field{text("status", "COMPLETED, FAILED, …"), text("key", "KMS key that it was encrypted by")}}

	kindTrail = &evidence.Kind{Name: "aws.cloudtrail.trail", Schema: 1,
		Doc: "a trail, said once, by its home region and owner account; id its ARN", Facets: []string{"log", "located"},
		NotApplicable: map[string]string{"/tags": noTags, "/log/alarms": "alarms are another service's"},
		Attrs: []evidence.Field{flag("organization", "covers the organisation"), flag("multi_region", "covers all regions"),
			flag("global_events", "global service events"), text("home_region", "region"), text("delivery_error", "last error; none when it delivers"),
			instant("last_delivery", "none = never")}}
	kindLogGroup = &evidence.Kind{Name: "aws.logs.group", Schema: 1,
		Doc: "a CloudWatch log group; id its ARN", Facets: []string{"store", "located", "copies", "encryption"},
		NotApplicable: map[string]string{"/tags": noTags},
		Attrs:         []evidence.Field{number("retention_days", "none = never expires")}}
	kindLogDestination = &evidence.Kind{Name: "aws.logs.destination", Schema: 1,
		Doc: "where other accounts may send their log entries, and what it hands them to; id its ARN", Facets: []string{"located", "copies", "exposure"},
		NotApplicable: map[string]string{"/tags": noTags, "/exposure/network": noNetwork}}
	kindLogPolicy = &evidence.Kind{Name: "aws.logs.resource_policy", Schema: 1,
		Doc: "a policy on the log groups of one region; id <account>/<region>/logs-policy/<name>", Facets: []string{"exposure"},
		NotApplicable: map[string]string{"/tags": noTags, "/exposure/network": noNetwork}}
)

// Kinds lists the kinds of facts that the AWS collectors emit, by name.
func Kinds() []*evidence.Kind {
	return []*evidence.Kind{
		kindRegion, kindTrail, kindTableBackup, kindTableExport, kindTable, kindImage, kindSnapshot, kindVolume,
		kindGroup, kindProvider, kindRole, kindStatement, kindSummary, kindUser, kindKey, kindKeyStatement,
		kindLogDestination, kindLogGroup, kindLogPolicy, kindAccount, kindOrganization, kindSCP, kindUnit,
		kindDBBackup, kindDBCluster, kindDBExport, kindDB, kindDBSnapshot,
		kindAccessPoint, kindBucket, kindMultiRegionPoint, kindBucketStatement, kindCaller,
	}
}
