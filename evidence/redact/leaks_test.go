package redact

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// answer is one that a run has.
type answer struct {
	operation, body string
	outcome         evidence.Status
}

// judgement is one that a run has.
type judgement struct {
	inputs  map[string]string
	results []any
}

// recorded is what a small run holds.
type recorded struct {
	engagement string // x
	target     string // aws-1
	overrides  []string
	inputs     map[string]string
	answers    []answer
	asked      func(i int, x *evidence.Exchange) // what further stands in the exchange of an answer
	coverage   []any
	facts      []any
	judgements []judgement
}

// exchange gives that of an answer.
func (c recorded) exchange(i int) evidence.Exchange {
	a := c.answers[i]
	x := evidence.Exchange{Collector: "c", Target: cmp.Or(c.target, "aws-1"), Region: "eu", Operation: a.operation, Method: "GET", Path: fmt.Sprint("/", i), Body: evidence.Digest([]byte(a.body)), Outcome: a.outcome, Start: at}
	if c.asked != nil {
		c.asked(i, &x)
	}
	x.Identify()
	return x
}

// made gives the run.
func (c recorded) made(t testing.TB) *run.Run {
	t.Helper()
	collector, _ := maker(t, "collector")
	signs := func(kind seal.Kind, name string) func(string) ([]byte, error) {
		return func(digest string) ([]byte, error) {
			return collector.Sign(context.Background(), kind, name, digest, nil)
		}
	}
	path := filepath.Join(t.TempDir(), "run")
	b, err := run.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range c.inputs {
		if err := b.AddInput(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	target := cmp.Or(c.target, "aws-1")
	w, err := bundle.Create(b.Bundles(), target)
	if err != nil {
		t.Fatal(err)
	}
	var exchanges []any
	for i, a := range c.answers {
		if _, err := w.AddBody([]byte(a.body)); err != nil {
			t.Fatal(err)
		}
		exchanges = append(exchanges, c.exchange(i))
	}
	parts, err := w.Finish(bundle.Records{Exchanges: lines(t, exchanges...), Coverage: lines(t, c.coverage...), Facts: lines(t, c.facts...)}, func(manifest []byte) ([]byte, error) {
		return signs(seal.Bundle, bundle.ManifestName)(evidence.Digest(manifest))
	})
	if err != nil {
		t.Fatal(err)
	}
	manifests := map[string]run.BundleFile{parts[0].Name: {Target: target, Manifest: evidence.Digest(parts[0].Manifest)}}
	if _, err := b.Commit(run.Record{Engagement: cmp.Or(c.engagement, "x"), Source: run.Source{Kind: "live"}, AsOf: at, Plan: jsontext.Value(`[]`), Overrides: append([]string{}, c.overrides...), Previous: run.Previous{Verified: "absent"}}, manifests,
		signs(seal.Run, "run.json")); err != nil {
		t.Fatal(err)
	}
	r, err := run.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range c.judgements {
		if _, err := r.AddJudgement(run.Judgement{JudgedAsOf: at, Inputs: j.inputs}, lines(t, j.results...), signs(seal.Judgement, "judgement.json")); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// copiedWithout makes a copy of a run, looks that it verifies and that some texts stand nowhere in it, and gives all that does.
func copiedWithout(t *testing.T, r *run.Run, rules string, gone ...string) string {
	t.Helper()
	signer, trust := maker(t, "redactor")
	dir, _ := made(t, r, rules, signer)
	if _, err := Verify(dir, trust); err != nil {
		t.Error(err)
	}
	all := ""
	for name, text := range everything(t, dir) {
		for _, g := range gone {
			if i := strings.Index(strings.ToLower(text), strings.ToLower(g)); i >= 0 {
				t.Errorf("%s holds %q: …%s…", name[len(dir):], g, text[max(0, i-40):min(len(text), i+len(g)+40)])
			}
		}
		all += text + "\n"
	}
	return all
}

const mails = "withhold:\n  - {id: people, because: a test, operations: [\"s:*\"], fields: [/users/*/email]}\n"

// An answer that is not OK and in which a path cannot be followed to its end is left out whole; one in which it can stays.
func TestAnswersThatAreNotOK(t *testing.T) {
	good := answer{"s:List", `{"users":[{"email":"ann@example.com"}]}`, evidence.OK}
	for name, body := range map[string]string{
		"cut off":              `{"users":[{"email":"zoe@example.com"},{"em`,
		"cut off XML":          `<R><users><email>zoe@example.com`,
		"no text at the path":  `{"users":[{"email":["yan@example.com"]},{"email":"zoe@example.com"}]}`,
		"too short a value":    `{"users":[{"email":"z"},{"email":"zoe@example.com"}]}`,
		"neither JSON nor XML": "zoe@example.com was not found",
	} {
		t.Run(name, func(t *testing.T) {
			r := recorded{answers: []answer{good, {"s:List", body, evidence.Failed}}}.made(t)
			copiedWithout(t, r, mails, "zoe@example.com", "yan@example.com", "ann@example.com", evidence.Digest([]byte(body)))
			signer, _ := maker(t, "redactor")
			of := recorded{answers: []answer{good, {"s:List", body, evidence.OK}}}.made(t)
			if _, err := Make(making(t, of, mails, signer)); err == nil || !strings.Contains(err.Error(), "withhold it whole (bodies)") {
				t.Errorf("an OK answer: %v", err)
			}
		})
	}
	denied := `{"message":"not authorized"}`
	r := recorded{answers: []answer{good, {"s:List", denied, evidence.Denied}, {"s:List", "", evidence.Failed}, {"t:List", "plain text", evidence.Failed}}}.made(t)
	if all := copiedWithout(t, r, mails, "ann@example.com"); !strings.Contains(all, denied) || !strings.Contains(all, "plain text") {
		t.Error("an answer that holds nothing withheld is not as it was")
	}
	typo := strings.Replace(mails, "email", "mail", 1)
	signer, _ := maker(t, "redactor")
	if _, err := Make(making(t, recorded{answers: []answer{good, {"s:List", `{"users":[{`, evidence.Failed}}}.made(t), typo, signer)); err == nil || !strings.Contains(err.Error(), "finds no value") {
		t.Errorf("an answer that was cut off counts as found: %v", err)
	}
}

const rosterHead = "id,employer,country,team,principals\n"

// A judgement that was made with other files than the run's has them withheld too, and the digests that name them.
func TestInputsOfAJudgement(t *testing.T) {
	old := rosterHead + "p-0001,Acme,IE,ops,user:ann@example.com\n"
	later := strings.Replace(old, "Acme", "Acme Ltd", 1) + "p-0002,Acme,IE,ops,\n"
	waivers := "waivers: [] # none\n"
	judged := []judgement{{map[string]string{"roster.csv": old, "waivers.yaml": waivers}, nil},
		{map[string]string{"roster.csv": later, "waivers.yaml": waivers}, []any{map[string]any{"fact": "person:p-0002", "from": []string{"i:" + evidence.Digest([]byte(later)) + "#3", "i:" + evidence.Digest([]byte(waivers)) + "#1"}}}}}
	r := recorded{inputs: map[string]string{"roster.csv": old}, judgements: judged}.made(t)
	byInput := func(name string) string {
		return "withhold:\n  - {id: people, because: a test, inputs: [\"" + name + "\"]}\n"
	}
	all := copiedWithout(t, r, byInput("roster.csv#id"), "p-0001", "p-0002", evidence.Digest([]byte(old)), evidence.Digest([]byte(later)))
	for _, left := range []string{"waivers: []", evidence.Digest([]byte(waivers)), "Acme Ltd"} {
		if !strings.Contains(all, left) {
			t.Errorf("%q, which holds nothing withheld, is gone", left)
		}
	}
	copiedWithout(t, r, byInput("roster.csv"), "ann@example.com", evidence.Digest([]byte(later)))
	// A file that judgements alone have can be withheld; one that nobody has, or that one of them has in another form, is refused.
	copiedWithout(t, recorded{judgements: judged}.made(t), byInput("roster.csv#id"), "p-0001", "p-0002")
	signer, _ := maker(t, "redactor")
	for name, c := range map[string]struct {
		run   recorded
		input string
		says  string // "": the copy is made
	}{
		"in no judgement":          {recorded{judgements: judged}, "staff.csv#id", `"staff.csv#id" finds no value`},
		"no such column":           {recorded{judgements: judged}, "roster.csv#name", `"roster.csv#name" finds no value`},
		"the column gone in one":   {recorded{inputs: map[string]string{"roster.csv": "name\np-0001\n"}, judgements: judged}, "roster.csv#id", "rule people: inputs/roster.csv has no column id that can be read"},
		"one that says nothing":    {recorded{inputs: map[string]string{"roster.csv": "\n"}, judgements: judged}, "roster.csv#id", ""},
		"one that says no people":  {recorded{inputs: map[string]string{"roster.csv": rosterHead}, judgements: judged}, "roster.csv#id", ""},
		"and whole":                {recorded{inputs: map[string]string{"roster.csv": "\n"}, judgements: judged}, "roster.csv", ""},
		"all of which say nothing": {recorded{inputs: map[string]string{"roster.csv": "\n"}}, "roster.csv", "finds no value"},
	} {
		if _, err := Make(making(t, c.run.made(t), byInput(c.input), signer)); c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A judgement that was removed since is named by one that came after it: its digest is withheld as that of others.
func TestRemovedJudgement(t *testing.T) {
	roster := rosterHead + "p-0001,Acme,IE,ops,\n"
	r := recorded{inputs: map[string]string{"roster.csv": roster}, judgements: []judgement{{map[string]string{"roster.csv": roster}, nil}, {map[string]string{"a": "b"}, nil}}}.made(t)
	all, err := r.Judgements()
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	for _, digest := range all {
		inputs, err := r.JudgementInputs(digest)
		if err != nil {
			t.Fatal(err)
		}
		if inputs["roster.csv"] == "" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(r.Path, "judgements", digest)); err != nil {
			t.Fatal(err)
		}
		if r, err = run.Open(r.Path); err != nil {
			t.Fatal(err)
		}
		copiedWithout(t, r, "withhold:\n  - {id: people, because: a test, inputs: [\"roster.csv#id\"]}\n", digest)
	}
}

// Cells are read as the roster is: a list has parts, # begins no comment, a byte order mark and doubled quotes are writing.
func TestColumnsOfInputs(t *testing.T) {
	rest := "p-2,Beta,IE,dev,user:bea@example.com\n"
	for name, c := range map[string]struct {
		roster, column string
		fact           string // what results name
		gone           []string
		stays          string
	}{
		"principals": {rosterHead + "p-1,Acme,IE,ops,user:ann@example.com; user:ann@example.org;\n" + rest, "principals", "human:user:ann@example.com", []string{"ann@example", "bea@example"}, "p-1,Acme"},
		"a number":   {rosterHead + "#0042,Acme,IE,ops,\n" + rest, "id", "person:#0042", []string{"#0042", "p-2"}, "Acme,IE"},
		"quotes":     {rosterHead + "p-1,\"Acme \"\"Ireland\"\" Ltd\",IE,ops,\n" + rest, "employer", `Acme "Ireland" Ltd`, []string{"Acme", "Ireland", "Beta"}, "p-2,"},
		"a mark":     {"\ufeff" + rosterHead + "p-1,Acme,IE,ops,\n" + rest, "id", "person:p-1", []string{"p-1", "p-2"}, "Acme,IE"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := engagement.ParseRoster("roster.csv", []byte(c.roster)); err != nil {
				t.Fatal(err)
			}
			r := recorded{inputs: map[string]string{"roster.csv": c.roster}, judgements: []judgement{{map[string]string{"roster.csv": c.roster}, []any{map[string]any{"fact": c.fact}}}}}.made(t)
			if all := copiedWithout(t, r, "withhold:\n  - {id: people, because: a test, inputs: [\"roster.csv#"+c.column+"\"]}\n", c.gone...); !strings.Contains(all, c.stays) {
				t.Errorf("%q is gone", c.stays)
			}
		})
	}
	yaml := "a: 'O''Brien'\nb: O'Brien\nc: 'it''s'\n"
	r := recorded{inputs: map[string]string{"register.yaml": yaml}, judgements: []judgement{{map[string]string{"register.yaml": yaml}, nil}}}.made(t)
	if all := copiedWithout(t, r, "withhold:\n  - {id: people, because: a test, values: [\"O'Brien\"]}\n", "Brien"); !strings.Contains(all, "c: 'it''s'") {
		t.Error("another line with quotes is gone")
	}
}

// Every cell that the roster's reader reads of a column is among those that are withheld.
func FuzzCells(f *testing.F) {
	f.Add(rosterHead + "p-1,\"Acme \"\"I\"\" Ltd\",IE,ops,user:a@example.com;user:b@example.com\n#2,B,IE,x,\n")
	f.Add("\ufeff" + rosterHead + "p-1,A,IE,o,\n")
	f.Fuzz(func(t *testing.T, text string) {
		people, err := engagement.ParseRoster("roster.csv", []byte(text))
		if err != nil {
			return
		}
		cells := map[string][]string{}
		for _, column := range []string{"id", "employer", "team", "principals"} {
			var ok bool
			if cells[column], ok = cellsOf(text, column); !ok {
				t.Fatalf("%q: no column %s", text, column)
			}
		}
		for _, p := range people {
			for column, all := range map[string][]string{"id": {p.ID}, "employer": {p.Employer}, "team": {p.Team}, "principals": p.Principals} {
				for _, one := range all {
					if !slices.Contains(cells[column], one) {
						t.Fatalf("%q: %s %q is not among %q", text, column, one, cells[column])
					}
				}
			}
		}
	})
}

// The id of a domain's project is withheld as its target writes it too, and revealed as that.
func TestProjectOfADomain(t *testing.T) {
	const id = "example.com:mail"
	target := engagement.ProjectTarget(id)
	r := recorded{target: target, answers: []answer{{"s:List", `{"users":[{"email":"` + id + `"},{"email":"urn:a/b c:d"}]}`, evidence.OK}},
		facts: []any{map[string]any{"id": "f", "kind": "k.a", "schema": 1, "provider": "gcp", "target": target, "region": "eu", "name": "n", "seen": at, "from": []string{}}}}.made(t)
	copiedWithout(t, r, mails, id, "example.com_mail")
	copiedWithout(t, r, "withhold:\n  - {id: people, because: a test, values: [\""+id+"\"]}\n", id, "example.com_mail")
	signer, trust := maker(t, "redactor")
	dir, m := made(t, r, mails, signer)
	v, err := Verify(dir, trust)
	if err != nil {
		t.Fatal(err)
	}
	_, salts, _ := strings.Cut(string(m.Secrets), "\n")
	revealed, err := v.Prove("salts", []byte(salts))
	if err != nil || !slices.ContainsFunc(revealed, func(r Revealed) bool { return r.Value == "example.com_mail" }) {
		t.Errorf("%+v %v", revealed, err)
	}
	if v.Record.Rules[0].Values != 2 {
		t.Errorf("%+v: writings of a value are counted as values", v.Record.Rules)
	}
	// A literal that only the target's name holds is found.
	alone := recorded{target: target, answers: []answer{{"s:List", `{"a":1}`, evidence.OK}}}.made(t)
	copiedWithout(t, alone, "withhold:\n  - {id: people, because: a test, values: [\""+id+"\"]}\n", "example.com_mail")
	for text, want := range map[string]string{"arn:aws:s3:::a/b": "", "a: b": "", "id,a\nb:c\n": "", "plain": "", "a_b": "", "user:ann@example.com": "user_ann@example.com"} {
		if got := inFileName(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// A folder under which no file of the copy lies is refused, wherever it is; a copy without one verifies.
func TestEmptyFolderOfACopy(t *testing.T) {
	signer, trust := maker(t, "redactor")
	dir, _ := made(t, planted(t), plantedRules, signer)
	for folder, top := range map[string]string{"files/judgements/0000-verified-by-nobody": "files/judgements/0000-verified-by-nobody", "a": "a", "files/inputs/z": "files/inputs/z", "files/inputs.d/y/z": "files/inputs.d", "zzz": "zzz"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		var bad *CopyError
		if _, err := Verify(dir, trust); !errors.As(err, &bad) || !strings.Contains(err.Error(), "holds no file of the copy") || bad.File != top {
			t.Errorf("%s: %v", folder, err)
		}
		if err := os.RemoveAll(filepath.Join(dir, top)); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(dir, trust); err != nil {
			t.Errorf("%s removed: %v", folder, err)
		}
	}
}

// What a copy could not say, or nobody would read of it, is refused before it is written.
func TestMoreValuesThanACopySays(t *testing.T) {
	var csvText strings.Builder
	w := csv.NewWriter(&csvText)
	for i := range 200 {
		if err := w.Write([]string{fmt.Sprintf("p-%04d", i), "x"}); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	r := recorded{inputs: map[string]string{"staff.csv": "id,b\n" + csvText.String()}}.made(t)
	source := func(most int) *source {
		return &source{run: r, rules: parsed(t, "withhold:\n  - {id: people, because: a test, inputs: [\"staff.csv#id\"]}\n"), values: newValues(make([]byte, 32), r.Digest), whole: map[string]string{}, found: map[string]int{}, named: map[string]map[string]bool{}, most: most}
	}
	for most, refused := range map[int]bool{100: true, 199: true, 1000: false} {
		s := source(most)
		if err := s.collect(); err != nil {
			t.Fatal(err)
		}
		if err := s.rehearse(); refused != (err != nil) || refused && !strings.Contains(err.Error(), fmt.Sprintf("over %d values are to be withheld", most)) {
			t.Errorf("%d: %v", most, err)
		}
	}
	for table, refused := range map[int]bool{minCommitment * 100: true, 1 << 20: false} {
		s := source(maxValues)
		if err := errors.Join(s.collect(), s.rehearse()); err != nil {
			t.Fatal(err)
		}
		all := s.values.number()
		w := newWriter(t.TempDir(), s, table)
		if err := w.all(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.record(Making{Run: r, Rules: s.rules}, all); refused != (err != nil) || refused && !strings.Contains(err.Error(), "commitments.jsonl would have over") {
			t.Errorf("%d: %v", table, err)
		}
	}
	shortest, err := evidence.Canonical(Commitment{ID: "withheld-01020304-0000001", Rule: "r", Commitment: evidence.Digest(nil), Places: []Place{{"x", 1}}})
	if err != nil || len(shortest)+1 < minCommitment {
		t.Errorf("the shortest line has %d bytes: %v", len(shortest)+1, err)
	}
	if _, err := ParseCommitments(append(shortest, '\n'), "01020304"); err != nil {
		t.Error(err)
	}
}
