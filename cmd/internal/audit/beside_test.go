package audit

import (
	"os"
	"path/filepath"
	"testing"
)

func TestBeside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.xlsx")
	left := filepath.Join(dir, ".report.xlsx.tmp-1")
	other := filepath.Join(dir, ".other.xlsx.tmp-1")
	for _, name := range []string{left, other, path, path + ".sigstore.json"} {
		if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := func() (out []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			out = append(out, e.Name())
		}
		return out
	}
	first, err := Beside(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Error("what a crash left was not cleared")
	}
	second, err := Beside(path) // another writer at work: neither takes the other's file away
	if err != nil {
		t.Fatal(err)
	}
	if n := len(names()); n != 5 {
		t.Errorf("%v", names())
	}
	second.Drop()
	if _, err := first.WriteString("new"); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "old" {
		t.Errorf("before it entered: %q", text)
	}
	if err := first.Enter(path + ".sigstore.json"); err != nil {
		t.Fatal(err)
	}
	first.Drop()
	if text, _ := os.ReadFile(path); string(text) != "new" {
		t.Errorf("%q", text)
	}
	if got := names(); len(got) != 2 || got[0] != ".other.xlsx.tmp-1" {
		t.Errorf("%v", got)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{filepath.Join(dir, "folder"), filepath.Join(dir, "nowhere", "x")} {
		if _, err := Beside(bad); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
