package audit

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// probe asks each list operation of a collector's declaration once, as an SDK would.
type probe struct{ info collectors.Info }

func (p probe) Info() collectors.Info { return p.info }

func (p probe) Collect(ctx context.Context, s *collectors.Session) error {
	for _, op := range p.info.Operations {
		client := &http.Client{Transport: s.Transport(collectors.Global, func(*http.Request) (string, error) { return op.Name, nil })}
		collectors.Ask(ctx, s, collectors.Global, op.Name, func(ctx context.Context) (int, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://provider.test/"+op.Name, nil)
			if err != nil {
				return 0, err
			}
			resp, err := client.Do(req)
			if err != nil {
				return 0, err
			}
			defer resp.Body.Close()
			n, err := io.Copy(io.Discard, resp.Body)
			return int(n), err
		})
	}
	return nil
}

// says answers everything with one status and body.
type says struct {
	status int
	body   string
}

func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: s.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(s.body)), Request: r}, nil
}

// probed asks every operation of a declaration, and gives what coverage says of each.
func probed(t *testing.T, info collectors.Info, s says) func(operation string) evidence.Row {
	t.Helper()
	w := collectors.NewWork(collectors.Target{ID: "t", Account: "t"}, time.Now(), s, noVault{}, time.Now)
	if err := w.Collect(context.Background(), probe{info}, nil); err != nil {
		t.Fatal(err)
	}
	return func(operation string) evidence.Row {
		row, ok := w.Row(evidence.RowID("t", collectors.Global, operation))
		if !ok {
			t.Errorf("%s: coverage says nothing of %s", info.Name, operation)
		}
		return row
	}
}

type noVault struct{}

func (noVault) AddBody(b []byte) (string, error) { return evidence.Digest(b), nil }

// Every list operation that is declared, of any provider: an HTML page, {} and no body at all,
// with status 200, are no answers. The one exception is Google's operations whose way to say
// "none" is {}; that it counts only where a second source agrees is tested in fixtures/google,
// over all of them.
func TestNothingIsNoAnswer(t *testing.T) {
	bare, lists := 0, 0
	for _, c := range declared() {
		info := c.Info()
		for _, body := range []string{"<!DOCTYPE html><html><body>Sign in</body></html>", "{}", ""} {
			row := probed(t, info, says{http.StatusOK, body})
			for _, op := range info.Operations {
				if !op.List {
					continue
				}
				lists++
				row := row(op.Name)
				if body == "{}" && op.Genuine.Object && info.Provider == "gcp" {
					bare++
					continue
				}
				if row.Status != evidence.Failed || !strings.HasPrefix(row.Reason, "not a genuine answer") {
					t.Errorf("%s: %s answered by %q: %s %s", info.Name, op.Name, body, row.Status, row.Reason)
				}
			}
		}
	}
	if lists < 150 || bare == 0 {
		t.Errorf("only %d list operations were probed, %d of them bare", lists/3, bare)
	}
}

// A code that means "there is none" or "switched off" counts only with a status that a service
// says it with: over every operation that declares one.
func TestNoneIsSaidByTheService(t *testing.T) {
	codes := 0
	for _, c := range declared() {
		info := c.Info()
		said := map[string]bool{}
		for _, op := range info.Operations {
			for _, code := range slices.Concat(op.Empty, op.Disabled) {
				said[code] = true
			}
		}
		for code := range said {
			right := http.StatusNotFound
			if info.Provider == "gcp" {
				right = http.StatusForbidden
			}
			for _, status := range []int{right, http.StatusFound, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable} {
				row := probed(t, info, says{status, `{"__type":"` + code + `"}`})
				for _, op := range info.Operations {
					want := evidence.Empty
					switch {
					case slices.Contains(op.Disabled, code):
						want = evidence.Disabled
					case !slices.Contains(op.Empty, code):
						continue
					}
					codes++
					row := row(op.Name)
					if none := row.Status == evidence.Empty || row.Status == evidence.Disabled; none != (status == right) || none && row.Status != want {
						t.Errorf("%s: %s answered by %s with status %d: %s %s", info.Name, op.Name, code, status, row.Status, row.Reason)
					}
				}
			}
		}
	}
	if codes < 300 {
		t.Errorf("only %d answers were probed", codes)
	}
}

// A member that is null, or of another type than the declared ones, is no answer: over every
// operation that declares a member.
func TestMemberOfAnotherType(t *testing.T) {
	values := map[string]string{"array": "[]", "object": "{}", "string": `"x"`, "boolean": "false", "number": "0", "null": "null"}
	members := map[string]bool{}
	for _, c := range declared() {
		info := c.Info()
		for _, op := range info.Operations {
			if op.Genuine.Member == "" {
				continue
			}
			members[op.Name] = op.List
			types := strings.Split(op.Genuine.Types, "|")
			for _, one := range types {
				if values[one] == "" || one == "null" || one == "number" {
					t.Errorf("%s declares its member to be %q", op.Name, op.Genuine.Types)
				}
			}
			for name, value := range values {
				row := probed(t, info, says{http.StatusOK, `{"` + op.Genuine.Member + `":` + value + `}`})(op.Name)
				if right := slices.Contains(types, name); right != (row.Status == evidence.OK) || !right && !strings.HasPrefix(row.Reason, "not a genuine answer") {
					t.Errorf("%s: %s answered by %s: %s %s", info.Name, op.Name, name, row.Status, row.Reason)
				}
			}
		}
	}
	lists := 0
	for _, list := range members {
		if list {
			lists++
		}
	}
	if lists < 30 || len(members) < 50 {
		t.Errorf("only %d operations were probed, %d of them lists", len(members), lists)
	}
}

// The root element alone is no answer of an operation that lists: the list's own element stands in
// it also where the list is empty.
func TestRootAloneIsNoAnswer(t *testing.T) {
	lists := 0
	for _, c := range declared() {
		info := c.Info()
		for _, op := range info.Operations {
			if op.Genuine.Root == "" || !op.List {
				continue
			}
			lists++
			root, _, _ := strings.Cut(op.Genuine.Root, "|")
			for body, want := range map[string]evidence.Status{
				"<" + root + "/>": evidence.Failed,
				"<" + root + "><requestId>1</requestId></" + root + ">":                     evidence.Failed,
				"<" + root + "/><" + op.Genuine.Holds + "/>":                                evidence.Failed,
				"<" + root + "><a><b><" + op.Genuine.Holds + "/></b></a></" + root + ">":    evidence.Failed,
				"<" + root + "><" + op.Genuine.Holds + "/></" + root + ">":                  evidence.OK,
				"<" + root + "><Result><" + op.Genuine.Holds + "/></Result></" + root + ">": evidence.OK,
			} {
				if row := probed(t, info, says{http.StatusOK, body})(op.Name); op.Genuine.Holds == "" || row.Status != want {
					t.Errorf("%s: %s answered by %s: %s %s", info.Name, op.Name, body, row.Status, row.Reason)
				}
			}
		}
	}
	if lists < 19 {
		t.Errorf("only %d list operations were probed", lists)
	}
}

// A custom role of Google names permissions as Google writes them, each of a service that the
// declared operation belongs to.
func TestGooglePermissions(t *testing.T) {
	list, err := Permissions("gcp")
	if err != nil || len(list) < 20 {
		t.Fatal(list, err)
	}
	form := regexp.MustCompile(`^([a-z]+\.|iam\.googleapis\.com/)[a-zA-Z]+\.(get|list|getIamPolicy|listResource)$`)
	for _, p := range list {
		if !form.MatchString(p) {
			t.Errorf("%s is no permission that only reads", p)
		}
	}
	prefix := map[string]string{"cloudresourcemanager": "resourcemanager", "sql": "cloudsql"}
	for _, c := range declared() {
		for _, op := range c.Info().Operations {
			service, _, _ := strings.Cut(op.Name, ":")
			if want := prefix[service]; want != "" {
				service = want
			}
			if of, _, _ := strings.Cut(op.Permission, "."); c.Info().Provider == "gcp" && of != service && op.Name != "oauth2:userinfo.get" { // which needs none
				t.Errorf("%s needs %s, a permission of another service", op.Name, op.Permission)
			}
		}
	}
}
