package aws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// stub answers each request by what the last of its answers for that operation says.
type stub struct {
	mu      sync.Mutex
	answers map[string][]string // X-Amz-Target's operation → "status code" in order; the last for ever
	asked   map[string]int
}

func (b *stub) RoundTrip(req *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, op, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	n := b.asked[op]
	b.asked[op]++
	list := b.answers[op]
	if len(list) == 0 {
		list = []string{`400 {"__type":"x#ValidationException"}`}
	}
	status, body, _ := strings.Cut(list[min(n, len(list)-1)], " ")
	resp := &http.Response{StatusCode: map[string]int{"200": 200, "400": 400, "503": 503}[status], Request: req, Body: io.NopCloser(strings.NewReader(body)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "Date": {"Mon, 02 Nov 2020 10:00:00 GMT"}}}
	return resp, nil
}

// How often a call is made and how it ends is the same in the recording and whenever it is played:
// a refusal is not asked again though its date is long past, throttling is, three times.
func TestAttempts(t *testing.T) {
	const throttled, denied, ok = `400 {"__type":"x#ThrottlingException"}`, `400 {"__type":"x#AccessDeniedException"}`, `200 {"TableNames":[]}`
	for name, c := range map[string]struct {
		answers  []string
		attempts int
		status   evidence.Status
	}{
		"refused":                 {[]string{denied}, 1, evidence.Denied},
		"throttled once":          {[]string{throttled, ok}, 2, evidence.OK},
		"throttled for good":      {[]string{throttled}, 3, evidence.Throttled},
		"throttled, then refused": {[]string{throttled, denied}, 2, evidence.Denied},
		"a page":                  {[]string{"200 <html>"}, 1, evidence.Failed},
		"nothing":                 {[]string{"200 {}"}, 1, evidence.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &stub{answers: map[string][]string{"ListTables": c.answers, "ListBackups": {`200 {"BackupSummaries":[]}`}, "ListExports": {`200 {"ExportSummaries":[]}`}}, asked: map[string]int{}}
			vault := &memoryVault{bodies: map[string][]byte{}}
			target := collectors.Target{ID: "aws-111122223333", Provider: "aws", Level: collectors.Account, Account: "111122223333"}
			live := collectors.NewWork(target, time.Now(), b, vault, time.Now)
			access := &Access{settings: Settings{Partition: "aws", HomeRegion: "eu-west-1"}, entered: nil}
			access.entered = map[string]aws.CredentialsProvider{target.Account: fixed()}
			first := one(t, live, access)
			if b.asked["ListTables"] != c.attempts {
				t.Errorf("%d attempts, want %d", b.asked["ListTables"], c.attempts)
			}
			at := slices.IndexFunc(first.Rows, func(r evidence.Row) bool { return r.Operation == "dynamodb:ListTables" })
			if first.Rows[at].Status != c.status {
				t.Errorf("%s (%s), want %s", first.Rows[at].Status, first.Rows[at].Reason, c.status)
			}
			rec, err := collectors.NewRecording(first.Exchanges, func(d string) ([]byte, error) { return vault.bodies[d], nil })
			if err != nil {
				t.Fatal(err)
			}
			work := collectors.ReplayWork(target, time.Now(), rec, vault)
			again := one(t, work, ReplayAccess(access.settings))
			if left := work.Left(); len(left) > 0 || len(again.Exchanges) != len(first.Exchanges) {
				t.Errorf("%d exchanges left, %d made, %d recorded", len(left), len(again.Exchanges), len(first.Exchanges))
			}
		})
	}
}

func one(t *testing.T, w *collectors.Work, a *Access) collectors.Outcome {
	t.Helper()
	if err := w.Collect(context.Background(), &dynamoTables{access: a}, []collectors.Region{{Name: "eu-west-1"}}); err != nil {
		t.Fatal(err)
	}
	return w.Finish()
}

// An endpoint that the engagement names is one host; the host that the request was signed for goes with
// it, so that a server that checks signatures takes it.
func TestOneHost(t *testing.T) {
	var sent *http.Request
	o := &oneHost{endpoint: "http://127.0.0.1:5000", next: roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = r
		return nil, errors.New("not sent")
	})}
	req, err := http.NewRequest("GET", "http://111122223333.127.0.0.1:5000/v20180820/accesspoint", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.RoundTrip(req); err == nil {
		t.Fatal("the answer is not the next one's")
	}
	if sent.URL.Host != "127.0.0.1:5000" || sent.Host != "111122223333.127.0.0.1:5000" || req.URL.Host != "111122223333.127.0.0.1:5000" {
		t.Errorf("sent to %s as %s; the request itself says %s", sent.URL.Host, sent.Host, req.URL.Host)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
