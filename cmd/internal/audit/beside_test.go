package audit

import (
	"maps"
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

func TestEnterSigned(t *testing.T) {
	for _, c := range []struct {
		name       string
		signed     bool
		spoil      bool // the signature cannot enter
		want       map[string]string
		wantFailed bool
	}{
		{"signed", true, false, map[string]string{"x.xlsx": "new", "x.xlsx.sigstore.json": "of new"}, false},
		{"unsigned", false, false, map[string]string{"x.xlsx": "new"}, false},
		{"cut off in between", true, true, map[string]string{"x.xlsx.sigstore.json": "of old"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.xlsx")
			for name, text := range map[string]string{path: "old", path + SignatureSuffix: "of old"} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			beside := func(path, text string) *File {
				f, err := Beside(path)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.WriteString(text); err != nil {
					t.Fatal(err)
				}
				return f
			}
			book := beside(path, "new")
			var signature *File
			if c.signed {
				signature = beside(path+SignatureSuffix, "of new")
			}
			if c.spoil {
				if err := os.Remove(signature.Name()); err != nil {
					t.Fatal(err)
				}
			}
			if err := EnterSigned(book, signature); (err != nil) != c.wantFailed {
				t.Fatal(err)
			}
			book.Drop()
			got := map[string]string{}
			entries, err := os.ReadDir(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				text, err := os.ReadFile(filepath.Join(filepath.Dir(path), e.Name()))
				if err != nil {
					t.Fatal(err)
				}
				got[e.Name()] = string(text)
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
