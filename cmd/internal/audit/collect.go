package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/collectors/aws"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Names of inputs that Trefoil itself puts into a run.
const (
	placesName = "places.yaml" // the region table that the plan was made by
	kindsName  = "kinds.json"  // the kinds that the facts are of, so that a later build can read them
)

// Collection is one snapshot to be taken.
type Collection struct {
	Engagement *engagement.Loaded
	Out        string
	Signer     *seal.Signer
	Tool       func() (run.Tool, error) // which build this is; asked once nothing refuses the collection. Nil: a build without a name
	Build      func(run.Tool) run.Build // how that was built; nil: the run does not say
	Clock      func() time.Time
	Progress   func(target string)
	Dir        string   // of the engagement's files: what overrides name lies relative to it
	Replay     *run.Run // play this recording instead of asking clouds, by the recording's own table of places
	Demo       bool
	AsOf       time.Time // the run's instant; zero: the clock's
	Previous   *Previous // nil: absent
}

// StopGrace is how long calls that are under way may take to end once a collection is to stop.
const StopGrace = 10 * time.Second

// ErrStopped says that a collection was stopped before its end. There is a run all the same: what
// it did not ask is not_attempted.
var ErrStopped = errors.New("stopped before its end")

// Collect takes the snapshot and leaves a signed run at Out. What could not be asked is in the
// run's coverage; an error other than ErrStopped says that there is no run. Where ctx ends, a live
// collection asks nothing more, lets calls under way end, and signs what it has; a replay is an
// error then.
func Collect(ctx context.Context, c Collection) (digest string, err error) {
	table, asOf, source := place.Default(), c.AsOf, run.Source{Kind: "live"}
	if asOf.IsZero() {
		asOf = c.Clock()
	}
	asOf = asOf.UTC().Truncate(time.Microsecond)
	if c.Replay != nil {
		text, ok, err := c.Replay.Input(placesName)
		if err != nil || !ok {
			return "", fmt.Errorf("replay: the recording has no %s: %w", placesName, err)
		}
		table, asOf, source = text, c.Replay.Record.AsOf, run.Source{Kind: "replay", Of: c.Replay.Digest, Demo: c.Demo, Stopped: c.Replay.Record.Source.Stopped}
	}
	places, err := place.Load(table)
	if err != nil {
		return "", err
	}
	plugins, err := pluginsOf(&c)
	if err != nil {
		return "", err
	}
	withheld, err := withholding(c.Engagement.File, plugins)
	if err != nil {
		return "", err
	}
	kinds, err := Kinds(plugins...)
	if err != nil {
		return "", err
	}
	kindsText, err := evidence.Canonical(kinds)
	if err != nil {
		return "", err
	}
	before, beforeText, err := previousOf(&c)
	if err != nil {
		return "", err
	}
	var clocks []seal.Offset
	if c.Replay == nil {
		if err := c.Signer.Probe(ctx, c.Clock); err != nil {
			return "", err
		}
		if clocks, err = c.Signer.Offsets(ctx, c.Clock); err != nil {
			return "", err
		}
	}
	b, err := run.Create(c.Out)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, b.Abort()) }()
	this, err := identity(c.Tool) // before anything is asked: while that lasts, the program's file may be replaced
	if err != nil {
		return "", err
	}
	var build run.Build
	if c.Build != nil {
		build = c.Build(this)
	}
	inputs := map[string][]byte{placesName: table, kindsName: kindsText}
	for name, text := range c.Engagement.Raw {
		inputs[name] = text
	}
	for _, p := range plugins {
		maps.Copy(inputs, p.Kept())
	}
	if before != nil {
		inputs[previousName] = beforeText
	}
	for name, text := range inputs {
		if err := b.AddInput(name, text); err != nil {
			return "", err
		}
	}
	asking, cancel := ctx, func() {}
	if c.Replay == nil {
		asking, cancel = graced(ctx)
	}
	defer cancel()
	desk := &desk{c: &c, withheld: withheld, ctx: context.WithoutCancel(ctx), stopped: func() bool { return ctx.Err() != nil }, asOf: asOf, dir: b.Bundles(), files: map[string]run.BundleFile{}, writers: map[string]*bundle.Writer{}}
	if desk.base, err = Network(c.Engagement.File.Overrides, c.Dir); err != nil && c.Replay == nil {
		return "", err
	}
	g := &gatherer{desk: desk, file: c.Engagement.File, table: places, clouds: desk, plugins: plugins, before: before, clock: c.Clock, progress: c.Progress}
	plan, err := g.gather(asking)
	if err != nil {
		return "", errors.Join(err, desk.abort())
	}
	source.Stopped = source.Stopped || c.Replay == nil && ctx.Err() != nil
	if err := desk.untouched(plan); err != nil {
		return "", err
	}
	planText, err := evidence.Canonical(plan)
	if err != nil {
		return "", err
	}
	took, err := collector(build, &desk.asked, clocks)
	if err != nil {
		return "", err
	}
	if err := b.AddInput(run.CollectorName, took); err != nil {
		return "", err
	}
	r := run.Record{Engagement: c.Engagement.File.Name, Source: source, AsOf: asOf, Plan: planText, Tool: this,
		Overrides: overrides(c.Engagement.File.Overrides), Previous: run.Previous{Verified: "absent"}}
	if c.Previous != nil {
		r.Previous = c.Previous.Previous
	}
	digest, err = b.Commit(r, desk.files, func(digest string) ([]byte, error) {
		if c.Replay == nil {
			if err := c.Signer.WaitFor(desk.ctx, "by this machine's clock the last exchange ended at", desk.last); err != nil {
				return nil, err
			}
		}
		return c.Signer.Sign(desk.ctx, seal.Run, "run.json", digest, map[string]string{"engagement": r.Engagement})
	})
	if err == nil && c.Replay == nil && source.Stopped {
		err = ErrStopped
	}
	return digest, err
}

// identity asks which build this is; of nobody, it is one without a name.
func identity(tool func() (run.Tool, error)) (run.Tool, error) {
	if tool == nil {
		return run.Tool{}, nil
	}
	return tool()
}

// graced gives a context that ends some time after another one.
func graced(ctx context.Context) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(StopGrace):
			cancel()
		case <-later.Done():
		}
	})
	return later, func() { unhook(); cancel() }
}

// overrides lists what engagement.yaml redirects, for run.json.
func overrides(o engagement.Overrides) []string {
	out := []string{}
	for name, v := range map[string]string{"aws_endpoint": o.AWSEndpoint, "gcp_endpoint": o.GCPEndpoint, "proxy": o.Proxy, "ca_bundle": o.CABundle} {
		if v != "" {
			out = append(out, name+" = "+v)
		}
	}
	slices.Sort(out)
	return out
}

// desk opens the work on targets, live or from a recording, and keeps what comes of it.
type desk struct {
	c    *Collection
	ctx  context.Context // for signing: it does not end where asking does
	asOf time.Time
	dir  string
	base *http.Transport // below the recorder, and for credentials

	withheld collectors.Withholding

	stopped func() bool // nothing more is to be asked

	mu      sync.Mutex
	google  *gcp.Access
	writers map[string]*bundle.Writer
	files   map[string]run.BundleFile
	asked   asked
	readers []io.Closer
	last    time.Time // end of the last exchange
}

// AWS opens access to an AWS organisation.
func (d *desk) AWS(ctx context.Context, s aws.Settings) (*aws.Access, error) {
	if d.c.Replay != nil {
		return aws.ReplayAccess(s), nil
	}
	s.Network = d.base
	return aws.LiveAccess(ctx, s)
}

// GCP opens access to a Google organisation.
func (d *desk) GCP(ctx context.Context, s gcp.Settings) (*gcp.Access, error) {
	if d.c.Replay != nil {
		return gcp.ReplayAccess(s), nil
	}
	s.Network = d.base
	a, err := gcp.LiveAccess(ctx, s)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.google = a
	return a, err
}

// Open starts a target's bundle.
func (d *desk) Open(t collectors.Target) (*collectors.Work, error) {
	w, err := bundle.Create(d.dir, t.ID)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.writers[t.ID] = w
	google := d.google
	d.mu.Unlock()
	if d.c.Replay != nil {
		recording, err := d.recording(t.ID)
		if err != nil {
			return nil, err
		}
		work := collectors.ReplayWork(t, d.asOf, recording, w)
		work.Withhold(d.withheld)
		return work, nil
	}
	var base http.RoundTripper = d.base
	if t.Provider == "gcp" && google != nil {
		base = google.Transport(base)
	}
	work := collectors.NewWork(t, d.asOf, base, w, d.c.Clock)
	work.Withhold(d.withheld)
	work.AskUntil(d.stopped)
	return work, nil
}

// recording opens what was recorded of a target; one that was not recorded has no exchanges.
func (d *desk) recording(target string) (*collectors.Recording, error) {
	if !slices.Contains(d.c.Replay.Targets(), target) {
		return d.played(nil, nil)
	}
	parts, err := d.c.Replay.Bundle(target)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	for _, p := range parts {
		d.readers = append(d.readers, p)
	}
	d.mu.Unlock()
	var exchanges []evidence.Exchange
	for line, err := range parts[0].Lines(bundle.ExchangesName) {
		if err != nil {
			return nil, err
		}
		var x evidence.Exchange
		if err := json.Unmarshal(line, &x, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("%s: exchange: %w", target, err)
		}
		exchanges = append(exchanges, x)
	}
	return d.played(exchanges, func(digest string) ([]byte, error) { return bodyOf(parts, digest) })
}

func (d *desk) played(exchanges []evidence.Exchange, body func(string) ([]byte, error)) (*collectors.Recording, error) {
	r, err := collectors.NewRecording(exchanges, body)
	if err == nil {
		r.Stopped = d.c.Replay.Record.Source.Stopped
	}
	return r, err
}

// bodyOf finds the bytes of an answer in a bundle's parts.
func bodyOf(parts []*bundle.Reader, digest string) ([]byte, error) {
	for _, p := range parts {
		if body, ok, err := p.Body(digest); ok || err != nil {
			return body, err
		}
	}
	return nil, fmt.Errorf("body %s is not in the bundle", digest)
}

// Close writes a target's bundle.
func (d *desk) Close(t collectors.Target, w *collectors.Work) error {
	if left := w.Left(); len(left) > 0 {
		return fmt.Errorf("%w: %d recorded exchanges were not asked for, the first %s", ErrReplay, len(left), left[0])
	}
	out := w.Finish()
	d.note(out.Facts)
	d.mu.Lock()
	writer := d.writers[t.ID]
	delete(d.writers, t.ID)
	d.mu.Unlock()
	parts, err := writer.Finish(bundle.Records{Exchanges: lines(out.Exchanges), Coverage: lines(out.Rows), Facts: factLines(out.Facts)},
		func(manifest []byte) ([]byte, error) {
			return d.c.Signer.Sign(d.ctx, seal.Bundle, bundle.ManifestName, evidence.Digest(manifest), map[string]string{"target": t.ID})
		})
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range out.Exchanges {
		if end := x.End(); end.After(d.last) {
			d.last = end
		}
	}
	for _, p := range parts {
		d.files[p.Name] = run.BundleFile{Target: t.ID, Manifest: evidence.Digest(p.Manifest)}
	}
	return nil
}

// ErrReplay says that a recording and this build's plan do not fit.
var ErrReplay = errors.New("the recording does not fit the plan")

// untouched refuses a replay that left a recorded target out.
func (d *desk) untouched(plan []Planned) error {
	var errs []error
	for _, r := range d.readers {
		errs = append(errs, r.Close())
	}
	if d.c.Replay != nil {
		for _, t := range d.c.Replay.Targets() {
			if !slices.ContainsFunc(plan, func(p Planned) bool { return p.ID == t }) {
				errs = append(errs, fmt.Errorf("%w: target %s was recorded and is not planned", ErrReplay, t))
			}
		}
	}
	return errors.Join(errs...)
}

func (d *desk) abort() error {
	var errs []error
	for _, r := range d.readers {
		errs = append(errs, r.Close())
	}
	for _, w := range d.writers {
		errs = append(errs, w.Abort())
	}
	return errors.Join(errs...)
}

// lines gives records as canonical JSON.
func lines[T any](records []T) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range records {
			if !yield(evidence.Canonical(records[i])) {
				return
			}
		}
	}
}

func factLines(facts []*evidence.Fact) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, f := range facts {
			if !yield(f.Encode()) {
				return
			}
		}
	}
}
