package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/cmd/internal/stores"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/store"
)

// Flags of the commands that speak with a store.
var (
	storePlaceFlag    = &cli.StringFlag{Name: "place", Usage: "where the store lies: `PLACE`, such as eu-west-1 or country:IE"}
	storeEndpointFlag = &cli.StringFlag{Name: "endpoint", Usage: "`URL` of a store that is not the provider's own"}
	maxBytesFlag      = &cli.Int64Flag{Name: "max-bytes", Value: 64 << 30, Usage: "take no run of more than `N` bytes from a store"}
)

func storeFlags() []cli.Flag { return []cli.Flag{configFlag, storePlaceFlag, storeEndpointFlag} }

// remote is an opened store and what it says of itself.
type remote struct {
	store.Bucket
	settings engagement.Store
	about    *store.Description
	done     func() error
}

// openStore opens the store at url by the flags and, where -c is given, by the engagement. An empty url
// means the engagement's.
func openStore(c *cli.Context, url string) (*remote, error) {
	var overrides engagement.Overrides
	s := engagement.Store{URL: url}
	dir := "."
	if config := c.String(configFlag.Name); config != "" {
		loaded, err := engagement.Load(config)
		if err != nil {
			return nil, err
		}
		dir, overrides = filepath.Dir(config), loaded.File.Overrides
		if said := loaded.File.Store; url == "" || strings.TrimRight(url, "/") == strings.TrimRight(said.URL, "/") {
			s = said
			if s.Credentials != "" && !filepath.IsAbs(s.Credentials) {
				s.Credentials = filepath.Join(dir, s.Credentials)
			}
			if s.URL != "" && store.Scheme(s.URL) == "" && url == "" && !filepath.IsAbs(s.URL) {
				s.URL = filepath.Join(dir, s.URL)
			}
		}
		if s.URL == "" {
			return nil, &usageError{errors.New("engagement.yaml names no store (store.url); name one as the first argument")}
		}
	}
	for flag, to := range map[string]*string{storePlaceFlag.Name: &s.Place, storeEndpointFlag.Name: &s.Endpoint} {
		if v := c.String(flag); v != "" {
			*to = v
		}
	}
	if found := audit.StoreRedirected(store.Scheme(s.URL), overrides, s.Endpoint, dir); len(found) > 0 {
		return nil, redirected("this machine's configuration redirects requests to the store", found, "An engagement.yaml is named by -c")
	}
	transport, err := audit.Network(overrides, dir)
	if err != nil {
		return nil, err
	}
	r := &remote{settings: s}
	if r.Bucket, r.done, err = stores.Open(c.Context, s, transport); err != nil {
		return nil, err
	}
	if r.about, err = r.Describe(c.Context); err != nil {
		return nil, errors.Join(err, r.done())
	}
	return r, nil
}

// fetched is a run that a command can read, wherever it was.
type fetched struct {
	path string
	from *remote // nil: it lies here
	done func() error
}

// fetch brings a run from a store to a temporary folder; one that lies here stays where it is.
func fetch(c *cli.Context, url string) (*fetched, error) {
	if store.Scheme(url) == "" {
		return &fetched{path: url, done: func() error { return nil }}, nil
	}
	at, name, err := store.Split(url)
	if err != nil {
		return nil, &usageError{err}
	}
	r, err := openStore(c, at)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "trefoil-store-")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("fetch run: %w", err), r.done())
	}
	f := &fetched{path: filepath.Join(dir, name), from: r, done: func() error { return errors.Join(os.RemoveAll(dir), r.done()) }}
	if _, err := pullRun(c, r, name, f.path); err != nil {
		return nil, errors.Join(err, f.done())
	}
	return f, nil
}

// pullRun brings a run from a store to a path, and says what it left there.
func pullRun(c *cli.Context, r *remote, name, to string) (*store.Pulled, error) {
	most := c.Int64(maxBytesFlag.Name)
	if most < 1 || most > store.MaxBound {
		return nil, &usageError{fmt.Errorf("--max-bytes %d bounds nothing: say from 1 to %d bytes", most, int64(store.MaxBound))}
	}
	got, err := store.Pull(c.Context, r, store.Download{Name: name, To: to, MaxBytes: most, Workers: runtime.GOMAXPROCS(0), Progress: progressOf(c, "reading")})
	var layout *run.LayoutError
	if errors.As(err, &layout) {
		return nil, &codeError{code: exitUnverified, message: fmt.Sprintf("%s/%s does NOT verify: %v", r.about.URL, name, err), hint: "the copy in the store is not the run that was uploaded; nothing of it was kept here"}
	}
	if err != nil {
		return nil, err
	}
	for _, dir := range got.Unfinished {
		tell(c.App.ErrWriter, "trefoil: warning: %s/%s/%s is not finished, and was left there\n", r.about.URL, name, dir)
	}
	return got, nil
}

// kept adds to a report where the copy of the run lies, and fails where that is not allowed.
func kept(f *fetched, r *run.Run, report *run.Report) error {
	if f.from == nil {
		return nil
	}
	check, err := audit.Kept(r, f.from.about, f.from.settings.Place)
	if err != nil {
		return err
	}
	report.Checks = append(report.Checks, check)
	if check.Result == "failed" {
		return &run.VerifyError{File: check.File, Err: fmt.Errorf("%s: %s", check.What, check.Detail)}
	}
	return nil
}
