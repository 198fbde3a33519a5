package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/store"
)

// push brings a run into a store under the name r.
func push(ctx context.Context, t testing.TB, b store.Bucket, r *run.Run) (*store.Pushed, error) {
	t.Helper()
	about, err := b.Describe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return store.Push(ctx, b, about, store.Upload{Run: r, Name: "r", Clock: time.Now})
}

func pull(t testing.TB, b store.Bucket) (*store.Pulled, error) {
	t.Helper()
	return store.Pull(t.Context(), b, store.Download{Name: "r", To: filepath.Join(t.TempDir(), "pulled"), MaxBytes: 1 << 30})
}

// same wants that what was pulled is the run, file by file.
func same(t testing.TB, b store.Bucket, r *run.Run) {
	t.Helper()
	got, err := pull(t, b)
	if err != nil {
		t.Fatal(err)
	}
	want, err := r.Files()
	if err != nil {
		t.Fatal(err)
	}
	files, err := got.Run.Files()
	if err != nil || !reflect.DeepEqual(files, want) || len(got.Unfinished) > 0 {
		t.Errorf("pulled %v, unfinished %v, %v; want %v", files, got.Unfinished, err, want)
	}
}

func pushPull(t *testing.T, o Options) {
	b, r := o.Open(t), MakeRun(t, 3, 100_000, 1)
	AddJudgement(t, r, time.Now())
	if _, err := pull(t, b); !errors.Is(err, store.ErrNoRun) {
		t.Errorf("nothing is there: %v", err)
	}
	done, err := push(t.Context(), t, b, r)
	if err != nil {
		t.Fatal(err)
	}
	if done.Written != 11 || done.There != 0 { // 3 inputs, 3 bundles, 3 of the judgement, 2 of the run
		t.Errorf("%+v", done)
	}
	same(t, b, r)
	if digest, err := store.Digest(t.Context(), b, "r"); err != nil || digest != r.Digest {
		t.Errorf("digest %s, %v", digest, err)
	}
	if _, err := store.Digest(t.Context(), b, "none"); !errors.Is(err, store.ErrAbsent) {
		t.Errorf("digest of none: %v", err)
	}
	AddJudgement(t, r, time.Now().Add(time.Second))
	if done, err = push(t.Context(), t, b, r); err != nil || done.Written != 3 || done.There != 11 {
		t.Errorf("a judgement later: %+v, %v", done, err)
	}
	same(t, b, r)
	if whole, unfinished, err := store.Runs(t.Context(), b); err != nil || !slices.Equal(whole, []string{"r"}) || len(unfinished) > 0 {
		t.Errorf("%v, %v, %v", whole, unfinished, err)
	}
	if _, err := store.Pull(t.Context(), b, store.Download{Name: "r", To: filepath.Join(t.TempDir(), "x"), MaxBytes: 1000}); err == nil || !strings.Contains(err.Error(), "over 1000 bytes") {
		t.Errorf("a run that is larger than is taken: %v", err)
	}
}

// refusing is a store that takes so many writes and then no more.
type refusing struct {
	store.Bucket
	left atomic.Int32
}

var errRefused = errors.New("the store is full")

func (r *refusing) Put(ctx context.Context, name string, o store.Object) error {
	if r.left.Add(-1) < 0 {
		return errRefused
	}
	return r.Bucket.Put(ctx, name, o)
}

// After each number of writes, what is there is no run; then the rest is brought, and no more.
func resumed(t *testing.T, o Options) {
	r := MakeRun(t, 3, 10_000, 2)
	judged := AddJudgement(t, r, time.Now())
	for _, n := range []int32{0, 1, 5, 9, 10} {
		b := o.Open(t)
		part := &refusing{Bucket: b}
		part.left.Store(2 + n) // two of the probe
		if _, err := push(t.Context(), t, part, r); !errors.Is(err, errRefused) {
			t.Fatalf("after %d writes: %v", n, err)
		}
		if _, err := pull(t, b); !errors.Is(err, store.ErrNoRun) {
			t.Errorf("after %d writes: %v", n, err)
		}
		if names := list(t, b, "r/"); slices.Contains(names, "r/judgements/"+judged+"/judgement.json") && len(names) < 10 {
			t.Errorf("after %d writes the judgement counts, and lacks something: %q", n, names)
		}
		done, err := push(t.Context(), t, b, r)
		if err != nil || done.Written+done.There != 11 || done.Written > int64(11-n)+4 {
			t.Errorf("after %d writes: %+v, %v", n, done, err)
		}
		same(t, b, r)
	}
}

func otherRun(t *testing.T, o Options) {
	b, first, second := o.Open(t), MakeRun(t, 1, 1000, 3), MakeRun(t, 1, 1000, 4)
	if _, err := push(t.Context(), t, b, first); err != nil {
		t.Fatal(err)
	}
	_, err := push(t.Context(), t, b, second)
	var other *store.OtherError
	if !errors.As(err, &other) {
		t.Errorf("another run under the name: %v", err)
	}
	same(t, b, first)
	third := MakeRun(t, 0, 0, 5)
	if _, err := push(t.Context(), t, b, third); err == nil || !strings.Contains(err.Error(), "another run stands under the name r") && !errors.As(err, &other) {
		t.Errorf("a run with fewer files under the name: %v", err)
	}
	same(t, b, first)
}

// Two uploads at once, from two clients: both end well, and each file was written once.
func twoUploads(t *testing.T, o Options) {
	b, r := o.Open(t), MakeRun(t, 8, 50_000, 6)
	clients := []store.Bucket{b, o.Again(t)}
	var all sync.WaitGroup
	var written atomic.Int64
	for _, c := range clients {
		all.Go(func() {
			done, err := push(t.Context(), t, c, r)
			if err != nil {
				t.Error(err)
				return
			}
			written.Add(done.Written)
		})
	}
	all.Wait()
	if files, _ := r.Files(); written.Load() != int64(len(files)) {
		t.Errorf("%d files were written, the run has %d", written.Load(), len(files))
	}
	same(t, b, r)
}

// A run in the store with one object of other bytes, one too many or one too few is refused, with
// the file named.
func damaged(t *testing.T, o Options) {
	r := MakeRun(t, 1, 1000, 7)
	files, err := r.Files()
	if err != nil {
		t.Fatal(err)
	}
	bundle := "bundles/aws-000000000000.zip"
	added := map[string]string{"moved": "inputs/x", "no place": "notes.txt"} // is named, for what stands there is looked at first
	for what, put := range map[string]func(name string, text []byte) (string, []byte){
		"flipped": func(name string, text []byte) (string, []byte) {
			if name == bundle {
				text[len(text)/2] ^= 1
			}
			return name, text
		},
		"cut": func(name string, text []byte) (string, []byte) {
			if name == bundle {
				text = text[:len(text)-1]
			}
			return name, text
		},
		"missing": func(name string, text []byte) (string, []byte) {
			if name == bundle {
				name = ""
			}
			return name, text
		},
		"moved": func(name string, text []byte) (string, []byte) {
			if name == bundle {
				name = "inputs/x"
			}
			return name, text
		},
		"no place": func(name string, text []byte) (string, []byte) {
			if name == bundle {
				name = "notes.txt"
			}
			return name, text
		},
	} {
		b := o.Open(t)
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(r.Path, filepath.FromSlash(f.Path)))
			if err != nil {
				t.Fatal(err)
			}
			if name, text := put(f.Path, text); name != "" {
				if err := b.Put(t.Context(), "r/"+name, Bytes(text)); err != nil {
					t.Fatal(err)
				}
			}
		}
		_, err := pull(t, b)
		var layout *run.LayoutError
		if !errors.As(err, &layout) || layout.File != bundle && layout.File != added[what] {
			t.Errorf("%s: %v", what, err)
		}
		var other *store.OtherError
		if _, err := push(t.Context(), t, b, r); what == "flipped" && (!errors.As(err, &other) || other.Name != bundle) {
			t.Errorf("%s: a push over it: %v", what, err)
		}
	}
}

// A judgement whose upload is not finished is left where it is, and said.
func unfinished(t *testing.T, o Options) {
	b, r := o.Open(t), MakeRun(t, 1, 1000, 8)
	if _, err := push(t.Context(), t, b, r); err != nil {
		t.Fatal(err)
	}
	dir := "judgements/" + strings.Repeat("a", 64)
	if err := b.Put(t.Context(), "r/"+dir+"/results.jsonl", Bytes([]byte("{}\n"))); err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), "half/inputs/x", Bytes([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	got, err := pull(t, b)
	if err != nil || !slices.Equal(got.Unfinished, []string{dir}) {
		t.Errorf("%+v, %v", got, err)
	}
	whole, half, err := store.Runs(t.Context(), b)
	if err != nil || !slices.Equal(whole, []string{"r"}) || !slices.Equal(half, []string{"half"}) {
		t.Errorf("%v, %v, %v", whole, half, err)
	}
}
