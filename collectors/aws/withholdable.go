package aws

// Withholdable lists, by operation, the fields of its answers that an engagement may keep out of the
// evidence: what collectors read to repeat it in a fact, or not at all. What they decide by (ids, states,
// policies, places) is not here: its absence would read like another value.
func Withholdable() map[string][]string {
	tags := func(list, item, key, value string) string { return list + "/" + item + "[" + key + "=*]/" + value }
	const details, report = "/GetAccountAuthorizationDetailsResult", "/GetCredentialReportResult/Content#"
	of := map[string][]string{
		"organizations:DescribeOrganization":  {"/Organization/MasterAccountEmail"},
		"organizations:ListAccounts":          {"/Accounts/*/Email", "/Accounts/*/Name"},
		"organizations:ListAccountsForParent": {"/Accounts/*/Email", "/Accounts/*/Name"},
		"organizations:ListPolicies":          {"/Policies/*/Description"},
		"organizations:DescribePolicy":        {"/Policy/PolicySummary/Description"},
		"organizations:ListTargetsForPolicy":  {"/Targets/*/Name"},
		"iam:GetAccountAuthorizationDetails": {
			tags(details+"/UserDetailList/member/Tags", "member", "Key", "Value"), tags(details+"/RoleDetailList/member/Tags", "member", "Key", "Value")},
		"s3:ListBuckets":              {"/Owner/DisplayName"},
		"s3:GetBucketAcl":             {"/Owner/DisplayName", "/AccessControlList/Grant/Grantee/DisplayName"},
		"s3:GetBucketTagging":         {tags("/TagSet", "Tag", "Key", "Value")},
		"ec2:DescribeVolumes":         {tags("/volumeSet/item/tagSet", "item", "key", "value")},
		"ec2:DescribeSnapshots":       {tags("/snapshotSet/item/tagSet", "item", "key", "value"), "/snapshotSet/item/description"},
		"ec2:DescribeImages":          {tags("/imagesSet/item/tagSet", "item", "key", "value"), "/imagesSet/item/description", "/imagesSet/item/name"},
		"kms:DescribeKey":             {"/KeyMetadata/Description"},
		"kms:ListResourceTags":        {tags("/Tags", "*", "TagKey", "TagValue")},
		"dynamodb:ListTagsOfResource": {tags("/Tags", "*", "Key", "Value")},
		"rds:DescribeDBInstances":     {"/DescribeDBInstancesResult/DBInstances/DBInstance/MasterUsername", tags("/DescribeDBInstancesResult/DBInstances/DBInstance/TagList", "Tag", "Key", "Value")},
		"rds:DescribeDBClusters":      {"/DescribeDBClustersResult/DBClusters/DBCluster/MasterUsername", tags("/DescribeDBClustersResult/DBClusters/DBCluster/TagList", "Tag", "Key", "Value")},
		"rds:DescribeDBSnapshots":     {"/DescribeDBSnapshotsResult/DBSnapshots/DBSnapshot/MasterUsername", tags("/DescribeDBSnapshotsResult/DBSnapshots/DBSnapshot/TagList", "Tag", "Key", "Value")},
		"rds:DescribeDBClusterSnapshots": {"/DescribeDBClusterSnapshotsResult/DBClusterSnapshots/DBClusterSnapshot/MasterUsername",
			tags("/DescribeDBClusterSnapshotsResult/DBClusterSnapshots/DBClusterSnapshot/TagList", "Tag", "Key", "Value")},
	}
	for _, column := range []string{"user", "user_creation_time", "password_last_used", "password_last_changed", "password_next_rotation",
		"access_key_1_last_used_date", "access_key_1_last_used_region", "access_key_1_last_used_service",
		"access_key_2_last_used_date", "access_key_2_last_used_region", "access_key_2_last_used_service"} {
		of["iam:GetCredentialReport"] = append(of["iam:GetCredentialReport"], report+column)
	}
	return of
}
