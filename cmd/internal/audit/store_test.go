package audit

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// A region that the run before could use, and that is not opted in now, was switched off: what was
// kept there may still be there.
func TestRegionsSwitchedOff(t *testing.T) {
	var none *previousInput
	now := func() []collectors.Region {
		return []collectors.Region{{Name: "af-south-1", Status: evidence.NotEnabled, Reason: "never"}, {Name: "ap-east-1", Status: evidence.NotEnabled, Reason: "never"}, {Name: "eu-west-1"}}
	}
	if got := none.gone("aws-1", now()); !reflect.DeepEqual(got, now()) {
		t.Errorf("without a run before: %+v", got)
	}
	p := &previousInput{Run: "abc", Regions: map[string][]string{"aws-1": {"ap-east-1", "eu-west-1"}, "aws-2": {"af-south-1"}}}
	want := now()
	want[1].Status, want[1].Reason = evidence.Disabled, "switched off since run abc"
	if got := p.gone("aws-1", now()); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// The regions that a run could use are those of its plan, but those never opted in: also one
// that was switched off stays on the list, since nobody has looked into it since.
func TestEnabledRegions(t *testing.T) {
	r, _ := seen(t)
	got, err := enabledRegions(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range r.Targets() {
		if strings.HasPrefix(target, "aws-org-") || !strings.HasPrefix(target, "aws-") {
			continue
		}
		if len(got[target]) < 10 {
			t.Errorf("%s: %v", target, got[target])
		}
	}
}

func TestStoreOrder(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	if newest, err := s.Newest(at); err != nil || newest != "" {
		t.Errorf("an empty store: %q, %v", newest, err)
	}
	for _, name := range []string{"20261123T100000Z", "20261124T095959Z", "20261124T095959Z.tmp-1", "notes", "20261124T095959Z.xlsx"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if newest, err := s.Newest(at); err != nil || newest != filepath.Join(dir, "20261124T095959Z") {
		t.Errorf("newest: %q, %v", newest, err)
	}
	for _, early := range []time.Time{at.Add(-time.Second), at.Add(-time.Hour)} {
		if _, err := s.Newest(early); err == nil || !strings.Contains(err.Error(), "not older than now") {
			t.Errorf("a clock that went back to %s: %v", early, err)
		}
	}
	if _, err := OpenStore(dir); err == nil || !strings.Contains(err.Error(), "another audit") {
		t.Errorf("a second audit at once: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// What a crash left is cleared, but for what another process is at work on.
	busy, err := run.Create(filepath.Join(dir, "20261124T095957Z"))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Abort()
	again, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.tmp-*"))
	if err != nil || len(left) != 1 || !strings.Contains(left[0], "20261124T095957Z.tmp-") {
		t.Errorf("left: %v, %v", left, err)
	}
}
