package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Names inside a run.
const (
	recordName    = "run.json"
	signatureName = "run.sigstore.json"
	inputsDir     = "inputs"
	bundlesDir    = "bundles"
	judgementsDir = "judgements"
	sealsDir      = "seals"
)

// ErrExists says that something is in the way: a run is never written again.
var ErrExists = errors.New("already exists; a run is never written again")

// Builder makes a run in a folder beside its place.
type Builder struct {
	path, tmp string
	unlock    func() error
}

// Create starts a run that shall stand at path. It takes the lock beside it, clears unfinished
// work of a crash, and refuses where something stands at path.
func Create(path string) (*Builder, error) {
	path = filepath.Clean(path)
	unlock, err := lock(path)
	if err != nil {
		return nil, err
	}
	b := &Builder{path: path, unlock: unlock}
	if _, err := os.Lstat(path); err == nil {
		return nil, errors.Join(fmt.Errorf("run %s: %w", path, ErrExists), b.unlock())
	}
	if b.tmp, err = scratch(path); err != nil {
		return nil, errors.Join(err, b.unlock())
	}
	for _, dir := range []string{inputsDir, bundlesDir, judgementsDir, sealsDir} {
		if err := os.Mkdir(filepath.Join(b.tmp, dir), 0o755); err != nil {
			return nil, errors.Join(err, b.Abort())
		}
	}
	return b, nil
}

// place gives the path by which a run's neighbours are named: that of the folder itself. After a path such
// as "run/", "." or a link, a suffix would name something in the run, or beside another place.
func place(path string) (string, error) {
	at, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(at); err == nil {
		at = real
	}
	return at, nil
}

// lock takes the lock beside a run. A crash frees it: the kernel holds it, not the file.
func lock(path string) (unlock func() error, err error) {
	at, err := place(path)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	f, err := os.OpenFile(at+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: another process works on this run: %w", path, err), f.Close())
	}
	return f.Close, nil
}

// scratch clears what a crash left and makes a new folder for unfinished work.
func scratch(path string) (string, error) {
	at, err := place(path)
	if err != nil {
		return "", fmt.Errorf("create run: %w", err)
	}
	dir, base := filepath.Split(at)
	if err := clearLeft(dir, func(name string) bool { return name == base }); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(dir, base+tmpMark)
	if err != nil {
		return "", fmt.Errorf("create run: %w", err)
	}
	return tmp, os.Chmod(tmp, 0o755)
}

const tmpMark = ".tmp-"

// clearLeft removes unfinished work on runs of a folder, by the runs' names.
func clearLeft(dir string, of func(name string) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look for unfinished work: %w", err)
	}
	for _, e := range entries {
		at := strings.LastIndex(e.Name(), tmpMark)
		if at <= 0 || !e.IsDir() || !of(e.Name()[:at]) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("clear unfinished work: %w", err)
		}
	}
	return nil
}

// Sweep removes unfinished work on any run of a folder that crashes left, but for what another
// process is at work on. Only names that mine takes are touched.
func Sweep(dir string, mine func(name string) bool) error {
	var unlocks []func() error
	err := clearLeft(dir, func(name string) bool {
		if !mine(name) {
			return false
		}
		unlock, err := lock(filepath.Join(dir, name))
		if err != nil {
			return false
		}
		unlocks = append(unlocks, unlock)
		return true
	})
	for _, unlock := range unlocks {
		err = errors.Join(err, unlock())
	}
	return err
}

// Bundles is the folder that bundle writers write into.
func (b *Builder) Bundles() string { return filepath.Join(b.tmp, bundlesDir) }

// AddInput keeps one of the engagement's files; name is a plain file name.
func (b *Builder) AddInput(name string, text []byte) error {
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return fmt.Errorf("input %q: not a plain file name", name)
	}
	if len(text) > MaxJSON {
		return fmt.Errorf("input %s: %d bytes, over %d", name, len(text), MaxJSON)
	}
	return writeFile(filepath.Join(b.tmp, inputsDir, name), text)
}

// writeFile writes a new file and waits until the disk has it.
func writeFile(path string, b []byte) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(b); err != nil {
		return err
	}
	return f.Sync()
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Commit fills in the digests of inputs and bundles, signs run.json and lets the run enter at its
// place, by one rename. Manifests gives, for each file name in bundles, the target and the
// SHA-256 of its manifest. It returns the run digest.
func (b *Builder) Commit(r Record, manifests map[string]BundleFile, sign func(digest string) ([]byte, error)) (digest string, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("run %s: %w", b.path, err), b.Abort())
		}
	}()
	r.Schema = Schema
	if r.Inputs, err = digestFiles(b.tmp, inputsDir); err != nil {
		return "", err
	}
	files, err := digestFiles(b.tmp, bundlesDir)
	if err != nil {
		return "", err
	}
	r.Bundles = []BundleFile{}
	for _, f := range files {
		m, ok := manifests[filepath.Base(f.Path)]
		if !ok {
			return "", fmt.Errorf("%s: nobody wrote this bundle", f.Path)
		}
		r.Bundles = append(r.Bundles, BundleFile{File: f, Target: m.Target, Manifest: m.Manifest})
	}
	text, err := evidence.Canonical(r)
	if err != nil {
		return "", err
	}
	digest = evidence.Digest(text)
	signature, err := sign(digest)
	if err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{recordName: text, signatureName: signature} {
		if err := writeFile(filepath.Join(b.tmp, name), content); err != nil {
			return "", err
		}
	}
	return digest, b.enter()
}

// enter is the one rename.
func (b *Builder) enter() error {
	for _, dir := range []string{inputsDir, bundlesDir, judgementsDir, sealsDir, "."} {
		if err := syncDir(filepath.Join(b.tmp, dir)); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(b.path); err == nil {
		return ErrExists
	}
	if err := os.Rename(b.tmp, b.path); err != nil {
		return err
	}
	b.tmp = ""
	return errors.Join(syncDir(filepath.Dir(b.path)), b.free())
}

// free gives the lock back, once.
func (b *Builder) free() error {
	if b.unlock == nil {
		return nil
	}
	unlock := b.unlock
	b.unlock = nil
	return unlock()
}

// Abort drops an unfinished run and frees its place. After Commit it does nothing.
func (b *Builder) Abort() error {
	var err error
	if b.tmp != "" {
		err = os.RemoveAll(b.tmp)
	}
	return errors.Join(err, b.free())
}

// digestFiles lists the files of a folder of the run, sorted, with size and digest.
func digestFiles(root, dir string) ([]File, error) {
	entries, err := os.ReadDir(filepath.Join(root, dir))
	if err != nil {
		return nil, err
	}
	files := []File{}
	for _, e := range entries {
		f, err := digestFile(filepath.Join(root, dir, e.Name()))
		if err != nil {
			return nil, err
		}
		f.Path = dir + "/" + e.Name()
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}
