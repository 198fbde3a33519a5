package collectors

import (
	"context"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

// AccessName is the collector name of the exchange and row that say how a target was entered.
const AccessName = "access"

// Entry is how credentials for a target were got: which operation, and how it ended.
type Entry struct {
	Operation string // such as sts:AssumeRole
	Code      string // the provider's error code; empty where it worked
	Denied    bool   // the provider refused, as against could not be asked
}

// Enter gets a target's credentials with another client, whose answers are never recorded, and
// records how that ended: evidence that nobody was let in is evidence. In a replay the recorded
// ending is used and enter is not called. Where it reports false, nothing can be asked of the
// target, and every row takes the status and reason returned.
func (w *Work) Enter(ctx context.Context, operation string, clock func() time.Time, enter func(context.Context) Entry) (evidence.Status, string, bool) {
	x := evidence.Exchange{Collector: AccessName, Target: w.Target.ID, Region: Global, Operation: operation, Method: "ENTER", Attempt: 1}
	x.Identify()
	if r, ok := w.source.(*replay); ok {
		was, found := r.recording.take(x.Key())
		if !found && r.recording.Stopped {
			return w.notEntered(operation)
		}
		if !found {
			was = x
			was.Outcome, was.Reason = evidence.Failed, ErrNotRecorded.Error()
		}
		x = was
	} else if w.source.ended() {
		return w.notEntered(operation)
	} else {
		x.Start = clock().UTC().Truncate(time.Microsecond)
		e := enter(ctx)
		x.Duration = clock().Sub(x.Start).Microseconds()
		switch {
		case e.Code == "":
			x.Outcome = evidence.OK
		case e.Denied:
			x.Outcome, x.Reason = evidence.Denied, e.Code
		default:
			x.Outcome, x.Reason = evidence.Failed, e.Code
		}
	}
	w.exchanges = append(w.exchanges, x)
	w.accessRow(operation).Add(x.Outcome, x.Reason)
	return x.Outcome, operation + ": " + x.Reason, x.Outcome == evidence.OK
}

// notEntered says that the run was stopped before the target was entered.
func (w *Work) notEntered(operation string) (evidence.Status, string, bool) {
	w.accessRow(operation).Add(evidence.NotAttempted, runStopped)
	return evidence.NotAttempted, runStopped, false
}

func (w *Work) accessRow(operation string) *evidence.Row {
	row := &evidence.Row{ID: evidence.RowID(w.Target.ID, Global, operation), Collector: AccessName, Target: w.Target.ID, Region: Global, Operation: operation,
		Discovery: true, Status: evidence.NotAttempted}
	w.rows[row.ID] = row
	return row
}
