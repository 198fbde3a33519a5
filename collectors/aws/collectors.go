package aws

import "github.com/trefoil-audit/trefoil/collectors"

// Discovery lists the collectors that run first: the plan of the rest depends on their facts.
func Discovery(a *Access) []collectors.Collector {
	return []collectors.Collector{
		&organization{access: a},
		&regions{access: a},
	}
}

// Collectors lists the collectors that run on each account, one line a service.
func Collectors(a *Access) []collectors.Collector {
	return []collectors.Collector{
		&accessPoints{access: a},
		&dynamoTables{access: a},
		&ec2Storage{access: a},
		&iamAccess{access: a},
		&kmsKeys{access: a},
		&logGroups{access: a},
		&rdsDatabases{access: a},
		&s3Buckets{access: a},
		&stsIdentity{access: a},
		&trails{access: a},
	}
}
