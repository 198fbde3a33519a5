package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Directory is a store in a folder, such as a mounted share.
type Directory struct {
	root string
}

// unfinished is the folder for files that are being written.
const unfinished = ".unfinished"

// OpenDirectory opens a folder as a store, and makes it where it is not there. What writers that
// died have left is cleared; the kernel knows which those are.
func OpenDirectory(root string) (*Directory, error) {
	root = filepath.Clean(root)
	if err := os.MkdirAll(filepath.Join(root, unfinished), 0o755); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	entries, err := os.ReadDir(filepath.Join(root, unfinished))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	for _, e := range entries {
		f, err := os.Open(filepath.Join(root, unfinished, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			err = os.Remove(f.Name())
		}
		if err := errors.Join(err, f.Close()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("store: clear unfinished work: %w", err)
		}
	}
	return &Directory{root}, nil
}

// at gives the path of an object; a name that leaves the store is refused.
func (d *Directory) at(name string) (string, error) {
	if !fs.ValidPath(name) || name == "." || strings.HasPrefix(name, unfinished) {
		return "", fmt.Errorf("object %q: no name for an object", name)
	}
	return filepath.Join(d.root, filepath.FromSlash(name)), nil
}

// Put implements Bucket: the bytes go to a file beside, which is linked into its place; a link is
// only made where nothing is.
func (d *Directory) Put(ctx context.Context, name string, o Object) (err error) {
	place, err := d.at(name)
	if err != nil {
		return err
	}
	if o.Lock != nil {
		return errors.New("a folder retains nothing")
	}
	tmp, err := os.CreateTemp(filepath.Join(d.root, unfinished), "put-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(tmp.Name()), tmp.Close()) }()
	if err := unix.Flock(int(tmp.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	if err := fill(ctx, tmp, o); err != nil {
		return fmt.Errorf("object %s: %w", name, err)
	}
	if err := errors.Join(tmp.Chmod(0o444), tmp.Sync()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), place); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("object %s: %w", name, ErrExists)
	} else if err != nil {
		return fmt.Errorf("object %s: the folder must lie on a file system that makes hard links: %w", name, err)
	}
	return d.sync(filepath.Dir(place))
}

// fill copies an object and holds it against what it promises.
func fill(ctx context.Context, w io.Writer, o Object) error {
	src, err := o.Open()
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(w, sum), contextReader{ctx, src}, make([]byte, 1<<20))
	if err := errors.Join(err, src.Close()); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); n != o.Size || got != o.SHA256 {
		return fmt.Errorf("its %d bytes have sha256 %s, expected %d with %s: the file changed while it was read", n, got, o.Size, o.SHA256)
	}
	return nil
}

// contextReader ends a read where its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// sync makes the disk keep new names in a folder and those above it.
func (d *Directory) sync(dir string) error {
	for {
		f, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
		if dir == d.root {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

// Get implements Bucket.
func (d *Directory) Get(_ context.Context, name string) (io.ReadCloser, error) {
	place, err := d.at(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("object %s: %w", name, ErrAbsent)
	}
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("object %s: no regular file", name), err, f.Close())
	}
	return f, nil
}

// List implements Bucket.
func (d *Directory) List(ctx context.Context, under string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		from := filepath.Join(d.root, filepath.FromSlash(path.Dir(under+"x")))
		err := filepath.WalkDir(from, func(at string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && at == from {
				return fs.SkipAll
			}
			if err != nil {
				return err
			}
			name, err := filepath.Rel(d.root, at)
			if err != nil {
				return err
			}
			name = filepath.ToSlash(name)
			if e.IsDir() {
				if name == unfinished {
					return fs.SkipDir
				}
				return ctx.Err()
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			if strings.HasPrefix(name, under) && !yield(Info{name, info.Size()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Info{}, fmt.Errorf("list store: %w", err))
		}
	}
}

// Held implements Bucket: a folder retains nothing.
func (d *Directory) Held(context.Context, string) (Lock, error) { return Lock{}, nil }

// Describe implements Bucket: where a folder lies, nobody here can tell.
func (d *Directory) Describe(context.Context) (*Description, error) {
	return &Description{URL: d.root}, nil
}
