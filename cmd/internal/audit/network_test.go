package audit

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// An override speaks of its own sort of redirection alone, and of no other value than its own.
func TestOverridesNameWhatTheyRedirect(t *testing.T) {
	all := engagement.Overrides{Proxy: "http://p", CABundle: "ca.pem", AWSEndpoint: "http://e", GCPEndpoint: "http://g"}
	for _, c := range []struct {
		sort  collectors.RedirectionSort
		value string
		o     engagement.Overrides
		want  string // "": said
	}{
		{collectors.ByProxy, "http://p", engagement.Overrides{}, "it"},
		{collectors.ByProxy, "http://p/", all, ""},
		{collectors.ByProxy, "http://q", all, "it (another one"},
		{collectors.ByProxy, "http://p", engagement.Overrides{CABundle: "ca.pem", AWSEndpoint: "http://p"}, "it"},
		{collectors.ByEndpoint, "http://e", all, ""},
		{collectors.ByEndpoint, "http://f", all, "it (another one"},
		{collectors.ByEndpoint, "http://e", engagement.Overrides{Proxy: "http://e"}, "it"},
		{collectors.ByCA, "/dir/ca.pem", all, ""},
		{collectors.ByCA, "/dir/other.pem", all, "it (another one"},
		{collectors.ByCA, "/dir/ca.pem", engagement.Overrides{}, "it"},
		{collectors.ByRoots, "/etc/other.pem", all, ""},
		{collectors.ByRoots, "/etc/other.pem", engagement.Overrides{Proxy: "http://p"}, "it"},
		{collectors.Elsewhere, "http://p", all, "it"},
	} {
		got := ""
		for _, r := range unsaid([]collectors.Redirection{{What: "it", Sort: c.sort, Value: c.value}}, c.o, said{c.o.AWSEndpoint, "overrides.aws_endpoint"}, "/dir") {
			got += r.What
			if !strings.HasPrefix(r.Cure, "unset it") {
				t.Errorf("%s: no cure: %q", c.sort, r.Cure)
			}
		}
		if !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s %s with %+v: %q, want %q", c.sort, c.value, c.o, got, c.want)
		}
		if strings.Contains(got, "http") {
			t.Errorf("the value is shown: %s", got)
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
	if err != nil || base.Proxy != nil {
		t.Fatalf("a proxy that nobody named: %v", err)
	}
	if base, err = Network(engagement.Overrides{Proxy: "http://auditor.example:2"}, ""); err != nil {
		t.Fatal(err)
	}
	if u, err := base.Proxy(req); err != nil || u.Host != "auditor.example:2" {
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
