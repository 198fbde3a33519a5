package gcs

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"github.com/trefoil-audit/trefoil/evidence/store"
)

// No server that can be had here keeps Google's retention, so what is made of the attributes is
// tested by itself.
func TestRetention(t *testing.T) {
	made := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	soft := &storage.RetentionPolicy{RetentionPeriod: 10 * day}
	hard := &storage.RetentionPolicy{RetentionPeriod: 10 * day, IsLocked: true}
	own := func(mode string, days int) *storage.ObjectAttrs {
		return &storage.ObjectAttrs{Created: made, Retention: &storage.ObjectRetention{Mode: mode, RetainUntil: made.AddDate(0, 0, days)}}
	}
	lock := func(mode string, days int) store.Lock { return store.Lock{Mode: mode, Until: made.AddDate(0, 0, days)} }
	bare := &storage.ObjectAttrs{Created: made}
	for name, c := range map[string]struct {
		o    *storage.ObjectAttrs
		p    *storage.RetentionPolicy
		want store.Lock
	}{
		"none":                        {bare, nil, store.Lock{}},
		"locked":                      {own(locked, 5), nil, lock(store.Compliance, 5)},
		"unlocked":                    {own(unlocked, 5), nil, lock(store.Governance, 5)},
		"policy":                      {bare, soft, lock(store.Governance, 10)},
		"locked policy":               {bare, hard, lock(store.Compliance, 10)},
		"shorter, under a policy":     {own(unlocked, 5), soft, lock(store.Governance, 10)},
		"locked, under a soft policy": {own(locked, 5), soft, lock(store.Compliance, 5)},
		"longer than a hard policy":   {own(locked, 50), hard, lock(store.Compliance, 50)},
		"unlocked, hard policy":       {own(unlocked, 50), hard, lock(store.Compliance, 10)},
	} {
		if got := heldBy(c.o, c.p); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		attrs *storage.BucketAttrs
		want  *store.Rule
		where []string
	}{
		"none":        {&storage.BucketAttrs{Location: "EUROPE-WEST1"}, nil, []string{"EUROPE-WEST1"}},
		"policy":      {&storage.BucketAttrs{RetentionPolicy: soft, Location: "EU"}, &store.Rule{Mode: store.Governance, Days: 10}, []string{"EU"}},
		"hard policy": {&storage.BucketAttrs{RetentionPolicy: hard}, &store.Rule{Mode: store.Compliance, Days: 10}, nil},
		"each": {&storage.BucketAttrs{ObjectRetentionMode: "Enabled", Location: "EU", CustomPlacementConfig: &storage.CustomPlacementConfig{DataLocations: []string{"EUROPE-WEST1", "EUROPE-WEST4"}}},
			&store.Rule{Each: true}, []string{"EUROPE-WEST1", "EUROPE-WEST4"}},
	} {
		if got := ruleOf(c.attrs); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if got := whereOf(c.attrs); !reflect.DeepEqual(got, c.where) {
			t.Errorf("%s: %v, want %v", name, got, c.where)
		}
	}
}

func TestCredentialsKind(t *testing.T) {
	for text, ok := range map[string]bool{`{"type":"service_account"}`: true, `{"type":"external_account"}`: true, `{"type":"authorized_user"}`: false, `{}`: false, `secret`: false} {
		path := filepath.Join(t.TempDir(), "c.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := credentialsKind(path); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
