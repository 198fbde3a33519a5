package audit

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// book makes a zip of one part.
func book(t *testing.T, name, part string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write([]byte(part))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Parts are compared to their ends, and none is unpacked further than the one that comes out again.
func TestSameParts(t *testing.T) {
	made := book(t, "a.xml", "all of it")
	for name, c := range map[string]struct {
		given []byte
		words string
	}{
		"the same":     {made, ""},
		"another":      {book(t, "a.xml", "all of is"), "part a.xml differs"},
		"shorter":      {book(t, "a.xml", "all of "), "part a.xml differs"},
		"more":         {book(t, "a.xml", "all of it, and more"), "has more than the 9 bytes"},
		"a bomb":       {book(t, "a.xml", strings.Repeat("all of it", 1<<20)), "has more than the 9 bytes"},
		"another name": {book(t, "b.xml", "all of it"), "its parts are"},
		"no zip":       {[]byte("PK"), "is no workbook"},
	} {
		if n, err := sameParts(c.given, made); c.words == "" && (err != nil || n != 1) || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: %d parts, %v, want %q", name, n, err, c.words)
		}
	}
}

// What somebody gives is not read where it is too large: neither a workbook nor a run.json of a store.
func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "huge.xlsx")
	if err := os.WriteFile(path, []byte("12345"), 0o644); err != nil {
		t.Fatal(err)
	}
	if b, err := readFile(path, 5); err != nil || string(b) != "12345" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := readFile(path, 4); err == nil || !strings.Contains(err.Error(), "has 5 bytes, over 4") {
		t.Errorf("got %v", err)
	}
	if err := os.Truncate(path, 10<<30); err != nil {
		t.Fatal(err)
	}
	v := &Verification{Report: path}
	if err := v.workbookSignature(nil, nil); err == nil || !strings.Contains(err.Error(), "has 10737418240 bytes") {
		t.Errorf("a workbook: %v", err)
	}
	if _, err := RecordedIn(nil, path, ""); err == nil || !strings.Contains(err.Error(), "has 10737418240 bytes") {
		t.Errorf("the workbook of a report: %v", err)
	}
	dir := t.TempDir()
	if err := os.Rename(path, filepath.Join(dir, "run.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := Before(t.Context(), dir, nil, 1); err == nil || !strings.Contains(err.Error(), "has 10737418240 bytes") {
		t.Errorf("the run before: %v", err)
	}
}
