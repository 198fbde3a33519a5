package collectors

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Recording is what was recorded of one target: the base of a replay. It is safe for
// concurrent use.
type Recording struct {
	body func(digest string) ([]byte, error)
	// Stopped says that the recorded run was stopped before its end: what is not recorded was not
	// attempted.
	Stopped bool

	mu   sync.Mutex
	left map[string]evidence.Exchange // by key; taken out as they are asked
}

// NewRecording makes a recording from exchanges and a function that gives the bytes of a body.
// Two exchanges of one key are an error.
func NewRecording(exchanges []evidence.Exchange, body func(digest string) ([]byte, error)) (*Recording, error) {
	r := &Recording{body: body, left: make(map[string]evidence.Exchange, len(exchanges))}
	for _, x := range exchanges {
		key := x.Key()
		if _, twice := r.left[key]; twice {
			return nil, fmt.Errorf("exchange %s is recorded twice", x.ID)
		}
		r.left[key] = x
	}
	return r, nil
}

// Left lists the ids of exchanges that nobody asked for, sorted. After a whole replay it must
// be empty.
func (r *Recording) Left() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := make([]string, 0, len(r.left))
	for _, x := range r.left {
		ids = append(ids, x.ID)
	}
	slices.Sort(ids)
	return ids
}

// take gives the exchange of a key, once.
func (r *Recording) take(key string) (evidence.Exchange, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x, ok := r.left[key]
	delete(r.left, key)
	return x, ok
}

// replay answers from a recording. The vault keeps the bodies again, so that a replayed run
// is as whole as the recorded one.
type replay struct {
	recording *Recording
	vault     Vault

	withholding Withholding
}

func (r *replay) live() bool  { return false }
func (r *replay) ended() bool { return false }
func (r *replay) cutOff(err error) bool {
	return r.recording.Stopped && errors.Is(err, ErrNotRecorded)
}

func (r *replay) answer(_ *http.Request, x *evidence.Exchange, op Operation) (answer, error) {
	was, ok := r.recording.take(x.Key())
	if !ok {
		return answer{}, &RefusedError{Operation: op.Name, Cause: fmt.Errorf("%w: %s %s in %s, request %d of its like", ErrNotRecorded, x.Method, x.Path, x.Region, x.Seq+1)}
	}
	attempt := x.Attempt
	*x = was
	x.Attempt = attempt
	if was.Failure != "" {
		x.Outcome, x.Reason = evidence.Failed, "transport: "+was.Failure
		return answer{failure: &TransportError{Class: was.Failure}}, nil
	}
	var body []byte
	if was.Body != "" {
		var err error
		if body, err = r.recording.body(was.Body); err != nil {
			return answer{}, &RefusedError{Operation: op.Name, Cause: err}
		}
	}
	header := headerOf(was.Answer)
	kept := r.withholding.keep(op, x, header, body)
	if err := r.keep(x, body, kept); err != nil {
		return answer{}, &StorageError{err}
	}
	return answer{status: was.Status, header: header, body: kept}, nil
}

// keep keeps an answer's bytes again; where a rule took something out of them, what is left.
func (r *replay) keep(x *evidence.Exchange, recorded, kept []byte) error {
	if len(recorded) == 0 {
		return nil
	}
	if !bytes.Equal(recorded, kept) {
		if evidence.Digest(recorded) != x.Body {
			return errors.New("body " + x.Body + " has other bytes")
		}
		x.Body, x.BodySize = evidence.Digest(kept), int64(len(kept))
	}
	if len(kept) == 0 {
		x.Body = ""
		return nil
	}
	digest, err := r.vault.AddBody(kept)
	if err == nil && digest != x.Body {
		err = errors.New("body " + x.Body + " has other bytes")
	}
	return err
}
