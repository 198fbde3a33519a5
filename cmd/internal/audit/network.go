package audit

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/collectors/aws"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// Redirected names what in this machine's configuration would send requests elsewhere, or trust
// another authority, for the providers of an engagement and without its saying so. Dir is that of
// the engagement's files.
func Redirected(f *engagement.File, dir string) []string {
	var out []string
	if len(f.AWS) > 0 {
		out = unsaid(aws.Redirected(), f.Overrides, f.Overrides.AWSEndpoint, dir)
	}
	if len(f.GCP) > 0 {
		out = append(out, unsaid(gcp.Redirected(), f.Overrides, f.Overrides.GCPEndpoint, dir)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// StoreRedirected names what would send requests to a store elsewhere, without the engagement's
// saying so. Its endpoint is the store's own.
func StoreRedirected(scheme string, o engagement.Overrides, endpoint, dir string) []string {
	var out []string
	switch scheme {
	case "s3":
		out = unsaid(aws.Redirected(), o, endpoint, dir)
	case "gs":
		out = unsaid(gcp.Redirected(), o, endpoint, dir)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unsaid names the redirections of which the engagement does not speak, or says something else.
func unsaid(found []collectors.Redirection, o engagement.Overrides, endpoint, dir string) []string {
	var out []string
	for _, r := range found {
		said := map[collectors.RedirectionSort]string{collectors.ByEndpoint: endpoint, collectors.ByProxy: o.Proxy, collectors.ByCA: o.CABundle, collectors.ByRoots: o.CABundle}[r.Sort]
		switch {
		case said == "":
			out = append(out, r.What)
		case r.Sort == collectors.ByRoots: // our own clients take the engagement's authorities in their place
		case r.Sort == collectors.ByCA && samePath(beneath(dir, said), r.Value):
		case r.Sort != collectors.ByCA && strings.TrimSuffix(said, "/") == strings.TrimSuffix(r.Value, "/"):
		default:
			out = append(out, r.What+" (another one than engagement.yaml names)")
		}
	}
	return out
}

func beneath(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func samePath(a, b string) bool {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

// Network is the transport below the recorder, for credentials, and to a store: the proxy and the
// authorities that the engagement names, and none that the environment does.
func Network(o engagement.Overrides, dir string) (*http.Transport, error) {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("the default transport is not Go's own")
	}
	t := base.Clone()
	t.Proxy = nil
	if o.Proxy != "" {
		proxy, err := url.Parse(o.Proxy)
		if err != nil {
			return nil, fmt.Errorf("overrides.proxy: %w", err)
		}
		t.Proxy = http.ProxyURL(proxy)
	}
	if o.CABundle == "" {
		return t, nil
	}
	path := beneath(dir, o.CABundle)
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("overrides.ca_bundle: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("overrides.ca_bundle: %s holds no certificate in PEM", path)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}
