package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
)

// What may not be read has not failed: that is exit code 1, and the evidence is not said to be bad. What is bad
// beside it is exit code 4 all the same.
func TestUnreadIsNotUnverified(t *testing.T) {
	made, err := demonstration()
	if err != nil {
		t.Fatal(err)
	}
	run, err := fs.Sub(made, "demo/run")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	first, second, trust := filepath.Join(dir, "20261123T060000Z"), filepath.Join(dir, "20261124T060000Z"), filepath.Join(dir, "trust.yaml")
	keys, err := fs.ReadFile(made, "demo/trust.yaml")
	for _, step := range []error{err, os.CopyFS(first, run), os.CopyFS(second, run), os.WriteFile(trust, keys, 0o644), os.Chmod(filepath.Dir(dir), 0o755)} {
		if step != nil {
			t.Fatal(step)
		}
	}
	withUnreadable(t, filepath.Join(second, "run.sigstore.json"), func() {
		for _, args := range [][]string{{second}, {"--chain", dir}} {
			said := say(t, exitCould, append([]string{"verify", "--trust", trust}, args...)...)
			if strings.Contains(said, "NOT verify") || !strings.Contains(said, "permission denied") || !strings.Contains(said, "unread ") || !strings.Contains(said, "0 failed, 1 could not be done") {
				t.Errorf("%v: %s", args, said)
			}
		}
	})
	counts, err := loadTrust(trust)
	if err != nil {
		t.Fatal(err)
	}
	// So it is where a new run is to follow it.
	before := func(newest string) string {
		p, err := audit.Before(t.Context(), newest, counts, 1)
		if err != nil {
			t.Fatal(err)
		}
		var code *codeError
		if err := (place{before: p, newest: newest}).beforeError(); errors.As(err, &code) {
			return fmt.Sprintf("%d, verified %s: %v", code.code, p.Verified, err)
		} else if err != nil {
			t.Error(err)
		}
		return "verified " + p.Verified
	}
	for _, name := range []string{"run.sigstore.json", "inputs/register.yaml"} {
		path := filepath.Join(second, name)
		if err := os.Chmod(filepath.Join(second, "run.sigstore.json"), 0o644); err != nil {
			t.Fatal(err)
		}
		withUnreadable(t, path, func() {
			if said := before(second); !strings.HasPrefix(said, "1, verified no: the run before this one, "+second+", could not be checked: ") || !strings.Contains(said, filepath.Base(name)+": permission denied") {
				t.Errorf("%s: %s", name, said)
			}
		})
	}
	if said := before(first); said != "verified yes" {
		t.Error(said)
	}
	if err := os.WriteFile(filepath.Join(first, "inputs", "register.yaml"), []byte("scope: []\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	withUnreadable(t, filepath.Join(second, "run.sigstore.json"), func() {
		said := say(t, exitUnverified, "verify", "--trust", trust, "--chain", dir)
		if !strings.Contains(said, "NOT verify: 20261123T060000Z: inputs/register.yaml") || !strings.Contains(said, "permission denied") || strings.Contains(said, "NOT verify: 20261124T060000Z") {
			t.Error(said)
		}
	})
	if said := before(first); !strings.HasPrefix(said, "4, verified no: the run before this one, "+first+", does NOT verify: inputs/register.yaml") {
		t.Error(said)
	}
}

// withUnreadable does what cannot read a file, also where the test is the superuser's: its thread goes without that
// right meanwhile.
func withUnreadable(t *testing.T, path string, do func()) {
	t.Helper()
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		const nobody = 65534
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if _, err := unix.SetfsuidRetUid(nobody); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if was, err := unix.SetfsuidRetUid(0); err != nil || was != nobody {
				t.Errorf("the thread's right did not come back: %d, %v", was, err)
			}
		}()
	}
	if f, err := os.Open(path); err == nil {
		_ = f.Close()
		t.Fatalf("%s can be read all the same", path)
	}
	do()
}
