package gcp

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// answered collects from a server that gives each path's answers in turn, the last one again and again.
func answered(t *testing.T, answers map[string][]string, make func(*Access) []collectors.Collector) map[string]evidence.Row {
	t.Helper()
	asked := map[string]int{}
	a := serve(t, func(w http.ResponseWriter, r *http.Request) {
		all := answers[r.URL.Path]
		if len(all) == 0 {
			http.Error(w, `{"error":{"status":"PERMISSION_DENIED"}}`, http.StatusForbidden)
			return
		}
		fmt.Fprint(w, all[min(asked[r.URL.Path], len(all)-1)])
		asked[r.URL.Path]++
	})
	out := collect(t, collectors.NewWork(testProject, testTime, http.DefaultTransport, newVault(), time.Now), make(a)...)
	rows := map[string]evidence.Row{}
	for _, r := range out.Rows {
		rows[r.Operation] = r
	}
	return rows
}

// A list that each project has items of is not believed to be empty, whatever member it carries.
func TestNeverEmpty(t *testing.T) {
	const account = `{"accounts":[{"name":"projects/p/serviceAccounts/a@p","email":"a@p","uniqueId":"7"}]}`
	rows := answered(t, map[string][]string{
		"/v1/projects/p/locations":                 {`{"locations":[]}`},
		"/v2/projects/p/sinks":                     {`{"sinks":[]}`},
		"/v2/projects/p/locations/-/buckets":       {`{"buckets":[]}`},
		"/v1/projects/p/serviceAccounts":           {account},
		"/v1/projects/p/serviceAccounts/a@p/keys":  {`{"keys":[]}`},
		"/v1/projects/p/serviceAccounts/a@p:other": {`{}`},
	}, func(a *Access) []collectors.Collector {
		return []collectors.Collector{&keys{access: a}, &projectLogs{access: a}, &identities{access: a}}
	})
	for _, op := range []string{"cloudkms:projects.locations.list", "logging:projects.sinks.list", "logging:projects.locations.buckets.list", "iam:projects.serviceAccounts.keys.list"} {
		if r := rows[op]; r.Status != evidence.Failed || r.Reason != errNone.Error() {
			t.Errorf("%s: %s (%s)", op, r.Status, r.Reason)
		}
	}
}

// The last page of a list is as little believed as its only one where it says no more than {}.
func TestListThatEndsInNothing(t *testing.T) {
	const first = `{"items":[{"name":"one","region":"europe-west1","instanceType":"READ_REPLICA_INSTANCE"}],"nextPageToken":"t"}`
	const asset = `{"name":"//cloudsql.googleapis.com/projects/p/instances/%s","assetType":"sqladmin.googleapis.com/Instance"}`
	one, two := fmt.Sprintf(asset, "one"), fmt.Sprintf(asset, "two")
	for name, c := range map[string]struct {
		inventory string
		want      evidence.Status
		reason    string
	}{
		"no second source":     {"", evidence.Failed, "no second source"},
		"it lists one more":    {one + "," + two, evidence.Failed, "instances/two"},
		"it lists the one too": {one, evidence.OK, ""},
	} {
		answers := map[string][]string{"/v1/projects/p/instances": {first, "{}"}}
		if c.inventory != "" {
			answers["/v1/projects/p/assets"] = []string{`{"readTime":"2026-11-23T09:00:00Z","assets":[` + c.inventory + `]}`}
		}
		rows := answered(t, answers, func(a *Access) []collectors.Collector {
			return []collectors.Collector{&assets{access: a, level: collectors.Account}, &instances{access: a}}
		})
		if r := rows["sql:instances.list"]; r.Status != c.want || !strings.Contains(r.Reason, c.reason) {
			t.Errorf("%s: %s (%s)", name, r.Status, r.Reason)
		}
	}
}

// An answer about another project says nothing about this one.
func TestAnotherProject(t *testing.T) {
	rows := answered(t, map[string][]string{"/v3/projects/p": {`{"name":"projects/666","projectId":"mallory","state":"ACTIVE"}`}},
		func(a *Access) []collectors.Collector { return []collectors.Collector{&project{access: a}} })
	if r := rows["cloudresourcemanager:projects.get"]; r.Status != evidence.Failed || !strings.Contains(r.Reason, "mallory") {
		t.Errorf("%s (%s)", r.Status, r.Reason)
	}
}
