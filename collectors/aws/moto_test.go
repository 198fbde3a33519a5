package aws

import (
	"context"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

type memoryVault struct {
	mu     sync.Mutex
	bodies map[string][]byte
}

func (v *memoryVault) AddBody(b []byte) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	d := evidence.Digest(b)
	v.bodies[d] = b
	return d, nil
}

// TestMoto records an account of a moto server and plays it again: the same facts and rows
// come out, every exchange is asked for again, and none is missing.
func TestMoto(t *testing.T) {
	endpoint := os.Getenv("TREFOIL_MOTO")
	if endpoint == "" {
		t.Skip("TREFOIL_MOTO names no moto server")
	}
	s := Settings{Management: "123456789012", Partition: "aws", HomeRegion: "eu-west-1", Endpoint: endpoint}
	access := &Access{settings: s, base: aws.Config{Region: "eu-west-1", Credentials: fixed()}, entered: map[string]aws.CredentialsProvider{"123456789012": fixed()}}
	vault := &memoryVault{bodies: map[string][]byte{}}
	asOf := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for _, target := range []collectors.Target{
		{ID: "aws-org-123456789012", Provider: "aws", Level: collectors.Organization, Account: "123456789012"},
		{ID: "aws-123456789012", Provider: "aws", Level: collectors.Account, Account: "123456789012"}} {
		live := collect(t, collectors.NewWork(target, asOf, http.DefaultTransport, vault, time.Now), access, target.Level)
		for _, r := range live.Rows {
			t.Log(r.ID, r.Status, r.Reason, r.Calls)
		}
		rec, err := collectors.NewRecording(live.Exchanges, func(d string) ([]byte, error) { return vault.bodies[d], nil })
		if err != nil {
			t.Fatal(err)
		}
		work := collectors.ReplayWork(target, asOf, rec, vault)
		again := collect(t, work, ReplayAccess(s), target.Level)
		if left := work.Left(); len(left) > 0 {
			t.Errorf("%d exchanges left over", len(left))
		}
		same(t, live, again)
	}
}

func collect(t *testing.T, w *collectors.Work, a *Access, level collectors.Level) collectors.Outcome {
	t.Helper()
	regions := []collectors.Region{{Name: "eu-west-1"}, {Name: "us-east-1"}}
	for _, c := range append(Discovery(a), Collectors(a)...) {
		if c.Info().Runs != level {
			continue
		}
		if err := w.Collect(context.Background(), c, regions); err != nil {
			t.Fatal(err)
		}
	}
	return w.Finish()
}

func same(t *testing.T, a, b collectors.Outcome) {
	t.Helper()
	if len(a.Facts) == 0 || len(a.Facts) != len(b.Facts) {
		t.Fatalf("%d facts, replayed %d", len(a.Facts), len(b.Facts))
	}
	for i := range a.Facts {
		x, _ := a.Facts[i].Encode()
		y, _ := b.Facts[i].Encode()
		if string(x) != string(y) {
			t.Errorf("fact differs:\n%s\n%s", x, y)
		}
		t.Log(string(x))
	}
	x, _ := evidence.Canonical(a.Rows)
	y, _ := evidence.Canonical(b.Rows)
	if string(x) != string(y) {
		t.Error("rows differ")
	}
	x, _ = evidence.Canonical(a.Exchanges)
	y, _ = evidence.Canonical(b.Exchanges)
	if string(x) != string(y) {
		t.Error("exchanges differ")
	}
}
