package collectors

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

func replayOf(t *testing.T, out Outcome, v *vault) *Work {
	t.Helper()
	rec, err := NewRecording(out.Exchanges, v.body)
	if err != nil {
		t.Fatal(err)
	}
	return ReplayWork(target, asOf, rec, v)
}

// Worlds good and bad play back to the same facts, rows and exchanges.
func TestReplayIsTheSame(t *testing.T) {
	for name, change := range map[string]func(map[string][]string){
		"fine":        func(map[string][]string) {},
		"denied list": func(w map[string][]string) { w["/things?page=0"] = []string{"403 "} },
		"HTML":        func(w map[string][]string) { w["/things?page=1"] = []string{"200 <html></html>"} },
		"retries":     func(w map[string][]string) { w["/things/a"] = []string{"500 ", "429 ", `200 {"colour":"red"}`} },
		"nobody":      func(w map[string][]string) { delete(w, "/things/b") },
		"undecodable": func(w map[string][]string) { w["/things/a"] = []string{`200 {"colour":7}`} },
	} {
		answers := fine()
		change(answers)
		out, v, err := ask(t, things{}, answers, []Region{{Name: "here"}, {Name: "off", Status: evidence.NotEnabled}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w := replayOf(t, out, v)
		if err := w.Collect(context.Background(), things{}, []Region{{Name: "here"}, {Name: "off", Status: evidence.NotEnabled}}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if left := w.Left(); len(left) != 0 {
			t.Errorf("%s: %d exchanges left over", name, len(left))
		}
		again := w.Finish()
		for what, pair := range map[string][2]any{"facts": {out.Facts, again.Facts}, "rows": {out.Rows, again.Rows}, "exchanges": {out.Exchanges, again.Exchanges}} {
			a, _ := evidence.Canonical(pair[0])
			b, _ := evidence.Canonical(pair[1])
			if string(a) != string(b) {
				t.Errorf("%s: %s differ:\n%s\n%s", name, what, a, b)
			}
		}
	}
}

func TestReplayWithoutMatchStops(t *testing.T) {
	out, v, _ := ask(t, things{}, fine(), one)
	missing := out
	missing.Exchanges = out.Exchanges[1:]
	w := replayOf(t, missing, v)
	if err := w.Collect(context.Background(), things{}, one); !errors.Is(err, ErrNotRecorded) {
		t.Fatalf("got %v", err)
	}
	extra := out
	odd := out.Exchanges[0]
	odd.Path = "/never/asked"
	odd.Identify()
	extra.Exchanges = append([]evidence.Exchange{odd}, out.Exchanges...)
	w = replayOf(t, extra, v)
	if err := w.Collect(context.Background(), things{}, one); err != nil {
		t.Fatal(err)
	}
	if left := w.Left(); len(left) != 1 || left[0] != odd.ID {
		t.Errorf("left over: %v", left)
	}
}

func TestRecordingRefusesTwice(t *testing.T) {
	x := evidence.Exchange{Path: "/a"}
	x.Identify()
	if _, err := NewRecording([]evidence.Exchange{x, x}, nil); err == nil {
		t.Error("an exchange that stands twice was taken")
	}
}

func TestEnterIsReplayed(t *testing.T) {
	live := NewWork(target, asOf, nil, nil, time.Now)
	if _, _, ok := live.Enter(context.Background(), "sts:AssumeRole", time.Now, func(context.Context) Entry {
		return Entry{Operation: "sts:AssumeRole", Code: "AccessDenied", Denied: true}
	}); ok {
		t.Fatal("a refused entry let in")
	}
	live.Refuse(things{}.Info(), one, evidence.Denied, "sts:AssumeRole: AccessDenied")
	out := live.Finish()
	w := replayOf(t, out, &vault{})
	status, reason, ok := w.Enter(context.Background(), "sts:AssumeRole", time.Now, nil)
	if ok || status != evidence.Denied || reason != "sts:AssumeRole: AccessDenied" {
		t.Errorf("%s %s %v", status, reason, ok)
	}
	for _, r := range out.Rows {
		if r.Status != evidence.Denied {
			t.Errorf("%+v", r)
		}
	}
}
