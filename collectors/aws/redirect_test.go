package aws

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
)

// quiet takes away what this machine has set.
func quiet(t *testing.T) (config, credentials string) {
	t.Helper()
	dir := t.TempDir()
	config, credentials = filepath.Join(dir, "config"), filepath.Join(dir, "credentials")
	t.Setenv("AWS_CONFIG_FILE", config)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", credentials)
	for _, r := range Redirected() {
		t.Setenv(strings.TrimPrefix(r.What, "environment variable "), "")
	}
	if found := Redirected(); len(found) > 0 {
		t.Fatalf("nothing is redirected: %v", found)
	}
	return config, credentials
}

// Each variable that redirects is found, alone, by its sort; what does not redirect is not.
func TestRedirectingVariables(t *testing.T) {
	quiet(t)
	for _, c := range []struct {
		name, value string
		want        collectors.RedirectionSort
	}{
		{"AWS_ENDPOINT_URL", "http://x", collectors.ByEndpoint}, {"AWS_ENDPOINT_URL_S3", "http://x", collectors.ByEndpoint}, {"AWS_ENDPOINT_URL_STS", "http://x", collectors.ByEndpoint},
		{"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://x", collectors.ByEndpoint}, {"AWS_CA_BUNDLE", "ca.pem", collectors.ByCA},
		{"HTTPS_PROXY", "http://x", collectors.ByProxy}, {"https_proxy", "http://x", collectors.ByProxy}, {"HTTP_PROXY", "http://x", collectors.ByProxy},
		{"ALL_PROXY", "socks5://x", collectors.ByProxy}, {"NO_PROXY", "*", ""}, {"SSL_CERT_FILE", "ca.pem", collectors.ByRoots}, {"SSL_CERT_DIR", "certs", collectors.ByRoots},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://x", collectors.Elsewhere}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://x.example/creds", collectors.Elsewhere},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials", ""}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://[fd00:ec2::23]/v1/credentials", ""},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost:1/x", ""}, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x", ""},
		{"AWS_PROFILE", "x", ""}, {"AWS_REGION", "eu-west-1", ""}, {"AWS_ENDPOINT_URL", "", ""}, {"STORAGE_EMULATOR_HOST", "x", ""},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			found := Redirected()
			if c.want == "" && len(found) == 0 {
				return
			}
			if len(found) != 1 || found[0] != (collectors.Redirection{What: "environment variable " + c.name, Sort: c.want, Value: c.value}) {
				t.Errorf("%v, want %q", found, c.want)
			}
		})
	}
}

// Each line of the shared configuration that redirects is found, in both files and any section.
func TestRedirectingFiles(t *testing.T) {
	config, credentials := quiet(t)
	for name, c := range map[string]struct {
		text, what string
		line       int
		want       collectors.RedirectionSort
	}{
		"endpoint":          {"[default]\nregion = eu-west-1\nendpoint_url = http://x\n", "endpoint_url", 3, collectors.ByEndpoint},
		"of one service":    {"[services local]\ns3 =\n  endpoint_url = http://x\n", "endpoint_url", 3, collectors.ByEndpoint},
		"services section":  {"[default]\nservices = local\n", "services", 2, collectors.Elsewhere},
		"CA bundle":         {"[profile a]\nca_bundle=/x.pem\n", "ca_bundle", 2, collectors.ByCA},
		"metadata":          {"[default]\r\nec2_metadata_service_endpoint = http://x\r\n", "ec2_metadata_service_endpoint", 2, collectors.Elsewhere},
		"upper case":        {"[default]\nEndpoint_URL = http://x\n", "endpoint_url", 2, collectors.ByEndpoint},
		"byte order mark":   {"\ufeffendpoint_url = http://x", "endpoint_url", 1, collectors.ByEndpoint},
		"behind a long one": {"# " + strings.Repeat("x", 1<<20) + "\nendpoint_url = http://x", "endpoint_url", 2, collectors.ByEndpoint},
		"comment":           {"# endpoint_url = http://x\n; ca_bundle = y\n", "", 0, ""},
		"nothing":           {"[default]\nregion = eu-west-1\nsso_start_url = https://x\n", "", 0, ""},
	} {
		for _, path := range []string{config, credentials} {
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			found := Redirected()
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if c.want == "" && len(found) == 0 {
				continue
			}
			if len(found) != 1 || found[0].Sort != c.want || found[0].What != fmt.Sprintf("%s, line %d: %s", path, c.line, c.what) {
				t.Errorf("%s: %v", name, found)
			}
		}
	}
	if err := os.WriteFile(config, make([]byte, maxShared+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := Redirected(); len(found) != 1 || found[0].Sort != collectors.Elsewhere {
		t.Errorf("a file that is too large to look through: %v", found)
	}
}
