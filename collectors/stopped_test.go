package collectors

import (
	"context"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

// stopping is a network that says after some requests that the run is to stop.
type stopping struct {
	world
	after int
}

func (s *stopping) stopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked) >= s.after
}

func (s *stopping) RoundTrip(r *http.Request) (*http.Response, error) { return s.world.RoundTrip(r) }

// Wherever a run is stopped, it comes to its end: nothing more is asked, what was not asked is
// not_attempted and gates its population, and what was recorded plays back to the same.
func TestStoppedRunIsARun(t *testing.T) {
	for after := range 5 {
		answers := fine()
		answers["/things/a"] = []string{"500 ", `200 {"colour":"red"}`}
		net, v := &stopping{world: world{answers: answers}, after: after}, &vault{bodies: map[string][]byte{}}
		w := NewWork(target, asOf, net, v, time.Now)
		w.AskUntil(net.stopped)
		status, _, entered := w.Enter(t.Context(), "test:Enter", time.Now, func(context.Context) Entry { return Entry{} })
		if entered != (after > 0) || !entered && status != evidence.NotAttempted {
			t.Errorf("stopped after %d: entered %v, %s", after, entered, status)
		}
		if err := w.Collect(t.Context(), things{}, one); err != nil {
			t.Fatalf("stopped after %d: %v", after, err)
		}
		live := w.Finish()
		if len(net.asked) > after+1 { // the call that was under way may try again
			t.Errorf("stopped after %d, and %d requests were sent", after, len(net.asked))
		}
		if r := row(t, live, "test:GetColour"); r.Status != evidence.NotAttempted || r.Calls[evidence.OK]+r.Calls[evidence.NotAttempted] == 0 && after > 0 {
			t.Errorf("stopped after %d: %+v", after, r)
		}
		if r := row(t, live, "test:ListThings"); after < 2 && (r.Status != evidence.NotAttempted || r.Reason != "run stopped") {
			t.Errorf("stopped after %d: %+v", after, r)
		}
		rec, err := NewRecording(live.Exchanges, v.body)
		if err != nil {
			t.Fatal(err)
		}
		rec.Stopped = true
		again := ReplayWork(target, asOf, rec, &vault{bodies: map[string][]byte{}})
		again.Enter(t.Context(), "test:Enter", time.Now, nil)
		if err := again.Collect(t.Context(), things{}, one); err != nil {
			t.Fatalf("replay of what was stopped after %d: %v", after, err)
		}
		if left := again.Left(); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
		if out := again.Finish(); !reflect.DeepEqual(out.Rows, live.Rows) || !reflect.DeepEqual(out.Exchanges, live.Exchanges) || len(out.Facts) != len(live.Facts) {
			t.Errorf("stopped after %d: the replay differs:\n%+v\n%+v", after, out.Rows, live.Rows)
		}
	}
}
