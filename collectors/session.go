package collectors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Vault keeps the bytes of answers, each once, under their SHA-256.
type Vault interface {
	AddBody(body []byte) (digest string, err error)
}

// Session is one collector at work on one target. It hands out transports, counts coverage and
// takes facts. It is safe for concurrent use.
type Session struct {
	info    Info
	target  Target
	regions []string
	asOf    time.Time
	source  source

	mu        sync.Mutex
	seqs      map[string]int         // next seq by key without seq
	locks     map[string]*sync.Mutex // one call at a time among equal requests
	rows      map[string]*evidence.Row
	exchanges []evidence.Exchange
	starts    map[string]time.Time  // of exchanges, by id
	rules     []string              // ids of what the engagement withholds
	withheld  map[string]*cutAnswer // by exchange; those of the target's earlier collectors too
	facts     []*evidence.Fact
	stop      error // the first error that must end the run
	disowned  error // why no answer of the target is one of the target
}

// Target is what the session works on.
func (s *Session) Target() Target { return s.target }

// Regions lists the regions to ask, sorted. Global operations use [Global].
func (s *Session) Regions() []string { return slices.Clone(s.regions) }

// AsOf is the run's one clock, for requests that depend on time.
func (s *Session) AsOf() time.Time { return s.asOf }

// Live reports whether requests go to a network; a replay never waits and needs no credentials.
func (s *Session) Live() bool { return s.source.live() }

// Transport gives the HTTP transport for one region ([Global] for global services).
func (s *Session) Transport(region string, name Namer) http.RoundTripper {
	return &transport{session: s, region: region, name: name}
}

// EachRegion runs f for each region to ask, some at a time.
func (s *Session) EachRegion(ctx context.Context, f func(ctx context.Context, region string) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, region := range s.regions {
		g.Go(func() error {
			defer s.survive()
			return f(ctx, region)
		})
	}
	return g.Wait()
}

// survive turns a panic on a hostile answer into an error of every row of the collector: not
// the end of the run, and never silence. It is deferred.
func (s *Session) survive() {
	p := recover()
	if p == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range s.rows {
		if row.Collector == s.info.Name {
			row.Add(evidence.Failed, fmt.Sprintf("collector stopped: %v", p))
		}
	}
}

// Emit takes a finished fact of kind k. A fact that is incomplete or said twice is never
// dropped in silence: the list operation that enumerates its kind becomes an error in coverage.
func (s *Session) Emit(k *evidence.Kind, f *evidence.Fact) {
	f.Target = s.target.ID
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Seen.IsZero() {
		f.Seen = s.seen(f.From)
	}
	slices.Sort(f.From)
	f.From = slices.Compact(f.From)
	if err := cmp.Or(s.hide(f), f.Check(k)); err != nil {
		s.spoil(k.Name, f.Region, err)
		return
	}
	s.facts = append(s.facts, f)
}

// seen is the start of the latest exchange that a fact comes from.
func (s *Session) seen(from []string) (last time.Time) {
	for _, id := range from {
		if start := s.starts[id]; start.After(last) {
			last = start
		}
	}
	return last
}

// Spoil says that an answer about things of kind k could not be read: the list operations that
// enumerate the kind become errors in coverage, so that no population of it passes.
func (s *Session) Spoil(k *evidence.Kind, region string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoil(k.Name, region, err)
}

// Fault says that an operation's answers, genuine as they looked, are contradicted or prove
// nothing: its coverage row becomes an error.
func (s *Session) Fault(row string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.rows[row]; ok {
		r.Add(evidence.Failed, err.Error())
	}
}

// Disown says that the target's answers, of all its collectors, are of something else: all its rows
// become errors, and none of its facts counts. What was answered stays in the recording.
func (s *Session) Disown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disowned = cmp.Or(s.disowned, err)
}

// spoil marks the list rows of a kind as errors: those of the region and the global ones, or, where neither
// lists the kind (a thing that lies elsewhere than where it was asked for), all of them. What no list operation
// names would be lost in silence, so then every row of the collector is one. s.mu is held.
func (s *Session) spoil(kind, region string, err error) {
	lists := func(row *evidence.Row) bool { return row.List && slices.Contains(row.Kinds, kind) }
	for _, covers := range []func(*evidence.Row) bool{
		func(row *evidence.Row) bool { return lists(row) && (row.Region == region || row.Region == Global) },
		lists,
		func(row *evidence.Row) bool { return row.Collector == s.info.Name },
	} {
		spoiled := false
		for _, row := range s.rows {
			if covers(row) {
				row.Add(evidence.Failed, err.Error())
				spoiled = true
			}
		}
		if spoiled {
			return
		}
	}
}

// record keeps an exchange.
func (s *Session) record(x evidence.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exchanges = append(s.exchanges, x)
	s.starts[x.ID] = x.Start
	if c := cutOf(&x); c != nil {
		s.withheld[x.ID] = c
	}
}

// number gives the exchange its place among equal requests and its id. Equal requests run one
// at a time, so that the order of a replay is that of the recording.
func (s *Session) number(x *evidence.Exchange) (unlock func()) {
	x.Seq = 0
	like := x.Key()
	s.mu.Lock()
	lock, ok := s.locks[like]
	if !ok {
		lock = &sync.Mutex{}
		s.locks[like] = lock
	}
	s.mu.Unlock()
	lock.Lock()
	s.mu.Lock()
	x.Seq = s.seqs[like]
	s.seqs[like]++
	s.mu.Unlock()
	x.Identify()
	return lock.Unlock
}

// count adds a finished call to its coverage row.
func (s *Session) count(op Operation, region string, status evidence.Status, reason string) (row string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := evidence.RowID(s.target.ID, region, op.Name)
	r, ok := s.rows[id]
	if !ok { // asked outside the plan: the row is made, so that nothing is asked in silence
		r = newRow(s.info, s.target, op, region)
		s.rows[id] = r
	}
	r.Add(status, reason)
	return id
}

// calls says how often an operation was asked in a region.
func (s *Session) calls(op Operation, region string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.rows[evidence.RowID(s.target.ID, region, op.Name)]; ok {
		for _, calls := range r.Calls {
			n += calls
		}
	}
	return n
}

// halt keeps the first error that must end the run.
func (s *Session) halt(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop == nil {
		s.stop = err
	}
}

// Stopped gives the error that must end the run, or nil.
func (s *Session) Stopped() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop
}

// call is one question and its attempts, carried in the context of the SDK's call.
type call struct {
	operation string
	attempts  int
	mu        sync.Mutex
	made      []evidence.Exchange
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

func (c *call) add(x evidence.Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made = append(c.made, x)
}

// Answer is what became of one call.
type Answer[T any] struct {
	Value  T
	Status evidence.Status
	Row    string   // coverage row that says why, where Status is not ok
	From   []string // exchanges made
	Err    error
}

// OK reports a genuine answer with a value.
func (a Answer[T]) OK() bool { return a.Status == evidence.OK }

// Empty reports a genuine answer that proves that there is nothing.
func (a Answer[T]) Empty() bool { return a.Status == evidence.Empty }

// Ask makes one API call (one page, where there are pages) of a declared operation, and counts
// it. It never fails: what went wrong is in the answer's status and in coverage. Only a full disk
// or cancellation end the run, by [Session.Stopped]; one that is to stop early, by
// [Work.AskUntil], goes on, and what it asks no more is not_attempted.
func Ask[T any](ctx context.Context, s *Session, region, operation string, do func(context.Context) (T, error)) Answer[T] {
	op, ok := s.info.Operation(operation)
	if !ok {
		err := &RefusedError{Operation: operation, Cause: ErrNotDeclared}
		s.halt(err)
		return Answer[T]{Status: evidence.Failed, Err: err}
	}
	if err := s.refusal(ctx); err != nil {
		row := s.count(op, region, evidence.NotAttempted, runStopped)
		return Answer[T]{Status: evidence.NotAttempted, Row: row, Err: err}
	}
	if op.List && s.calls(op, region) >= MaxPages {
		row := s.count(op, region, evidence.Failed, fmt.Sprintf("%v: %d pages", ErrEndless, MaxPages))
		return Answer[T]{Status: evidence.Failed, Row: row, Err: &RefusedError{Operation: operation, Cause: ErrEndless}}
	}
	c := &call{operation: operation}
	value, err := do(context.WithValue(ctx, callKey{}, c))
	status, reason := c.outcome(err)
	if len(c.made) == 0 && s.source.cutOff(err) {
		status, reason = evidence.NotAttempted, runStopped
	}
	a := Answer[T]{Value: value, Status: status, Err: err}
	for _, x := range c.made {
		a.From = append(a.From, x.ID)
	}
	var full *StorageError
	if errors.As(err, &full) || ctx.Err() != nil && !s.source.ended() {
		s.halt(cmp.Or(err, ctx.Err()))
	}
	if !s.Live() && errors.Is(err, ErrNotRecorded) && !s.source.cutOff(err) {
		s.halt(err)
	}
	a.Row = s.count(op, region, status, reason)
	s.noteWithheld(a.Row, c.made)
	return a
}

// runStopped is the reason of what was not asked since the run had to stop.
const runStopped = "run stopped"

// refusal says why nothing may be asked any more, or nil. Where the run is to stop early, that is
// no error of the run.
func (s *Session) refusal(ctx context.Context) error {
	if err := s.Stopped(); err != nil {
		return err
	}
	if s.source.ended() {
		return context.Canceled
	}
	if err := ctx.Err(); err != nil {
		s.halt(err)
		return err
	}
	return nil
}

// outcome is the status of the last attempt, unless the SDK could not make sense of an answer
// that looked genuine, or nothing was sent at all.
func (c *call) outcome(err error) (evidence.Status, string) {
	if len(c.made) == 0 {
		return evidence.Failed, fmt.Sprintf("nothing was sent: %v", err)
	}
	last := c.made[len(c.made)-1]
	switch {
	case last.Outcome == evidence.OK && err != nil && len(last.Withheld) > 0:
		return evidence.Failed, "the answer could not be decoded without what rule " + last.Withheld[0].Rule + " withholds"
	case last.Outcome == evidence.OK && err != nil:
		return evidence.Failed, "the answer could not be decoded"
	}
	for _, h := range last.Withheld {
		if h.Failed != "" {
			return last.Outcome, "rule " + h.Rule + ": " + h.Failed
		}
	}
	return last.Outcome, last.Reason
}
