package bundle

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

func lines(list ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, l := range list {
			if !yield([]byte(l), nil) {
				return
			}
		}
	}
}

func sign(manifest []byte) ([]byte, error) {
	return []byte(`{"signs":"` + evidence.Digest(manifest) + `"}`), nil
}

func records() Records {
	return Records{Exchanges: lines(`{"id":"x:1"}`, `{"id":"x:2"}`), Coverage: lines(`{"id":"a/b/c"}`), Facts: lines()}
}

// write makes a small bundle and gives its directory.
func write(t testing.TB, bodies []string, change func(*Writer)) (dir string, parts []Part) {
	t.Helper()
	dir = t.TempDir()
	w, err := Create(dir, "aws-1")
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(w)
	}
	for _, b := range bodies {
		if d, err := w.AddBody([]byte(b)); err != nil || d != evidence.Digest([]byte(b)) {
			t.Fatal(d, err)
		}
	}
	if parts, err = w.Finish(records(), sign); err != nil {
		t.Fatal(err)
	}
	return dir, parts
}

func TestRoundTrip(t *testing.T) {
	dir, parts := write(t, []string{"one", "two", "one", ""}, nil)
	if len(parts) != 1 || parts[0].Name != "aws-1.zip" {
		t.Fatalf("%v", parts)
	}
	r, err := Open(filepath.Join(dir, "aws-1.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.VerifyContents(2, nil); err != nil {
		t.Fatal(err)
	}
	if body, ok, err := r.Body(evidence.Digest([]byte("two"))); !ok || err != nil || string(body) != "two" {
		t.Errorf("%q %v %v", body, ok, err)
	}
	if _, ok, _ := r.Body(evidence.Digest([]byte("three"))); ok {
		t.Error("a body that was never added")
	}
	var got []string
	for l, err := range r.Lines(ExchangesName) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(l))
	}
	if !slices.Equal(got, []string{`{"id":"x:1"}`, `{"id":"x:2"}`}) {
		t.Errorf("%q", got)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 1 {
		t.Errorf("%d files, want the bundle alone", len(left))
	}
}

// Other readers must be able to open it.
func TestForeignReader(t *testing.T) {
	dir, _ := write(t, []string{"one"}, nil)
	z, err := zip.OpenReader(filepath.Join(dir, "aws-1.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, rc); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if f.Modified.Year() != 1980 {
			t.Errorf("%s has the date %v", f.Name, f.Modified)
		}
	}
	if len(z.File) != 6 {
		t.Errorf("%d entries", len(z.File))
	}
}

func TestSameBytes(t *testing.T) {
	bodies := []string{"one", "two", "three"}
	a, _ := write(t, bodies, nil)
	slices.Reverse(bodies)
	b, _ := write(t, bodies, nil)
	x, _ := os.ReadFile(filepath.Join(a, "aws-1.zip"))
	y, _ := os.ReadFile(filepath.Join(b, "aws-1.zip"))
	if !bytes.Equal(x, y) {
		t.Error("the order in which bodies came changed the bundle")
	}
}

func TestCutIntoParts(t *testing.T) {
	var bodies []string
	for i := range 20 {
		bodies = append(bodies, strings.Repeat(fmt.Sprint(i), 50))
	}
	dir, parts := write(t, bodies, func(w *Writer) { w.part.entries = 9 })
	if len(parts) != 4 {
		t.Fatalf("%d parts", len(parts))
	}
	found := 0
	for i, p := range parts {
		r, err := Open(filepath.Join(dir, p.Name))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.VerifyContents(1, nil); err != nil {
			t.Error(err)
		}
		if m := r.Manifest(); m.Part != i+1 || m.Parts != 4 {
			t.Errorf("part %d of %d", m.Part, m.Parts)
		}
		for _, b := range bodies {
			if _, ok, _ := r.Body(evidence.Digest([]byte(b))); ok {
				found++
			}
		}
		r.Close()
	}
	if found != len(bodies) {
		t.Errorf("%d bodies, want each once", found)
	}
}

// check opens a part and verifies everything.
func check(b []byte) error {
	r, err := NewReader(bytes.NewReader(b), int64(len(b)), "aws-1.zip")
	if err != nil {
		return err
	}
	if err := r.VerifyContents(1, nil); err != nil {
		return err
	}
	want, _ := sign(r.ManifestBytes()) // stands for the signature's check
	if !bytes.Equal(want, r.SignatureBytes()) {
		return &FormatError{File: "aws-1.zip", Entry: SignatureName, Cause: "does not sign the manifest"}
	}
	return nil
}

// Every flipped bit, cut and inserted byte is refused with an error that names the file; what
// is left over is padding inside the deflate streams, which the digest of the file covers.
func TestDamage(t *testing.T) {
	dir, _ := write(t, []string{"one", "two"}, nil)
	good, err := os.ReadFile(filepath.Join(dir, "aws-1.zip"))
	if err != nil || check(good) != nil {
		t.Fatal(err, check(good))
	}
	slack := 0
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if refused(t, fmt.Sprintf("bit %d of byte %d flipped", bit, i), bad) {
				continue
			}
			slack++
		}
		refusedAlways(t, fmt.Sprintf("cut at %d", i), good[:i])
		refusedAlways(t, fmt.Sprintf("byte before %d added", i), slices.Concat(good[:i], []byte{0}, good[i:]))
		refusedAlways(t, fmt.Sprintf("byte %d removed", i), slices.Concat(good[:i], good[i+1:]))
	}
	// A stored block is padded to a byte before its length, and the last block behind its end: at
	// most twice 7 bits for each of the 7 entries.
	if slack > 7*2*7 {
		t.Errorf("%d flipped bits were not seen; padding explains at most %d", slack, 7*2*7)
	}
	t.Logf("%d of %d flipped bits are padding", slack, 8*len(good))
}

func refused(t *testing.T, what string, b []byte) bool {
	t.Helper()
	err := check(b)
	var f *FormatError
	var d *DigestError
	if err != nil && !errors.As(err, &f) && !errors.As(err, &d) {
		t.Errorf("%s: error of no known type: %v", what, err)
	}
	if err != nil && !strings.Contains(err.Error(), "aws-1.zip") {
		t.Errorf("%s: the file is not named: %v", what, err)
	}
	return err != nil
}

func refusedAlways(t *testing.T, what string, b []byte) {
	t.Helper()
	if !refused(t, what, b) {
		t.Errorf("%s: accepted", what)
	}
}

// Zips that are well formed and still no bundles.
func TestHostileZips(t *testing.T) {
	for name, files := range map[string][]string{
		"path traversal": {"../../etc/passwd"}, "absolute path": {"/etc/passwd"}, "backslash": {`bodies\x`}, "upper case": {"bodies/" + strings.Repeat("A", 64)},
		"other file": {"readme.txt"}, "folder": {"bodies/"}, "empty": {},
	} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, f := range files {
			w, err := z.Create(f)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, "x")
		}
		z.Close()
		refusedAlways(t, name, b.Bytes())
	}
}

func TestTargetNames(t *testing.T) {
	for _, bad := range []string{"", "../x", "a/b", `a\b`, ".hidden", "c:x"} {
		if _, err := Create(t.TempDir(), bad); err == nil {
			t.Errorf("target %q was taken", bad)
		}
	}
}

func TestLineEnds(t *testing.T) {
	w, err := Create(t.TempDir(), "aws-1")
	if err != nil {
		t.Fatal(err)
	}
	r := records()
	r.Facts = lines("{\n}")
	if _, err := w.Finish(r, sign); err == nil {
		t.Error("a line end in a record was taken")
	}
}

func FuzzReader(f *testing.F) {
	dir, _ := write(f, []string{"one", "two"}, nil)
	good, err := os.ReadFile(filepath.Join(dir, "aws-1.zip"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		refused(t, "fuzzed", b)
	})
}

// An answer that could not be kept ends the bundle, though its caller has gone on.
func TestAnswerThatCannotBeKept(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, "aws-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.spill.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddBody([]byte("one")); err != nil {
		t.Fatal(err)
	}
	w.packing.Wait()
	if _, err := w.AddBody([]byte("two")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the next answer: %v", err)
	}
	if _, err := w.Finish(records(), sign); !errors.Is(err, os.ErrClosed) {
		t.Errorf("finish: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
}
