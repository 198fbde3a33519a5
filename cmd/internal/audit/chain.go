package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Chain is what was found of the runs of a folder, in the order of their instants.
type Chain struct {
	Links  []Link      `json:"runs"`
	Checks []run.Check `json:"checks"`
	unread []unread    // could not be checked
}

// Link is one run of a chain.
type Link struct {
	Name      string       `json:"name"` // of its folder
	Run       string       `json:"run"`  // digest
	AsOf      time.Time    `json:"as_of"`
	Previous  run.Previous `json:"previous"`
	Last      time.Time    `json:"last_exchange,omitzero"` // zero where nothing was asked
	Timestamp time.Time    `json:"timestamp,omitzero"`     // zero without one
	Tool      run.Tool     `json:"tool"`
	Catalogue string       `json:"catalogue"`        // digest of the catalogue of its judgement; empty where it has none, or several
	Stopped   bool         `json:"stopped,omitzero"` // its collection was stopped before its end
	Gap       string       `json:"gap"`              // what a gap record in it says; empty: none
	gapSigner string
}

// VerifyChain verifies each run of a folder, and that they follow one another: no fork, none
// missing or replaced, none later than the schedule allows (every; zero: no schedule). A fault
// that a signed gap record explains is a warning. Other faults are *run.VerifyError. What could not be
// read, or not be re-performed by this build, is an error of another sort, and so is what only that run
// could tell of the others; where both are there, they are joined.
func VerifyChain(ctx context.Context, v Verification, every time.Duration) (*Chain, error) {
	entries, err := os.ReadDir(v.Path)
	if err != nil {
		return nil, fmt.Errorf("chain: %w", err)
	}
	c := &Chain{Links: []Link{}}
	var errs []error
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(v.Path, e.Name(), "run.json")); !runName.MatchString(e.Name()) && (err != nil || strings.Contains(e.Name(), ".tmp-")) {
			continue
		}
		one := v
		one.Path = filepath.Join(v.Path, e.Name())
		errs = append(errs, c.add(ctx, one, e.Name()))
	}
	slices.SortFunc(c.Links, func(a, b Link) int { return a.AsOf.Compare(b.AsOf) })
	if len(c.Links) == 0 && len(errs) == 0 {
		return c, fmt.Errorf("chain: there is no run in %s", v.Path)
	}
	for i := range c.Links {
		errs = append(errs, c.follows(i, every)...)
	}
	return c, errors.Join(errs...)
}

// add verifies one run.
func (c *Chain) add(ctx context.Context, v Verification, name string) error {
	r, report, err := Verify(ctx, v)
	if err != nil {
		return c.unverified(name, v.Path, err)
	}
	l := Link{Name: name, Run: report.Run, AsOf: report.AsOf, Previous: r.Record.Previous, Last: report.Last, Timestamp: report.Timestamp, Tool: r.Record.Tool, Stopped: r.Record.Source.Stopped}
	if len(report.Judgements) == 1 {
		inputs, err := r.JudgementInputs(report.Judgements[0])
		if err == nil {
			l.Catalogue, err = catalogueDigest(inputs)
		}
		if err != nil {
			return c.unverified(name, v.Path, err)
		}
	}
	for _, s := range report.Seals {
		var p struct {
			Reason string `json:"reason"`
		}
		if s.Kind == seal.Gap && json.Unmarshal(s.Predicate, &p) == nil {
			l.Gap, l.gapSigner = p.Reason, s.Signer
		}
	}
	c.note("ok", name, "run", "trust.yaml", report.Run+clockWords(report))
	c.warnings(name, report)
	c.Links = append(c.Links, l)
	return nil
}

// warnings repeats each warning of a run's own verification: who reads the chain may never read that.
func (c *Chain) warnings(name string, report *run.Report) {
	for _, w := range report.Checks {
		if w.Result == "warning" {
			c.note(w.Result, path.Join(name, filepath.ToSlash(w.File)), w.What, w.Anchor, w.Detail)
		}
	}
}

// clockWords hold the collector's clock against the timestamp; that there is none is a warning of the run's.
func clockWords(r *run.Report) string {
	if r.Timestamp.IsZero() {
		return ""
	}
	return fmt.Sprintf(", timestamp %s after the last exchange", r.Timestamp.Sub(r.Last.Truncate(time.Second)))
}

// catalogueDigest is the digest of the catalogue among a judgement's inputs, as collector.json says that
// of a build.
func catalogueDigest(inputs map[string]string) (string, error) {
	files := map[string]string{}
	for name, text := range inputs {
		if strings.HasPrefix(name, "catalogue/") {
			files[name] = text
		}
	}
	text, err := evidence.Canonical(files)
	return evidence.Digest(text), err
}

// unverified tells a run that does not verify from one that could not be checked: of that one nothing was found.
func (c *Chain) unverified(name, path string, err error) error {
	var other *OtherBuildError
	var bad *run.VerifyError
	var layout *run.LayoutError
	if !errors.As(err, &other) && (errors.As(err, &bad) || errors.As(err, &layout) || errors.Is(err, run.ErrNoRun)) {
		return c.fail(name, "run", err)
	}
	u := unread{name: name}
	if text, err := os.ReadFile(filepath.Join(path, "run.json")); err == nil {
		u.digest = evidence.Digest(text)
	}
	c.unread = append(c.unread, u)
	return c.unchecked(name, "run", err)
}

// unread is a run of the folder that could not be checked; its digest is empty where run.json could not be read.
type unread struct{ name, digest string }

// mayBe gives the run that could not be checked and may be the one of a digest.
func (c *Chain) mayBe(digest string) (name string, ok bool) {
	i := slices.IndexFunc(c.unread, func(u unread) bool { return u.digest == "" || u.digest == digest })
	if i < 0 {
		return "", false
	}
	return c.unread[i].name, true
}

// unchecked notes what could not be told.
func (c *Chain) unchecked(name, what string, err error) error {
	c.note(run.Unread, name, what, "", err.Error())
	return fmt.Errorf("%s: could not be checked: %w", name, err)
}

func (c *Chain) note(result, name, what, anchor, detail string) {
	c.Checks = append(c.Checks, run.Check{File: name, What: what, Anchor: anchor, Result: result, Detail: detail})
}

func (c *Chain) fail(name, what string, err error) error {
	c.note("failed", name, what, "", err.Error())
	return &run.VerifyError{File: name, Err: err}
}

// fault is a fault of the chain at a run: a warning where a gap record in that run explains it.
func (c *Chain) fault(l *Link, what, cause string) error {
	if l.Gap == "" {
		return c.fail(l.Name, what, errors.New(cause))
	}
	c.note("warning", l.Name, what, l.gapSigner, fmt.Sprintf("%s. Explained: %s", cause, l.Gap))
	return nil
}

// follows checks that a run follows the one before it. After one that could not be checked, that cannot be told.
func (c *Chain) follows(i int, every time.Duration) (errs []error) {
	l := &c.Links[i]
	verified := slices.ContainsFunc(c.Links, func(o Link) bool { return o.Run == l.Previous.Digest })
	if name, ok := c.mayBe(l.Previous.Digest); ok && l.Previous.Digest != "" && !verified {
		return []error{c.unchecked(l.Name, "chain", fmt.Errorf("it follows run %s, and %s could not be checked", l.Previous.Digest, name))}
	}
	if i == 0 {
		if l.Previous.Digest == "" {
			c.note("ok", l.Name, "chain", "run.json", "it begins here")
			return nil
		}
		return []error{c.fault(l, "chain", "it follows run "+l.Previous.Digest+", which is not here")}
	}
	before := &c.Links[i-1]
	switch p := l.Previous.Digest; {
	case p == before.Run:
		c.note("ok", l.Name, "chain", "run.json", "follows "+before.Name)
	case p == "":
		errs = append(errs, c.fault(l, "chain", "it names no run before it, and "+before.Name+" is there"))
	case slices.ContainsFunc(c.Links, func(o Link) bool { return o.Run == p }):
		errs = append(errs, c.fault(l, "chain: fork", "it follows run "+p+", as another one does: "+before.Name+" lies between"))
	default:
		errs = append(errs, c.fault(l, "chain", "it follows run "+p+", which is missing, or was replaced"))
	}
	if !l.Timestamp.IsZero() && l.Timestamp.Before(before.Timestamp) {
		errs = append(errs, c.fail(l.Name, "time", fmt.Errorf("%w: its timestamp %s is before that of %s", seal.ErrTime, l.Timestamp.Format(time.RFC3339), before.Name)))
	}
	if late := l.AsOf.Sub(before.AsOf); every > 0 && late > every+every/2 {
		errs = append(errs, c.fault(l, "schedule", fmt.Sprintf("%s after %s, and the schedule says every %s", late.Round(time.Second), before.Name, every)))
	}
	if l.Tool != before.Tool {
		c.note("ok", l.Name, "collector", "run.json", fmt.Sprintf("another build since %s: %s (binary %s)", before.Name, l.Tool.Version, l.Tool.Binary))
	}
	if l.Catalogue != before.Catalogue && l.Catalogue != "" && before.Catalogue != "" {
		c.note("ok", l.Name, "catalogue", "judgement.json", "another catalogue since "+before.Name+": "+l.Catalogue)
	}
	return errs
}

// RecordGap adds to a run a signed record of why the runs before it are not as they should be.
// It stays visible; it turns what it explains from a fault into a warning.
func RecordGap(ctx context.Context, r *run.Run, signer *seal.Signer, reason string) (string, error) {
	return r.AddSeal("", func(files []seal.File) ([]byte, error) {
		return signer.SignStatement(ctx, seal.Gap.PredicateType(), files, map[string]string{"reason": reason, "previous": r.Record.Previous.Digest})
	})
}
