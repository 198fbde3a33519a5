package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/cmd/internal/stores"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/store"
)

// A place of evidence that is no store, or names none, is refused before anything is asked. These tests stand here because each
// program that links both clouds takes seconds to make.
func TestStoresRefused(t *testing.T) {
	for _, bad := range []string{"s3://", "https://b/p", "s3://user:secret@b/p", "gs://b/p//q", "s3://b?x=1/y"} {
		if _, _, err := stores.Open(t.Context(), engagement.Store{URL: bad, Place: "eu-west-1"}, nil); !errors.Is(err, store.ErrURL) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Neither an error nor a run keeps what somebody wrote before an @.
func TestNoSecretInErrors(t *testing.T) {
	for _, s := range []engagement.Store{{URL: "s3://user:hunter2@bucket/p"}, {URL: "s3://bucket/p", Endpoint: "https://user:hunter2@host"}, {URL: "gs://bucket/hunter2@x/p"}} {
		s.Place = "eu-west-1"
		if _, _, err := stores.Open(t.Context(), s, nil); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
	text := "name: n\nauditor: a\nauditee: b\naws: [{accounts: [\"111122223333\"]}]\nsigning: {timestamp: none}\nstore: {url: \"s3://user:hunter2@bucket\"}\n"
	if _, err := engagement.ParseFile("engagement.yaml", []byte(text)); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "store.url") {
		t.Errorf("%v", err)
	}
}
