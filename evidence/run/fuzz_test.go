package run

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// What is taken for run.json or judgement.json has one form, and what is not names the file.
func FuzzRecords(f *testing.F) {
	path, _ := whole(f)
	for _, pattern := range []string{"run.json", "judgements/*/judgement.json"} {
		names, err := filepath.Glob(filepath.Join(path, pattern))
		if err != nil || len(names) != 1 {
			f.Fatal(names, err)
		}
		text, err := os.ReadFile(names[0])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, into := range []any{&Record{}, &Judgement{}} {
			err := decode("a.json", b, into)
			var layout *LayoutError
			if err != nil {
				if !errors.As(err, &layout) || layout.File != "a.json" {
					t.Fatalf("an error of no known type: %v", err)
				}
				continue
			}
			if again, err := evidence.Canonical(into); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%s\n%s\n%v", b, again, err)
			}
		}
	})
}
