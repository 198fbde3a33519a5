package gcp

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// vault keeps bodies in memory.
type vault struct {
	mu     sync.Mutex
	bodies map[string][]byte
}

func newVault() *vault { return &vault{bodies: map[string][]byte{}} }

func (v *vault) AddBody(b []byte) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	d := evidence.Digest(b)
	v.bodies[d] = b
	return d, nil
}

var testTime = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// collect runs collectors on a target to its end.
func collect(t *testing.T, w *collectors.Work, all ...collectors.Collector) collectors.Outcome {
	t.Helper()
	for _, c := range all {
		if err := w.Collect(context.Background(), c, nil); err != nil {
			t.Fatal(err)
		}
	}
	return w.Finish()
}

// replay plays a recording of a target and wants every exchange to be asked for.
func replay(t *testing.T, live *collectors.Work, out collectors.Outcome, v *vault, make ...func(*Access) collectors.Collector) collectors.Outcome {
	t.Helper()
	rec, err := collectors.NewRecording(out.Exchanges, func(d string) ([]byte, error) { return v.bodies[d], nil })
	if err != nil {
		t.Fatal(err)
	}
	w, a := collectors.ReplayWork(live.Target, testTime, rec, newVault()), ReplayAccess(Settings{})
	var all []collectors.Collector
	for _, m := range make {
		all = append(all, m(a))
	}
	again := collect(t, w, all...)
	if left := w.Left(); len(left) > 0 {
		t.Errorf("%d exchanges left over", len(left))
	}
	return again
}

// same wants equal facts, rows and exchanges.
func same(t *testing.T, a, b collectors.Outcome) {
	t.Helper()
	for name, pair := range map[string][2]any{"facts": {a.Facts, b.Facts}, "rows": {a.Rows, b.Rows}, "exchanges": {a.Exchanges, b.Exchanges}} {
		x, err := evidence.Canonical(pair[0])
		if err != nil {
			t.Fatal(err)
		}
		y, err := evidence.Canonical(pair[1])
		if err != nil {
			t.Fatal(err)
		}
		if string(x) != string(y) {
			t.Errorf("%s differ:\n%s\n%s", name, x, y)
		}
	}
}
