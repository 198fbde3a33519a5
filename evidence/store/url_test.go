package store

import (
	"strings"
	"testing"
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
