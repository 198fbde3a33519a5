package run

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Bounds of what is read of a run.
const (
	MaxJSON  = 64 << 20 // bytes of run.json, of a judgement.json and of an input, which are held in memory
	MaxFiles = 1 << 20  // files and folders
)

// Run is an opened run whose layout and digests were checked.
type Run struct {
	Path   string
	Digest string
	Record Record
	raw    []byte
}

func digestFile(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return File{}, err
	}
	sum := sha256.New()
	// Nothing but a reader: of a file, CopyBuffer would use a buffer of its own, and leave this one.
	n, err := io.CopyBuffer(sum, struct{ io.Reader }{f}, make([]byte, min(info.Size()+1, 256<<10)))
	return File{Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

// ErrNoRun says that there is no run at a path, and no remains of one either.
var ErrNoRun = errors.New("no run")

// Open opens a run where there is no trust to verify it by ([Verify] does that), and checks layout
// and digests: run.json is what its signature says to be about, whoever signed; there are exactly the
// files that run.json names, with exactly their bytes; judgements and seals have the digests that
// they are named by. Errors about a file are *LayoutError; ErrNoRun says that nothing there is of
// a run. A run that lost its run.json is a damaged one as long as anything else of it is left.
func Open(path string) (*Run, error) {
	r, err := look(path)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{r.claimed, r.parse, r.contents, r.judged, r.sealNames} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// look looks at the names in a run and takes the digest of run.json. Nothing is parsed.
func look(path string) (*Run, error) {
	r := &Run{Path: path}
	if err := r.layout(MaxFiles); err != nil {
		return r, err
	}
	var err error
	if r.raw, err = r.read(recordName, MaxJSON); err != nil {
		return r, err
	}
	r.Digest = evidence.Digest(r.raw)
	return r, nil
}

// claimed holds run.json against what its signature says to be about.
func (r *Run) claimed() error {
	file, err := r.read(signatureName, seal.MaxSignature)
	if err != nil {
		return err
	}
	want, err := seal.Claimed(file)
	if err != nil {
		return layoutError(signatureName, err.Error())
	}
	if want != r.Digest {
		return &LayoutError{File: recordName, Cause: fmt.Sprintf("sha256 is %s, and %s is about %s", r.Digest, signatureName, want), Want: want, Got: r.Digest,
			Bytes: evidence.Range{Length: int64(len(r.raw))}}
	}
	return nil
}

// parse reads run.json, once.
func (r *Run) parse() error {
	if r.Record.Schema != 0 {
		return nil
	}
	var record Record
	if err := decode(recordName, r.raw, &record); err != nil {
		return err
	}
	if record.Schema != Schema {
		return layoutError(recordName, fmt.Sprintf("schema %d; this build reads %d", record.Schema, Schema))
	}
	r.Record = record
	return nil
}

// contents holds inputs, then bundles, against what run.json lists of them.
func (r *Run) contents() error {
	var bundles []File
	for _, b := range r.Record.Bundles {
		bundles = append(bundles, b.File)
	}
	if err := distinct(slices.Concat(r.Record.Inputs, bundles)); err != nil {
		return err
	}
	for _, f := range r.Record.Inputs {
		if f.Size > MaxJSON {
			return layoutError(f.Path, fmt.Sprintf("has %d bytes by run.json, over %d", f.Size, MaxJSON))
		}
	}
	return cmp.Or(r.compare(inputsDir, r.Record.Inputs), r.compare(bundlesDir, bundles))
}

// judged opens each judgement.
func (r *Run) judged() error {
	all, err := r.Judgements()
	if err != nil {
		return err
	}
	for _, digest := range all {
		if _, err := r.openJudgement(digest); err != nil {
			return err
		}
	}
	return nil
}

// places are the files that a run may hold.
var places = regexp.MustCompile(`^(run\.json|run\.sigstore\.json|inputs/[^/]+|bundles/[^/]+\.zip|judgements/[0-9a-f]{64}/(judgement\.json|judgement\.sigstore\.json|results\.jsonl)|seals/[0-9a-f]{64}\.sigstore\.json)$`)

var folderPlaces = regexp.MustCompile(`^(inputs|bundles|judgements|seals|judgements/[0-9a-f]{64})$`)

// layout refuses anything that has no place in a run: links, devices, strange names; and more than most files and
// folders, before their names are all in memory.
func (r *Run) layout(most int) error {
	info, err := os.Lstat(r.Path)
	if err != nil {
		return fmt.Errorf("open run: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: %s is no folder", ErrNoRun, r.Path)
	}
	if !slices.ContainsFunc([]string{recordName, signatureName, inputsDir, bundlesDir, judgementsDir, sealsDir}, func(name string) bool {
		_, err := os.Lstat(filepath.Join(r.Path, name))
		return !errors.Is(err, fs.ErrNotExist)
	}) {
		return fmt.Errorf("%w: %s holds no run.json, and nothing else of a run", ErrNoRun, r.Path)
	}
	folders, strange := []string{"."}, ""
	for len(folders) > 0 {
		at := folders[0]
		folders = folders[1:]
		err := r.eachIn(at, func(name string, d fs.DirEntry) error {
			if most--; most < 0 {
				return layoutError(at, fmt.Sprintf("is over %d files and folders, with those before it: more than is read of a run", MaxFiles))
			}
			switch {
			case d.IsDir() && folderPlaces.MatchString(name):
				folders = append(folders, name)
			case d.Type().IsRegular() && places.MatchString(name):
			case strange == "" || name < strange:
				strange = name
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if strange != "" {
		return layoutError(strange, "has no place in a run")
	}
	return nil
}

// eachIn goes through a folder of the run, some names at a time; they come in no order.
func (r *Run) eachIn(dir string, do func(name string, d fs.DirEntry) error) (err error) {
	f, err := os.Open(filepath.Join(r.Path, filepath.FromSlash(dir)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for {
		entries, err := f.ReadDir(1024)
		for _, d := range entries {
			if err := do(path.Join(dir, d.Name()), d); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// digestAtHand gives the digest of run.json where the names in the run do not fit: empty where there is none,
// or where it is no regular file.
func (r *Run) digestAtHand() string {
	info, err := os.Lstat(filepath.Join(r.Path, recordName))
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	text, err := r.read(recordName, MaxJSON)
	if err != nil {
		return ""
	}
	return evidence.Digest(text)
}

// read gives a file of the run, bounded; the path cannot leave the run.
func (r *Run) read(name string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(r.Path)
	if err != nil {
		return nil, fmt.Errorf("open run: %w", err)
	}
	defer root.Close()
	f, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, layoutError(name, "is missing")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.Size() > limit: // before any of it is read
		return nil, layoutError(name, fmt.Sprintf("has %d bytes, over %d", info.Size(), limit))
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = layoutError(name, fmt.Sprintf("over %d bytes", limit))
	}
	return b, err
}

// distinct refuses names that are one and the same where case does not count: on such a disk one
// file would stand for two.
func distinct(files []File) error {
	seen := map[string]bool{}
	for _, f := range files {
		name := strings.ToLower(f.Path)
		if seen[name] {
			return layoutError(f.Path, "is named twice by run.json, if upper and lower case are one")
		}
		seen[name] = true
	}
	return nil
}

// compare holds a folder against what run.json lists of it.
func (r *Run) compare(dir string, want []File) error {
	left := map[string]bool{}
	entries, err := os.ReadDir(filepath.Join(r.Path, dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		left[dir+"/"+e.Name()] = true
	}
	for _, f := range want {
		if !left[f.Path] {
			return layoutError(f.Path, "is missing, or run.json lists it twice, or it has no place in "+dir)
		}
		delete(left, f.Path)
	}
	if err := r.compareDigests(want); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		return layoutError(name, "is not named by run.json")
	}
	return nil
}

// same compares a file of the run with what a record says of it. One of another size is not read.
func (r *Run) same(name string, want File, record string) error {
	path := filepath.Join(r.Path, filepath.FromSlash(name))
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return layoutError(name, "is missing")
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return layoutError(name, "is no regular file")
	case info.Size() != want.Size:
		return &LayoutError{File: name, Cause: fmt.Sprintf("has %d bytes, %s says %d", info.Size(), record, want.Size), Want: want.SHA256}
	}
	got, err := digestFile(path)
	if err == nil && (got.Size != want.Size || got.SHA256 != want.SHA256) {
		err = &LayoutError{File: name, Cause: fmt.Sprintf("sha256 is %s, %s says %s", got.SHA256, record, want.SHA256), Want: want.SHA256, Got: got.SHA256, Bytes: evidence.Range{Length: got.Size}}
	}
	return err
}

// compareDigests hashes whole files, some at a time; of several faults it gives the first in order, of what could
// not be read only where all else is as it was.
func (r *Run) compareDigests(want []File) error {
	faults := make([]error, len(want))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range want {
		g.Go(func() error {
			faults[i] = r.same(f.Path, f, recordName)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	found := slices.DeleteFunc(slices.Clone(faults), Refused)
	return cmp.Or(cmp.Or(found...), cmp.Or(faults...))
}

// Input gives one of the engagement's files; ok is false where the run has none of that name.
func (r *Run) Input(name string) (text []byte, ok bool, err error) {
	for _, f := range r.Record.Inputs {
		if f.Path == inputsDir+"/"+name {
			text, err = r.read(f.Path, f.Size)
			return text, true, err
		}
	}
	return nil, false, nil
}

// Targets lists the targets that have a bundle, sorted.
func (r *Run) Targets() []string {
	var out []string
	for _, b := range r.Record.Bundles {
		out = append(out, b.Target)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Bundle opens all parts of a target's bundle, first part first.
func (r *Run) Bundle(target string) ([]*bundle.Reader, error) {
	var parts []*bundle.Reader
	for _, b := range r.Record.Bundles {
		if b.Target != target {
			continue
		}
		p, err := bundle.Open(filepath.Join(r.Path, filepath.FromSlash(b.Path)))
		if err == nil && p.ManifestDigest() != b.Manifest {
			err = &LayoutError{File: b.Path, Cause: "its manifest is not the one that run.json names", Want: b.Manifest, Got: p.ManifestDigest()}
		}
		if err == nil && p.Manifest().Target != target {
			err = layoutError(b.Path, "it is of target "+p.Manifest().Target)
		}
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b *bundle.Reader) int { return a.Manifest().Part - b.Manifest().Part })
	for i, p := range parts {
		if m := p.Manifest(); m.Part != i+1 || m.Parts != len(parts) {
			return nil, layoutError(bundlesDir+"/"+target, fmt.Sprintf("%d parts, of which one says that it is part %d of %d", len(parts), m.Part, m.Parts))
		}
	}
	if len(parts) == 0 {
		return nil, layoutError(bundlesDir+"/"+target, "is missing")
	}
	return parts, nil
}

// Judgements lists the digests of the run's judgements, sorted.
func (r *Run) Judgements() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(r.Path, judgementsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	slices.SortFunc(out, strings.Compare)
	return out, nil
}
