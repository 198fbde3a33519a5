package run

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// A file of ten gigabytes in the place of any of a run's is refused by its size, which an error could not name
// had it been read up to a limit.
func TestHugeFilesAreNotRead(t *testing.T) {
	t.Parallel()
	path, trust := whole(t)
	const size = 10 << 30
	names := files(t, path)
	if !slices.Contains(names, recordName) || len(names) < 8 {
		t.Fatalf("the run has %v", names)
	}
	for _, name := range names {
		at := filepath.Join(path, filepath.FromSlash(name))
		good := read(t, path, name)
		if err := os.Truncate(at, size); err != nil { // it has no blocks on the disk
			t.Fatal(err)
		}
		_, err := Open(path)
		file, text := finding(t, path, trust)
		for _, text := range []string{text, err.Error()} {
			if !strings.Contains(text, "has 10737418240 bytes") || !strings.Contains(text, name) {
				t.Errorf("%s: %s: %s", name, file, text)
			}
		}
		if file != name {
			t.Errorf("%s: %s was named", name, file)
		}
		write(t, path, name, good)
	}
	if file, text := finding(t, path, trust); text != "" {
		t.Errorf("%s: %s", file, text)
	}
}

// A run of more files than are read of one is refused while they are counted.
func TestTooManyFiles(t *testing.T) {
	path, _ := whole(t)
	names := files(t, path)
	r := &Run{Path: path}
	folders := 5 // inputs, bundles, judgements, the judgement's own, seals
	if err := r.layout(len(names) + folders); err != nil {
		t.Errorf("%d files: %v", len(names), err)
	}
	var layout *LayoutError
	if err := r.layout(len(names) + folders - 1); !errors.As(err, &layout) || !strings.Contains(err.Error(), "more than is read of a run") {
		t.Errorf("one more: %v", err)
	}
}

// What a signed record says to be larger than is read is refused by what it says.
func TestHugeByTheRecord(t *testing.T) {
	path, _ := whole(t)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var layout *LayoutError
	r.Record.Inputs[0].Size = MaxJSON + 1
	if err := r.contents(); !errors.As(err, &layout) || layout.File != r.Record.Inputs[0].Path || !strings.Contains(err.Error(), "over 67108864") {
		t.Errorf("an input: %v", err)
	}
	j, err := r.Judgement("")
	if err != nil {
		t.Fatal(err)
	}
	huge := j.Judgement
	huge.Results.Size = MaxResults + 1
	text, err := evidence.Canonical(huge)
	if err != nil {
		t.Fatal(err)
	}
	read := &Judged{Digest: evidence.Digest(text), run: r, raw: text}
	if err := read.parse(); !errors.As(err, &layout) || layout.File != judgementsDir+"/"+read.Digest+"/"+resultsName || !strings.Contains(err.Error(), "over 8589934592") {
		t.Errorf("results: %v", err)
	}
}

// What could not be read again does not enter a run: it would keep all of it from being read.
func TestNothingTooLargeEnters(t *testing.T) {
	path, _ := whole(t)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	j, err := r.Judgement("")
	if err != nil {
		t.Fatal(err)
	}
	if err := j.small(make([]byte, MaxJSON+1)); err == nil {
		t.Error("a judgement's inputs")
	}
	if err := j.small(nil); err != nil {
		t.Error(err)
	}
	j.Results.Size = MaxResults + 1
	if err := j.small(nil); err == nil {
		t.Error("a judgement's results")
	}
	inputs := map[string]string{"roster.csv": strings.Repeat("a", MaxJSON)}
	if digest, err := r.AddJudgement(Judgement{JudgedAsOf: asOf, Inputs: inputs}, none(), func(string) ([]byte, error) { return nil, nil }); err == nil || !strings.Contains(err.Error(), "its inputs are") {
		t.Errorf("judgement %s: %v", digest, err)
	}
	if digest, err := r.AddSeal("", func([]seal.File) ([]byte, error) { return make([]byte, seal.MaxSignature+1), nil }); err == nil {
		t.Errorf("seal %s", digest)
	}
	if _, err := Open(path); err != nil {
		t.Errorf("the run is no longer read: %v", err)
	}
	b, err := Create(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddInput("roster.csv", make([]byte, MaxJSON+1)); err == nil {
		t.Error("an input")
	}
	if err := b.Abort(); err != nil {
		t.Error(err)
	}
}
