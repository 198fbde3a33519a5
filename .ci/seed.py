"""Seed a moto server with a small organisation for the record-and-replay test."""
import sys

import boto3

settings = dict(endpoint_url=sys.argv[1], aws_access_key_id="test", aws_secret_access_key="test")
for name, region in [("messages-dub", "eu-west-1"), ("ads-us", "us-east-1")]:
    s3 = boto3.client("s3", region_name=region, **settings)
    extra = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **extra)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "data-class", "Value": "eu-user-data"}]})
boto3.client("s3", region_name="eu-west-1", **settings).put_bucket_replication(
    Bucket="messages-dub",
    ReplicationConfiguration={
        "Role": "arn:aws:iam::123456789012:role/replication",
        "Rules": [{"ID": "all", "Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::ads-us"}}],
    },
)
organizations = boto3.client("organizations", region_name="us-east-1", **settings)
organizations.create_organization(FeatureSet="ALL")
organizations.create_account(Email="enclave@example.com", AccountName="enclave")
