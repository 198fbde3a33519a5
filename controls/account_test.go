package controls

import "testing"

// A project of a domain is a project, though its target's name has another sign for the colon of its id.
func TestTargetsThatAreAccounts(t *testing.T) {
	for _, c := range []struct {
		target Target
		want   bool
	}{
		{Target{ID: "gcp-mail-store", Provider: "gcp", Account: "mail-store"}, true},
		{Target{ID: "gcp-example.com_mail-store", Provider: "gcp", Account: "example.com:mail-store"}, true},
		{Target{ID: "gcp-org-1", Provider: "gcp", Account: "1"}, false},
		{Target{ID: "plugin-x", Provider: "dc"}, false},
	} {
		if got := c.target.account(); got != c.want {
			t.Errorf("%s: %v", c.target.ID, got)
		}
	}
	for name, want := range map[string]string{
		"//storage.googleapis.com/projects/example.com:mail/x":                                                                    "gcp:example.com:mail",
		"principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/mail.example.com.svc.id.goog/subject/a": "gcp:example.com:mail",
		"gcp:example.com:mail": "gcp:example.com:mail",
	} {
		if got, known := ownerOf(name); !known || got != want {
			t.Errorf("%s is of %s", name, got)
		}
	}
}
