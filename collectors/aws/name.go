package aws

import (
	"fmt"
	"net/http"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// services maps the SDK's service ids to the prefixes that operations are declared with.
var services = map[string]string{
	"Account": "account", "CloudTrail": "cloudtrail", "CloudWatch Logs": "logs", "DynamoDB": "dynamodb", "EC2": "ec2", "IAM": "iam",
	"KMS": "kms", "Organizations": "organizations", "RDS": "rds", "S3": "s3", "S3 Control": "s3control", "STS": "sts",
}

// operationName finds the declared name of a request's operation in the SDK's own context.
func operationName(req *http.Request) (string, error) {
	ctx := req.Context()
	id, op := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	prefix, ok := services[id]
	if !ok || op == "" {
		return "", fmt.Errorf("the request belongs to no known operation (service %q, operation %q)", id, op)
	}
	return prefix + ":" + op, nil
}
