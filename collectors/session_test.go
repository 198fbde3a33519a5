package collectors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

var thingKind = &evidence.Kind{Name: "test.service.thing", Schema: 1, NotApplicable: map[string]string{"/tags": "it has none"},
	Attrs: []evidence.Field{{Name: "colour", Type: evidence.String}}}

// things is a small collector in the form that real ones have: a paged list, and one item
// operation for each thing.
type things struct {
	undeclared bool
	panics     bool
	incomplete bool
	twice      bool
	elsewhere  bool // they lie in a region that is not the one that is asked
}

func (c things) Info() Info {
	return Info{Name: "test/things", Provider: "test", Runs: Account, Kinds: []*evidence.Kind{thingKind},
		Operations: []Operation{
			{Name: "test:ListThings", List: true, Kinds: []string{thingKind.Name}, Genuine: Genuine{Member: "things", Types: "array"}, Disabled: []string{"ServiceOff"}},
			{Name: "test:GetColour", Parent: "test:ListThings", Empty: []string{"NoColour"}, Genuine: Genuine{Member: "colour", Types: "string"}},
		}}
}

func (c things) Collect(ctx context.Context, s *Session) error {
	return s.EachRegion(ctx, func(ctx context.Context, region string) error {
		next := "0"
		for next != "" {
			page := Ask(ctx, s, region, "test:ListThings", get[struct {
				Things []string
				Next   string
			}](s, region, "ListThings", "/things?page="+next))
			if !page.OK() {
				return nil
			}
			for _, name := range page.Value.Things {
				c.thing(ctx, s, region, name, page.From)
			}
			next = page.Value.Next
		}
		return nil
	})
}

func (c things) thing(ctx context.Context, s *Session, region, name string, from []string) {
	if c.panics {
		panic("a hostile answer")
	}
	op := "GetColour"
	if c.undeclared {
		op = "DeleteThing"
	}
	colour := Ask(ctx, s, region, "test:GetColour", get[struct{ Colour string }](s, region, op, "/things/"+name))
	f := evidence.NewFact(thingKind, region+"/"+name, name).Because(from...).Because(colour.From...)
	f.Region = region
	if c.elsewhere {
		f.Region = "elsewhere"
	}
	switch {
	case c.incomplete:
	case colour.OK():
		f.Set("/attrs/colour", colour.Value.Colour)
	case colour.Empty():
		f.None(thingKind, "/attrs/colour")
	default:
		f.Unknown(colour.Row, "/attrs/colour")
	}
	s.Emit(thingKind, f)
	if c.twice {
		s.Emit(thingKind, f)
	}
}

type opKey struct{}

// get is a small SDK: it names its operation in the context, tries three times, and decodes
// leniently, as real ones do.
func get[T any](s *Session, region, op, path string) func(context.Context) (T, error) {
	client := &http.Client{Transport: s.Transport(region, func(r *http.Request) (string, error) {
		name, _ := r.Context().Value(opKey{}).(string)
		return "test:" + name, nil
	})}
	return func(ctx context.Context) (out T, err error) {
		ctx = context.WithValue(ctx, opKey{}, op)
		for range 3 {
			var req *http.Request
			if req, err = http.NewRequestWithContext(ctx, "GET", "http://test.invalid"+path, nil); err != nil {
				return out, err
			}
			req.Header.Set("Authorization", "Bearer SECRET-TOKEN")
			var resp *http.Response
			if resp, err = client.Do(req); err != nil {
				var refused *RefusedError
				if errors.As(err, &refused) {
					return out, err
				}
				continue
			}
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode == 200 {
				return out, json.Unmarshal(body, &out)
			}
			if err = errors.New(string(body)); resp.StatusCode < 500 && resp.StatusCode != 429 {
				return out, err
			}
		}
		return out, err
	}
}

type vault struct {
	mu     sync.Mutex
	bodies map[string][]byte
	full   bool
}

func (v *vault) AddBody(b []byte) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.full {
		return "", errors.New("no space left on device")
	}
	d := evidence.Digest(b)
	v.bodies[d] = slices.Clone(b)
	return d, nil
}

func (v *vault) body(d string) ([]byte, error) {
	b, ok := v.bodies[d]
	if !ok {
		return nil, fmt.Errorf("no body %s", d)
	}
	return b, nil
}

// world answers requests of paths; each path has its answers in order, the last one for ever.
type world struct {
	mu      sync.Mutex
	answers map[string][]string // "status body"
	asked   []string
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	path := r.URL.RequestURI()
	w.asked = append(w.asked, path)
	list := w.answers[path]
	if len(list) == 0 {
		return nil, errors.New("dial: nobody there")
	}
	if len(list) > 1 {
		w.answers[path] = list[1:]
	}
	rec := httptest.NewRecorder()
	status, body, _ := strings.Cut(list[0], " ")
	code := 0
	fmt.Sscan(status, &code)
	rec.WriteHeader(code)
	io.WriteString(rec, body)
	return rec.Result(), nil
}

var (
	asOf   = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	target = Target{ID: "test-1", Provider: "test", Level: Account, Account: "1"}
	one    = []Region{{Name: "here"}}
)

func fine() map[string][]string {
	return map[string][]string{
		"/things?page=0": {`200 {"things":["a"],"next":"1"}`},
		"/things?page=1": {`200 {"things":["b"]}`},
		"/things/a":      {`200 {"colour":"red"}`},
		"/things/b":      {`404 {"__type":"NoColour"}`},
	}
}

func ask(t *testing.T, c Collector, answers map[string][]string, regions []Region) (Outcome, *vault, error) {
	t.Helper()
	v := &vault{bodies: map[string][]byte{}}
	w := NewWork(target, asOf, &world{answers: answers}, v, time.Now)
	err := w.Collect(context.Background(), c, regions)
	return w.Finish(), v, err
}

func row(t *testing.T, out Outcome, op string) evidence.Row {
	t.Helper()
	for _, r := range out.Rows {
		if r.Operation == op {
			return r
		}
	}
	t.Fatalf("no row of %s", op)
	return evidence.Row{}
}

func TestFineWorld(t *testing.T) {
	out, _, err := ask(t, things{}, fine(), one)
	if err != nil || len(out.Facts) != 2 || len(out.Exchanges) != 4 {
		t.Fatalf("%d facts, %d exchanges, %v", len(out.Facts), len(out.Exchanges), err)
	}
	if c, _ := out.Facts[0].Get("/attrs/colour"); c != "red" {
		t.Errorf("colour of a: %v", c)
	}
	if c, said := out.Facts[1].Get("/attrs/colour"); c != nil || !said {
		t.Errorf("colour of b: %v, %v; want none", c, said)
	}
	if r := row(t, out, "test:ListThings"); r.Status != evidence.OK || r.Calls[evidence.OK] != 2 {
		t.Errorf("list row %+v", r)
	}
	b, _ := evidence.Canonical(out.Exchanges)
	if strings.Contains(string(b), "SECRET") {
		t.Error("a credential reached the recording")
	}
}

// Each way in which asking can end, for the list operation: none of them is ok or empty, and
// none of them emits a fact.
func TestListFailures(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   evidence.Status
	}{
		"HTML page":      {"200 <html><body>Sign in</body></html>", evidence.Failed},
		"empty object":   {"200 {}", evidence.Failed},
		"no body":        {"200 ", evidence.Failed},
		"cut off":        {`200 {"things":["a"`, evidence.Failed},
		"duplicate name": {`200 {"things":[],"things":["a"]}`, evidence.Failed},
		"wrong type":     {`200 {"things":"a"}`, evidence.Failed},
		"denied":         {`403 {"__type":"AccessDeniedException"}`, evidence.Denied},
		"denied, bare":   {"403 ", evidence.Denied},
		"throttled":      {`400 {"__type":"ThrottlingException"}`, evidence.Throttled},
		"too many":       {"429 ", evidence.Throttled},
		"switched off":   {`400 {"__type":"ServiceOff"}`, evidence.Disabled},
		"bare 404":       {"404 ", evidence.Unsupported},
		"unknown code":   {`404 {"__type":"NoSuchThing"}`, evidence.Failed},
		"item's code":    {`404 {"__type":"NoColour"}`, evidence.Failed},
		"server error":   {"500 ", evidence.Failed},
		"redirect":       {"302 ", evidence.Failed},
	} {
		out, _, err := ask(t, things{}, map[string][]string{"/things?page=0": {c.answer}}, one)
		if err != nil {
			t.Errorf("%s: the run stopped: %v", name, err)
		}
		if r := row(t, out, "test:ListThings"); r.Status != c.want {
			t.Errorf("%s: list row is %s (%s), want %s", name, r.Status, r.Reason, c.want)
		}
		if r := row(t, out, "test:GetColour"); r.Status.Seen() {
			t.Errorf("%s: the child row is %s", name, r.Status)
		}
		if len(out.Facts) != 0 {
			t.Errorf("%s: %d facts", name, len(out.Facts))
		}
	}
	out, _, _ := ask(t, things{}, nil, one) // nobody there
	if r := row(t, out, "test:ListThings"); r.Status != evidence.Failed || !strings.HasPrefix(r.Reason, "transport:") {
		t.Errorf("no transport: %+v", r)
	}
}

func TestSecondPageDenied(t *testing.T) {
	w := fine()
	w["/things?page=1"] = []string{"403 "}
	out, _, _ := ask(t, things{}, w, one)
	if r := row(t, out, "test:ListThings"); r.Status != evidence.Denied || r.Calls[evidence.OK] != 1 || r.Calls[evidence.Denied] != 1 {
		t.Errorf("a list that was cut off: %+v", r)
	}
	if len(out.Facts) != 1 {
		t.Errorf("%d facts, want what was seen", len(out.Facts))
	}
}

// A server whose next page is always the same one must end in coverage.
func TestEndlessPages(t *testing.T) {
	w := fine()
	w["/things?page=1"] = []string{`200 {"things":[],"next":"1"}`}
	out, _, err := ask(t, things{}, w, one)
	if err != nil {
		t.Fatal(err)
	}
	if r := row(t, out, "test:ListThings"); r.Status != evidence.Failed || r.Calls[evidence.OK] != 1+MaxEqual || !strings.Contains(r.Reason, "do not come to an end") {
		t.Errorf("a list without an end: %+v", r)
	}
}

func TestItemDenied(t *testing.T) {
	w := fine()
	w["/things/a"] = []string{"403 "}
	out, _, _ := ask(t, things{}, w, one)
	if r := row(t, out, "test:ListThings"); r.Status != evidence.OK {
		t.Errorf("an item's denial reached the list: %+v", r)
	}
	if why := out.Facts[0].Unknowns["/attrs/colour"]; why != "test-1/here/test:GetColour" {
		t.Errorf("unknown because of %q", why)
	}
}

func TestRetriesAreRecorded(t *testing.T) {
	w := fine()
	w["/things/a"] = []string{"429 ", "500 ", `200 {"colour":"red"}`}
	out, _, _ := ask(t, things{}, w, one)
	var attempts []int
	for _, x := range out.Exchanges {
		if x.Path == "/things/a" {
			attempts = append(attempts, x.Attempt*10+x.Seq)
		}
	}
	if !slices.Equal(attempts, []int{10, 21, 32}) {
		t.Errorf("attempts and sequence numbers %v", attempts)
	}
	if r := row(t, out, "test:GetColour"); r.Status != evidence.OK || len(r.Calls) != 2 {
		t.Errorf("a call's status is that of its last attempt: %+v", r)
	}
}

func TestGuard(t *testing.T) {
	v := &vault{bodies: map[string][]byte{}}
	net := &world{answers: fine()}
	w := NewWork(target, asOf, net, v, time.Now)
	if err := w.Collect(context.Background(), things{undeclared: true}, one); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(net.asked, func(p string) bool { return strings.HasPrefix(p, "/things/") }) {
		t.Error("an undeclared operation was sent")
	}
	if r := row(t, w.Finish(), "test:GetColour"); r.Status != evidence.Failed {
		t.Errorf("%+v", r)
	}
}

func TestSpoiledFacts(t *testing.T) {
	for name, c := range map[string]things{"incomplete": {incomplete: true}, "incomplete, elsewhere": {incomplete: true, elsewhere: true}, "panic": {panics: true}, "twice": {twice: true}} {
		out, _, err := ask(t, c, fine(), one)
		if err != nil {
			t.Errorf("%s: the run stopped: %v", name, err)
		}
		if r := row(t, out, "test:ListThings"); r.Status != evidence.Failed {
			t.Errorf("%s: list row %+v", name, r)
		}
	}
}

// A fact of a kind that no list operation names would be lost in silence.
func TestSpoiledFactOfNoList(t *testing.T) {
	w := NewWork(target, asOf, nil, nil, time.Now)
	info := things{}.Info()
	w.Plan(info, one)
	s := &Session{info: info, target: target, rows: w.rows}
	s.Spoil(&evidence.Kind{Name: "test.service.stray"}, "here", errors.New("not to be read"))
	out := w.Finish()
	for _, op := range []string{"test:ListThings", "test:GetColour"} {
		if r := row(t, out, op); r.Status != evidence.Failed {
			t.Errorf("%+v", r)
		}
	}
}

func TestPlannedRegions(t *testing.T) {
	regions := []Region{{Name: "here"}, {Name: "there", Status: evidence.NotEnabled, Reason: "not opted in"}}
	out, _, _ := ask(t, things{}, fine(), regions)
	for _, r := range out.Rows {
		if r.Region == "there" && (r.Status != evidence.NotEnabled || r.Reason != "not opted in") {
			t.Errorf("%+v", r)
		}
	}
	if len(out.Rows) != 4 {
		t.Errorf("%d rows, want one for each operation and region", len(out.Rows))
	}
}

func TestDiskFullStops(t *testing.T) {
	v := &vault{full: true}
	w := NewWork(target, asOf, &world{answers: fine()}, v, time.Now)
	err := w.Collect(context.Background(), things{}, one)
	var full *StorageError
	if !errors.As(err, &full) {
		t.Fatalf("got %v", err)
	}
	for _, r := range w.Finish().Rows {
		if r.Status.Seen() {
			t.Errorf("after a stop: %+v", r)
		}
	}
}

func TestCancelledRunHasNotAttempted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := NewWork(target, asOf, &world{answers: fine()}, &vault{bodies: map[string][]byte{}}, time.Now)
	if err := w.Collect(ctx, things{}, one); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	for _, r := range w.Finish().Rows {
		if r.Status != evidence.NotAttempted {
			t.Errorf("%+v", r)
		}
	}
}
