package gcp

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/collectors"
)

// redirecting are environment variables that send requests elsewhere, or change what the Google
// libraries take for their host: of cloud.google.com/go/auth, google.golang.org/api, the metadata
// package, and of gcloud, whose settings an organisation may hand out with its machines. The
// configuration files of gcloud itself are read by no library here.
var redirecting = map[string]collectors.RedirectionSort{
	"STORAGE_EMULATOR_HOST": collectors.ByEndpoint, "STORAGE_EMULATOR_HOST_GRPC": collectors.ByEndpoint, "BIGQUERY_EMULATOR_HOST": collectors.ByEndpoint,
	"GOOGLE_CLOUD_UNIVERSE_DOMAIN": collectors.Elsewhere, "CLOUDSDK_CORE_UNIVERSE_DOMAIN": collectors.Elsewhere,
	"GCE_METADATA_HOST": collectors.Elsewhere, "GCE_METADATA_IP": collectors.Elsewhere, "GCE_METADATA_ROOT": collectors.Elsewhere,
	"GOOGLE_API_CERTIFICATE_CONFIG": collectors.Elsewhere, "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": collectors.Elsewhere,
	"CLOUDSDK_PROXY_ADDRESS": collectors.Elsewhere, "CLOUDSDK_PROXY_PORT": collectors.Elsewhere, "CLOUDSDK_PROXY_TYPE": collectors.Elsewhere,
	"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": collectors.ByRoots,
}

func variable(name, _ string) collectors.RedirectionSort {
	switch {
	case strings.HasPrefix(name, "CLOUDSDK_API_ENDPOINT_OVERRIDES_"):
		return collectors.ByEndpoint
	case strings.HasPrefix(name, "GOOGLE_API_USE_"), strings.HasPrefix(name, "CLOUDSDK_AUTH_") && strings.HasSuffix(name, "_HOST"):
		return collectors.Elsewhere
	}
	return redirecting[name]
}

// Redirected finds the environment variables and shared settings that would send requests
// elsewhere, or trust another authority.
func Redirected() []collectors.Redirection {
	found := collectors.RedirectingVariables(variable)
	path := credentialsFile()
	text, err := os.ReadFile(path)
	if err != nil {
		return found
	}
	for _, what := range redirectingCredentials(text) {
		found = append(found, collectors.Redirection{What: fmt.Sprintf("%s: %s", path, what), Sort: collectors.Elsewhere})
	}
	return found
}

// credentialsFile is where Application Default Credentials are looked for.
func credentialsFile() string {
	if path := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"); path != "" {
		return path
	}
	dir := os.Getenv("CLOUDSDK_CONFIG")
	if dir == "" {
		home, _ := os.UserHomeDir()
		dir = filepath.Join(home, ".config", "gcloud")
	}
	return filepath.Join(dir, "application_default_credentials.json")
}

// credentialsJSON are the parts of a credentials file that say where its tokens come from, and
// who pays. None of them is a secret.
type credentialsJSON struct {
	Universe      string `json:"universe_domain"`
	TokenURI      string `json:"token_uri"`
	TokenURL      string `json:"token_url"`
	Impersonation string `json:"service_account_impersonation_url"`
	Quota         string `json:"quota_project_id"`
}

// redirectingCredentials names what in a credentials file is not Google's own.
func redirectingCredentials(text []byte) []string {
	var c credentialsJSON
	if json.Unmarshal(text, &c) != nil {
		return nil
	}
	var found []string
	if c.Universe != "" && c.Universe != "googleapis.com" {
		found = append(found, "universe_domain")
	}
	for _, f := range []struct{ name, value string }{
		{"token_uri", c.TokenURI}, {"token_url", c.TokenURL}, {"service_account_impersonation_url", c.Impersonation}} {
		u, err := url.Parse(f.value)
		if f.value != "" && (err != nil || !googleHost(u) && f.value != "https://accounts.google.com/o/oauth2/token") {
			found = append(found, f.name)
		}
	}
	return found
}

func quotaProject(text []byte) string {
	var c credentialsJSON
	if json.Unmarshal(text, &c) != nil {
		return ""
	}
	return c.Quota
}
