package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/collectors/plugin"
	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// everythingWithheld are rules, one an operation, that withhold all that may be.
func everythingWithheld() (text string, rules []string) {
	var b strings.Builder
	b.WriteString("\nwithhold:\n")
	may := Withholdable()
	for i, op := range slices.Sorted(maps.Keys(may)) {
		id := "rule-" + strconv.Itoa(i)
		rules = append(rules, id)
		fmt.Fprintf(&b, "  - id: %s\n    operations: [%q]\n    because: a test\n    fields:\n", id, op)
		for _, field := range may[op] {
			fmt.Fprintf(&b, "      - %q\n", field)
		}
	}
	b.WriteString("  - {id: errors, operations: [\"*\"], because: a test}\n")
	b.WriteString("  - {id: inventory, operations: [\"plugin:inventory\"], fields: [/fact/name, \"/fact/tags/*\", /fact/fields/attrs/status], because: a test}\n")
	return b.String(), append(rules, "errors", "inventory")
}

// factsByID gives a run's facts by kind and id.
func factsByID(t *testing.T, r *run.Run) map[string]*evidence.Fact {
	t.Helper()
	out := map[string]*evidence.Fact{}
	for f, err := range (&world{run: r}).facts() {
		if err != nil {
			t.Fatal(err)
		}
		out[f.Kind+" "+f.ID] = f
	}
	return out
}

// leaves lists what a fact says, by pointer; elements of a list of texts by the list.
func leaves(f *evidence.Fact) map[string]any {
	out := map[string]any{"/name": f.Name, "/region": f.Region}
	for k, v := range f.Tags {
		out[evidence.TagPointer(k)] = v
	}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, e := range v {
				walk(at+"/"+name, e)
			}
		case []any:
			if len(v) == 0 {
				out[at] = v
			}
			for i, e := range v {
				if m, ok := e.(map[string]any); ok {
					walk(at+"/"+strconv.Itoa(i), m)
				} else {
					out[at] = v
				}
			}
		default:
			out[at] = v
		}
	}
	walk("", map[string]any(f.Fields))
	return out
}

// All that may be withheld is withheld: whatever a fact then says otherwise than before is unknown and names the
// rule, nothing is said that was not, the lists are as whole, and no result becomes better.
func TestWithheldIsUnknown(t *testing.T) {
	before, judgedBefore := seen(t)
	text, rules := everythingWithheld()
	path, after, judgedAfter, trust := cloverBy(t, text)
	was, is := factsByID(t, before), factsByID(t, after)
	if len(was) != len(is) {
		t.Errorf("%d facts, before %d", len(is), len(was))
	}
	hidden := map[string]int{}
	for id, old := range was {
		f := is[id]
		if f == nil {
			t.Errorf("%s is gone", id)
			continue
		}
		said := leaves(f)
		for ptr, v := range leaves(old) {
			now, ok := said[ptr]
			why := f.Unknowns[ptr] + f.Unknowns[ptr+"/-"]
			if reflect.DeepEqual(v, now) {
				continue
			}
			if rule, row := ruleOfCause(why); rule == "" || !slices.Contains(rules, rule) || row == "" || ok && ptr != "/name" && f.Unknowns[ptr+"/-"] == "" {
				t.Errorf("%s %s: was %v, is %v, unknown %q", id, ptr, v, now, why)
			}
			hidden[strings.SplitN(ptr, "/", 3)[1]]++
		}
		for ptr := range said {
			if _, ok := leaves(old)[ptr]; !ok {
				t.Errorf("%s says %s, which it did not", id, ptr)
			}
		}
	}
	t.Log(hidden)
	for _, top := range []string{"name", "tags", "binding", "principal", "attrs"} {
		if hidden[top] == 0 {
			t.Errorf("nothing of /%s was withheld: the world shows nothing", top)
		}
	}
	noWorse(t, before, after)
	noBetter(t, judgedBefore, judgedAfter)
	noMarkerAsValue(t, after, rules)
	onlyCodesOfErrors(t, after)
	_, report, err := Verify(context.Background(), Verification{Path: path, Trust: trust, Workers: 2, Reperform: true, Progress: func(string) {}})
	if err != nil {
		t.Fatalf("%v %+v", err, report)
	}
}

func ruleOfCause(cause string) (rule, row string) {
	rest, ok := strings.CutPrefix(cause, "withheld by rule ")
	if !ok {
		return "", ""
	}
	rule, row, _ = strings.Cut(rest, ": ")
	return rule, row
}

// noWorse compares coverage: what is withheld changes no status, and is counted.
func noWorse(t *testing.T, before, after *run.Run) {
	t.Helper()
	was := map[string]evidence.Row{}
	for row, err := range Coverage(before) {
		if err != nil {
			t.Fatal(err)
		}
		was[row.ID] = row
	}
	operations, values := map[string]bool{}, 0
	for row, err := range Coverage(after) {
		if err != nil {
			t.Fatal(err)
		}
		if old := was[row.ID]; old.Status != row.Status || old.Reason != row.Reason && row.Reason != evidence.Marker("errors") {
			t.Errorf("%s: %s %s, before %s %s", row.ID, row.Status, row.Reason, old.Status, old.Reason)
		}
		for _, n := range row.Withheld {
			values += n
			operations[row.Operation] = true
		}
	}
	t.Logf("%d values of %d operations", values, len(operations))
	if values < 100 || len(operations) < 20 {
		t.Errorf("only %d values of %d operations were withheld", values, len(operations))
	}
}

// onlyCodesOfErrors looks into every error answer: nothing is left of it but codes, and the row of each says so.
func onlyCodesOfErrors(t *testing.T, r *run.Run) {
	t.Helper()
	refused := 0
	for _, target := range r.Targets() {
		parts, err := r.Bundle(target)
		if err != nil {
			t.Fatal(err)
		}
		for line, err := range parts[0].Lines(bundle.ExchangesName) {
			var x evidence.Exchange
			if err = errors.Join(err, json.Unmarshal(line, &x)); err != nil {
				t.Fatal(err)
			}
			if x.Status < 300 || x.Body == "" {
				continue
			}
			body, err := bodyOf(parts, x.Body)
			if err != nil || !strings.Contains(string(body), "trefoil-withheld.") || len(body) > 300 || len(x.Withheld) != 1 {
				t.Errorf("%s %d %s %+v %v", x.Operation, x.Status, body, x.Withheld, err)
			}
			refused++
		}
		for _, p := range parts {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	t.Logf("%d error answers", refused)
	if refused < 20 {
		t.Error("the world shows too few error answers")
	}
}

// noBetter compares the results of items: a verdict stays, or becomes insufficient.
func noBetter(t *testing.T, before, after *Judged) {
	t.Helper()
	was := map[string]controls.Verdict{}
	for it, err := range before.Results.Items() {
		if err != nil {
			t.Fatal(err)
		}
		was[it.Control+" "+it.Fact] = it.Verdict
	}
	moved := 0
	for it, err := range after.Results.Items() {
		if err != nil {
			t.Fatal(err)
		}
		old, ok := was[it.Control+" "+it.Fact]
		switch {
		case ok && old == it.Verdict:
		case it.Verdict == controls.Insufficient:
			moved++
			if !strings.Contains(it.Reason, "withheld by rule ") {
				t.Errorf("%s %s: %s", it.Control, it.Fact, it.Reason)
			}
		default:
			t.Errorf("%s %s: was %q, is %q: %s", it.Control, it.Fact, old, it.Verdict, it.Reason)
		}
	}
	t.Logf("%d items became insufficient", moved)
	if moved == 0 {
		t.Error("no item became insufficient")
	}
}

// noMarkerAsValue looks for markers in facts and requests.
func noMarkerAsValue(t *testing.T, r *run.Run, rules []string) {
	t.Helper()
	for _, name := range []string{bundle.FactsName, bundle.ExchangesName} {
		for line, err := range linesOf(r, name) {
			if err != nil {
				t.Fatal(err)
			}
			if rule, ok := evidence.MarkedBy(string(line), rules); ok {
				t.Errorf("%s: rule %s: %s", name, rule, short(line))
			}
		}
	}
}

// One label is withheld, by its name: the others are seen, and nothing hangs on it.
func TestWithheldLabel(t *testing.T) {
	_, r, j, _ := cloverBy(t, "\nwithhold:\n  - {id: label, operations: [\"s3:*\"], fields: [\"/TagSet/Tag[Key=owner]/Value\"], because: a test}\n")
	n := 0
	for _, f := range factsByID(t, r) {
		if f.Kind == "aws.s3.bucket" && f.Tags["data-class"] != "" {
			n++
		}
	}
	if n == 0 {
		t.Error("no bucket's class was seen")
	}
	for it, err := range j.Results.Items() {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(it.Reason, "withheld") {
			t.Errorf("%s %s: %s", it.Control, it.Fact, it.Reason)
		}
	}
}

// Rules that would withhold nothing, or what collectors decide by, are refused with line, cause and cure.
func TestBadWithholding(t *testing.T) {
	good, err := engagement.ParseFile("engagement.yaml", []byte("name: n\nauditor: a\nauditee: b\naws: [{accounts: [\"111122223333\"]}]\nsigning: {key: k, timestamp: none}\n"))
	if err != nil || len(good.Withhold) != 0 {
		t.Fatal(err)
	}
	for rule, says := range map[string][]string{
		`{id: x, operations: ["s3:Nothing"], fields: [/a], because: b}`:                                        {":7: withhold[0].operations[0]", "names no operation"},
		`{id: x, operations: ["s3:GetBucketTagging", "s3:GetBucketTagging"], fields: [/a], because: b}`:        {"operations[1]", "names no operation that is asked, or none"},
		`{id: x, operations: ["plugin:inventory"], fields: [/a], because: b}`:                                  {"operations[0]", "names no operation that is asked"},
		`{id: x, operations: ["s3:GetBucketTagging"], fields: [/TagSet/Tag/Key], because: b}`:                  {":7: withhold[0].fields[0]", "no field that may be withheld", "s3:GetBucketTagging /TagSet/Tag[Key=*]/Value"},
		`{id: x, operations: ["s3:GetBucketPolicy"], fields: [/Statement/*/Principal], because: b}`:            {"fields[0]", "decide by all that they read"},
		`{id: x, operations: ["storage:buckets.getIamPolicy"], fields: ["/bindings/*/members/*"], because: b}`: {"fields[0]", "members/*[=user:*]"},
		`{id: x, operations: ["iam:*"], fields: ["/GetCredentialReportResult/Content#arn"], because: b}`:       {"fields[0]", "and "},
	} {
		f, err := engagement.ParseFile("engagement.yaml", []byte("name: n\nauditor: a\nauditee: b\naws: [{accounts: [\"111122223333\"]}]\nsigning: {key: k, timestamp: none}\nwithhold:\n  - "+rule+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = withholding(f, nil)
		var bad *engagement.FileError
		text := fmt.Sprint(err)
		if errors.As(err, &bad) {
			text += " " + bad.Hint
		}
		if bad == nil || bad.Line != 7 {
			t.Errorf("%s: %v", rule, err)
		}
		for _, s := range says {
			if !strings.Contains(text, s) {
				t.Errorf("%s: %s, want %s", rule, text, s)
			}
		}
	}
}

// The guide lists what may be withheld.
func TestGuideListsWithholdable(t *testing.T) {
	text, err := os.ReadFile("../../../docs/minimisation.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| operation | fields |\n| --- | --- |\n")
	may := Withholdable()
	for _, op := range slices.Sorted(maps.Keys(may)) {
		fmt.Fprintf(&b, "| %s | `%s` |\n", op, strings.Join(may[op], "` `"))
	}
	if !strings.Contains(string(text), b.String()) {
		t.Errorf("docs/minimisation.md lacks:\n%s", b.String())
	}
}

// What may be withheld is of operations that are asked, by paths that can be read.
func TestWithholdable(t *testing.T) {
	text, rules := everythingWithheld()
	f, err := engagement.ParseFile("engagement.yaml", []byte("name: n\nauditor: a\nauditee: b\naws: [{accounts: [\"111122223333\"]}]\nsigning: {key: k, timestamp: none}\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	manifest := &plugin.Manifest{Kinds: []*evidence.Kind{{Attrs: []evidence.Field{{Name: "status", Type: evidence.String}}}}}
	got, err := withholding(f, []*plugin.Plugin{{Spec: engagement.Plugin{Name: "inventory"}, Manifest: manifest}})
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string]int{}
	for op, list := range got {
		for _, one := range list {
			paths[one.Rule]++
		}
		if list[0].Rule != "errors" && list[0].Path.String() == "" {
			t.Errorf("%s: %+v", op, list)
		}
	}
	for _, id := range rules {
		if paths[id] == 0 {
			t.Errorf("rule %s withholds nothing", id)
		}
	}
}
