package gcp

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
	noTags     = "the API that lists it has no labels"
	noTransit  = "not reached over a network endpoint of its own"
	noNetwork  = "its network settings are the service's, not its own"
	noRecycle  = "a deletion cannot be undone by a setting of its own"
	noLock     = "the service has no write-once lock"
	noVersions = "the service keeps no versions"
	noDelete   = "the service has no deletion protection"
	noFeatures = "it has no switches of its own"
	noShare    = "it is not shared; who may reach it is the project's policy"
)

// Kinds of facts that the Google collectors emit, declared together because controls are
// written against all of them.
var (
	kindOrganization = &evidence.Kind{Name: "gcp.resourcemanager.organization", Schema: 1,
		Doc: "the organisation; id gcp:organizations/<number>", Facets: []string{"account"},
		NotApplicable: map[string]string{"/tags": noTags, "/account/features": noFeatures},
		Attrs:         []evidence.Field{text("customer", "directory customer id, such as C0123abc")}}
	kindFolder = &evidence.Kind{Name: "gcp.resourcemanager.folder", Schema: 1,
		Doc: "a folder; id gcp:folders/<number>", Facets: []string{"account"},
		NotApplicable: map[string]string{"/tags": noTags, "/account/features": noFeatures}}
	kindProject = &evidence.Kind{Name: "gcp.resourcemanager.project", Schema: 1,
		Doc: "a project; id gcp:<project id>", Facets: []string{"account"},
		NotApplicable: map[string]string{"/account/features": noFeatures},
		Attrs:         []evidence.Field{text("number", "project number"), text("project_id", "project id")}}

	kindCaller = &evidence.Kind{Name: "gcp.oauth2.caller", Schema: 1,
		Doc: "the identity that collected in one project; id gcp:caller/<project id>", NotApplicable: map[string]string{"/tags": noTags},
		Attrs: []evidence.Field{text("member", "as policies name it: serviceAccount:<email>, user:<email>"), text("account", "number of the Google account")}}
	kindBinding = &evidence.Kind{Name: "gcp.iam.binding", Schema: 1,
		Doc:    "one role binding of one allow policy; id <resource>#<role>, with #<digest of the condition> where it has one",
		Facets: []string{"binding"}, NotApplicable: map[string]string{"/tags": noTags},
		Attrs: []evidence.Field{text("role", "role as written"), text("resource", "id of what the policy is attached to"),
			texts("outside", "members that belong to no project and are not the project's own, as written; members of identity pools always")}}
	kindAudit = &evidence.Kind{Name: "gcp.iam.audit_config", Schema: 1,
		Doc: "which accesses to data one policy has logged for one service; id <resource>#audit#<service>", Facets: []string{"log"},
		NotApplicable: map[string]string{"/tags": noTags, "/log/alarms": "alarms are another service's", "/log/to": "sinks say where it goes",
			"/log/validated": "the provider signs no log files"},
		Attrs: []evidence.Field{text("service", "allServices or one service"), flag("admin_read", "reads of metadata are logged"), texts("exempt", "members whose access is not logged, as written")}}
	kindRole = &evidence.Kind{Name: "gcp.iam.role", Schema: 1,
		Doc: "a custom role; id //iam.googleapis.com/<parent>/roles/<name>", NotApplicable: map[string]string{"/tags": noTags},
		Attrs: []evidence.Field{texts("permissions", "permissions it grants"), text("stage", "GA, DISABLED, …; none where not said"), flag("deleted", "deleted, may be undone")}}
	kindServiceAccount = &evidence.Kind{Name: "gcp.iam.service_account", Schema: 1,
		Doc: "a service account; id //iam.googleapis.com/projects/<id>/serviceAccounts/<unique id>", Facets: []string{"principal"},
		NotApplicable: map[string]string{"/tags": noTags, "/principal/mfa": "service accounts have no second factor"},
		Attrs:         []evidence.Field{text("member", "serviceAccount:<email>, as policies name it"), flag("disabled", "switched off")}}
	kindPool = &evidence.Kind{Name: "gcp.iam.identity_pool", Schema: 1,
		Doc:           "a workload or workforce identity pool; id //iam.googleapis.com/<resource name, with the project's id>",
		NotApplicable: map[string]string{"/tags": noTags},
		Attrs: []evidence.Field{text("member", "what the names of its members begin with in policies, after principal: or principalSet:"), flag("usable", "neither deleted nor switched off"),
			text("mode", "FEDERATION_ONLY, TRUST_DOMAIN, …; none where not said, which is the first"), texts("providers", "ids of its providers")}}
	kindProvider = &evidence.Kind{Name: "gcp.iam.identity_provider", Schema: 1,
		Doc: "an issuer whose tokens a pool takes; id <pool>/providers/<name>", NotApplicable: map[string]string{"/tags": noTags},
		Attrs: []evidence.Field{text("type", "oidc, saml, aws, x509"), text("url", "issuer: a URI, the entity id of SAML, or aws:<account>"), texts("audiences", "that its tokens may name; empty: the provider's own name"),
			text("pool", "id of its pool"), flag("usable", "neither it nor its pool is deleted or switched off"), text("condition", "attribute condition as written; none: any token of the issuer"),
			texts("mapping", "attributes that members are named by, as <attribute>=<expression>")}}

	kindBucket = &evidence.Kind{Name: "gcp.storage.bucket", Schema: 1,
		Doc: "a Cloud Storage bucket; id //storage.googleapis.com/<name>", Facets: []string{"store", "located", "copies", "encryption", "exposure", "protection"},
		NotApplicable: map[string]string{"/exposure/network": noNetwork, "/protection/delete_protected": noDelete,
			"/encryption/in_transit": "TLS is a matter of the policy storage.secureHttpTransport, a gcp.orgpolicy.policy"},
		Attrs: []evidence.Field{text("location", "as written"), text("location_type", "region, dual-region, multi-region"), text("storage_class", "as written"),
			text("rpo", "DEFAULT, ASYNC_TURBO; none where not said"), flag("uniform_access", "access by IAM alone, object ACLs have no effect"),
			text("public_access_prevention", "enforced, inherited"), flag("retention_locked", "the retention policy can no longer be shortened"),
			flag("object_retention", "objects may have retention of their own"), flag("ip_filter", "an IP filter is on"),
			text("logging_to", "bucket that usage logs go to")}}
	kindDeletedBucket = &evidence.Kind{Name: "gcp.storage.soft_deleted_bucket", Schema: 1,
		Doc:           "a Cloud Storage bucket that was deleted, whose data stays until it can no longer be restored; id //storage.googleapis.com/<name>#<generation>",
		Facets:        []string{"store", "located", "encryption", "origin"},
		NotApplicable: map[string]string{"/encryption/in_transit": noTransit},
		Attrs:         []evidence.Field{instant("deleted", "when it was deleted"), instant("gone", "when it can no longer be restored; none where not said")}}
	kindKey = &evidence.Kind{Name: "gcp.kms.key", Schema: 1,
		Doc: "a Cloud KMS key; id //cloudkms.googleapis.com/<resource name>", Facets: []string{"key", "located", "exposure"},
		NotApplicable: map[string]string{"/exposure/network": noNetwork},
		Attrs: []evidence.Field{text("purpose", "ENCRYPT_DECRYPT, …"), text("protection_level", "SOFTWARE, HSM, EXTERNAL, EXTERNAL_VPC, …"), text("algorithm", "of new versions"),
			text("backend", "EKM connection of new versions; none for keys of Google"), flag("import_only", "versions can only be imported"), instant("next_rotation", "none = not planned"),
			number("destroy_days", "days between an order to destroy and the destruction"),
			texts("external_hosts", "hosts of external key managers that versions or connections name"),
			texts("access_reasons", "justifications for which the key may be used; none = any reason"), flag("reasons_limited", "a policy limits the reasons"),
			texts("version_states", "states of its versions, sorted, each once")}}
	kindDataset = &evidence.Kind{Name: "gcp.bigquery.dataset", Schema: 1,
		Doc:    "a BigQuery dataset; id //bigquery.googleapis.com/projects/<id>/datasets/<name>. Copies are always unknown: replicas are seen only by a query job",
		Facets: []string{"store", "located", "copies", "encryption", "exposure", "protection", "origin"},
		NotApplicable: map[string]string{"/exposure/network": noNetwork, "/protection/delete_protected": noDelete, "/protection/lock": noLock,
			"/protection/versioned": noVersions, "/encryption/in_transit": "the service takes TLS alone"},
		Attrs: []evidence.Field{text("type", "DEFAULT, LINKED, EXTERNAL, …"), texts("access", "entries of the access list as role: whom")}}
	kindSQL = &evidence.Kind{Name: "gcp.sql.instance", Schema: 1,
		Doc: "a Cloud SQL instance; id //cloudsql.googleapis.com/projects/<id>/instances/<name>", Facets: []string{"store", "located", "copies", "encryption", "exposure", "protection", "origin"},
		NotApplicable: map[string]string{"/protection/versioned": noVersions, "/protection/lock": noLock, "/exposure/shared_with": noShare},
		Attrs: []evidence.Field{text("type", "CLOUD_SQL_INSTANCE, READ_REPLICA_INSTANCE, …"), text("state", "RUNNABLE, …"), texts("networks", "public networks that may connect"),
			flag("public_ip", "has a public address"), text("ssl_mode", "as written; none where not said"), text("availability", "ZONAL, REGIONAL"), number("backup_count", "automated backups kept; 0 = off")}}
	kindSQLBackup = &evidence.Kind{Name: "gcp.sql.backup", Schema: 1,
		Doc: "a backup of a Cloud SQL instance; id <instance>/backupRuns/<id>, or //cloudsql.googleapis.com/projects/<id>/backups/<name> where no list of an instance's has it", Facets: []string{"store", "located", "encryption", "origin"},
		NotApplicable: map[string]string{"/tags": noTags, "/encryption/in_transit": noTransit},
		Attrs:         []evidence.Field{text("type", "AUTOMATED, ON_DEMAND, FINAL"), text("status", "SUCCESSFUL, …"), instant("taken", "when it ended; none where it has not")}}

	kindSink = &evidence.Kind{Name: "gcp.logging.sink", Schema: 1,
		Doc: "a log sink; id //logging.googleapis.com/<parent>/sinks/<name>", Facets: []string{"log", "flow"},
		NotApplicable: map[string]string{"/tags": noTags, "/log/alarms": "alarms are another service's", "/log/validated": "the provider signs no log files", "/flow/through": "it goes through no link"},
		Attrs: []evidence.Field{text("filter", "as written; none = everything"), texts("exclusions", "filters of what is left out, as written, of those that are on"),
			flag("include_children", "takes the logs of what lies below"),
			flag("intercept_children", "what it takes does not reach the sinks below it, _Required apart"), text("writer", "identity that writes")}}
	kindLogBucket = &evidence.Kind{Name: "gcp.logging.bucket", Schema: 1,
		Doc: "a log bucket; id //logging.googleapis.com/projects/<id>/locations/<place>/buckets/<name>", Facets: []string{"store", "located", "encryption", "protection"},
		NotApplicable: map[string]string{"/tags": noTags, "/encryption/in_transit": noTransit, "/protection/versioned": noVersions, "/protection/recoverable_days": noRecycle},
		Attrs:         []evidence.Field{number("retention_days", "days that entries are kept"), text("state", "ACTIVE, …")}}
	kindPolicy = &evidence.Kind{Name: "gcp.orgpolicy.policy", Schema: 1,
		Doc: "what one constraint comes to for one project, after inheritance; id <project>#<constraint>", Facets: []string{"guardrail"},
		NotApplicable: map[string]string{"/tags": noTags},
		Attrs: []evidence.Field{text("constraint", "such as gcp.resourceLocations"), flag("enforced", "a rule without condition enforces it; false for list constraints"),
			texts("allowed", "values as written"), texts("denied", "values as written"), flag("conditional", "a rule depends on tags")}}
	kindAsset = &evidence.Kind{Name: "gcp.asset.resource", Schema: 1,
		Doc: "a thing of a project as Cloud Asset Inventory, the second source, lists it; id asset:<id in the native list>", NotApplicable: map[string]string{"/tags": noTags},
		Attrs: secondSource(nativeKinds(assetTypes))}
	kindTopAsset = &evidence.Kind{Name: "gcp.asset.node", Schema: 1,
		Doc: "the same of an organisation, its folders and projects", NotApplicable: map[string]string{"/tags": noTags},
		Attrs: secondSource(nativeKinds(topAssetTypes))}
)

// secondSource are the fields of a thing that a second source lists; kinds are those that both
// sources list.
func secondSource(kinds []string) []evidence.Field {
	kind := text("native_kind", "kind of that fact")
	kind.Enum = kinds
	return []evidence.Field{text("native", "id of the fact that the native list gives"), kind, text("type", "asset type"), instant("read", "instant of the inventory's snapshot")}
}

// Kinds lists the kinds of facts that the Google collectors emit, by name.
func Kinds() []*evidence.Kind {
	return []*evidence.Kind{
		kindTopAsset, kindAsset, kindDataset, kindAudit, kindBinding, kindPool, kindProvider, kindRole, kindServiceAccount, kindKey, kindLogBucket, kindSink, kindCaller, kindPolicy,
		kindFolder, kindOrganization, kindProject, kindSQLBackup, kindSQL, kindBucket, kindDeletedBucket,
	}
}
