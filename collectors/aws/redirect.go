package aws

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/trefoil-audit/trefoil/collectors"
)

// maxShared bounds a shared configuration file.
const maxShared = 4 << 20

// Redirected finds the environment variables and shared settings that would send requests
// elsewhere, or trust another authority. The names are those of the SDK's config package
// (env_config.go, shared_config.go) and of the SDKs' reference guide.
func Redirected() []collectors.Redirection {
	return append(collectors.RedirectingVariables(variable), redirectingFiles()...)
}

func variable(name, value string) collectors.RedirectionSort {
	switch {
	case name == "AWS_ENDPOINT_URL", strings.HasPrefix(name, "AWS_ENDPOINT_URL_"):
		return collectors.ByEndpoint
	case name == "AWS_CA_BUNDLE":
		return collectors.ByCA
	case name == "AWS_EC2_METADATA_SERVICE_ENDPOINT", name == "AWS_CONTAINER_CREDENTIALS_FULL_URI" && !ownHost(value):
		return collectors.Elsewhere
	}
	return ""
}

// ownHost reports whether a URL is of this machine, or of the link-local addresses at which ECS and
// EKS give credentials to a container.
func ownHost(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	if u.Hostname() == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast()) {
		return true
	}
	return ip != nil && ip.Equal(net.ParseIP("fd00:ec2::23"))
}

// setting is what a name in a shared configuration file does, whatever section it stands in: that
// of a profile which is not used today may be tomorrow's.
var setting = map[string]collectors.RedirectionSort{
	"endpoint_url": collectors.ByEndpoint, "ca_bundle": collectors.ByCA, "services": collectors.Elsewhere, "ec2_metadata_service_endpoint": collectors.Elsewhere,
}

// redirectingFiles finds what the shared configuration files redirect.
func redirectingFiles() []collectors.Redirection {
	var found []collectors.Redirection
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

func redirectingLines(path string) []collectors.Redirection {
	f, err := os.Open(path)
	if err != nil {
		return nil // nor can the SDK read it
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxShared+1))
	if err != nil || len(text) > maxShared {
		return []collectors.Redirection{{What: fmt.Sprintf("%s, which cannot be read whole", path), Sort: collectors.Elsewhere}}
	}
	var found []collectors.Redirection
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		n++
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if sort := setting[name]; ok && sort != "" {
			found = append(found, collectors.Redirection{What: fmt.Sprintf("%s, line %d: %s", path, n, name), Sort: sort, Value: strings.TrimSpace(value)})
		}
	}
	return found
}
