package gcp

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
)

// redirecting names environment variables that send requests elsewhere, or change what the
// Google libraries take for their host.
var redirecting = map[string]bool{
	"GOOGLE_CLOUD_UNIVERSE_DOMAIN": true, "CLOUDSDK_CORE_UNIVERSE_DOMAIN": true, "STORAGE_EMULATOR_HOST": true,
	"BIGQUERY_EMULATOR_HOST": true, "GCE_METADATA_HOST": true, "GCE_METADATA_IP": true, "GCE_METADATA_ROOT": true,
	"CLOUDSDK_PROXY_ADDRESS": true, "CLOUDSDK_PROXY_PORT": true, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": true,
	"SSL_CERT_FILE": true, "SSL_CERT_DIR": true,
}

// Redirected names the environment variables and shared settings that would send requests
// elsewhere, or trust another authority, without engagement.yaml saying so.
func Redirected() []string {
	var found []string
	for _, env := range os.Environ() {
		name, value, _ := strings.Cut(env, "=")
		switch {
		case value == "":
		case redirecting[name], strings.HasPrefix(name, "CLOUDSDK_API_ENDPOINT_OVERRIDES_"), strings.HasPrefix(name, "GOOGLE_API_USE_"),
			strings.EqualFold(name, "HTTPS_PROXY"), strings.EqualFold(name, "HTTP_PROXY"), strings.EqualFold(name, "ALL_PROXY"):
			found = append(found, "environment variable "+name)
		}
	}
	path := credentialsFile()
	text, err := os.ReadFile(path)
	if err != nil {
		return found
	}
	for _, what := range redirectingCredentials(text) {
		found = append(found, fmt.Sprintf("%s: %s", path, what))
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
