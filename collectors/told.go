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

// Tell makes one exchange of something that is no HTTP request: request names all that the answer
// depends on, in canonical form. Live, run is called once and what it gives is kept; in a replay
// it is never called, and the recording answers. Read, a pure function, says what the exchange
// means and takes from it what it needs; it is called in both cases. The operation must be
// declared. Tell gives the status that its row has then. Only cancellation, a full disk or a
// replay without a match stop the run, by [Session.Stopped].
func (s *Session) Tell(ctx context.Context, operation, request string, run func(context.Context) Told,
	read func(x *evidence.Exchange, body []byte) (evidence.Status, string)) evidence.Status {
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
	body, err := s.source.tell(ctx, &x, run)
	if err = cmp.Or(err, ctx.Err()); err != nil {
		var full *StorageError
		if errors.As(err, &full) || !s.source.cutOff(err) {
			s.halt(err)
		}
		s.count(op, Global, evidence.NotAttempted, runStopped)
		return evidence.NotAttempted
	}
	x.Outcome, x.Reason = read(&x, body)
	s.record(x)
	s.count(op, Global, x.Outcome, x.Reason)
	return x.Outcome
}

// Mark counts, in the row of a declared operation, what an exchange of [Session.Tell] said of it.
func (s *Session) Mark(operation string, status evidence.Status, reason string) {
	if op, ok := s.info.Operation(operation); ok {
		s.count(op, Global, status, reason)
	}
}

func (n *network) tell(ctx context.Context, x *evidence.Exchange, run func(context.Context) Told) ([]byte, error) {
	begin := n.clock()
	x.Start = begin.UTC().Truncate(time.Microsecond)
	told := run(ctx)
	x.Duration = n.clock().Sub(begin).Microseconds()
	x.Failure, x.Answer = told.Failure, told.Notes
	if len(told.Body) > 0 {
		var err error
		if x.Body, err = n.vault.AddBody(told.Body); err != nil {
			return nil, &StorageError{err}
		}
		x.BodySize = int64(len(told.Body))
	}
	return told.Body, nil
}

func (r *replay) tell(_ context.Context, x *evidence.Exchange, _ func(context.Context) Told) ([]byte, error) {
	was, ok := r.recording.take(x.Key())
	if !ok {
		return nil, &RefusedError{Operation: x.Operation, Cause: fmt.Errorf("%w: what it was run with is another", ErrNotRecorded)}
	}
	*x = was
	if was.Body == "" {
		return nil, nil
	}
	body, err := r.recording.body(was.Body)
	if err != nil {
		return nil, &RefusedError{Operation: x.Operation, Cause: err}
	}
	digest, err := r.vault.AddBody(body)
	if err == nil && digest != was.Body {
		err = errors.New("body " + was.Body + " has other bytes")
	}
	if err != nil {
		return nil, &StorageError{err}
	}
	return body, nil
}
