package collectors

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/cut"
)

// told is a collector that asks one list, makes a fact of its first element as make says, and then asks
// about its name.
type told struct {
	asks func(ctx context.Context, s *Session, text string)
}

var kindTold = &evidence.Kind{Name: "p.s.thing", Schema: 1, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "owner", Type: evidence.String}}}

func (c told) Info() Info {
	return Info{Name: "p/s", Provider: "p", Kinds: []*evidence.Kind{kindTold}, Operations: []Operation{
		{Name: "s:List", List: true, Global: true, Kinds: []string{kindTold.Name}, Genuine: Genuine{Member: "things", Types: "array"}},
		{Name: "s:Get", Global: true, Parent: "s:List", Genuine: Genuine{Object: true}},
	}}
}

func (c told) Collect(ctx context.Context, s *Session) error {
	a := c.ask(ctx, s, "s:List", "http://p/list")
	if a.OK() {
		c.asks(ctx, s, a.Value)
	}
	return nil
}

func (c told) ask(ctx context.Context, s *Session, op, url string) Answer[string] {
	client := &http.Client{Transport: s.Transport(Global, func(*http.Request) (string, error) { return op, nil })}
	return Ask(ctx, s, Global, op, func(ctx context.Context) (string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return "", err
		}
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return string(b), err
	})
}

type answering string

func (a answering) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"X-Amz-Crc32": {"1"}}, Body: io.NopCloser(strings.NewReader(string(a))), Request: req}, nil
}

// bodies is a vault that shows what was written.
type bodies map[string]string

func (b bodies) AddBody(body []byte) (string, error) {
	d := evidence.Digest(body)
	b[d] = string(body)
	return d, nil
}

func withheldWork(t *testing.T, answer, path string) (*Work, bodies) {
	t.Helper()
	p, err := cut.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	kept := bodies{}
	w := NewWork(Target{ID: "t"}, time.Unix(0, 0), answering(answer), kept, func() time.Time { return time.Unix(1, 0) })
	w.Withhold(Withholding{"s:List": {{Rule: "r", Path: p}}})
	return w, kept
}

const oneThing = `{"things":[{"name":"a","owner":"Jane Roe"}]}`

// What a rule names is never written, is said in exchange and row, and a replay gives the same.
func TestWithholdBeforeItIsWritten(t *testing.T) {
	c := told{asks: func(_ context.Context, s *Session, text string) {
		f := evidence.NewFact(kindTold, "id", "a").Because(s.exchanges[0].ID).Set("/attrs/owner", between(text, `"owner":"`, `"`))
		f.Region = Global
		s.Emit(kindTold, f)
	}}
	w, kept := withheldWork(t, oneThing, "/things/*/owner")
	if err := w.Collect(context.Background(), c, nil); err != nil {
		t.Fatal(err)
	}
	out := w.Finish()
	x := out.Exchanges[0]
	want := `{"things":[{"name":"a","owner":"trefoil-withheld.r."}]}`
	if len(kept) != 1 || kept[x.Body] != want || x.BodySize != int64(len(want)) || len(x.Withheld) != 1 || x.Withheld[0] != (evidence.Withheld{Rule: "r", Field: "/things/*/owner", Values: 1}) {
		t.Errorf("%v %+v", kept, x)
	}
	if len(x.Answer) != 0 {
		t.Errorf("a checksum of what is withheld is kept: %v", x.Answer)
	}
	f := out.Facts[0]
	if _, said := f.Get("/attrs/owner"); said || f.Unknowns["/attrs/owner"] != "withheld by rule r: t/global/s:List" {
		t.Errorf("%+v", f)
	}
	row, _ := w.Row("t/global/s:List")
	if row.Status != evidence.OK || row.Withheld["r"] != 1 {
		t.Errorf("%+v", row)
	}
	recording, err := NewRecording(out.Exchanges, func(d string) ([]byte, error) { return []byte(kept[d]), nil })
	if err != nil {
		t.Fatal(err)
	}
	again := ReplayWork(w.Target, w.AsOf, recording, bodies{})
	p, _ := cut.Parse("/things/*/owner")
	again.Withhold(Withholding{"s:List": {{Rule: "r", Path: p}}})
	if err := again.Collect(context.Background(), c, nil); err != nil {
		t.Fatal(err)
	}
	first, err := evidence.Canonical(out)
	second, err2 := evidence.Canonical(again.Finish())
	if err != nil || err2 != nil || string(first) != string(second) {
		t.Errorf("%s\n%s", first, second)
	}
}

func between(text, a, b string) string {
	_, rest, _ := strings.Cut(text, a)
	v, _, _ := strings.Cut(rest, b)
	return v
}

// What cannot be cut is not kept; what collectors need of a withheld value becomes an error that names the rule.
func TestWithholdNeverLeaksNorPasses(t *testing.T) {
	nothing := func(context.Context, *Session, string) {}
	for name, c := range map[string]struct {
		answer, path string
		asks         func(ctx context.Context, s *Session, text string)
		row          string
		status       evidence.Status
		says         string
	}{
		"cut off":        {`{"things":[{"name":"a","owner":"Jane Roe"}`, "/things/*/owner", nothing, "t/global/s:List", evidence.Failed, "rule r: nothing of the answer is kept"},
		"a member twice": {`{"things":[{"owner":"Jane Roe"}],"things":[]}`, "/things/*/owner", nothing, "t/global/s:List", evidence.Failed, "rule r: nothing of the answer is kept"},
		"other members":  {`{"stuff":[{"owner":"Jane Roe"}]}`, "/things/*/owner", nothing, "t/global/s:List", evidence.Failed, "rule r: nothing of the answer is kept"},
		"no text there":  {`{"things":[{"owner":{"name":"Jane Roe"}}]}`, "/things/*/owner", nothing, "t/global/s:List", evidence.Failed, "rule r: nothing of the answer is kept"},
		"an id": {oneThing, "/things/*/owner", func(_ context.Context, s *Session, text string) {
			f := evidence.NewFact(kindTold, between(text, `"owner":"`, `"`), "a").Because(s.exchanges[0].ID).None(kindTold, "/attrs/owner")
			f.Region = Global
			s.Emit(kindTold, f)
		}, "t/global/s:List", evidence.Failed, "rule r withholds what the id of a fact of kind p.s.thing is made of"},
		"a request": {oneThing, "/things/*/owner", func(ctx context.Context, s *Session, text string) {
			told{}.ask(ctx, s, "s:Get", "http://p/get/"+between(text, `"owner":"`, `"`))
		}, "t/global/s:Get", evidence.Failed, "the request is made of a value that is withheld by rule r"},
	} {
		t.Run(name, func(t *testing.T) {
			w, kept := withheldWork(t, c.answer, c.path)
			if err := w.Collect(context.Background(), told{c.asks}, nil); err != nil {
				t.Fatal(err)
			}
			out := w.Finish()
			row, _ := w.Row(c.row)
			if row.Status != c.status || !strings.Contains(row.Reason, c.says) || len(out.Facts) != 0 {
				t.Errorf("%+v %v", row, out.Facts)
			}
			all, err := evidence.Canonical(out)
			for _, body := range kept {
				all = append(all, body...)
			}
			if err != nil || strings.Contains(string(all), "Jane") {
				t.Errorf("%s %v", all, err)
			}
		})
	}
}
