package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/seal"
)

func TestCreateAndOpen(t *testing.T) {
	made := sample(t, &seal.Signer{Key: newKey(t)}, "test", asOf)
	path := made.Path
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Digest != made.Digest || r.Record.Engagement != "test" || !slices.Equal(r.Targets(), []string{"aws-1"}) {
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
	path := sample(t, &seal.Signer{Key: newKey(t)}, "test", asOf).Path
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

// Where there is no trust, run.json is held against what its signature says to be about: whatever
// byte of it changes, it is named.
func TestOpenHoldsRecordAgainstSignature(t *testing.T) {
	path, _ := whole(t)
	for _, name := range []string{recordName, signatureName} {
		file := filepath.Join(path, name)
		good, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(good); i += 3 {
			bad := slices.Clone(good)
			bad[i] ^= 1
			if err := os.WriteFile(file, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			var layout *LayoutError
			if name == recordName && (!errors.As(err, &layout) || layout.File != name) {
				t.Fatalf("byte %d of %s flipped: %v", i, name, err)
			}
			if err != nil && (!errors.As(err, &layout) || layout.File != name && layout.File != recordName) { // the subject may be what changed
				t.Fatalf("byte %d of %s flipped: %v", i, name, err)
			}
		}
		if err := os.WriteFile(file, good, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(path); err != nil {
		t.Error(err)
	}
}

// A run is one and the same by whatever path it is named: what is at work on it stands beside it, never in it.
func TestPathsOfARun(t *testing.T) {
	k := &seal.Signer{Key: newKey(t)}
	r := sample(t, k, "paths", asOf)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(r.Path, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(r.Path)
	for i, path := range []string{r.Path + "/", ".", "./", "../run", "../run//", "../run/.", link + "/"} {
		o, err := Open(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		unlock, err := lock(r.Path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if _, err := lock(path); err == nil {
			t.Errorf("%s: another lock than the run's own", path)
		}
		if err := unlock(); err != nil {
			t.Fatal(err)
		}
		judgedAs(t, o, k, fmt.Sprintf(`{"record":"%d"}`, i))
		if _, err := Open(r.Path); err != nil {
			t.Fatalf("judged as %s: %v", path, err)
		}
		countersigned(t, o, k)
		if _, err := Open(r.Path); err != nil {
			t.Fatalf("sealed as %s: %v", path, err)
		}
	}
	beside, err := os.ReadDir(filepath.Dir(r.Path))
	if err != nil || len(beside) != 2 {
		t.Errorf("beside the run stands more than its lock: %v %v", beside, err)
	}
}
