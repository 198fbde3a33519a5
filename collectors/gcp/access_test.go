package gcp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/trefoil-audit/trefoil/collectors"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A token goes to Google's own hosts over TLS, and nowhere else; the request handed in is not
// changed, so that what stands above never sees the token.
func TestTokenGoesToGoogleOnly(t *testing.T) {
	a := ReplayAccess(Settings{})
	a.tokens = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "secret"})
	for target, want := range map[string]string{
		"https://storage.googleapis.com/storage/v1/b":     "Bearer secret",
		"https://europe-west1-x.rep.googleapis.com/b":     "Bearer secret",
		"http://storage.googleapis.com/storage/v1/b":      "",
		"https://storage.googleapis.com.evil.test/":       "",
		"https://evilgoogleapis.com/":                     "",
		"http://127.0.0.1:1/":                             "",
		"https://user@127.0.0.1/https://x.googleapis.com": "",
	} {
		req, err := http.NewRequest("GET", target, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		_, err = a.Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
			got = r.Header.Get("Authorization")
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})).RoundTrip(req)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", target, got, err, want)
		}
		if req.Header.Get("Authorization") != "" {
			t.Errorf("%s: the token was added to the recorded request", target)
		}
	}
}

func TestEnter(t *testing.T) {
	refuse := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"expired"}`))
	}))
	defer refuse.Close()
	config := oauth2.Config{Endpoint: oauth2.Endpoint{TokenURL: refuse.URL}}
	for name, c := range map[string]struct {
		access *Access
		code   string
		denied bool
	}{
		"token":   {&Access{tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"})}, "", false},
		"missing": {&Access{missing: errors.New("none")}, "NoCredentials", false},
		"refused": {&Access{tokens: config.TokenSource(context.Background(), &oauth2.Token{RefreshToken: "x"})}, "invalid_grant", true},
	} {
		e := c.access.Enter(context.Background(), "any")
		if e.Operation != "oauth2:Token" || e.Code != c.code || e.Denied != c.denied {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// An endpoint that is not Google's gets no token, and entering says so.
func TestForeignEndpoint(t *testing.T) {
	a, err := LiveAccess(context.Background(), Settings{Endpoint: "http://127.0.0.1:1"})
	if err != nil || a.tokens != nil || a.missing != nil || a.Operation() != "oauth2:Anonymous" {
		t.Fatalf("%+v, %v", a, err)
	}
	if e := a.Enter(context.Background(), "x"); e.Code != "" {
		t.Errorf("%+v", e)
	}
	for _, bad := range []string{"storage.googleapis.com", "http://127.0.0.1/path", "://"} {
		if _, err := LiveAccess(context.Background(), Settings{Endpoint: bad}); err == nil {
			t.Errorf("endpoint %q was taken", bad)
		}
	}
	for endpoint, want := range map[string]bool{"https://restricted.googleapis.com": true, "https://googleapis.example": false} {
		if u, _ := url.Parse(endpoint); googleHost(u) != want {
			t.Errorf("%s: Google's own is %v", endpoint, !want)
		}
	}
}

// Each variable and each line of a credentials file that redirects is found, alone, by its sort.
func TestRedirected(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "adc.json")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
	for _, r := range Redirected() { // what the machine has set is not this test's
		t.Setenv(strings.TrimPrefix(r.What, "environment variable "), "")
	}
	if found := Redirected(); len(found) > 0 {
		t.Fatalf("nothing is redirected: %v", found)
	}
	for name, want := range map[string]collectors.RedirectionSort{
		"HTTPS_PROXY": collectors.ByProxy, "https_proxy": collectors.ByProxy, "http_proxy": collectors.ByProxy, "ALL_PROXY": collectors.ByProxy, "all_proxy": collectors.ByProxy,
		"NO_PROXY": "", "SSL_CERT_FILE": collectors.ByRoots, "SSL_CERT_DIR": collectors.ByRoots, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": collectors.ByRoots,
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": collectors.ByEndpoint, "STORAGE_EMULATOR_HOST": collectors.ByEndpoint, "STORAGE_EMULATOR_HOST_GRPC": collectors.ByEndpoint,
		"BIGQUERY_EMULATOR_HOST": collectors.ByEndpoint, "GOOGLE_CLOUD_UNIVERSE_DOMAIN": collectors.Elsewhere, "CLOUDSDK_CORE_UNIVERSE_DOMAIN": collectors.Elsewhere,
		"GOOGLE_API_USE_MTLS": collectors.Elsewhere, "GOOGLE_API_USE_MTLS_ENDPOINT": collectors.Elsewhere, "GOOGLE_API_USE_CLIENT_CERTIFICATE": collectors.Elsewhere,
		"GOOGLE_API_CERTIFICATE_CONFIG": collectors.Elsewhere, "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": collectors.Elsewhere,
		"GCE_METADATA_HOST": collectors.Elsewhere, "GCE_METADATA_IP": collectors.Elsewhere, "GCE_METADATA_ROOT": collectors.Elsewhere,
		"CLOUDSDK_PROXY_ADDRESS": collectors.Elsewhere, "CLOUDSDK_PROXY_PORT": collectors.Elsewhere, "CLOUDSDK_AUTH_TOKEN_HOST": collectors.Elsewhere,
		"GOOGLE_CLOUD_PROJECT": "", "CLOUDSDK_CORE_PROJECT": "", "AWS_ENDPOINT_URL": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "x")
			found := Redirected()
			if want == "" && len(found) == 0 {
				return
			}
			if len(found) != 1 || found[0] != (collectors.Redirection{What: "environment variable " + name, Sort: want, Value: "x"}) {
				t.Errorf("%v, want %q", found, want)
			}
		})
	}
	text := `{"type":"service_account","universe_domain":"other.test","token_uri":"https://evil.test/token","private_key":"k"}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := Redirected(); len(found) != 2 || found[0].What != file+": universe_domain" || found[1].What != file+": token_uri" || found[1].Sort != collectors.Elsewhere {
		t.Errorf("%v", found)
	}
	if found := redirectingCredentials([]byte(`{"token_uri":"https://oauth2.googleapis.com/token","universe_domain":"googleapis.com"}`)); found != nil {
		t.Errorf("Google's own: %v", found)
	}
}
