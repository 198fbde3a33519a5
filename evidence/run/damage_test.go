package run

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
)

// files lists the files of a run, relative to it.
func files(t testing.TB, path string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(path, file)
		out = append(out, filepath.ToSlash(name))
		return err
	})
	if err != nil || len(out) < 8 {
		t.Fatal(out, err)
	}
	return out
}

// Flipped bits, cut, added and removed bytes all over each file of a run are refused, and that file
// and no other is named; that no byte of a bundle or of a signature is left out is shown beside their
// readers.
func TestBytesCount(t *testing.T) {
	t.Parallel()
	path, trust := whole(t)
	cases := 0
	for _, name := range files(t, path) {
		file := filepath.Join(path, filepath.FromSlash(name))
		good, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		refuse := func(what string, b []byte) {
			t.Helper()
			cases++
			if err := os.WriteFile(file, b, 0o644); err != nil {
				t.Fatal(err)
			}
			at, text := finding(t, path, trust)
			switch {
			case text == "":
				t.Errorf("%s: %s: verifies", name, what)
			case at != name:
				t.Errorf("%s: %s: %q was named: %s", name, what, at, text)
			}
		}
		for i := 0; i < len(good); i += max(1, len(good)/100) {
			flipped := bytes.Clone(good)
			flipped[i] ^= 1 << (i % 8)
			refuse(fmt.Sprintf("bit %d of byte %d flipped", i%8, i), flipped)
		}
		for i := 0; i < len(good); i += max(1, len(good)/20) {
			refuse(fmt.Sprintf("cut at %d", i), good[:i])
			refuse(fmt.Sprintf("byte added before %d", i), slices.Concat(good[:i], []byte{' '}, good[i:]))
			refuse(fmt.Sprintf("byte %d removed", i), slices.Concat(good[:i], good[i+1:]))
		}
		refuse("byte added at the end", slices.Concat(good, []byte{'\n'}))
		if err := os.WriteFile(file, good, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if at, text := finding(t, path, trust); text != "" {
		t.Errorf("put together again, it does not verify: %s: %s", at, text)
	}
	t.Logf("%d damages", cases)
}

// What stands in the place of a file, and what is added beside the files, is refused and named.
func TestFilesCount(t *testing.T) {
	t.Parallel()
	path, trust := whole(t)
	all := files(t, path)
	aside := path + ".aside"
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refuse := func(name, what string) {
		t.Helper()
		at, text := finding(t, path, trust)
		if text == "" || at != name && !strings.HasPrefix(at, name+"/") { // of a folder: a file in it may be named
			t.Errorf("%s: %s: %q was named: %s", name, what, at, text)
		}
	}
	for _, name := range all {
		file := filepath.Join(path, filepath.FromSlash(name))
		must(os.Rename(file, aside))
		if !strings.HasPrefix(name, sealsDir) { // that a whole seal is gone cannot be seen without --expect
			refuse(name, "missing")
		}
		for what, put := range map[string]func() error{
			"a link to the same bytes": func() error { return os.Symlink(aside, file) },
			"a link to nothing":        func() error { return os.Symlink("/nowhere", file) },
			"a folder":                 func() error { return os.Mkdir(file, 0o755) },
			"a pipe":                   func() error { return syscall.Mkfifo(file, 0o644) },
			"nothing in it":            func() error { return os.WriteFile(file, nil, 0o644) },
			"a huge file":              func() error { return errors.Join(os.WriteFile(file, nil, 0o644), os.Truncate(file, 1<<40)) },
		} {
			must(put())
			refuse(name, what)
			must(os.Remove(file))
		}
		must(os.Rename(aside, file))
		other := filepath.Join(filepath.Dir(file), strings.ToUpper(filepath.Base(file)))
		if _, err := os.Lstat(other); err == nil {
			continue
		}
		must(os.WriteFile(other, nil, 0o644))
		refuse(filepath.ToSlash(must2(t, path, other)), "the same name in upper case")
		must(os.Remove(other))
	}
	for _, dir := range []string{"inputs", "bundles", "judgements"} {
		must(os.Rename(filepath.Join(path, dir), aside))
		refuse(dir, "folder missing") // of judgements: the countersignature names one
		must(os.WriteFile(filepath.Join(path, dir), nil, 0o644))
		refuse(dir, "a file in the place of a folder")
		must(os.Remove(filepath.Join(path, dir)))
		must(os.Symlink(aside, filepath.Join(path, dir)))
		refuse(dir, "a link in the place of a folder")
		must(os.Remove(filepath.Join(path, dir)))
		must(os.Rename(aside, filepath.Join(path, dir)))
	}
	for _, dir := range []string{"empty", "inputs/empty", "bundles/empty", "seals/empty", "judgements/empty", "judgements/" + strings.Repeat("0", 64)} {
		must(os.Mkdir(filepath.Join(path, dir), 0o755))
		refuse(dir, "an empty folder")
		must(os.Remove(filepath.Join(path, dir)))
	}
	for _, file := range []string{"x", ".hidden", "inputs/x", "bundles/x.zip", "bundles/aws-1.2.zip", "seals/x.json", "judgements/x", "run.json~", "inputs/a\nb"} {
		must(os.WriteFile(filepath.Join(path, file), []byte("{}"), 0o644))
		refuse(file, "added")
		must(os.Remove(filepath.Join(path, file)))
	}
	if at, text := finding(t, path, trust); text != "" {
		t.Errorf("put together again, it does not verify: %s: %s", at, text)
	}
}

func must2(t *testing.T, base, path string) string {
	t.Helper()
	name, err := filepath.Rel(base, path)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// run.json cannot name a file twice, leave the run, or name what differs by case alone.
func TestRecordNames(t *testing.T) {
	f := func(path string) File { return File{Path: path, SHA256: evidence.Digest(nil)} }
	for name, inputs := range map[string][]File{
		"twice": {f("inputs/a"), f("inputs/a")}, "by case alone": {f("inputs/a"), f("inputs/A")}, "above the run": {f("inputs/../../a")},
		"absolute": {f("/etc/hostname")}, "of another folder": {f("seals/a.json")}, "not there": {f("inputs/b")},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			text, err := evidence.Canonical(Record{Schema: Schema, Plan: jsontext.Value("[]"), Inputs: inputs, Overrides: []string{}, Bundles: []BundleFile{}})
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"inputs/a", "inputs/A"} {
				if err := errors.Join(os.MkdirAll(filepath.Join(path, filepath.Dir(file)), 0o755), os.WriteFile(filepath.Join(path, file), nil, 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			r := &Run{Path: path, raw: text}
			var layout *LayoutError
			if err := errors.Join(r.parse(), r.contents()); !errors.As(err, &layout) || !strings.HasPrefix(layout.File, inputs[0].Path[:4]) && layout.File != inputs[len(inputs)-1].Path {
				t.Errorf("got %v", err)
			}
		})
	}
}
