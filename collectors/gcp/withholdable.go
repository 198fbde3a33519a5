package gcp

// Withholdable lists, by operation, the fields of its answers that an engagement may keep out of the
// evidence: what collectors read to repeat it in a fact, or not at all. Of a policy's members, people and
// groups: allUsers, domains and service accounts are what exposure is judged by.
func Withholdable() map[string][]string {
	of := map[string][]string{
		"cloudresourcemanager:organizations.get":                      {"/displayName"},
		"cloudresourcemanager:folders.list":                           {"/folders/*/displayName"},
		"cloudresourcemanager:projects.get":                           {"/displayName", "/labels/*"},
		"cloudresourcemanager:projects.list":                          {"/projects/*/displayName", "/projects/*/labels/*"},
		"cloudresourcemanager:projects.search":                        {"/projects/*/displayName", "/projects/*/labels/*"},
		"iam:projects.roles.list":                                     {"/roles/*/title", "/roles/*/description"},
		"iam:organizations.roles.list":                                {"/roles/*/title", "/roles/*/description"},
		"iam:projects.serviceAccounts.list":                           {"/accounts/*/displayName", "/accounts/*/description"},
		"iam:projects.locations.workloadIdentityPools.list":           {"/workloadIdentityPools/*/displayName", "/workloadIdentityPools/*/description"},
		"iam:projects.locations.workloadIdentityPools.providers.list": {"/workloadIdentityPoolProviders/*/displayName", "/workloadIdentityPoolProviders/*/description"},
		"iam:locations.workforcePools.list":                           {"/workforcePools/*/displayName", "/workforcePools/*/description"},
		"iam:locations.workforcePools.providers.list":                 {"/workforcePoolProviders/*/displayName", "/workforcePoolProviders/*/description"},
		"storage:buckets.list":                                        {"/items/*/labels/*", "/items/*/owner/entity"},
		"bigquery:datasets.list":                                      {"/datasets/*/friendlyName", "/datasets/*/labels/*"},
		"bigquery:datasets.get":                                       {"/friendlyName", "/description", "/labels/*", "/access/*/userByEmail", "/access/*/groupByEmail"},
		"sql:Backups.ListBackups":                                     {"/backups/*/description", "/backups/*/instanceSettings/settings/userLabels/*"},
		"sql:instances.list":                                          {"/items/*/settings/userLabels/*"},
		"cloudkms:projects.locations.keyRings.cryptoKeys.list":        {"/cryptoKeys/*/labels/*"},
		"logging:projects.sinks.list":                                 {"/sinks/*/description"},
		"logging:folders.sinks.list":                                  {"/sinks/*/description"},
		"logging:organizations.sinks.list":                            {"/sinks/*/description"},
		"storagetransfer:transferJobs.list":                           {"/transferJobs/*/description"},
	}
	for _, policy := range []string{"cloudresourcemanager:organizations.getIamPolicy", "cloudresourcemanager:folders.getIamPolicy", "cloudresourcemanager:projects.getIamPolicy",
		"storage:buckets.getIamPolicy", "storage:managedFolders.getIamPolicy", "iam:projects.serviceAccounts.getIamPolicy",
		"cloudkms:projects.locations.keyRings.getIamPolicy", "cloudkms:projects.locations.keyRings.cryptoKeys.getIamPolicy"} { // whole names: the generator reads them
		for _, who := range []string{"user:*", "group:*", "deleted:user:*", "deleted:group:*"} {
			of[policy] = append(of[policy], "/bindings/*/members/*[="+who+"]")
		}
	}
	return of
}
