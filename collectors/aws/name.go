package aws

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

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

// redirectingFiles names the shared configuration files that set an endpoint, a CA bundle or
// anything else that sends requests elsewhere.
func redirectingFiles() []string {
	var found []string
	home, _ := os.UserHomeDir()
	for _, f := range []struct{ env, path string }{
		{"AWS_CONFIG_FILE", filepath.Join(home, ".aws", "config")}, {"AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, ".aws", "credentials")}} {
		path := f.path
		if v := os.Getenv(f.env); v != "" {
			path = v
		}
		found = append(found, redirectingLines(path)...)
	}
	return found
}

func redirectingLines(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var found []string
	for lines, n := bufio.NewScanner(f), 1; lines.Scan(); n++ {
		name, _, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		switch name = strings.TrimSpace(name); {
		case ok && (name == "endpoint_url" || name == "ca_bundle" || name == "services"):
			found = append(found, fmt.Sprintf("%s, line %d: %s", path, n, name))
		}
	}
	return found
}
