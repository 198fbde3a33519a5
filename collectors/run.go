package collectors

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Region is a region of a target's plan. Where Status is set, the region is not asked: its rows
// have that status.
type Region struct {
	Name   string          `json:"name"`
	Status evidence.Status `json:"status,omitempty"`
	Reason string          `json:"reason,omitempty"`
}

// Work is one target on its way to a bundle.
type Work struct {
	Target Target
	AsOf   time.Time
	source source

	rows      map[string]*evidence.Row
	exchanges []evidence.Exchange
	facts     []*evidence.Fact
	rules     []string // ids of what the engagement withholds
	withheld  map[string]*cutAnswer
	disowned  error // why no answer is one of the target
}

// NewWork starts a target that is asked over base; the vault keeps the answers. Clock gives
// the instants that exchanges carry.
func NewWork(t Target, asOf time.Time, base http.RoundTripper, vault Vault, clock func() time.Time) *Work {
	return &Work{Target: t, AsOf: asOf, source: &network{base: base, vault: vault, clock: clock}, rows: map[string]*evidence.Row{}, withheld: map[string]*cutAnswer{}}
}

// ReplayWork starts a target that is answered from a recording.
func ReplayWork(t Target, asOf time.Time, r *Recording, vault Vault) *Work {
	return &Work{Target: t, AsOf: asOf, source: &replay{recording: r, vault: vault}, rows: map[string]*evidence.Row{}, withheld: map[string]*cutAnswer{}}
}

// AskUntil lets the work stop early: once stopped says so, nothing more is asked, every call that
// would have been made counts as not_attempted, and the work still comes to its end. In a replay
// it does nothing: the recording says where it was stopped.
func (w *Work) AskUntil(stopped func() bool) {
	if n, ok := w.source.(*network); ok {
		n.stop = stopped
	}
}

// Live reports whether the work asks a network.
func (w *Work) Live() bool { return w.source.live() }

// Plan writes the rows of a collector before anything is asked: one for each operation and
// region. A row of a region that is not asked has that region's status.
func (w *Work) Plan(info Info, regions []Region) {
	for _, op := range info.Operations {
		if op.Global {
			r := newRow(info, w.Target, op, Global)
			w.rows[r.ID] = r
			continue
		}
		for _, region := range regions {
			r := newRow(info, w.Target, op, region.Name)
			if region.Status != "" {
				r.Status, r.Reason = region.Status, region.Reason
			}
			w.rows[r.ID] = r
		}
	}
}

// Refuse gives every row of a collector's plan one status, as where its credentials were
// refused or its target was left out.
func (w *Work) Refuse(info Info, regions []Region, status evidence.Status, reason string) {
	w.Plan(info, regions)
	for _, r := range w.rows {
		if r.Collector == info.Name {
			r.Status, r.Reason = status, reason
		}
	}
}

func newRow(info Info, t Target, op Operation, region string) *evidence.Row {
	r := &evidence.Row{ID: evidence.RowID(t.ID, region, op.Name), Collector: info.Name, Target: t.ID, Region: region,
		Operation: op.Name, List: op.List, Kinds: slices.Sorted(slices.Values(op.Kinds)), Discovery: info.Discovery, Status: evidence.NotAttempted}
	if op.Parent != "" {
		at := region
		// A parent of another collector is discovery's, which asks global operations.
		if parent, ok := info.Operation(op.Parent); !ok || parent.Global {
			at = Global
		}
		r.Parent = evidence.RowID(t.ID, at, op.Parent)
	}
	return r
}

// Collect plans and runs one collector. Failures are data: they end in coverage. The error is
// non-nil only where the whole run must stop (cancelled, disk full, replay without a match).
func (w *Work) Collect(ctx context.Context, c Collector, regions []Region) error {
	info := c.Info()
	w.Plan(info, regions)
	s := &Session{info: info, target: w.Target, asOf: w.AsOf, source: w.source,
		seqs: map[string]int{}, starts: map[string]time.Time{}, locks: map[string]*sync.Mutex{}, rows: w.rows, rules: w.rules, withheld: w.withheld}
	for _, r := range regions {
		if r.Status == "" {
			s.regions = append(s.regions, r.Name)
		}
	}
	slices.Sort(s.regions)
	err := guarded(ctx, c, s)
	w.exchanges = append(w.exchanges, s.exchanges...)
	w.facts = append(w.facts, s.facts...)
	w.disowned = cmp.Or(w.disowned, s.disowned)
	if err = cmp.Or(s.stop, err); err != nil {
		w.interrupted(info)
		return fmt.Errorf("%s on %s: %w", info.Name, w.Target.ID, err)
	}
	return nil
}

// interrupted keeps rows that a stopped run never reached from being settled as if their
// parents had given nothing to ask.
func (w *Work) interrupted(info Info) {
	for _, r := range w.rows {
		if r.Collector == info.Name && r.Status == evidence.NotAttempted && r.Reason == "" {
			r.Reason = runStopped
		}
	}
}

// guarded runs a collector and survives its panics.
func guarded(ctx context.Context, c Collector, s *Session) error {
	defer s.survive()
	return c.Collect(ctx, s)
}

// Facts lists what was emitted so far, for the second stage of the plan.
func (w *Work) Facts() []*evidence.Fact { return w.facts }

// Row gives a coverage row by id.
func (w *Work) Row(id string) (evidence.Row, bool) {
	r, ok := w.rows[id]
	if !ok {
		return evidence.Row{}, false
	}
	return *r, true
}

// Left lists recorded exchanges that nobody asked for; nil where the work is live.
func (w *Work) Left() []string {
	if r, ok := w.source.(*replay); ok {
		return r.recording.Left()
	}
	return nil
}

// Outcome is what a target's bundle holds, each list in its stable order.
type Outcome struct {
	Exchanges []evidence.Exchange
	Rows      []evidence.Row
	Facts     []*evidence.Fact
}

// Finish settles rows that were never asked and sorts everything. An item operation with no
// call is empty where its parent gave nothing to ask; no row is better than its parent's. A
// fact id that was said twice by one kind spoils the rows of that kind.
func (w *Work) Finish() Outcome {
	w.settle()
	if w.disowned != nil {
		w.disown()
	}
	out := Outcome{Exchanges: w.exchanges}
	slices.SortFunc(w.facts, func(a, b *evidence.Fact) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
	})
	for i, f := range w.facts {
		if i > 0 && w.facts[i-1].Kind == f.Kind && w.facts[i-1].ID == f.ID {
			w.spoilTwice(f)
			continue
		}
		out.Facts = append(out.Facts, f)
	}
	for _, id := range sortedKeys(w.rows) {
		out.Rows = append(out.Rows, *w.rows[id])
	}
	slices.SortFunc(out.Exchanges, func(a, b evidence.Exchange) int {
		return cmp.Or(strings.Compare(a.Collector, b.Collector), strings.Compare(a.Region, b.Region), strings.Compare(a.Operation, b.Operation),
			strings.Compare(a.Path, b.Path), strings.Compare(a.Query, b.Query), strings.Compare(a.Request, b.Request), cmp.Compare(a.Seq, b.Seq))
	})
	return out
}

// disown makes every row an error and lets no fact count: what was answered is of another target. How
// the target was entered stays as it was.
func (w *Work) disown() {
	w.facts = nil
	for _, row := range w.rows {
		if row.Collector != AccessName {
			row.Add(evidence.Failed, w.disowned.Error())
			row.Reason = w.disowned.Error()
		}
	}
}

func (w *Work) spoilTwice(f *evidence.Fact) {
	for _, row := range w.rows {
		if row.List && slices.Contains(row.Kinds, f.Kind) {
			row.Add(evidence.Failed, "fact "+f.ID+" was said twice")
		}
	}
}

func (w *Work) settle() {
	done := map[string]bool{}
	var visit func(r *evidence.Row)
	visit = func(r *evidence.Row) {
		if done[r.ID] {
			return
		}
		done[r.ID] = true
		parent, ok := w.rows[r.Parent]
		if !ok {
			return
		}
		visit(parent)
		switch {
		case len(r.Calls) > 0:
			if w := evidence.Worse(r.Status, parent.Status); w != r.Status && !parent.Status.Seen() {
				r.Status, r.Reason = w, "parent "+parent.Operation+": "+parent.Reason
			}
		case r.Status != evidence.NotAttempted || r.Reason != "":
		case parent.Status.Seen():
			r.Status, r.Reason = evidence.Empty, "its parent gave nothing to ask"
		default:
			r.Status, r.Reason = parent.Status, "parent "+parent.Operation+": "+parent.Reason
		}
	}
	for _, id := range sortedKeys(w.rows) {
		visit(w.rows[id])
	}
}

func sortedKeys(rows map[string]*evidence.Row) []string {
	ids := make([]string, 0, len(rows))
	for id := range rows {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
