package stores

import (
	"errors"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

func TestSplit(t *testing.T) {
	for url, want := range map[string][2]string{
		"s3://b/run":         {"s3://b", "run"},
		"s3://b/p/q/run/":    {"s3://b/p/q", "run"},
		"gs://b/p/20261124T": {"gs://b/p", "20261124T"},
		"runs/one":           {"runs", "one"},
		"/srv/runs/one/":     {"/srv/runs", "one"},
	} {
		at, name, err := Split(url)
		if err != nil || at != want[0] || name != want[1] {
			t.Errorf("%s: %q %q %v", url, at, name, err)
		}
	}
	for _, bad := range []string{"s3://b", "s3://b/", "gs://", "s3://b/p/..", "s3://b/a b"} {
		if at, name, err := Split(bad); err == nil {
			t.Errorf("%s: %q %q", bad, at, name)
		}
	}
}

func TestOpen(t *testing.T) {
	for _, bad := range []string{"s3://", "https://b/p", "s3://user:secret@b/p", "gs://b/p//q", "s3://b?x=1/y"} {
		if _, _, err := Open(t.Context(), engagement.Store{URL: bad, Place: "eu-west-1"}, nil); !errors.Is(err, ErrURL) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Neither an error nor a run keeps what somebody wrote before an @.
func TestNoSecretInErrors(t *testing.T) {
	for _, s := range []engagement.Store{{URL: "s3://user:hunter2@bucket/p"}, {URL: "s3://bucket/p", Endpoint: "https://user:hunter2@host"}, {URL: "gs://bucket/hunter2@x/p"}} {
		s.Place = "eu-west-1"
		if _, _, err := Open(t.Context(), s, nil); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
	text := "name: n\nauditor: a\nauditee: b\naws: [{accounts: [\"111122223333\"]}]\nsigning: {timestamp: none}\nstore: {url: \"s3://user:hunter2@bucket\"}\n"
	if _, err := engagement.ParseFile("engagement.yaml", []byte(text)); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "store.url") {
		t.Errorf("%v", err)
	}
}

// What Split takes apart is a store's URL and a run's name, and nothing else.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"s3://b/run", "s3://b/p/q/run/", "gs://b", "://", "a/b", "/", "s3:///", "x://y//z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, at string) {
		url, name, err := Split(at)
		if err != nil || Scheme(at) == "" {
			return
		}
		if strings.Contains(name, "/") || name == "" || Scheme(url) != Scheme(at) || !strings.HasPrefix(at, url+"/"+name) {
			t.Errorf("%q: %q and %q", at, url, name)
		}
	})
}
