package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// Download is a run on its way from a store.
type Download struct {
	Name     string            // of the run in the store
	To       string            // where it shall stand; nothing may be there
	MaxBytes int64             // refuse a run that is larger; from 1 to [MaxBound]
	Workers  int               // files at once; 0: 4
	Progress func(file string) // called by several goroutines; nil: none
}

// Pulled is a run that came from a store.
type Pulled struct {
	Run        *run.Run
	Unfinished []string // judgements whose upload is not finished; they were left there
}

// MaxBound is the most that a bound on a run's bytes may allow.
const MaxBound = 1 << 50

// MaxFiles bounds how many files a run in a store may have.
const MaxFiles = run.MaxFiles

// Pull brings a run from a store to a place of its own, whole or not at all: what is not as its
// run.json says is a *run.LayoutError. ErrNoRun says that there is no run of that name, or that its
// upload is not finished. Signatures are for [run.Run.Verify].
func Pull(ctx context.Context, b Bucket, d Download) (*Pulled, error) {
	if err := CheckName(d.Name); err != nil {
		return nil, err
	}
	if d.MaxBytes < 1 || d.MaxBytes > MaxBound {
		return nil, fmt.Errorf("pull %s: a bound of %d bytes is none: say one from 1 to %d", d.Name, d.MaxBytes, int64(MaxBound))
	}
	files, left, err := d.list(ctx, b)
	if err != nil {
		return nil, err
	}
	r, err := run.Receive(d.To, func(into *os.Root) error { return d.fetch(ctx, b, files, into) })
	if err != nil {
		return nil, err
	}
	return &Pulled{Run: r, Unfinished: left}, nil
}

// Digest gives the run digest of a whole run in a store. ErrAbsent says that there is none.
func Digest(ctx context.Context, b Bucket, name string) (string, error) {
	r, err := b.Get(ctx, name+"/run.json")
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(r, run.MaxJSON))
	return evidence.Digest(text), errors.Join(err, r.Close())
}

// list gives the files of the run, without those of unfinished judgements.
func (d *Download) list(ctx context.Context, b Bucket) (files []Info, left []string, err error) {
	whole, total := false, int64(0)
	judged := map[string]bool{}
	for info, err := range b.List(ctx, d.Name+"/") {
		if err != nil {
			return nil, nil, err
		}
		info.Name = strings.TrimPrefix(info.Name, d.Name+"/")
		if !run.IsFile(info.Name) {
			return nil, nil, &run.LayoutError{File: info.Name, Cause: "has no place in a run"}
		}
		switch {
		case info.Size < 0:
			return nil, nil, fmt.Errorf("run %s: the store lists %s with %d bytes", d.Name, info.Name, info.Size)
		case info.Size > d.MaxBytes-total || len(files) >= MaxFiles: // a sum of sizes could overflow
			return nil, nil, fmt.Errorf("run %s: over %d bytes or %d files, more than is taken", d.Name, d.MaxBytes, MaxFiles)
		}
		total += info.Size
		switch run.Step(info.Name) {
		case run.StepRun:
			whole = true
		case run.StepJudgement:
			judged[path.Dir(info.Name)] = true
		}
		files = append(files, info)
	}
	if !whole {
		if len(files) == 0 {
			return nil, nil, fmt.Errorf("%w of the name %s is there", ErrNoRun, d.Name)
		}
		return nil, nil, fmt.Errorf("%w: %s has %d files and no run.json, its upload is not finished; `trefoil push` takes it up", ErrNoRun, d.Name, len(files))
	}
	files = slices.DeleteFunc(files, func(f Info) bool {
		dir := path.Dir(f.Name)
		if !strings.HasPrefix(dir, "judgements/") || judged[dir] {
			return false
		}
		left = append(left, dir)
		return true
	})
	slices.Sort(left)
	return files, slices.Compact(left), nil
}

func (d *Download) fetch(ctx context.Context, b Bucket, files []Info, into *os.Root) error {
	group, ctx := errgroup.WithContext(ctx)
	workers := d.Workers
	if workers <= 0 {
		workers = defaultWorkers
	}
	group.SetLimit(workers)
	for _, f := range files {
		if err := into.MkdirAll(path.Dir(f.Name), 0o755); err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			if d.Progress != nil {
				d.Progress(f.Name)
			}
			if err := fetchFile(ctx, b, d.Name, f, into); err != nil {
				return fmt.Errorf("pull %s/%s: %w", d.Name, f.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func fetchFile(ctx context.Context, b Bucket, name string, f Info, into *os.Root) (err error) {
	src, err := b.Get(ctx, name+"/"+f.Name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	out, err := into.OpenFile(f.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	n, err := io.CopyBuffer(out, io.LimitReader(contextReader{ctx, src}, f.Size+1), make([]byte, 1<<20))
	if err != nil {
		return err
	}
	if n != f.Size {
		return &run.LayoutError{File: f.Name, Cause: fmt.Sprintf("the store lists %d bytes and sends %d", f.Size, n)}
	}
	return out.Sync()
}
