package gcp

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
)

// every lists all collectors.
func every(a *Access) []collectors.Collector { return slices.Concat(Discovery(a), Collectors(a)) }

// The table has each declared operation and no other: what is not declared cannot be asked.
func TestTableIsTheDeclaration(t *testing.T) {
	var declared, table []string
	for _, c := range every(ReplayAccess(Settings{})) {
		for _, op := range c.Info().Operations {
			declared = append(declared, op.Name)
			if op.Permission == "" && op.Name != "oauth2:userinfo.get" || op.Genuine == (collectors.Genuine{}) {
				t.Errorf("%s declares no permission or no genuine answer", op.Name)
			}
			if op.List && len(op.Kinds) == 0 {
				t.Errorf("%s is a list of nothing", op.Name)
			}
		}
	}
	for _, s := range services {
		for _, m := range s.methods {
			table = append(table, m.name)
		}
	}
	if a, b := sorted(declared), sorted(table); !slices.Equal(a, b) {
		t.Errorf("declared %v, in the table %v; go generate ./collectors/gcp", a, b)
	}
}

// No two collectors of one target may declare an operation: its coverage row would be said twice.
func TestOperationsHaveOneCollector(t *testing.T) {
	seen := map[string]string{}
	discovered := map[string]bool{}
	for _, c := range Discovery(ReplayAccess(Settings{})) {
		for _, op := range c.Info().Operations {
			discovered[op.Name] = op.Global
		}
	}
	for _, c := range every(ReplayAccess(Settings{})) {
		info := c.Info()
		for _, op := range info.Operations {
			key := string(info.Runs) + " " + op.Name
			if other, twice := seen[key]; twice {
				t.Errorf("%s is declared by %s and %s", op.Name, other, info.Name)
			}
			seen[key] = info.Name
			if op.Parent != "" {
				if _, ok := info.Operation(op.Parent); !ok && !discovered[op.Parent] {
					t.Errorf("%s: parent %s is declared neither beside it nor as a global operation of discovery", op.Name, op.Parent)
				}
			}
		}
	}
}

func TestOperationNames(t *testing.T) {
	for request, want := range map[string]string{
		"GET storage /storage/v1/b":                                            "storage:buckets.list",
		"GET storage /storage/v1/b/mail-eu/iam":                                "storage:buckets.getIamPolicy",
		"GET storage /storage/v1/b/a%2Fb/iam":                                  "storage:buckets.getIamPolicy",
		"PUT storage /storage/v1/b/mail-eu/iam":                                "",
		"DELETE storage /storage/v1/b/mail-eu":                                 "",
		"GET storage /storage/v1/b/mail-eu/o":                                  "",
		"GET storage /v1/b":                                                    "",
		"GET cloudresourcemanager /v3/projects/x":                              "cloudresourcemanager:projects.get",
		"GET cloudresourcemanager /v3/projects/example.com:mail":               "cloudresourcemanager:projects.get",
		"POST cloudresourcemanager /v3/projects/example.com:mail:getIamPolicy": "cloudresourcemanager:projects.getIamPolicy",
		"POST cloudresourcemanager /v3/projects/example.com:mail:setIamPolicy": "",
		"GET iam /v1/projects/example.com:mail/roles":                          "iam:projects.roles.list",
		"GET cloudresourcemanager /v3/organizations/example.com:mail":          "",
		"GET cloudresourcemanager /v3/projects":                                "cloudresourcemanager:projects.list",
		"GET cloudresourcemanager /v3/projects:search":                         "cloudresourcemanager:projects.search",
		"POST cloudresourcemanager /v3/projects/x:setIamPolicy":                "",
		"GET cloudresourcemanager /v3/projects/x:undelete":                     "",
		"GET cloudresourcemanager /v3/projects/":                               "",
		"GET cloudresourcemanager /v3/organizations/1/x":                       "",
		"DELETE cloudresourcemanager /v3/projects/x":                           "",
		"GET storagetransfer /v1/transferJobs":                                 "storagetransfer:transferJobs.list",
		"GET storagetransfer /v1/transferJobs/1":                               "",
		"GET nothing /v1/anything":                                             "",
		"GET cloudresourcemanager /storage/v1/b":                               "",
		"GET storage /storage/v1/b/" + strings.Repeat("x/", 50) + "iam":        "",
		"GET cloudresourcemanager /v3/projects/x:getIamPolicy:testPermissions": "",
	} {
		verb, rest, _ := strings.Cut(request, " ")
		service, path, _ := strings.Cut(rest, " ")
		req, err := http.NewRequest(verb, "https://host.example"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := namer(service, "host.example")(req)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", request, got, err, want)
		}
		if name, err := namer(service, "other.example")(req); err == nil {
			t.Errorf("%s to a foreign host is named %q", request, name)
		}
	}
}

func FuzzOperationName(f *testing.F) {
	f.Add("GET", "/storage/v1/b/x/iam")
	f.Add("POST", "/v3/projects/x:getIamPolicy")
	f.Fuzz(func(t *testing.T, verb, path string) {
		for name, svc := range services {
			if got, err := svc.operation(verb, path); (err == nil) != (got != "") || err == nil && !strings.HasPrefix(got, name+":") {
				t.Errorf("%s %q: %q, %v", verb, path, got, err)
			}
		}
	})
}
