package audit

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// plant is one line of PLANTED.yaml. Where its fact is a pattern, Count says of how many items.
type plant struct {
	Control, Fact, Why string
	Count              int
}

// gap is a list that was not answered, and the controls that say so.
// Where its row is a pattern, Count says of how many rows.
type gap struct {
	Row, Status string
	Controls    []string
	Count       int
}

// counts reports whether so many are what a line of PLANTED.yaml says: one, or as many as it counts where
// it is a pattern.
func counts(pattern string, said, found int) bool {
	if strings.Contains(pattern, "*") {
		return said > 0 && found == said
	}
	return said == 0 && found == 1
}

// drawnIDs replaces {name} by the id that the server drew when the world was recorded.
func drawnIDs(t *testing.T) *strings.Replacer {
	t.Helper()
	text, err := os.ReadFile("../../../fixtures/drawn.json")
	if err != nil {
		t.Fatal(err)
	}
	var drawn map[string]string
	if err := json.Unmarshal(text, &drawn); err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for name, id := range drawn {
		pairs = append(pairs, "{"+name+"}", id)
	}
	return strings.NewReplacer(pairs...)
}

// All results of the world are compared with what is planted, both ways.
func TestWorldFindsWhatIsPlanted(t *testing.T) {
	text, err := os.ReadFile("../../../fixtures/PLANTED.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var planted struct {
		Wrong, Unjudged, Fine []plant
		Gaps                  []gap
	}
	if err := yaml.UnmarshalWithOptions(text, &planted, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	drawn := drawnIDs(t)
	for _, list := range [][]plant{planted.Wrong, planted.Unjudged, planted.Fine} {
		for n := range list {
			list[n].Fact = drawn.Replace(list[n].Fact)
			if strings.ContainsAny(list[n].Fact, "{}") {
				t.Errorf("PLANTED.yaml: %s: no such name in drawn.json", list[n].Fact)
			}
		}
	}
	r, j := seen(t)
	sameGaps(t, r, j, planted.Gaps)
	want := map[controls.Verdict][]plant{controls.Fail: planted.Wrong, controls.Insufficient: planted.Unjudged}
	matches := func(p plant, i *controls.Item) bool {
		return p.Control == i.Control && engagement.Match(p.Fact, i.Fact)
	}
	got := map[string]controls.Verdict{}
	var items []controls.Item
	for i, err := range j.Results.Items() {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, i)
	}
	for n := range items {
		i := &items[n]
		got[i.Control+" "+i.Fact] = i.Verdict
		if i.Verdict != controls.Pass && !slices.ContainsFunc(want[i.Verdict], func(p plant) bool { return matches(p, i) }) {
			t.Errorf("%s %s: %s (%s), and nothing like that is planted", i.Control, i.Fact, i.Verdict, i.Reason)
		}
	}
	for verdict, list := range want {
		for _, p := range list {
			found := 0
			for n := range items {
				if items[n].Verdict == verdict && matches(p, &items[n]) {
					found++
				}
			}
			if !counts(p.Fact, p.Count, found) {
				t.Errorf("%s %s: planted as %s (count %d), and %d items came of it: %s", p.Control, p.Fact, verdict, p.Count, found, p.Why)
			}
		}
	}
	out := map[string]bool{}
	for o, err := range j.Results.Out() {
		if err != nil {
			t.Fatal(err)
		}
		out[o.Fact] = true
	}
	for _, p := range planted.Fine {
		if v := got[p.Control+" "+p.Fact]; v != controls.Pass && !out[p.Fact] {
			t.Errorf("%s %s: %q; it is fine: %s", p.Control, p.Fact, v, p.Why)
		}
	}
	t.Logf("%d wrong, %d unjudged, %d fine", len(planted.Wrong), len(planted.Unjudged), len(planted.Fine))
}

// sameGaps compares, both ways, the lists that were not answered with those that are planted, and
// the controls that name them.
func sameGaps(t *testing.T, r *run.Run, j *Judged, planted []gap) {
	t.Helper()
	found := make([]int, len(planted))
	for row, err := range Coverage(r) {
		if err != nil {
			t.Fatal(err)
		}
		for n, g := range planted {
			if row.List && engagement.Match(g.Row, row.ID) && g.Status == string(row.Status) {
				found[n]++
			}
		}
		if !row.List || row.Status.Seen() || row.Status == evidence.NotEnabled {
			continue
		}
		at := slices.IndexFunc(planted, func(g gap) bool { return engagement.Match(g.Row, row.ID) && g.Status == string(row.Status) })
		if at < 0 && len(controlsWith(j, row.ID)) > 0 {
			t.Errorf("%s is %s, and nothing like that is planted", row.ID, row.Status)
		}
	}
	for n, g := range planted {
		if !counts(g.Row, g.Count, found[n]) {
			t.Errorf("%s is %s (count %d): %d rows", g.Row, g.Status, g.Count, found[n])
		}
		if got := controlsWith(j, g.Row); !slices.Equal(got, g.Controls) {
			t.Errorf("%s is named by %v, planted for %v", g.Row, got, g.Controls)
		}
		for _, l := range j.Results.Lines {
			if slices.Contains(g.Controls, l.Control) && (l.Verdict == controls.Pass || l.Verdict == controls.NotApplicable) {
				t.Errorf("%s: %s though %s was not answered", l.Control, l.Verdict, g.Row)
			}
		}
	}
}

func controlsWith(j *Judged, row string) (out []string) {
	for _, l := range j.Results.Lines {
		if slices.ContainsFunc(l.Gaps, func(gap string) bool { return engagement.Match(row, gap) }) {
			out = append(out, l.Control)
		}
	}
	return out
}
