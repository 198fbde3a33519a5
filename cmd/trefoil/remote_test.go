package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/cmd/internal/stores"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/store"
	"github.com/trefoil-audit/trefoil/evidence/store/storetest"
)

// remoteStores are the stores that the tests of uploads run on: a folder, and the servers of
// .ci/integration where it started them. Each has an empty bucket.
func remoteStores(t *testing.T) map[string][]string {
	all := map[string][]string{"folder": {filepath.Join(t.TempDir(), "store")}}
	if at := os.Getenv("TREFOIL_S3_BUCKET"); at != "" {
		all["s3"] = []string{at, "--endpoint", os.Getenv("TREFOIL_S3"), "--place", "eu-west-1"}
	}
	if at := os.Getenv("TREFOIL_GCS_BUCKET"); at != "" {
		all["gs"] = []string{at, "--endpoint", os.Getenv("TREFOIL_GCS"), "--place", "europe-west1"}
	}
	return all
}

// say runs the program in this process.
func say(t testing.TB, want int, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	if code := trefoil(context.Background(), append([]string{"trefoil"}, args...), strings.NewReader(""), &out, &errs); code != want {
		t.Fatalf("%q: exit %d, want %d: %s%s", args, code, want, out.String(), errs.String())
	}
	return out.String() + errs.String()
}

// TestKilledUploads kills uploads at random moments. After each kill there is a whole run or none;
// the next upload takes up what is there, and what comes back is the run.
func TestKilledUploads(t *testing.T) {
	kills := 5
	if n, err := strconv.Atoi(os.Getenv("TREFOIL_KILLS")); err == nil {
		kills = n
	}
	r := storetest.MakeRun(t, 12, 300_000, 9)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for scheme, at := range remoteStores(t) {
		t.Run(scheme, func(t *testing.T) {
			prefix := fmt.Sprintf("%s/kills-%d", at[0], time.Now().UnixNano())
			var said bytes.Buffer
			push := func(name string) *exec.Cmd {
				said.Reset()
				cmd := exec.Command(self)
				cmd.Args = append([]string{"trefoil", "push", "--as", name}, append(at[1:], prefix, r.Path)...)
				cmd.Stderr = &said
				return cmd
			}
			began := time.Now()
			if err := push("whole").Run(); err != nil {
				t.Fatal(err, said.String())
			}
			whole := time.Since(began)
			b := open(t, at, prefix)
			midway, finished := 0, 0
			for i := range kills {
				name := fmt.Sprintf("run-%d", i)
				cmd := push(name)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(rand.N(whole))
				if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
				_ = cmd.Wait() // it was killed
				to := filepath.Join(t.TempDir(), "pulled")
				switch _, err := store.Pull(t.Context(), b, store.Download{Name: name, To: to, MaxBytes: 1 << 30}); {
				case err == nil:
					finished++
				case errors.Is(err, store.ErrNoRun):
					midway++
				default:
					t.Fatalf("kill %d: neither a whole run nor none: %v", i, err)
				}
				if _, err := os.Stat(to); err == nil {
					continue
				}
				if err := push(name).Run(); err != nil {
					t.Fatalf("kill %d: the upload was not taken up: %v %s", i, err, said.String())
				}
				got, err := store.Pull(t.Context(), b, store.Download{Name: name, To: to, MaxBytes: 1 << 30})
				if err != nil || got.Run.Digest != r.Digest {
					t.Fatalf("kill %d: %v", i, err)
				}
			}
			t.Logf("%d kills: %d midway, %d when all was there; a whole upload takes %v", kills, midway, finished, whole)
		})
	}
}

func open(t testing.TB, at []string, url string) store.Bucket {
	t.Helper()
	s := engagement.Store{URL: url}
	if len(at) > 1 {
		s.Endpoint, s.Place = at[2], at[4]
	}
	b, done, err := stores.Open(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { done() })
	return b
}

// TestVerifyFromStore runs push, pull and verify on each store, by the commands.
func TestVerifyFromStore(t *testing.T) {
	dir := t.TempDir()
	made, err := demonstration()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, made); err != nil {
		t.Fatal(err)
	}
	run, trust := filepath.Join(dir, "demo", "run"), filepath.Join(dir, "demo", "trust.yaml")
	for scheme, at := range remoteStores(t) {
		if scheme == "folder" {
			continue // testdata/push.txtar
		}
		url := fmt.Sprintf("%s/verify-%d", at[0], time.Now().UnixNano())
		flags := func(args ...string) []string { return append(args, at[1:]...) }
		say(t, 0, flags("push", url, run, "--as", "one")...)
		out := say(t, 0, flags("verify", "--trust", trust, url+"/one")...)
		if !strings.Contains(out, "EDS-EVD-05") || !strings.Contains(out, "STATED, not read back") {
			t.Errorf("%s: %s", scheme, out)
		}
		back := filepath.Join(dir, scheme)
		say(t, 0, flags("pull", url+"/one", back)...)
		say(t, 0, "verify", "--trust", trust, "--reperform", back)
		say(t, 1, flags("verify", "--trust", trust, url+"/none")...)
		if out := say(t, 1, flags("verify", "--trust", trust, "--max-bytes", "1000", url+"/one")...); !strings.Contains(out, "over 1000 bytes") {
			t.Errorf("%s: %s", scheme, out)
		}
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "trefoil-store-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "s3")); errors.Is(err, fs.ErrNotExist) {
		t.Log("TREFOIL_S3_BUCKET names no bucket; .ci/integration starts a server")
	}
}

// TestLargeBundle pushes and pulls a bundle that is much larger than the memory that it may take.
func TestLargeBundle(t *testing.T) {
	mib, err := strconv.Atoi(os.Getenv("TREFOIL_LARGE"))
	if err != nil {
		t.Skip("TREFOIL_LARGE names no size in MiB; .ci/integration does")
	}
	r := storetest.MakeRun(t, 1, mib<<20, 10)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for scheme, at := range remoteStores(t) {
		url := fmt.Sprintf("%s/large-%d", at[0], time.Now().UnixNano())
		for _, args := range [][]string{{"push", "--as", "one", url, r.Path}, {"pull", url + "/one", filepath.Join(t.TempDir(), "back")}} {
			cmd := exec.Command(self)
			cmd.Args = append(append([]string{"trefoil"}, args...), at[1:]...)
			var said bytes.Buffer
			cmd.Stderr = &said
			began := time.Now()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			peak := make(chan int)
			go func() { peak <- peakMemory(cmd.Process.Pid) }()
			if err := cmd.Wait(); err != nil {
				t.Fatal(err, said.String())
			}
			most := <-peak
			t.Logf("%s %s: %d MiB in %v, at most %d MiB of memory", scheme, args[0], mib, time.Since(began).Round(time.Millisecond), most)
			if most == 0 || most > 192 {
				t.Errorf("%s %s took %d MiB of memory", scheme, args[0], most)
			}
		}
	}
}

var highWater = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// peakMemory watches a process until it ends, and gives the most MiB that it held. (What the system
// counts for a finished child includes its parent's, from before exec.)
func peakMemory(pid int) (mib int) {
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		m := highWater.FindSubmatch(text)
		if err != nil || m == nil {
			return mib
		}
		kb, _ := strconv.Atoi(string(m[1]))
		mib = max(mib, kb>>10)
		time.Sleep(20 * time.Millisecond)
	}
}
