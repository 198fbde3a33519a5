package gcp

import (
	"encoding/json"
	"slices"
	"testing"

	crm "google.golang.org/api/cloudresourcemanager/v3"
)

// No policy, however it is made, loses a member, breaks a fact or stops the collector.
func FuzzPolicy(f *testing.F) {
	f.Add(`{"bindings":[{"role":"roles/viewer","members":["user:a@b.test","allUsers"]},{"role":"roles/viewer","members":["group:g@b.test"],"condition":{"expression":"request.time < timestamp(\"2030-01-01T00:00:00Z\")"}}]}`)
	f.Add(`{"bindings":[{"role":"","members":["","deleted:serviceAccount:x?uid=1","principalSet://iam.googleapis.com/*"]}],"auditConfigs":[{"service":"allServices"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var p crm.Policy
		if json.Unmarshal([]byte(text), &p) != nil {
			return
		}
		var all []binding
		for _, b := range p.Bindings {
			if b == nil {
				return // the client library gives none
			}
			one := binding{role: b.Role, members: b.Members}
			if b.Condition != nil {
				one.expression, one.title, one.description = b.Condition.Expression, b.Condition.Title, b.Condition.Description
			}
			all = append(all, one)
		}
		o := owner{id: "gcp:p", region: "global", project: "p", number: "1"}
		facts, err := bindingFacts(o, all)
		if err != nil {
			return
		}
		var said []any
		for _, fact := range facts {
			members, _ := fact.Get("/binding/principals")
			said = append(said, members.([]any)...)
		}
		for _, b := range all {
			for _, m := range b.members {
				if !slices.Contains(said, any(m)) {
					t.Fatalf("member %q is lost", m)
				}
			}
		}
		policyReach(o, all)
	})
}
