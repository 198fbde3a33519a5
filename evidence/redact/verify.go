package redact

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Bounds of what a copy may hold. Of what is held in memory, tokens may make more than the run had.
const (
	maxRecord      = 64 << 20
	maxCommitments = 1 << 30
	minCommitment  = 160                                          // bytes of the shortest line of a value that stands somewhere
	maxValues      = min(9_999_999, maxCommitments/minCommitment) // the number of a token has seven digits
	maxFiles       = run.MaxFiles
	maxEntries     = bundle.MaxEntries
	maxWhole       = 2 * bundle.MaxBody // of a file or an entry that is no file of lines
	maxLine        = 2 * bundle.MaxLine
)

// IsCopy reports whether a folder is a redacted copy, or what is left of one.
func IsCopy(path string) bool {
	_, err := os.Lstat(filepath.Join(path, RecordName))
	return err == nil
}

// Copy is a copy that was read and checked.
type Copy struct {
	Record      Record
	Digest      string // of copy.json
	Commitments []Commitment
	Tokens      int // how often any stands
	Signature   *seal.Signature
	Overrides   []string // what redirected the run's collection; nil where the copy does not let it be told
}

// Digests counts the values that no rule names: they would give others away.
func (c *Copy) Digests() (n int) {
	for _, one := range c.Commitments {
		if one.Rule == derived {
			n++
		}
	}
	return n
}

// Verify checks a copy: layout, digests, the maker's signature by the caller's trust, and that each token stands
// as often as the table of commitments says. Errors about the copy are *CopyError.
func Verify(path string, trust *seal.Trust) (*Copy, error) {
	text, err := readIn(path, RecordName, maxRecord)
	if err != nil {
		return nil, failed(RecordName, "%w", err)
	}
	c := &Copy{Digest: evidence.Digest(text)}
	if err := c.signed(path, text, trust); err != nil {
		return nil, err
	}
	if err := c.contents(path); err != nil {
		return nil, err
	}
	if err := c.redirected(path); err != nil {
		return nil, err
	}
	return c, c.counts(path)
}

// redirected reads what redirected collection from the copy's run.json, and holds copy.json against it.
func (c *Copy) redirected(path string) error {
	in, err := overrides(path)
	if err != nil {
		return failed(runName, "%w", err)
	}
	if c.Record.Overrides != nil && !slices.Equal(c.Record.Overrides, in) {
		return failed(RecordName, "its overrides are not those of %s", runName)
	}
	c.Overrides = in
	return nil
}

// runName is what is left of run.json in a copy.
const runName = filesDir + "/run.json"

// overrides reads them from the run.json of a copy, where values may be withheld. Nil: it does not say.
func overrides(dir string) ([]string, error) {
	text, err := readIn(dir, runName, maxWhole)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var r struct {
		Overrides jsontext.Value `json:"overrides"`
	}
	var out []string
	if json.Unmarshal(text, &r) != nil || r.Overrides == nil || json.Unmarshal(r.Overrides, &out) != nil {
		return nil, nil // withheld as a whole
	}
	return out, nil
}

// signed checks the signature over the bytes of copy.json, and then what they say.
func (c *Copy) signed(path string, text []byte, trust *seal.Trust) error {
	signature, err := readIn(path, SignatureName, maxRecord)
	if err != nil {
		return failed(SignatureName, "%w", err)
	}
	var parsed error
	s, err := trust.Verify(seal.Copy, c.Digest, signature, func() (time.Time, error) {
		parsed = c.parse(text)
		return c.Record.Made, parsed
	})
	if parsed == nil && err != nil {
		return failed(SignatureName, "%w", err)
	}
	if err := cmp.Or(parsed, c.parse(text)); err != nil {
		return err
	}
	if err := s.Before("it says that it was made at", c.Record.Made); err != nil {
		return failed(SignatureName, "%w", err)
	}
	if !s.Signer.Has(seal.Redactor) {
		return failed(SignatureName, "%w: %s has no role redactor", seal.ErrUntrusted, s.Signer.Anchor())
	}
	c.Signature = s
	return nil
}

func (c *Copy) parse(text []byte) error {
	c.Record = Record{}
	if err := strictly(RecordName, text, &c.Record); err != nil {
		return err
	}
	if c.Record.Schema != Schema || c.Record.Kind != kindOfCopy || !isDigest(c.Record.Run) || len(c.Record.Tag) != 8 {
		return failed(RecordName, "schema, kind, run or tag is none of a copy's")
	}
	if t := c.Record.Times; t != "" && t != Claimed && t != Vouched {
		return failed(RecordName, "times is %q, neither %s nor %s", t, Claimed, Vouched)
	}
	return nil
}

// listed lists the files of a copy but for copy.json and its signature, with their digests. A folder that holds none is
// refused: its name is covered by nothing.
func listed(dir string) ([]run.File, error) {
	out := []run.File{}
	var empty []string // folders from the copy's own to the one that is walked, of those in which no file was seen
	walked := func(name string) error {
		for _, folder := range empty {
			if !strings.HasPrefix(name, folder+"/") {
				return failed(folder, "is a folder that holds no file of the copy: remove it")
			}
		}
		return nil
	}
	err := filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if err != nil || at == dir && d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if err := walked(name); err != nil {
			return err
		}
		if d.IsDir() {
			empty = append(empty, name)
			return nil
		}
		empty = nil
		if !d.Type().IsRegular() {
			return failed(name, "is no regular file")
		}
		if name == RecordName || name == SignatureName {
			return nil
		}
		if len(out) == maxFiles {
			return failed(name, "the copy has over %d files", maxFiles)
		}
		f, err := os.Open(at)
		if err != nil {
			return err
		}
		defer f.Close()
		sum := sha256.New()
		n, err := io.Copy(sum, f)
		out = append(out, run.File{Path: name, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))})
		return err
	})
	slices.SortFunc(out, func(a, b run.File) int { return strings.Compare(a.Path, b.Path) })
	return out, cmp.Or(err, walked(""))
}

// contents compares the files that are there with those that copy.json lists.
func (c *Copy) contents(path string) error {
	have, err := listed(path)
	if err != nil {
		return err
	}
	want := map[string]run.File{}
	for i, f := range c.Record.Files {
		if i > 0 && c.Record.Files[i-1].Path >= f.Path || f.Path != CommitmentsName && !strings.HasPrefix(f.Path, filesDir+"/") {
			return failed(RecordName, "its files are not sorted, or %s has no place in a copy", f.Path)
		}
		want[f.Path] = f
	}
	for _, f := range have {
		w, ok := want[f.Path]
		switch {
		case !ok:
			return failed(f.Path, "is not listed in %s", RecordName)
		case w != f:
			return failed(f.Path, "sha256 %s, want %s", f.SHA256, w.SHA256)
		}
		delete(want, f.Path)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		return failed(name, "is missing")
	}
	return nil
}

// counts reads every file and holds the tokens against the table.
func (c *Copy) counts(path string) error {
	text, err := readIn(path, CommitmentsName, maxCommitments)
	if err != nil {
		return failed(CommitmentsName, "%w", err)
	}
	if c.Commitments, err = ParseCommitments(text, c.Record.Tag); err != nil {
		return err
	}
	if len(c.Commitments) != c.Record.Values {
		return failed(CommitmentsName, "%d lines, want %d", len(c.Commitments), c.Record.Values)
	}
	have := make([]map[string]int, len(c.Commitments)+1)
	pattern := tokens(c.Record.Tag)
	err = eachText(path, c.Record.Files, func(name string, b []byte) error {
		for _, t := range pattern.FindAllSubmatch(b, -1) {
			n := number(t[1])
			if n < 1 || n > len(c.Commitments) {
				return failed(name, "token %s has no commitment", t[0])
			}
			if have[n] == nil {
				have[n] = map[string]int{}
			}
			have[n][name]++
			c.Tokens++
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, one := range c.Commitments {
		got := have[i+1]
		for _, p := range one.Places {
			if got[p.File] != p.Count {
				return failed(p.File, "token %s stands %d times, want %d", one.ID, got[p.File], p.Count)
			}
		}
		if len(got) != len(one.Places) {
			return failed(CommitmentsName, "token %s stands in files that its line does not name", one.ID)
		}
	}
	return nil
}

// eachText hands over what stands under files/: whole, or, of a file of lines, nothing and then line by line. Entries of
// zips have the name of their zip before their own.
func eachText(path string, files []run.File, do func(name string, b []byte) error) error {
	for _, f := range files {
		name, ours := strings.CutPrefix(f.Path, filesDir+"/")
		if !ours {
			continue
		}
		at := filepath.Join(path, filepath.FromSlash(f.Path))
		var err error
		if strings.HasSuffix(name, ".zip") {
			err = eachEntry(at, func(entry string, r io.Reader) error { return text(name+"/"+entry, r, do) })
		} else {
			err = opened(at, func(r io.Reader) error { return text(name, r, do) })
		}
		if err != nil {
			return wrapped(f.Path, err)
		}
	}
	return nil
}

func opened(path string, do func(io.Reader) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return do(f)
}

// text hands over one file or entry, as eachText says.
func text(name string, r io.Reader, do func(name string, b []byte) error) error {
	if !strings.HasSuffix(name, ".jsonl") {
		b, err := io.ReadAll(io.LimitReader(r, maxWhole+1))
		if err == nil && len(b) > maxWhole {
			err = fmt.Errorf("over %d bytes", maxWhole)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return do(name, b)
	}
	if err := do(name, nil); err != nil {
		return err
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 1<<16), maxLine)
	for lines.Scan() {
		if err := do(name, lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func wrapped(file string, err error) error {
	var bad *CopyError
	var leak *LeakError
	if errors.As(err, &bad) || errors.As(err, &leak) {
		return err
	}
	return failed(file, "%w", err)
}

func eachEntry(path string, do func(name string, r io.Reader) error) (err error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	if len(z.File) > maxEntries {
		return fmt.Errorf("over %d entries", maxEntries)
	}
	for i, f := range z.File {
		if i > 0 && z.File[i-1].Name >= f.Name || !fs.ValidPath(f.Name) {
			return fmt.Errorf("entry %q is out of order", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if err = errors.Join(do(f.Name, r), r.Close()); err != nil {
			return err
		}
	}
	return nil
}

// scan reads a finished copy again and looks for withheld values, in names too. Digests are not looked at:
// they are of what is left, or salted.
func (v *values) scan(dir string, r Record) error {
	look := func(name string, b []byte) error {
		for chunk := range bytes.Lines(b) {
			if rule := v.leaks(chunk); rule != "" {
				return &LeakError{name, rule}
			}
		}
		return nil
	}
	for _, f := range r.Files {
		if err := look("the name of "+f.Path, []byte(f.Path)); err != nil {
			return err
		}
	}
	for _, rule := range r.Rules {
		if err := look(RecordName, []byte(rule.ID+"\n"+rule.Because)); err != nil {
			return err
		}
	}
	return eachText(dir, r.Files, func(name string, b []byte) error {
		if strings.HasSuffix(name, ".jsonl") && b != nil {
			return look(name, b)
		}
		if err := look("the name of "+name, []byte(name)); err != nil {
			return err
		}
		if rule := v.leaks(b); rule != "" {
			return &LeakError{name, rule}
		}
		return nil
	})
}
