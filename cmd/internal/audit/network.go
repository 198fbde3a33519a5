package audit

import (
	"cmp"
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

// Redirect is something of this machine's configuration that redirects and that an engagement does
// not speak of, or of another one, and what to do about it.
type Redirect struct{ What, Cure string }

// Redirected names what in this machine's configuration would send requests elsewhere, or trust
// another authority, for the providers of an engagement and without its saying so. Dir is that of
// the engagement's files.
func Redirected(f *engagement.File, dir string) []Redirect {
	var out []Redirect
	if len(f.AWS) > 0 {
		out = unsaid(aws.Redirected(), f.Overrides, said{f.Overrides.AWSEndpoint, "overrides.aws_endpoint"}, dir)
	}
	if len(f.GCP) > 0 {
		out = append(out, unsaid(gcp.Redirected(), f.Overrides, said{f.Overrides.GCPEndpoint, "overrides.gcp_endpoint"}, dir)...)
	}
	return distinct(out)
}

// distinct sorts, and keeps one of equal ones.
func distinct(all []Redirect) []Redirect {
	slices.SortFunc(all, func(a, b Redirect) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Cure, b.Cure)) })
	return slices.Compact(all)
}

// said is the endpoint that is named, and the field that names it.
type said struct{ endpoint, field string }

// StoreRedirected names what would send requests to a store elsewhere, without the engagement's
// saying so. Its endpoint is the store's own.
func StoreRedirected(scheme string, o engagement.Overrides, endpoint, dir string) []Redirect {
	at := said{endpoint, "store.endpoint (or --endpoint)"}
	switch scheme {
	case "s3":
		return distinct(unsaid(aws.Redirected(), o, at, dir))
	case "gs":
		return distinct(unsaid(gcp.Redirected(), o, at, dir))
	}
	return nil
}

// unsaid names the redirections of which the engagement does not speak, or says something else.
func unsaid(found []collectors.Redirection, o engagement.Overrides, at said, dir string) []Redirect {
	var out []Redirect
	for _, r := range found {
		said := map[collectors.RedirectionSort]string{collectors.ByEndpoint: at.endpoint, collectors.ByProxy: o.Proxy, collectors.ByCA: o.CABundle, collectors.ByRoots: o.CABundle}[r.Sort]
		cure := cures[r.Sort]
		if r.Sort == collectors.ByEndpoint {
			cure = "unset it, or name the same URL as " + at.field
		}
		switch {
		case said == "":
			out = append(out, Redirect{r.What, cure})
		case r.Sort == collectors.ByRoots: // our own clients take the engagement's authorities in their place
		case r.Sort == collectors.ByCA && samePath(beneath(dir, said), r.Value):
		case r.Sort != collectors.ByCA && strings.TrimSuffix(said, "/") == strings.TrimSuffix(r.Value, "/"):
		default:
			out = append(out, Redirect{r.What + " (another one than is named)", cure})
		}
	}
	return out
}

// cures say of each sort what can be done; of an endpoint, see unsaid.
var cures = map[collectors.RedirectionSort]string{
	collectors.ByProxy:   "unset it, or name the same URL as overrides.proxy",
	collectors.ByCA:      "unset it, or name the same file as overrides.ca_bundle",
	collectors.ByRoots:   "unset it, or name a file of the authorities that shall count (PEM, of a folder all in one) as overrides.ca_bundle: it counts in the place of this one",
	collectors.Elsewhere: "unset it, or take it out: no field of engagement.yaml speaks of it",
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
