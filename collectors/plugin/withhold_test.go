package plugin

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/cut"
)

// What a rule names of an output is never written, in a replay neither; the fact says unknown. What the plug-in says
// in sentences goes too, and an output that fails is not kept at all.
func TestWithheldOutput(t *testing.T) {
	path, err := cut.Parse("/fact/name")
	if err != nil {
		t.Fatal(err)
	}
	rules := collectors.Withholding{"plugin:test": {{Rule: "r", Path: path}}}
	for mode, c := range map[string]struct {
		facts  int
		status evidence.Status
		says   string
		gone   []string
	}{
		"good":            {1, evidence.OK, "", []string{`"one"`}},
		"missed":          {1, evidence.OK, "", []string{`"one"`, "right"}},
		"exit":            {0, evidence.Failed, `ended with exit status 3; it wrote to stderr: "trefoil-withheld.r."`, []string{`"one"`, "boom"}},
		"undeclared kind": {0, evidence.Failed, "rule r: nothing of the answer is kept", []string{`"one"`, "ghost"}},
		"garbage":         {0, evidence.Failed, "rule r: nothing of the answer is kept", []string{"html"}},
		"cut off":         {0, evidence.Failed, "rule r: nothing of the answer is kept", []string{`"one"`}},
		"silent":          {0, evidence.Failed, "it wrote nothing", nil},
	} {
		t.Run(mode, func(t *testing.T) {
			out, kept := collectBy(t, testPlugin(t, mode), rules)
			all, err := evidence.Canonical(out)
			if err != nil {
				t.Fatal(err)
			}
			for _, body := range kept.bodies {
				all = append(all, body...)
			}
			for _, word := range c.gone {
				if strings.Contains(string(all), word) {
					t.Errorf("%s is kept: %s", word, all)
				}
			}
			x := out.Exchanges[0]
			if x.Outcome != c.status || !strings.Contains(x.Reason, c.says) || len(out.Facts) != c.facts {
				t.Errorf("%+v", x)
			}
			if c.facts == 1 && (out.Facts[0].Name != "" || out.Facts[0].Unknowns["/name"] != "withheld by rule r: plugin-test/global/plugin:test") {
				t.Errorf("%+v", out.Facts[0])
			}
			for _, row := range out.Rows {
				if row.Operation == "plugin:test" && c.facts == 1 && row.Withheld["r"] == 0 {
					t.Errorf("%+v", row)
				}
			}
		})
	}
}

// Names, labels and free texts of attrs may be withheld; what stands in facets, ids and places may not.
func TestWithholdableOutput(t *testing.T) {
	m := &Manifest{Kinds: []*evidence.Kind{
		{Attrs: []evidence.Field{{Name: "contact", Type: evidence.String}, {Name: "people", Type: evidence.String, List: true}, {Name: "state", Type: evidence.String, Enum: []string{"on"}},
			{Name: "at", Type: evidence.Place}, {Name: "parts", Type: evidence.Record, List: true, Fields: []evidence.Field{{Name: "note", Type: evidence.String}, {Name: "n", Type: evidence.Int}}}}},
		{NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "contact", Type: evidence.String}}},
	}}
	const want = "/fact/fields/attrs/contact /fact/fields/attrs/parts/*/note /fact/fields/attrs/people/* /fact/name /fact/tags/*"
	if got := strings.Join(m.Withholdable(), " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
