package aws

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

const whoXML = `<GetCallerIdentityResponse><GetCallerIdentityResult><UserId>U</UserId><Account>999900001111</Account>` +
	`<Arn>arn:aws:sts::999900001111:assumed-role/TrefoilAudit/trefoil-audit</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`

// The caller's own credentials are for the account that they belong to. With a wrong profile nothing is
// asked, and the reason names both ends.
func TestOwnCredentialsAreOfOneAccount(t *testing.T) {
	says := whoXML
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if says == "" {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>`)
			return
		}
		io.WriteString(w, says)
	}))
	defer server.Close()
	a := &Access{settings: Settings{Partition: "aws", HomeRegion: "eu-west-1"}, entered: map[string]aws.CredentialsProvider{},
		base: aws.Config{Region: "eu-west-1", Credentials: fixed(), BaseEndpoint: aws.String(server.URL)}}
	if e := a.Enter(t.Context(), "999900001111"); e.Code != "" || a.entered["999900001111"] == nil {
		t.Errorf("its own account: %+v", e)
	}
	if e := a.Enter(t.Context(), "111122223333"); !strings.Contains(e.Code, "OtherAccount") || !strings.Contains(e.Code, "999900001111") || a.entered["111122223333"] != nil {
		t.Errorf("another account: %+v", e)
	}
	says = ""
	if e := a.Enter(t.Context(), "999900001111"); e.Code != "AccessDenied" || !e.Denied {
		t.Errorf("refused: %+v", e)
	}
	// In a run, each row of the target says so.
	says = whoXML
	w := collectors.NewWork(collectors.Target{ID: "aws-111122223333", Account: "111122223333"}, time.Now(), http.DefaultTransport, &memoryVault{bodies: map[string][]byte{}}, time.Now)
	status, reason, in := w.Enter(t.Context(), a.Operation(), time.Now, func(ctx context.Context) collectors.Entry { return a.Enter(ctx, "111122223333") })
	if in || status.Seen() || !strings.Contains(reason, "999900001111") {
		t.Error(status, reason, in)
	}
}

// Where another account answers, whatever the credentials were meant for, no row of the target is ok and
// no fact counts: rows of collectors that ran before and after included. A recording says the same.
func TestAnotherAccountAnswers(t *testing.T) {
	for account, owns := range map[string]bool{"999900001111": true, "111122223333": false} {
		target := collectors.Target{ID: "aws-" + account, Provider: "aws", Level: collectors.Account, Account: account}
		base := roundTrip(func(r *http.Request) (*http.Response, error) {
			body := `{"TableNames":[],"BackupSummaries":[],"ExportSummaries":[],"trailList":[]}`
			kind := "application/x-amz-json-1.0"
			if strings.Contains(r.URL.Host, "sts.") {
				kind, body = "text/xml", whoXML
			}
			return &http.Response{StatusCode: 200, Request: r, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{"Content-Type": {kind}}}, nil
		})
		vault := &memoryVault{bodies: map[string][]byte{}}
		access := &Access{settings: Settings{Partition: "aws", HomeRegion: "eu-west-1"}, entered: map[string]aws.CredentialsProvider{account: fixed()}}
		ask := func(w *collectors.Work, a *Access) collectors.Outcome {
			for _, c := range []collectors.Collector{&dynamoTables{access: a}, &stsIdentity{access: a}, &trails{access: a}} {
				if err := w.Collect(t.Context(), c, []collectors.Region{{Name: "eu-west-1"}}); err != nil {
					t.Fatal(err)
				}
			}
			return w.Finish()
		}
		live := ask(collectors.NewWork(target, time.Now(), base, vault, time.Now), access)
		rec, err := collectors.NewRecording(live.Exchanges, func(d string) ([]byte, error) { return vault.bodies[d], nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []collectors.Outcome{live, ask(collectors.ReplayWork(target, time.Now(), rec, vault), ReplayAccess(access.settings))} {
			if owns != (len(got.Facts) == 1) {
				t.Errorf("%s: %d facts", account, len(got.Facts))
			}
			for _, r := range got.Rows {
				if r.Status.Seen() != owns || !owns && (r.Status != evidence.Failed || !strings.Contains(r.Reason, "999900001111")) {
					t.Errorf("%s: %s %s (%s)", account, r.ID, r.Status, r.Reason)
				}
			}
		}
	}
}
