package store

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence/run"
)

// overwriting is a store that takes the condition and writes all the same.
type overwriting struct{ *Directory }

func (o overwriting) Put(ctx context.Context, name string, object Object) error {
	if err := os.Remove(filepath.Join(o.root, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return o.Directory.Put(ctx, name, object)
}

func TestProbe(t *testing.T) {
	d, err := OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var unsafe *UnsafeError
	if err := Probe(t.Context(), overwriting{d}, "x"); !errors.As(err, &unsafe) {
		t.Errorf("a store that writes over what is there: %v", err)
	}
}

// Clearing unfinished work takes that of dead writers alone.
func TestUnfinishedWork(t *testing.T) {
	dir := t.TempDir()
	d, err := OpenDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(dir, unfinished, "put-dead")
	if err := os.WriteFile(dead, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := bytesObject([]byte("text"))
	inner := o.Open
	o.Open = func() (io.ReadSeekCloser, error) {
		if _, err := OpenDirectory(dir); err != nil { // another writer starts while this one is at work
			t.Error(err)
		}
		return inner()
	}
	if err := d.Put(t.Context(), "a", o); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, unfinished)); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	for _, name := range []string{"../x", "/x", "", ".", "a/../b", unfinished + "/x"} {
		if err := d.Put(t.Context(), name, bytesObject(nil)); err == nil {
			t.Errorf("object %q was taken", name)
		}
	}
}

func TestRetentionAsked(t *testing.T) {
	asOf := time.Date(2026, 11, 24, 10, 0, 0, 500, time.UTC)
	until := func(days int) time.Time { return asOf.AddDate(0, 0, days).Truncate(time.Second) }
	for name, c := range map[string]struct {
		rule *Rule
		ask  Retention
		want *Lock
		err  string
	}{
		"nothing":              {nil, Retention{}, nil, ""},
		"no retention":         {nil, Retention{Days: 1}, nil, "retains no objects"},
		"nobody says":          {&Rule{Each: true}, Retention{}, nil, "say how many days"},
		"asked":                {&Rule{Each: true}, Retention{Days: 2}, &Lock{Compliance, until(2)}, ""},
		"asked softly":         {&Rule{Each: true}, Retention{Days: 2, Mode: Governance}, &Lock{Governance, until(2)}, ""},
		"rule":                 {&Rule{Governance, 5, true}, Retention{}, &Lock{Governance, until(5)}, ""},
		"more than the rule":   {&Rule{Governance, 5, true}, Retention{Days: 7, Mode: Compliance}, &Lock{Compliance, until(7)}, ""},
		"never less":           {&Rule{Compliance, 5, true}, Retention{Days: 2, Mode: Governance}, &Lock{Compliance, until(5)}, ""},
		"policy":               {&Rule{Governance, 5, false}, Retention{Days: 5}, &Lock{Governance, until(5)}, ""},
		"more than the policy": {&Rule{Governance, 5, false}, Retention{Days: 6}, nil, "single objects cannot have more"},
		"harder than it":       {&Rule{Governance, 5, false}, Retention{Mode: Compliance}, nil, "single objects cannot have more"},
	} {
		u := Upload{Run: &run.Run{Record: run.Record{AsOf: asOf}}, Retain: c.ask}
		got, err := u.lock(&Description{URL: "x", Retention: c.rule})
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v", name, err)
			}
		case err != nil || (got == nil) != (c.want == nil) || got != nil && *got != *c.want:
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestCovers(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		held, want Lock
		ok         bool
	}{
		{Lock{}, Lock{Governance, at}, false},
		{Lock{Governance, at}, Lock{Governance, at}, true},
		{Lock{Governance, at}, Lock{Compliance, at}, false},
		{Lock{Compliance, at}, Lock{Governance, at}, true},
		{Lock{Compliance, at.Add(-time.Second)}, Lock{Compliance, at}, false},
	} {
		if err := c.held.covers(c.want); (err == nil) != c.ok {
			t.Errorf("%+v covers %+v: %v", c.held, c.want, err)
		}
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{"20261124T060000Z": true, "run-1": true, "": false, "a/b": false, "..": false, "a..b": false, ".hidden": false, "-x": false, strings.Repeat("a", 129): false} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}
