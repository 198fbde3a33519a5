package run

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
)

func none() iter.Seq2[[]byte, error] { return func(func([]byte, error) bool) {} }

func signed([]byte) ([]byte, error)           { return []byte(`{}`), nil }
func signedRun(digest string) ([]byte, error) { return []byte(`{"signs":"` + digest + `"}`), nil }

// small makes a run with one input and one bundle.
func small(t testing.TB) (path, digest string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "run")
	b, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddInput("engagement.yaml", []byte("name: test\n")); err != nil {
		t.Fatal(err)
	}
	w, err := bundle.Create(b.Bundles(), "aws-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddBody([]byte("an answer")); err != nil {
		t.Fatal(err)
	}
	parts, err := w.Finish(bundle.Records{Exchanges: none(), Coverage: none(), Facts: none()}, signed)
	if err != nil {
		t.Fatal(err)
	}
	manifests := map[string]BundleFile{parts[0].Name: {Target: "aws-1", Manifest: evidence.Digest(parts[0].Manifest)}}
	r := Record{Engagement: "test", Source: Source{Kind: "live"}, AsOf: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		Plan: jsontext.Value(`[]`), Overrides: []string{}, Previous: Previous{Verified: "absent"}}
	if digest, err = b.Commit(r, manifests, signedRun); err != nil {
		t.Fatal(err)
	}
	return path, digest
}

func TestCreateAndOpen(t *testing.T) {
	path, digest := small(t)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Digest != digest || r.Record.Engagement != "test" || !slices.Equal(r.Targets(), []string{"aws-1"}) {
		t.Errorf("%+v", r)
	}
	if text, ok, err := r.Input("engagement.yaml"); !ok || err != nil || string(text) != "name: test\n" {
		t.Errorf("%q %v %v", text, ok, err)
	}
	parts, err := r.Bundle("aws-1")
	if err != nil || len(parts) != 1 {
		t.Fatal(len(parts), err)
	}
	parts[0].Close()
	beside, _ := os.ReadDir(filepath.Dir(path))
	for _, e := range beside {
		if strings.Contains(e.Name(), ".tmp-") {
			t.Errorf("unfinished work is left: %s", e.Name())
		}
	}
}

func TestNeverWrittenAgain(t *testing.T) {
	path, _ := small(t)
	if _, err := Create(path); !errors.Is(err, ErrExists) {
		t.Errorf("got %v", err)
	}
	b, err := Create(filepath.Join(filepath.Dir(path), "other"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(b.path); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("two at once: %v", err)
	}
	if err := b.Abort(); err != nil {
		t.Fatal(err)
	}
	if b, err = Create(b.path); err != nil {
		t.Fatalf("the lock outlived its holder: %v", err)
	}
	b.Abort()
}

// A crash leaves unfinished work beside the place, and no run; the next one clears it.
func TestCrashLeavesNoRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	b, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	b.unlock() // as the kernel does when the process dies
	if _, err := Open(path); err == nil {
		t.Error("half a run was opened")
	}
	again, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Abort()
	if _, err := os.Stat(b.tmp); !errors.Is(err, fs.ErrNotExist) {
		t.Error("unfinished work is left")
	}
}

func TestInputNames(t *testing.T) {
	b, err := Create(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Abort()
	for _, bad := range []string{"../x", "a/b", ".hidden", ""} {
		if err := b.AddInput(bad, nil); err == nil {
			t.Errorf("input %q was taken", bad)
		}
	}
}

// Any change of run.json that leaves JSON changes the run digest, which the signature names.
func TestRecordIsCanonical(t *testing.T) {
	path, digest := small(t)
	file := filepath.Join(path, "run.json")
	good, _ := os.ReadFile(file)
	for i := 0; i < len(good); i += 3 {
		bad := slices.Clone(good)
		bad[i] ^= 1
		if err := os.WriteFile(file, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if r, err := Open(path); err == nil && r.Digest == digest {
			t.Errorf("byte %d flipped: opened with the same digest", i)
		}
	}
}
