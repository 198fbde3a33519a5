package stores

import (
	"errors"
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
