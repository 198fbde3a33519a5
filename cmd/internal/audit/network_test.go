package audit

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// An override speaks of its own sort of redirection alone.
func TestOverridesNameWhatTheyRedirect(t *testing.T) {
	for _, c := range []struct {
		what string
		o    engagement.Overrides
		want bool
	}{
		{"environment variable HTTPS_PROXY", engagement.Overrides{Proxy: "http://p"}, true},
		{"environment variable https_proxy", engagement.Overrides{CABundle: "ca.pem"}, false},
		{"environment variable AWS_CA_BUNDLE", engagement.Overrides{CABundle: "ca.pem"}, true},
		{"environment variable AWS_ENDPOINT_URL_S3", engagement.Overrides{AWSEndpoint: "http://e"}, true},
		{"environment variable AWS_ENDPOINT_URL", engagement.Overrides{GCPEndpoint: "http://e"}, false},
		{"environment variable STORAGE_EMULATOR_HOST", engagement.Overrides{AWSEndpoint: "http://e"}, false},
		{"environment variable STORAGE_EMULATOR_HOST", engagement.Overrides{GCPEndpoint: "http://e"}, true},
		{"/home/a/.aws/config, line 3: endpoint_url", engagement.Overrides{AWSEndpoint: "http://e"}, true},
		{"environment variable GCE_METADATA_HOST", engagement.Overrides{Proxy: "p", CABundle: "c", AWSEndpoint: "a", GCPEndpoint: "g"}, false},
		{"adc.json: its tokens come from elsewhere", engagement.Overrides{CABundle: "c"}, false},
	} {
		if got := named(c.what, c.o); got != c.want {
			t.Errorf("%s with %+v: %v", c.what, c.o, got)
		}
	}
}

// Requests go by the engagement's proxy, never by the environment's.
func TestNetworkIsTheEngagements(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://environment.example:1")
	req, err := http.NewRequest(http.MethodGet, "https://s3.amazonaws.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	base, err := Network(engagement.Overrides{}, "")
	if err != nil || base.(*http.Transport).Proxy != nil {
		t.Fatalf("a proxy that nobody named: %v", err)
	}
	if base, err = Network(engagement.Overrides{Proxy: "http://auditor.example:2"}, ""); err != nil {
		t.Fatal(err)
	}
	if u, err := base.(*http.Transport).Proxy(req); err != nil || u.Host != "auditor.example:2" {
		t.Errorf("%v, %v", u, err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("no certificate"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ca.pem", "missing.pem"} {
		if _, err := Network(engagement.Overrides{CABundle: name}, dir); err == nil {
			t.Errorf("%s was taken for authorities", name)
		}
	}
}
