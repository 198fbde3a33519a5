package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/store"
)

// Options say what is tested.
type Options struct {
	Open  func(t testing.TB) store.Bucket // an empty store, or another folder of one
	Again func(t testing.TB) store.Bucket // another client of the store that Open last gave
	Large int                             // bytes of the large object; 0: 24 MiB
}

// Run is the suite.
func Run(t *testing.T, o Options) {
	for name, test := range map[string]func(*testing.T, Options){
		"create only what is absent": absentOnly, "one of many racers wins": racers, "names": names, "large": large,
		"a source that fails leaves nothing": failing, "cancelled": cancelled, "the store describes itself": describes,
		"push, pull, push again": pushPull, "an upload that died is taken up": resumed, "another run under the name": otherRun,
		"two uploads of one run": twoUploads, "a damaged object": damaged, "unfinished uploads": unfinished,
	} {
		t.Run(name, func(t *testing.T) { test(t, o) })
	}
}

// Bytes is an object of these bytes.
func Bytes(b []byte) store.Object {
	return store.Object{Size: int64(len(b)), SHA256: evidence.Digest(b), Open: func() (io.ReadSeekCloser, error) { return &source{Reader: bytes.NewReader(b)}, nil }}
}

type source struct {
	*bytes.Reader
	fail bool
}

func (s *source) Close() error { return nil }

var errSource = errors.New("the disk cannot be read")

func (s *source) Read(p []byte) (int, error) {
	if s.fail && int64(s.Reader.Len()) < s.Reader.Size()/2 {
		return 0, errSource
	}
	return s.Reader.Read(p[:min(len(p), 1<<16)])
}

func read(t testing.TB, b store.Bucket, name string) []byte {
	t.Helper()
	r, err := b.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return text
}

func list(t testing.TB, b store.Bucket, under string) []string {
	t.Helper()
	out := []string{}
	for info, err := range b.List(t.Context(), under) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, info.Name)
	}
	slices.Sort(out)
	return out
}

func absentOnly(t *testing.T, o Options) {
	b := o.Open(t)
	if _, err := b.Get(t.Context(), "a/b"); !errors.Is(err, store.ErrAbsent) {
		t.Errorf("an absent object: %v", err)
	}
	if err := b.Put(t.Context(), "a/b", Bytes([]byte("first"))); err != nil {
		t.Fatal(err)
	}
	for _, again := range []string{"first", "other"} {
		if err := b.Put(t.Context(), "a/b", Bytes([]byte(again))); !errors.Is(err, store.ErrExists) {
			t.Errorf("a second write: %v", err)
		}
	}
	if got := read(t, b, "a/b"); string(got) != "first" {
		t.Errorf("got %q", got)
	}
	if err := store.Probe(t.Context(), b, "x"); err != nil {
		t.Errorf("probe: %v", err)
	}
	if err := store.Probe(t.Context(), b, "x"); err != nil {
		t.Errorf("probe, again: %v", err)
	}
}

func racers(t *testing.T, o Options) {
	b := o.Open(t)
	var won atomic.Int32
	var all sync.WaitGroup
	var winner atomic.Value
	for i := range 30 {
		all.Go(func() {
			text := string(rune('A' + i))
			switch err := b.Put(t.Context(), "race", Bytes([]byte(text))); {
			case err == nil:
				won.Add(1)
				winner.Store(text)
			case !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrBusy):
				t.Errorf("a loser: %v", err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d racers were told that they wrote it", won.Load())
	}
	if got := read(t, b, "race"); string(got) != winner.Load() {
		t.Errorf("the store holds %q, the winner wrote %q", got, winner.Load())
	}
}

func names(t *testing.T, o Options) {
	b := o.Open(t)
	all := []string{"r/bundles/a.zip", "r/inputs/a name + 100% ü:=&?#.yaml", "r/inputs/'\"<>|.csv", "r/run.json", "r-2/run.json", "r2/run.json"}
	for _, name := range all {
		if err := b.Put(t.Context(), name, Bytes([]byte(name))); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for _, name := range all {
		if got := read(t, b, name); string(got) != name {
			t.Errorf("%s: %q", name, got)
		}
	}
	slices.Sort(all)
	if got := list(t, b, ""); !slices.Equal(got, all) {
		t.Errorf("all: %q", got)
	}
	if got := list(t, b, "r/"); len(got) != 4 {
		t.Errorf("r/: %q", got)
	}
	if got := list(t, b, "none/"); len(got) != 0 {
		t.Errorf("none/: %q", got)
	}
}

func large(t *testing.T, o Options) {
	b := o.Open(t)
	size := o.Large
	if size == 0 {
		size = 24 << 20
	}
	text := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	for name, text := range map[string][]byte{"large": text, "odd": text[:len(text)-7], "one": text[:1], "empty": {}} {
		if err := b.Put(t.Context(), name, Bytes(text)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := read(t, b, name); !bytes.Equal(got, text) {
			t.Errorf("%s: %d bytes came back of %d, or others", name, len(got), len(text))
		}
	}
}

// Whatever goes wrong with the source, no object is left, and the name is free.
func failing(t *testing.T, o Options) {
	b := o.Open(t)
	text := bytes.Repeat([]byte("x"), 9<<20)
	promised := Bytes(text)
	fails, changed, short := promised, promised, promised
	fails.Open = func() (io.ReadSeekCloser, error) { return &source{Reader: bytes.NewReader(text), fail: true}, nil }
	other := slices.Clone(text)
	other[len(other)-1] = 'y'
	changed.Open = Bytes(other).Open
	short.Open = Bytes(text[:len(text)-1]).Open
	none := promised
	none.Open = func() (io.ReadSeekCloser, error) { return nil, errSource }
	for name, object := range map[string]store.Object{"fails": fails, "changed": changed, "short": short, "none": none} {
		if err := b.Put(t.Context(), "x/"+name, object); err == nil {
			t.Errorf("%s: it was taken", name)
		}
		if got := list(t, b, "x/"); len(got) != 0 {
			t.Fatalf("%s: %q is left", name, got)
		}
		if err := b.Put(t.Context(), "x/"+name, Bytes([]byte("good"))); err != nil {
			t.Errorf("%s: the name is not free: %v", name, err)
		}
		if got := read(t, b, "x/"+name); string(got) != "good" {
			t.Errorf("%s: %q", name, got)
		}
		b = o.Open(t)
	}
}

func cancelled(t *testing.T, o Options) {
	b := o.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Put(ctx, "x/y", Bytes([]byte("text"))); err == nil {
		t.Error("written after the end")
	}
	if got := list(t, b, "x/"); len(got) != 0 {
		t.Errorf("%q is left", got)
	}
}

func describes(t *testing.T, o Options) {
	d, err := o.Open(t).Describe(t.Context())
	if err != nil || d.URL == "" {
		t.Errorf("%+v, %v", d, err)
	}
}
