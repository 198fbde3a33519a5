package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trefoil-audit/trefoil/evidence/run"
)

// Upload is a run on its way to a store.
type Upload struct {
	Run      *run.Run
	Name     string // of the run in the store
	Retain   Retention
	Clock    func() time.Time
	Workers  int               // files at once; 0: 4
	Progress func(file string) // called by several goroutines; nil: none
}

// Retention is what the engagement asks for.
type Retention struct {
	Days int    // from the run's as_of; 0: as the bucket does by itself
	Mode string // Compliance or Governance; empty: as the bucket, else Compliance
}

// Pushed says what an upload did. Every file was read back, also those that were there.
type Pushed struct {
	Written, There int64
	Bytes          int64 // of all files
	Lock           *Lock // what every object has at least; nil: the store retains nothing
}

// MaxObject bounds one file: what one conditional write of S3 takes.
const MaxObject = 5 << 30

const (
	defaultWorkers = 4
	busyTries      = 8
)

// runName is compiled once it is asked for: with its count that takes long.
var runName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`) })

// CheckName refuses what cannot name a run in a store.
func CheckName(name string) error {
	if !runName().MatchString(name) || strings.Contains(name, "..") {
		return fmt.Errorf("%q is no name of a run in a store: letters, digits, dot, dash and underscore, at most 128", name)
	}
	return nil
}

// Push brings a run into a store, or finishes what an earlier Push began; see the package's
// comment. Errors: *UnsafeError before anything is uploaded, *OtherError where the store holds
// something else under a name of the run.
func Push(ctx context.Context, b Bucket, about *Description, u Upload) (*Pushed, error) {
	if err := CheckName(u.Name); err != nil {
		return nil, err
	}
	least, err := u.lock(about)
	if err != nil {
		return nil, err
	}
	files, err := u.Run.Files()
	if err != nil {
		return nil, err
	}
	if err := Probe(ctx, b, about.URL); err != nil {
		return nil, err
	}
	p := &push{Upload: u, bucket: b, least: least, there: map[string]int64{}, done: &Pushed{Lock: least}}
	if least != nil {
		// What is written now is kept as long from now: not less than the bucket's rule would.
		p.lock = &Lock{Mode: least.Mode, Until: least.Until.Add(max(u.Clock().Sub(u.Run.Record.AsOf), 0)).Truncate(time.Second).Add(time.Second)}
	}
	if err := p.look(ctx, files); err != nil {
		return nil, err
	}
	for step := range run.Steps {
		if err := p.step(ctx, step, files); err != nil {
			return nil, fmt.Errorf("push to %s: %w", about.URL, err)
		}
	}
	return p.done, nil
}

// lock decides what retention the objects shall have: what is asked for, and never less than the
// bucket's own rule.
func (u *Upload) lock(about *Description) (*Lock, error) {
	rule := about.Retention
	unsafe := func(cause string, args ...any) (*Lock, error) {
		return nil, &UnsafeError{about.URL, fmt.Sprintf(cause, args...)}
	}
	if rule == nil {
		if u.Retain.Days > 0 {
			return unsafe("it retains no objects, and %d days are asked for; make the bucket with object lock (Google: object retention), or ask for none", u.Retain.Days)
		}
		return nil, nil
	}
	want := Lock{Mode: u.Retain.Mode}
	days := max(u.Retain.Days, rule.Days)
	if want.Mode == "" {
		want.Mode = rule.Mode
	}
	if want.Mode == "" || rule.Mode == Compliance {
		want.Mode = Compliance
	}
	if days == 0 {
		return unsafe("it can retain objects, and neither its own rule nor you say for how long; say how many days")
	}
	if !rule.Each && (days > rule.Days || want.Mode != rule.Mode) {
		return unsafe("its own rule retains for %d days (%s), %d days (%s) are asked for, and single objects cannot have more", rule.Days, rule.Mode, days, want.Mode)
	}
	want.Until = u.Run.Record.AsOf.AddDate(0, 0, days).Truncate(time.Second)
	return &want, nil
}

// push is one upload at work.
type push struct {
	Upload
	bucket Bucket
	least  *Lock            // what every object must have
	lock   *Lock            // what new ones get
	there  map[string]int64 // what the store lists of this run
	done   *Pushed
}

// look lists what is there and refuses a name under which something else stands. Judgements and
// seals that the run here does not have may be there: others add to a run too.
func (p *push) look(ctx context.Context, files []run.File) error {
	plan := map[string]run.File{}
	for _, f := range files {
		if f.Size > MaxObject {
			return fmt.Errorf("%s: over %d bytes, the most that a store takes in one write", f.Path, int64(MaxObject))
		}
		plan[f.Path] = f
	}
	for info, err := range p.bucket.List(ctx, p.Name+"/") {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(info.Name, p.Name+"/")
		f, ok := plan[name]
		if !ok && !strings.HasPrefix(name, "judgements/") && !strings.HasPrefix(name, "seals/") {
			return fmt.Errorf("%s is in the store and not in the run: another run stands under the name %s; choose another name", name, p.Name)
		}
		if ok && f.Size != info.Size {
			return &OtherError{Name: name, Want: f.SHA256, Got: fmt.Sprintf("of %d bytes, not %d", info.Size, f.Size)}
		}
		p.there[name] = info.Size
	}
	return nil
}

// step brings the files of one step, some at a time.
func (p *push) step(ctx context.Context, step int, files []run.File) error {
	group, ctx := errgroup.WithContext(ctx)
	workers := p.Workers
	if workers <= 0 {
		workers = defaultWorkers
	}
	group.SetLimit(workers)
	for _, f := range files {
		if run.Step(f.Path) == step {
			group.Go(func() error {
				if err := p.file(ctx, f); err != nil {
					return fmt.Errorf("%s: %w", f.Path, err)
				}
				return nil
			})
		}
	}
	return group.Wait()
}

// file writes one file where it is absent, and reads it back.
func (p *push) file(ctx context.Context, f run.File) error {
	if p.Progress != nil {
		p.Progress(f.Path)
	}
	name := p.Name + "/" + f.Path
	_, there := p.there[f.Path]
	if !there {
		err := p.put(ctx, name, f)
		there = errors.Is(err, ErrExists)
		if err != nil && !there {
			return err
		}
	}
	if there {
		atomic.AddInt64(&p.done.There, 1)
	} else {
		atomic.AddInt64(&p.done.Written, 1)
	}
	atomic.AddInt64(&p.done.Bytes, f.Size)
	if err := p.readBack(ctx, name, f); err != nil {
		return err
	}
	if p.least == nil {
		return nil
	}
	held, err := p.bucket.Held(ctx, name)
	if err == nil {
		err = held.covers(*p.least)
	}
	return err
}

// put writes, and tries again where another writer is at it.
func (p *push) put(ctx context.Context, name string, f run.File) error {
	o := Object{Size: f.Size, SHA256: f.SHA256, Lock: p.lock, Open: func() (io.ReadSeekCloser, error) {
		return os.Open(filepath.Join(p.Run.Path, filepath.FromSlash(f.Path)))
	}}
	for try := 1; ; try++ {
		err := p.bucket.Put(ctx, name, o)
		if !errors.Is(err, ErrBusy) || try == busyTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * 100 * time.Millisecond):
		}
	}
}

// readBack reads what the store holds, to its end.
func (p *push) readBack(ctx context.Context, name string, f run.File) error {
	r, err := p.bucket.Get(ctx, name)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, io.LimitReader(r, f.Size+1), make([]byte, 1<<20))
	if err := errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); n != f.Size || got != f.SHA256 {
		return &OtherError{Name: f.Path, Want: f.SHA256, Got: got}
	}
	return nil
}

// Runs lists the names of the whole runs in a store, sorted, and of those whose upload is not
// finished.
func Runs(ctx context.Context, b Bucket) (whole, unfinished []string, err error) {
	seen := map[string]bool{}
	for info, err := range b.List(ctx, "") {
		if err != nil {
			return nil, nil, err
		}
		name, rest, ok := strings.Cut(info.Name, "/")
		if ok && CheckName(name) == nil && run.IsFile(rest) {
			seen[name] = seen[name] || run.Step(rest) == run.StepRun
		}
	}
	for name, all := range seen {
		if all {
			whole = append(whole, name)
		} else {
			unfinished = append(unfinished, name)
		}
	}
	slices.Sort(whole)
	slices.Sort(unfinished)
	return whole, unfinished, nil
}
