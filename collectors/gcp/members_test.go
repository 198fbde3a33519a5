package gcp

import (
	"slices"
	"testing"
)

// Whoever a policy lets in is a stranger unless its name can be one of the project's own alone.
func TestStrangers(t *testing.T) {
	for member, want := range map[string][]string{
		"serviceAccount:app@own.iam.gserviceaccount.com":                              {},
		"serviceAccount:42-compute@developer.gserviceaccount.com":                     {},
		"serviceAccount:service-42@gs-project-accounts.iam.gserviceaccount.com":       {},
		"serviceAccount:service-42@gcp-sa-logging.iam.gserviceaccount.com":            {},
		"serviceAccount:service-42@gae-api-prod.google.com.iam.gserviceaccount.com":   {},
		"serviceAccount:service-43@gcp-sa-logging.iam.gserviceaccount.com":            {"gcp:projects/43"},
		"serviceAccount:service-42@mallory.iam.gserviceaccount.com":                   {"gcp:mallory"},
		"serviceAccount:service-42@mallory.example.com.iam.gserviceaccount.com":       {"gcp:example.com:mallory"},
		"deleted:serviceAccount:service-42@mallory.iam.gserviceaccount.com?uid=11111": {"gcp:mallory"},
	} {
		if got := reachOf([]string{member}, "own", "42").shared; !slices.Equal(got, want) {
			t.Errorf("%s: lets in %v, want %v", member, got, want)
		}
	}
}
