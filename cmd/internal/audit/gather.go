package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/collectors/plugin"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
)

// Desk opens the work on a target: over a network or from a recording.
type Desk interface {
	Open(t collectors.Target) (*collectors.Work, error)
	Close(t collectors.Target, w *collectors.Work) error // the target is done; its outcome may be kept
}

// gatherer asks every target that an engagement names or discovery finds. The plan is a pure
// function of the engagement, the region table and discovery's answers, so a replay plans the
// same.
type gatherer struct {
	desk     Desk
	file     *engagement.File
	table    *place.Table
	clouds   Clouds
	plugins  []*plugin.Plugin
	before   *previousInput // what the run before could ask; nil where there is none
	clock    func() time.Time
	progress func(string)

	mu   sync.Mutex
	done []Planned
}

// Planned is one target of the plan, as run.json keeps it.
type Planned struct {
	collectors.Target
	Regions []collectors.Region `json:"regions"`
	Refused string              `json:"refused,omitempty"` // why nothing was asked
}

// targetsAtOnce bounds how many accounts are asked at the same time.
const targetsAtOnce = 4

// gather runs discovery, plans, and asks. The error is non-nil only where the run must stop.
func (g *gatherer) gather(ctx context.Context) ([]Planned, error) {
	for i := range g.file.AWS {
		if err := g.aws(ctx, &g.file.AWS[i]); err != nil {
			return nil, err
		}
	}
	for i := range g.file.GCP {
		if err := g.gcp(ctx, &g.file.GCP[i]); err != nil {
			return nil, err
		}
	}
	for _, p := range g.plugins {
		t := p.Target()
		j := job{target: t, rest: []collectors.Collector{p}, refused: g.exclusion(t.ID)}
		if err := g.run(ctx, j, nil); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(g.done, func(a, b Planned) int { return strings.Compare(a.ID, b.ID) })
	for i := 1; i < len(g.done); i++ {
		if g.done[i].ID == g.done[i-1].ID {
			return nil, fmt.Errorf("target %s is named twice by the engagement", g.done[i].ID)
		}
	}
	return g.done, nil
}

// job is one target with all that decides how it is asked.
type job struct {
	target    collectors.Target
	discovery []collectors.Collector
	rest      []collectors.Collector
	enter     func(context.Context, *collectors.Work) (entered, bool)
	regions   func(*collectors.Work) []collectors.Region // after discovery
	fallback  []collectors.Region                        // planned where discovery never ran
	refused   string                                     // excluded, suspended, left out
}

// run asks one target to its end and closes it.
func (g *gatherer) run(ctx context.Context, j job, after func(*collectors.Work)) error {
	g.progress(j.target.ID)
	w, err := g.desk.Open(j.target)
	if err != nil {
		return fmt.Errorf("open %s: %w", j.target.ID, err)
	}
	planned := Planned{Target: j.target, Refused: j.refused}
	planned.Regions, err = g.ask(ctx, j, w)
	if err != nil {
		return err
	}
	if after != nil {
		after(w)
	}
	if err := g.desk.Close(j.target, w); err != nil {
		return fmt.Errorf("close %s: %w", j.target.ID, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done = append(g.done, planned)
	return nil
}

func (g *gatherer) ask(ctx context.Context, j job, w *collectors.Work) ([]collectors.Region, error) {
	all := slices.Concat(j.discovery, j.rest)
	if j.refused != "" {
		return refuse(w, all, j.fallback, notAttempted(j.refused)), nil
	}
	if j.enter != nil {
		if how, ok := j.enter(ctx, w); !ok {
			return refuse(w, all, j.fallback, how), nil
		}
	}
	for _, c := range j.discovery {
		if err := w.Collect(ctx, c, nil); err != nil {
			return nil, err
		}
	}
	var regions []collectors.Region
	if j.regions != nil {
		regions = j.regions(w)
	}
	for _, c := range j.rest {
		if err := w.Collect(ctx, c, regions); err != nil {
			return nil, err
		}
	}
	return regions, nil
}

// refuse plans every row of a target and gives it the status of how entering ended.
func refuse(w *collectors.Work, all []collectors.Collector, regions []collectors.Region, how entered) []collectors.Region {
	for _, c := range all {
		w.Refuse(c.Info(), regions, how.status, how.reason)
	}
	return regions
}

// each runs jobs, some at a time; the first error stops the rest.
func (g *gatherer) each(ctx context.Context, jobs []job) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(targetsAtOnce)
	for _, j := range jobs {
		group.Go(func() error { return g.run(ctx, j, nil) })
	}
	return group.Wait()
}

// exclusion gives the reason for which the engagement leaves a target out.
func (g *gatherer) exclusion(target string) string {
	for _, e := range g.file.Exclude {
		if e.Target == target {
			return "excluded by the engagement: " + e.Reason
		}
	}
	return ""
}
