package gcp

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

func TestPause(t *testing.T) {
	for _, c := range []struct {
		after   string
		attempt int
		want    time.Duration
	}{{"", 1, time.Second / 2}, {"", 2, time.Second}, {"0", 1, 0}, {"7", 1, 7 * time.Second}, {"999", 1, maxWait}, {"-1", 1, time.Second / 2}, {"Tue", 1, time.Second / 2}} {
		if got := pause(c.after, c.attempt); got != c.want {
			t.Errorf("%q, attempt %d: %v, want %v", c.after, c.attempt, got, c.want)
		}
	}
}

// serve starts a server and gives an access to it.
func serve(t *testing.T, h http.HandlerFunc) *Access {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	a, err := LiveAccess(context.Background(), Settings{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var testProject = collectors.Target{ID: "gcp-p", Provider: "gcp", Level: collectors.Account, Account: "p", Parent: "gcp-org-1"}

// Each attempt of a busy service is recorded; the bound is a count; a replay makes the same
// attempts without waiting.
func TestRetriesAreRecorded(t *testing.T) {
	for name, c := range map[string]struct {
		busy   int32
		status int
		reason string
		want   evidence.Status
		calls  int
	}{
		"twice busy":         {2, http.StatusServiceUnavailable, "backendError", evidence.OK, 3},
		"always busy":        {99, http.StatusTooManyRequests, "rateLimitExceeded", evidence.Throttled, 3},
		"refused":            {99, http.StatusForbidden, "forbidden", evidence.Denied, 1},
		"busy, said as 403":  {2, http.StatusForbidden, "rateLimitExceeded", evidence.OK, 3},
		"never let in by it": {99, http.StatusForbidden, "userRateLimitExceeded", evidence.Throttled, 3},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			a := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) <= c.busy {
					w.Header().Set("Retry-After", "0")
					http.Error(w, `{"error":{"code":1,"status":"PERMISSION_DENIED","errors":[{"reason":"`+c.reason+`"}]}}`, c.status)
					return
				}
				fmt.Fprint(w, `{"name":"projects/42","projectId":"p","state":"ACTIVE"}`)
			})
			a.tokens = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "the-secret-token"})
			vault := newVault()
			live := collectors.NewWork(testProject, testTime, a.Transport(http.DefaultTransport), vault, time.Now)
			out := collect(t, live, &project{access: a})
			if row := out.Rows[0]; row.Status != c.want || len(out.Exchanges) != c.calls {
				t.Fatalf("%s: %s (%s), %d exchanges", row.ID, row.Status, row.Reason, len(out.Exchanges))
			}
			again := replay(t, live, out, vault, func(a *Access) collectors.Collector { return &project{access: a} })
			same(t, out, again)
			lines, err := evidence.Canonical(out.Exchanges)
			if err != nil || strings.Contains(string(lines), "the-secret-token") || strings.Contains(string(lines), "Bearer") {
				t.Error("the token is in the recording")
			}
		})
	}
}

// Pages that go round in a ring end, as an error in coverage.
func TestPagesInARing(t *testing.T) {
	a := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"kind":"storage#buckets","transferJobs":[],"nextPageToken":"same"}`)
	})
	out := collect(t, collectors.NewWork(testProject, testTime, http.DefaultTransport, newVault(), time.Now), &buckets{access: a})
	i := slices.IndexFunc(out.Rows, func(r evidence.Row) bool { return r.Operation == "storage:buckets.list" })
	if out.Rows[i].Status != evidence.Failed || out.Rows[i].Reason != errLoop.Error() {
		t.Errorf("%+v", out.Rows[i])
	}
}
