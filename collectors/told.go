package collectors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Told is what something other than a provider's API said: the bytes that a plug-in wrote.
type Told struct {
	Body    []byte
	Failure string            // class of failure; empty where it ended well
	Notes   map[string]string // what else is to be kept, such as an exit status
}

// Reading says what a told exchange means.
type Reading func(x *evidence.Exchange, body []byte) (evidence.Status, string)

// Tell makes one exchange of something that is no HTTP request: request names all that the answer
// depends on, in canonical form. Live, run is called once and what it gives is kept; in a replay
// it is never called, and the recording answers. Read, a pure function, says what the exchange
// means and takes from it what it needs; it is called in both cases, and once more where the engagement
// withholds something of it. The operation must be declared. Tell gives the status that its row has then. Only cancellation, a full disk or a
// replay without a match stop the run, by [Session.Stopped].
func (s *Session) Tell(ctx context.Context, operation, request string, run func(context.Context) Told,
	read Reading) evidence.Status {
	op, ok := s.info.Operation(operation)
	if !ok {
		s.halt(&RefusedError{Operation: operation, Cause: ErrNotDeclared})
		return evidence.Failed
	}
	if s.refusal(ctx) != nil {
		s.count(op, Global, evidence.NotAttempted, runStopped)
		return evidence.NotAttempted
	}
	x := evidence.Exchange{Collector: s.info.Name, Target: s.target.ID, Region: Global, Operation: operation, Method: "RUN", Request: request, Attempt: 1}
	unlock := s.number(&x)
	defer unlock()
	body, err := s.source.tell(ctx, &x, run, read)
	if err = cmp.Or(err, ctx.Err()); err != nil {
		var full *StorageError
		if errors.As(err, &full) || !s.source.cutOff(err) {
			s.halt(err)
		}
		s.count(op, Global, evidence.NotAttempted, runStopped)
		return evidence.NotAttempted
	}
	if x.Outcome, x.Reason = read(&x, body); !x.Outcome.Seen() {
		x.Reason = toldNothing(&x)
	}
	s.record(x)
	s.noteWithheld(s.count(op, Global, x.Outcome, x.Reason), []evidence.Exchange{x})
	return x.Outcome
}

// Mark counts, in the row of a declared operation, what an exchange of [Session.Tell] said of it.
func (s *Session) Mark(operation string, status evidence.Status, reason string) {
	if op, ok := s.info.Operation(operation); ok {
		s.count(op, Global, status, reason)
	}
}

func (n *network) tell(ctx context.Context, x *evidence.Exchange, run func(context.Context) Told, read Reading) ([]byte, error) {
	begin := n.clock()
	x.Start = begin.UTC().Truncate(time.Microsecond)
	told := run(ctx)
	x.Duration = n.clock().Sub(begin).Microseconds()
	x.Failure, x.Answer = told.Failure, told.Notes
	body := n.withholding.told(x, told.Body, read)
	if len(body) > 0 {
		var err error
		if x.Body, err = n.vault.AddBody(body); err != nil {
			return nil, &StorageError{err}
		}
		x.BodySize = int64(len(body))
	}
	return body, nil
}

func (r *replay) tell(_ context.Context, x *evidence.Exchange, _ func(context.Context) Told, read Reading) ([]byte, error) {
	was, ok := r.recording.take(x.Key())
	if !ok {
		return nil, &RefusedError{Operation: x.Operation, Cause: fmt.Errorf("%w: what it was run with is another", ErrNotRecorded)}
	}
	*x = was
	var body []byte
	if was.Body != "" {
		var err error
		if body, err = r.recording.body(was.Body); err != nil {
			return nil, &RefusedError{Operation: x.Operation, Cause: err}
		}
	}
	kept := r.withholding.told(x, body, read)
	if err := r.keep(x, body, kept); err != nil {
		return nil, &StorageError{err}
	}
	return kept, nil
}
