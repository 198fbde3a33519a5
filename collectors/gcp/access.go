package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/trefoil-audit/trefoil/collectors"
)

// scope is the narrowest that every service asked accepts; callerScope lets the token's holder be told who it is.
const (
	scope       = "https://www.googleapis.com/auth/cloud-platform"
	callerScope = "https://www.googleapis.com/auth/userinfo.email"
)

// tokenTimeout bounds one request for a token.
const tokenTimeout = 30 * time.Second

// Settings say how the projects of one organisation are entered.
type Settings struct {
	Organization string          // number of the organisation; empty: none is read
	Network      *http.Transport // how tokens are asked for; nil: by the environment's proxy and the system's authorities
	Endpoint     string          // scheme://host that takes every service's place; empty: Google's own
}

// Access holds the caller's credentials, and what discovery found about projects. In a replay
// nothing is entered.
type Access struct {
	settings Settings
	tokens   oauth2.TokenSource // nil: requests carry no token
	missing  error              // why there are no credentials
	quota    string             // project that pays for the caller's requests; empty: the one asked

	mu       sync.Mutex
	projects map[string]identity   // by project id
	folders  map[string][]string   // names of folders, by number of the organisation
	second   map[string]*inventory // what the second source lists, by target
}

// identity is what the project itself said when it was entered.
type identity struct {
	number string
	from   []string
}

// ReplayAccess is for replays: it has no credentials and needs none.
func ReplayAccess(s Settings) *Access {
	return &Access{settings: s, projects: map[string]identity{}, folders: map[string][]string{}, second: map[string]*inventory{}}
}

// LiveAccess takes the caller's Application Default Credentials. The client that gets tokens is
// apart from the one that records. Tokens are sent to Google's own hosts alone: an endpoint that
// is not Google's gets none.
func LiveAccess(ctx context.Context, s Settings) (*Access, error) {
	a := ReplayAccess(s)
	if s.Endpoint != "" {
		u, err := url.Parse(s.Endpoint)
		if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return nil, fmt.Errorf("endpoint %q of Google: want scheme://host without a path", s.Endpoint)
		}
		if !googleHost(u) {
			return a, nil
		}
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, tokenClient(s.Network))
	found, err := google.FindDefaultCredentials(ctx, scope, callerScope)
	if err != nil {
		a.missing = err
		return a, nil
	}
	a.tokens = oauth2.ReuseTokenSource(nil, found.TokenSource)
	a.quota = quotaProject(found.JSON)
	return a, nil
}

func tokenClient(network *http.Transport) *http.Client {
	if network == nil {
		return &http.Client{Timeout: tokenTimeout}
	}
	return &http.Client{Timeout: tokenTimeout, Transport: network}
}

// googleHost reports whether a token may be sent to a URL.
func googleHost(u *url.URL) bool {
	return u.Scheme == "https" && strings.HasSuffix(u.Hostname(), ".googleapis.com")
}

// Operation is the credential operation that entering needs.
func (a *Access) Operation() string {
	if u, err := url.Parse(a.settings.Endpoint); a.settings.Endpoint != "" && (err != nil || !googleHost(u)) {
		return "oauth2:Anonymous"
	}
	return "oauth2:Token"
}

// Enter gets a token and says how that ended. One identity serves every project.
func (a *Access) Enter(_ context.Context, _ string) collectors.Entry {
	entry := collectors.Entry{Operation: a.Operation()}
	switch {
	case a.missing != nil:
		entry.Code = "NoCredentials"
	case a.tokens != nil:
		_, err := a.tokens.Token()
		entry.Code, entry.Denied = tokenError(err)
	}
	return entry
}

func tokenError(err error) (code string, denied bool) {
	var refused *oauth2.RetrieveError
	switch {
	case err == nil:
		return "", false
	case errors.As(err, &refused) && refused.ErrorCode != "":
		return refused.ErrorCode, true
	case errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500:
		return http.StatusText(refused.Response.StatusCode), true
	}
	return "CouldNotAsk: " + collectors.FailureClass(err), false
}

// Transport adds the caller's token to requests. It belongs below the recorder, as the base
// that collectors.NewWork is given, so that no token can reach a recording.
func (a *Access) Transport(base http.RoundTripper) http.RoundTripper {
	return &bearer{access: a, base: base}
}

type bearer struct {
	access *Access
	base   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if b.access.tokens == nil || !googleHost(req.URL) {
		return b.base.RoundTrip(req)
	}
	token, err := b.access.tokens.Token()
	if err != nil {
		return nil, fmt.Errorf("get a token: %w", err)
	}
	out := req.Clone(req.Context())
	token.SetAuthHeader(out)
	return b.base.RoundTrip(out)
}

// know keeps what a project said of itself.
func (a *Access) know(project, number string, from []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.projects[project] = identity{number: number, from: from}
}

// known gives what a project said of itself; the number is empty where it could not be asked.
func (a *Access) known(project string) identity {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.projects[project]
}

// knowFolders keeps which folders discovery found in an organisation.
func (a *Access) knowFolders(organization string, names []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.folders[organization] = sorted(names)
}

// foldersOf gives the folders that discovery found.
func (a *Access) foldersOf(organization string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.folders[organization]
}

// keepInventory keeps what the second source listed in a target.
func (a *Access) keepInventory(target string, i *inventory) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.second[target] = i
}

// inventoryOf gives what the second source listed in a target; nil where it was not asked.
func (a *Access) inventoryOf(target string) *inventory {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.second[target]
}
