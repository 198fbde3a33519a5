package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sys/unix"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// A Store is a folder of runs, each named by its instant, each naming the one before. One
// audit at a time works in it.
type Store struct {
	dir    string
	unlock func() error
}

var runName = regexp.MustCompile(`^\d{8}T\d{6}Z$`)

// storeLayout names a run by its instant, so that names sort by time.
const storeLayout = "20060102T150405Z"

// OpenStore takes a folder for one audit, and makes it where it is not there. The kernel frees
// the lock when the process ends, however it ends.
func OpenStore(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "store.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: another audit works in it; wait until it is done: %w", dir, err), f.Close())
	}
	// Each run has a name of its own here, so nobody else would clear what a crash left of it.
	if err := run.Sweep(dir, runName.MatchString); err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), f.Close())
	}
	return &Store{dir: dir, unlock: f.Close}, nil
}

// Close frees the store.
func (s *Store) Close() error { return s.unlock() }

// Path is where a run of that instant stands.
func (s *Store) Path(asOf time.Time) string {
	return filepath.Join(s.dir, asOf.UTC().Format(storeLayout))
}

// Runs lists the names of the store's runs, oldest first.
func (s *Store) Runs() ([]string, error) {
	entries, err := os.ReadDir(s.dir) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && runName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Run is where a run of that name stands.
func (s *Store) Run(name string) string { return filepath.Join(s.dir, name) }

// Newest finds the newest run; "" where there is none. An error says that the clock would put a
// run of this instant before it.
func (s *Store) Newest(asOf time.Time) (path string, err error) {
	names, err := s.Runs()
	if err != nil {
		return "", err
	}
	if len(names) > 0 {
		path = filepath.Join(s.dir, names[len(names)-1])
	}
	if path != "" && path >= s.Path(asOf) {
		return "", fmt.Errorf("store: the newest run, %s, is not older than now, %s: the order of runs would be wrong. Set the clock right, or wait a second", path, filepath.Base(s.Path(asOf)))
	}
	return path, nil
}

// Previous is the run that a new one is chained to.
type Previous struct {
	run.Previous
	Regions map[string][]string // target → regions that it could use, where the run could be read
	Err     error               // why it does not verify
}

// Before reads the run at path, so that the next one can name it. A run that does not verify is
// named all the same: leaving it out would hide it. With no trust, nothing verifies.
func Before(ctx context.Context, path string, trust *seal.Trust, workers int) (*Previous, error) {
	text, err := readFile(filepath.Join(path, "run.json"), run.MaxJSON)
	if err != nil {
		return nil, fmt.Errorf("the newest run cannot be named: %w. Put its run.json back from a copy, or move the folder out of the store", err)
	}
	p := &Previous{Previous: run.Previous{Digest: evidence.Digest(text), Verified: "no"}}
	r, err := run.Open(path)
	if err != nil {
		p.Err = err
		return p, nil
	}
	if trust == nil {
		p.Err = errors.New("no trust was given to verify it by")
	} else if _, _, p.Err = Verify(ctx, Verification{Path: path, Trust: trust, Workers: workers}); p.Err == nil {
		p.Verified = "yes"
	}
	p.Regions, err = enabledRegions(r)
	return p, err
}

// enabledRegions lists, by target, the regions that a run's own lists had enabled.
func enabledRegions(r *run.Run) (map[string][]string, error) {
	var plan []Planned
	if err := json.Unmarshal(r.Record.Plan, &plan, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("run.json: plan: %w", err)
	}
	out := map[string][]string{}
	for _, t := range plan {
		for _, region := range t.Regions {
			if region.Status != evidence.NotEnabled {
				out[t.ID] = append(out[t.ID], region.Name)
			}
		}
	}
	return out, nil
}

// previousInput is inputs/previous.json: what the plan needs to know of the run before, so that
// a replay plans the same.
type previousInput struct {
	Run     string              `json:"run"` // digest
	Regions map[string][]string `json:"regions"`
}

const previousName = "previous.json"

// gone turns regions that are not opted in, though the run before could use them, into disabled
// ones: what was kept there may still be there.
func (p *previousInput) gone(target string, regions []collectors.Region) []collectors.Region {
	if p == nil {
		return regions
	}
	before := map[string]bool{}
	for _, name := range p.Regions[target] {
		before[name] = true
	}
	for i := range regions {
		if regions[i].Status == evidence.NotEnabled && before[regions[i].Name] {
			regions[i].Status, regions[i].Reason = evidence.Disabled, "switched off since run "+p.Run
		}
	}
	return regions
}

// previousOf gives what the plan knows of the run before: of the caller, or of the recording.
func previousOf(c *Collection) (*previousInput, []byte, error) {
	if c.Replay != nil {
		text, ok, err := c.Replay.Input(previousName)
		if err != nil || !ok {
			return nil, nil, err
		}
		p := &previousInput{}
		if err := json.Unmarshal(text, p, json.RejectUnknownMembers(true)); err != nil {
			return nil, nil, fmt.Errorf("replay: %s: %w", previousName, err)
		}
		return p, text, nil
	}
	if c.Previous == nil {
		return nil, nil, nil
	}
	p := &previousInput{Run: c.Previous.Digest, Regions: c.Previous.Regions}
	text, err := evidence.Canonical(p)
	return p, text, err
}
