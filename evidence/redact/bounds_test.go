package redact

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// endless is a file that has no end and no line.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// A file of lines is read line by line, however long it is; a line is bounded.
func TestTextByLines(t *testing.T) {
	var got []string
	note := func(_ string, b []byte) error {
		got = append(got, string(b))
		return nil
	}
	if err := text("files/a.jsonl", strings.NewReader("one\ntwo\n\nthree"), note); err != nil || !slices.Equal(got, []string{"", "one", "two", "", "three"}) {
		t.Errorf("%q, %v", got, err)
	}
	got = nil
	if err := text("files/a.json", strings.NewReader("one\ntwo\n"), note); err != nil || !slices.Equal(got, []string{"one\ntwo\n"}) {
		t.Errorf("%q, %v", got, err)
	}
	if err := text("files/a.jsonl", endless{}, func(string, []byte) error { return nil }); err == nil || !strings.Contains(err.Error(), "a.jsonl: bufio.Scanner: token too long") {
		t.Errorf("a line without an end: %v", err)
	}
	stop := errors.New("stop")
	n := 0
	lines := io.MultiReader(strings.NewReader("one\ntwo\n"), endless{})
	if err := text("files/a.jsonl", lines, func(_ string, b []byte) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	}); !errors.Is(err, stop) {
		t.Errorf("what is behind the second line was waited for: %v", err)
	}
}

// Files of a copy are refused by their size, before they are read.
func TestHugeFilesOfACopy(t *testing.T) {
	signer, trust := maker(t, "redactor")
	dir, _ := made(t, planted(t), plantedRules, signer)
	for _, name := range []string{RecordName, SignatureName, CommitmentsName} {
		path := filepath.Join(dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 10<<30); err != nil {
			t.Fatal(err)
		}
		if _, err := readIn(dir, name, maxRecord); err == nil || !strings.Contains(err.Error(), "has 10737418240 bytes") {
			t.Errorf("%s: %v", name, err)
		}
		var bad *CopyError
		if name != CommitmentsName { // whose digest is taken first
			if _, err := Verify(dir, trust); !errors.As(err, &bad) || bad.File != name {
				t.Errorf("%s: %v", name, err)
			}
		}
		put(t, path, good)
	}
	if _, err := Verify(dir, trust); err != nil {
		t.Error(err)
	}
}
