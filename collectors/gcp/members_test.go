package gcp

import (
	"slices"
	"testing"
)

// Whoever a policy lets in is a stranger unless its name can be one of the project's own alone.
func TestStrangers(t *testing.T) {
	for member, want := range map[string][]string{
		"serviceAccount:app@own.iam.gserviceaccount.com":                                                                    {},
		"serviceAccount:42-compute@developer.gserviceaccount.com":                                                           {},
		"serviceAccount:service-42@gs-project-accounts.iam.gserviceaccount.com":                                             {},
		"serviceAccount:service-42@gcp-sa-logging.iam.gserviceaccount.com":                                                  {},
		"serviceAccount:service-42@gae-api-prod.google.com.iam.gserviceaccount.com":                                         {},
		"serviceAccount:service-43@gcp-sa-logging.iam.gserviceaccount.com":                                                  {"gcp:projects/43"},
		"serviceAccount:service-42@mallory.iam.gserviceaccount.com":                                                         {"gcp:mallory"},
		"serviceAccount:service-42@mallory.example.com.iam.gserviceaccount.com":                                             {"gcp:example.com:mallory"},
		"deleted:serviceAccount:service-42@mallory.iam.gserviceaccount.com?uid=11111":                                       {"gcp:mallory"},
		"principalSet://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/ci/*":                         {"principalSet://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/ci/*"},
		"principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ann":                                  {"principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ann"},
		"principal://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/own.svc.id.goog/subject/ns/a":    {},
		"principal://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/them.svc.id.goog/subject/ns/a":    {"gcp:them"},
		"principalSet://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/own.svc.id.goog.evil/group/g": {"principalSet://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/own.svc.id.goog.evil/group/g"},
		"serviceAccount:app@mail.example.com.iam.gserviceaccount.com":                                                       {"gcp:example.com:mail"},
		"serviceAccount:mail.example.com@appspot.gserviceaccount.com":                                                       {"gcp:example.com:mail"},
		"serviceAccount:own@appspot.gserviceaccount.com":                                                                    {},
		"serviceAccount:mail.example.com.svc.id.goog[ns/app]":                                                               {"gcp:example.com:mail"},
		"serviceAccount:example.com:mail.svc.id.goog[ns/app]":                                                               {"gcp:example.com:mail"},
		"projectOwner:example.com:mail":                                                                                     {"gcp:example.com:mail"},
	} {
		if got := reachOf([]string{member}, "own", "42").shared; !slices.Equal(got, want) {
			t.Errorf("%s: lets in %v, want %v", member, got, want)
		}
		if got := outsiders([]string{member}, "own", "42"); (len(got) == 0) != (len(want) == 0) {
			t.Errorf("%s: outside are %v, want as %v", member, got, want)
		}
	}
}
