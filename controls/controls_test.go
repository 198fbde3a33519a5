package controls

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
)

var testBucket = &evidence.Kind{Name: "aws.s3.bucket", Schema: 1, Facets: []string{"store", "located", "copies", "exposure", "protection"},
	NotApplicable: map[string]string{"/exposure/network": "none", "/protection/recoverable_days": "none", "/protection/delete_protected": "none"},
	Attrs: []evidence.Field{{Name: "tls_only", Type: evidence.Bool}, {Name: "days", Type: evidence.Int}, {Name: "at", Type: evidence.Time},
		{Name: "list", Type: evidence.String, List: true}}}

var testVolume = &evidence.Kind{Name: "aws.ec2.volume", Schema: 1, Facets: []string{"store", "located"}}

// testInventory is a second source of buckets and volumes.
var testInventory = &evidence.Kind{Name: "aws.inventory.thing", Schema: 1, NotApplicable: map[string]string{"/tags": "none"},
	Attrs: []evidence.Field{{Name: "native", Type: evidence.String}, {Name: "native_kind", Type: evidence.String, Enum: []string{"aws.ec2.volume", "aws.s3.bucket"}}}}

func testKinds(t testing.TB) evidence.Kinds {
	t.Helper()
	kinds, err := evidence.NewKinds(testBucket, testVolume, testInventory)
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

func testTable(t testing.TB) *place.Table {
	t.Helper()
	table, err := place.Load(place.Default())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// file makes a catalogue file of one control; %s stands for the test's lines.
func file(id, test string) string {
	return fmt.Sprintf(`id: %s
title: T
objective: O
procedure: P
severity: high
parameters: [allowed_locations]
tests:
%s
says: {pass: yes it does, fail: no it does not}
cases:
  good: [{name: g, kind: aws.s3.bucket, set: {/store/class: object, /located: [eu-west-1]}}]
  bad: [{name: b, kind: aws.s3.bucket, set: {/store/class: object, /located: [us-east-1]}}]
  unknown: [{name: u, kind: aws.s3.bucket, set: {/store/class: object}}]
`, id, test)
}

const located = "  - {facet: store, test: \"within(fact.located, params.allowed_locations)\"}"

func load(t testing.TB, files map[string]string) *Catalogue {
	t.Helper()
	c, err := Load(files, testKinds(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// bucket makes a case's fact: what is not set is unknown.
func bucket(t testing.TB, id string, set map[string]any) *evidence.Fact {
	t.Helper()
	c := Case{Name: id, ID: id, Kind: "aws.s3.bucket", Set: set}
	f, err := c.fact(testKinds(t))
	if err != nil {
		t.Fatal(err)
	}
	f.Target = "aws-111122223333"
	return f
}

// one evaluates a single test on a single fact.
func one(t *testing.T, test string, c *Case) (Verdict, []string) {
	t.Helper()
	c.Kind = "aws.s3.bucket"
	catalogue := load(t, map[string]string{"a.yaml": file("EDS-RES-01", "  - {kinds: [aws.s3.bucket], test: "+fmt.Sprintf("%q", test)+"}")})
	*catalogue.env.world = world{asOf: caseTime, table: testTable(t), trusted: caseTrusted}
	f, err := c.fact(testKinds(t))
	if err != nil {
		t.Fatal(err)
	}
	params, err := parameterValues(engagement.DefaultParameters(), testTable(t))
	if err != nil {
		t.Fatal(err)
	}
	got, inside := catalogue.test(context.Background(), catalogue.Controls[0], f, params, func(*compiled) bool { return true })
	if !inside {
		t.Fatal("not in the population")
	}
	return got.verdict, got.missing
}

// Each line is a way in which something that was not seen could have counted as seen.
func TestUnknownIsNeverLost(t *testing.T) {
	cut := []string{"/attrs/list"}
	for name, c := range map[string]struct {
		test string
		set  map[string]any
		cut  []string
		want Verdict
	}{
		"field not seen":                      {`fact.attrs.tls_only == true`, nil, nil, Insufficient},
		"whole record not seen":               {`fact.protection.lock != null && fact.protection.lock.days > 3`, nil, nil, Insufficient},
		"record not seen, held against null":  {`fact.protection.lock != null`, map[string]any{"/protection/versioned": true}, nil, Insufficient},
		"none is not unknown":                 {`fact.protection.lock == null`, map[string]any{"/protection/lock": nil}, nil, Pass},
		"negation of unknown":                 {`!(fact.attrs.tls_only == true)`, nil, nil, Insufficient},
		"unknown and false":                   {`fact.attrs.tls_only == true && 1 > 2`, nil, nil, Fail},
		"unknown or true":                     {`fact.attrs.tls_only == true || 2 > 1`, nil, nil, Pass},
		"conditional on unknown":              {`fact.attrs.tls_only == true ? 2 > 1 : 2 > 1`, nil, nil, Insufficient},
		"cut list without witness":            {`fact.attrs.list.all(l, l == "eu")`, map[string]any{"/attrs/list": []any{"eu"}}, cut, Insufficient},
		"cut list with witness":               {`fact.attrs.list.all(l, l == "eu")`, map[string]any{"/attrs/list": []any{"us"}}, cut, Fail},
		"cut list lacks what was asked for":   {`!("us" in fact.attrs.list)`, map[string]any{"/attrs/list": []any{"eu"}}, cut, Insufficient},
		"cut list has what was asked for":     {`"eu" in fact.attrs.list`, map[string]any{"/attrs/list": []any{"eu"}}, cut, Pass},
		"size of a cut list":                  {`size(fact.attrs.list) == 1`, map[string]any{"/attrs/list": []any{"eu"}}, cut, Insufficient},
		"exists on a cut list":                {`fact.attrs.list.exists(l, l == "us")`, map[string]any{"/attrs/list": []any{"eu"}}, cut, Insufficient},
		"whole list":                          {`!("us" in fact.attrs.list) && size(fact.attrs.list) == 1`, map[string]any{"/attrs/list": []any{"eu"}}, nil, Pass},
		"empty list of places":                {`within(fact.located, params.allowed_locations)`, map[string]any{"/located": []any{}}, nil, Insufficient},
		"cut places, all inside":              {`within(fact.located, params.allowed_locations)`, map[string]any{"/located": []any{"eu-west-1"}}, []string{"/located"}, Insufficient},
		"cut places, one outside":             {`within(fact.located, params.allowed_locations)`, map[string]any{"/located": []any{"us-east-1"}}, []string{"/located"}, Fail},
		"unlisted place":                      {`within(fact.located, params.allowed_locations)`, map[string]any{"/located": []any{"mars-1"}}, nil, Insufficient},
		"London":                              {`within(fact.located, params.allowed_locations)`, map[string]any{"/located": []any{"eu-west-2"}}, nil, Fail},
		"enum value that nobody knows":        {`fact.store.class == "object"`, map[string]any{"/store/class": "hologram"}, nil, Insufficient},
		"enum value that nobody knows, negat": {`fact.store.class != "object"`, map[string]any{"/store/class": "hologram"}, nil, Insufficient},
		"labels not seen":                     {`!("env" in fact.tags)`, nil, nil, Insufficient},
		"comparison with none":                {`fact.attrs.days <= 3`, map[string]any{"/attrs/days": nil}, nil, Error},
		"place of a copy not joined":          {`fact.copies.all(c, within(c.located, params.allowed_locations))`, map[string]any{"/copies": []any{map[string]any{"how": "replica", "to": "x", "active": true, "owner": nil}}}, nil, Insufficient},
		"nobody's account":                    {`trusted("*")`, nil, nil, Fail},
		"no account in the name":              {`trusted("alias/x")`, nil, nil, Insufficient},
		"part that nobody collects":           {`unread("s3:X") && 2 > 1`, nil, nil, Insufficient},
		"part that nobody collects, witness":  {`unread("s3:X") && 1 > 2`, nil, nil, Fail},
		"text in place of a number":           {`fact.attrs.days == 3`, map[string]any{"/attrs/days": 3}, nil, Pass},
	} {
		t.Run(name, func(t *testing.T) {
			got, missing := one(t, c.test, &Case{Name: "c", Set: c.set, CutAt: c.cut})
			if got != c.want {
				t.Errorf("%s: %s %v, want %s", c.test, got, missing, c.want)
			}
			if got == Insufficient && len(missing) == 0 {
				t.Error("insufficient without saying why")
			}
		})
	}
}

// What does not fit its declared type, as a damaged or newer fact has it, is not seen.
func TestMisfitIsUnknown(t *testing.T) {
	c := load(t, map[string]string{"a.yaml": file("EDS-RES-01", `  - {kinds: [aws.s3.bucket], test: "fact.attrs.days == 3"}`)})
	f := bucket(t, "b", nil)
	delete(f.Unknowns, "/attrs/days")
	delete(f.Unknowns, "/attrs")
	f.Fields["attrs"] = map[string]any{"days": "3"}
	got, _ := c.test(context.Background(), c.Controls[0], f, map[string]any{}, func(*compiled) bool { return true })
	if got.verdict != Insufficient {
		t.Errorf("got %s", got.verdict)
	}
}

func TestLoadRefuses(t *testing.T) {
	test := func(s string) string {
		return file("EDS-RES-01", "  - {kinds: [aws.s3.bucket], test: "+fmt.Sprintf("%q", s)+"}")
	}
	for name, c := range map[string]struct{ text, want string }{
		"unknown field":         {file("EDS-RES-01", located) + "colour: red\n", "colour"},
		"misspelt fact field":   {test("fact.attrs.tls_onyl == true"), "undefined field"},
		"wrong type":            {test(`fact.attrs.tls_only == "yes"`), "no matching overload"},
		"not a truth":           {test("size(fact.attrs.list)"), "not true or false"},
		"syntax":                {test("fact.attrs.tls_only =="), "Syntax error"},
		"has()":                 {test("has(fact.attrs.tls_only)"), "undeclared reference"},
		"index":                 {test(`fact.attrs.list[0] == "a"`), "not for tests"},
		"sum of lists":          {test(`size(fact.attrs.list + ["a"]) == 1`), "neither compared nor added"},
		"lists compared":        {test(`fact.attrs.list == ["a"]`), "neither compared nor added"},
		"places compared":       {test(`fact.located == fact.located`), "neither compared nor added"},
		"element not read":      {test(`fact.attrs.list.exists(a, true)`), "must look at their element"},
		"missing label":         {test(`fact.tags.env == "x"`), "missing label"},
		"map":                   {test(`{"a": 1}.size() == 1`), "makes no maps"},
		"cost":                  {test(`fact.attrs.list.all(a, fact.attrs.list.all(b, fact.attrs.list.all(c, a + b + c != "x")))`), "limit"},
		"parameter not named":   {test(`fact.attrs.days < params.max_age_days`), "undeclared reference"},
		"no such parameter":     {strings.Replace(test("2 > 1"), "[allowed_locations]", "[colour]", 1), "no parameter"},
		"field that some lack":  {file("EDS-RES-01", `  - {facet: store, test: "fact.exposure.public == false"}`), "undefined field"},
		"no such kind":          {file("EDS-RES-01", `  - {kinds: [aws.none], test: "2 > 1"}`), "no kind"},
		"no such facet":         {file("EDS-RES-01", `  - {facet: storage, test: "2 > 1"}`), "no kind carries"},
		"exempt without reason": {file("EDS-RES-01", `  - {facet: store, exempt: {aws.s3.bucket: ""}, test: "2 > 1"}`), "no reason"},
		"sentence of no field":  {file("EDS-RES-01", `  - {facet: store, test: "2 > 1", says: {fail: "It lacks {attrs.days}."}}`), "no field of aws.ec2.volume"},
		"sentence of a record":  {file("EDS-RES-01", `  - {facet: store, test: "2 > 1", says: {fail: "It is {store}."}}`), "can be read out"},
		"bad id":                {file("RES1", located), "of the form"},
		"no bad case":           {strings.Replace(file("EDS-RES-01", located), "  bad:", "  good2:", 1), "good2"},
		"case of no field":      {strings.Replace(file("EDS-RES-01", located), "/located: [us", "/lokated: [us", 1), "no field"},
		"case of no kind":       {strings.Replace(file("EDS-RES-01", located), "name: b, kind: aws.s3.bucket", "name: b, kind: x", 1), "no kind"},
		"two documents":         {file("EDS-RES-01", located) + "---\nid: x\n", "several documents"},
		"alias bomb":            {"id: &a x\ntitle: *a\n", "anchors and aliases"},
		"no text":               {"", "is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(map[string]string{"a.yaml": c.text}, testKinds(t))
			var fault *CatalogueError
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "a.yaml:") ||
				fault.Line == 0 && name != "no text" && name != "two documents" {
				t.Errorf("got %v, want something about %q in a line of a.yaml", err, c.want)
			}
		})
	}
	if _, err := Load(map[string]string{"a.yaml": file("EDS-RES-01", located), "b.yaml": file("EDS-RES-01", located)}, testKinds(t)); err == nil || !strings.Contains(err.Error(), "duplicate id: also in a.yaml") {
		t.Errorf("two controls of one id: %v", err)
	}
	if _, err := Load(nil, testKinds(t)); err == nil {
		t.Error("an empty catalogue was taken")
	}
}

// world1 is a run that the roll-up tests change.
func world1(t testing.TB, facts ...*evidence.Fact) Input {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	return Input{AsOf: at, JudgedAsOf: at, Targets: []Target{{ID: "aws-111122223333", Provider: "aws", Account: "111122223333", First: at, Last: at}},
		Facts: linesOf(t, facts...), Table: testTable(t), Register: &engagement.Register{},
		Parameters: engagement.DefaultParameters(),
		Coverage: []evidence.Row{{ID: "aws-111122223333/global/s3:ListBuckets", Target: "aws-111122223333", Operation: "s3:ListBuckets", List: true, Kinds: []string{"aws.s3.bucket"}, Status: evidence.OK},
			{ID: "aws-111122223333/eu-west-1/ec2:DescribeVolumes", Target: "aws-111122223333", Region: "eu-west-1", Operation: "ec2:DescribeVolumes", List: true, Kinds: []string{"aws.ec2.volume"}, Status: evidence.Empty}}}
}

// linesOf gives facts as a bundle has them.
func linesOf(t testing.TB, facts ...*evidence.Fact) func() iter.Seq2[[]byte, error] {
	t.Helper()
	var lines [][]byte
	for _, f := range facts {
		line, err := f.Encode()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return func() iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			for _, line := range lines {
				if !yield(slices.Clone(line), nil) {
					return
				}
			}
		}
	}
}

// encoded gives results as they are recorded.
func encoded(t testing.TB, r *Results) (out []string) {
	t.Helper()
	for line, err := range r.Encoded() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(line))
	}
	return out
}

// items and ruledOut read the streams of results to their ends.
func items(t testing.TB, r *Results) (out []Item) {
	t.Helper()
	for i, err := range r.Items() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, i)
	}
	return out
}

func ruledOut(t testing.TB, r *Results) (out []Ruled) {
	t.Helper()
	for o, err := range r.Out() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

func judge(t testing.TB, in Input) (*Results, Line) {
	t.Helper()
	c := load(t, map[string]string{"a.yaml": file("EDS-RES-01", located)})
	r, err := c.Judge(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r, r.Lines[0]
}

func TestRollUp(t *testing.T) {
	good := bucket(t, "good", map[string]any{"/located": []any{"eu-west-1"}})
	bad := bucket(t, "bad", map[string]any{"/located": []any{"us-east-1"}})
	dim := bucket(t, "dim", nil)
	denied := func(in *Input) { in.Coverage[1].Status = evidence.Denied }
	for name, c := range map[string]struct {
		facts  []*evidence.Fact
		change func(*Input)
		want   Verdict
		fails  int
		gaps   int
	}{
		"all pass":                {[]*evidence.Fact{good}, nil, Pass, 0, 0},
		"one fails":               {[]*evidence.Fact{good, bad, dim}, nil, Fail, 1, 1},
		"one not seen":            {[]*evidence.Fact{good, dim}, nil, Insufficient, 0, 1},
		"list denied":             {[]*evidence.Fact{good}, denied, Insufficient, 0, 1},
		"list denied, a witness":  {[]*evidence.Fact{bad}, denied, Fail, 1, 1},
		"nothing, proven":         {nil, nil, NotApplicable, 0, 0},
		"nothing, not proven":     {nil, denied, Insufficient, 0, 1},
		"region never opted in":   {[]*evidence.Fact{good}, func(in *Input) { in.Coverage[1].Status = evidence.NotEnabled }, Pass, 0, 0},
		"list not planned at all": {[]*evidence.Fact{good}, func(in *Input) { in.Coverage = in.Coverage[:1] }, Insufficient, 0, 1},
		"list throttled":          {[]*evidence.Fact{good}, func(in *Input) { in.Coverage[0].Status = evidence.Throttled }, Insufficient, 0, 1},
		"status of a newer build": {[]*evidence.Fact{good}, func(in *Input) { in.Coverage[0].Status = "splendid" }, Insufficient, 0, 1},
		"item call denied gates nothing": {[]*evidence.Fact{good}, func(in *Input) {
			in.Coverage = append(in.Coverage, evidence.Row{ID: "i", Target: "aws-111122223333", Status: evidence.Denied})
		}, Pass, 0, 0},
		"discovery denied gates everything": {[]*evidence.Fact{good}, func(in *Input) {
			in.Coverage = append(in.Coverage, evidence.Row{ID: "d", Target: "aws-111122223333", Discovery: true, Status: evidence.Denied})
		}, Insufficient, 0, 1},
		"no target of the provider":          {nil, func(in *Input) { in.Targets, in.Coverage = nil, nil }, NotApplicable, 0, 0},
		"gap accepted":                       {[]*evidence.Fact{good}, func(in *Input) { denied(in); in.Gaps = gapUntil(in, "*/ec2:*", 24*time.Hour) }, Insufficient, 0, 0},
		"gap accepted for another operation": {[]*evidence.Fact{good}, func(in *Input) { denied(in); in.Gaps = gapUntil(in, "*/s3:*", 24*time.Hour) }, Insufficient, 0, 1},
		"accepted gap has ended":             {[]*evidence.Fact{good}, func(in *Input) { denied(in); in.Gaps = gapUntil(in, "*/ec2:*", 0) }, Insufficient, 0, 1},
		"item's gap accepted":                {[]*evidence.Fact{dim}, func(in *Input) { in.Gaps = gapUntil(in, "case*", 24*time.Hour) }, Insufficient, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, c.facts...)
			if c.change != nil {
				c.change(&in)
			}
			_, l := judge(t, in)
			if l.Verdict != c.want || l.OpenFails != c.fails || l.OpenGaps != c.gaps {
				t.Errorf("%s, %d open fails, %d open gaps; want %s, %d, %d (%s)", l.Verdict, l.OpenFails, l.OpenGaps, c.want, c.fails, c.gaps, l.Reason)
			}
			if l.Witness != (Witness{1, 1, 1}) {
				t.Errorf("witness %+v", l.Witness)
			}
		})
	}
}

func gapUntil(in *Input, pattern string, d time.Duration) []engagement.AcceptedGap {
	return []engagement.AcceptedGap{{ID: "g", Pattern: pattern, Reason: "r", By: "b", Approved: engagement.Date{Time: in.AsOf.Add(-time.Hour)}, Until: engagement.Date{Time: in.AsOf.Add(d)}}}
}

// A waiver never turns a fail into a pass, and counts in its time alone.
func TestWaiver(t *testing.T) {
	bad := bucket(t, "bad", map[string]any{"/located": []any{"us-east-1"}})
	for name, c := range map[string]struct {
		approved, until time.Duration
		control, items  string
		open            int
		late            bool
	}{
		"counts":           {-time.Hour, time.Hour, "EDS-RES-01", "bad", 0, false},
		"counts at once":   {0, time.Hour, "EDS-RES-01", "b*", 0, false},
		"ended just now":   {-time.Hour, 0, "EDS-RES-01", "bad", 1, false},
		"not yet approved": {time.Hour, 2 * time.Hour, "EDS-RES-01", "bad", 1, true},
		"another item":     {-time.Hour, time.Hour, "EDS-RES-01", "ba", 1, false},
		"another control":  {-time.Hour, time.Hour, "EDS-RES-02", "bad", 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, bad)
			in.Waivers = []engagement.Waiver{{ID: "w", Control: c.control, Items: c.items, Reason: "r", By: "b",
				Approved: engagement.Date{Time: in.AsOf.Add(c.approved)}, Until: engagement.Date{Time: in.AsOf.Add(c.until)}}}
			r, l := judge(t, in)
			if l.Verdict != Fail || l.OpenFails != c.open || items(t, r)[0].Verdict != Fail {
				t.Errorf("%s with %d open fails; want fail with %d", l.Verdict, l.OpenFails, c.open)
			}
			if a := items(t, r)[0].Accepted; c.late != (a != nil && a.Late) {
				t.Errorf("acceptance %+v", a)
			}
		})
	}
}

func TestScope(t *testing.T) {
	rule := func(id, scope string, tags map[string]string, names ...string) engagement.ScopeRule {
		return engagement.ScopeRule{ID: id, Scope: scope, Tags: tags, Names: names, Because: "because"}
	}
	tagged := func(id string, tags map[string]string) *evidence.Fact {
		f := bucket(t, id, map[string]any{"/located": []any{"us-east-1"}})
		delete(f.Unknowns, "/tags")
		return f.SetTags(tags)
	}
	unseen := bucket(t, "unseen", map[string]any{"/located": []any{"us-east-1"}})
	public := map[string]string{"class": "public"}
	for name, c := range map[string]struct {
		fact  *evidence.Fact
		rules []engagement.ScopeRule
		want  Verdict
		rule  string
	}{
		"no rule":                              {tagged("a", nil), nil, Fail, "default"},
		"out by a label":                       {tagged("a", public), []engagement.ScopeRule{rule("o", "out", public)}, NotApplicable, ""},
		"label not there":                      {tagged("a", nil), []engagement.ScopeRule{rule("o", "out", public)}, Fail, "default"},
		"labels not seen":                      {unseen, []engagement.ScopeRule{rule("o", "out", public)}, Insufficient, "o"},
		"labels not seen, rules agree":         {unseen, []engagement.ScopeRule{rule("i", "in", public)}, Fail, "default"},
		"out by name, labels do not matter":    {unseen, []engagement.ScopeRule{rule("o", "out", nil, "un*")}, NotApplicable, ""},
		"first rule wins":                      {tagged("a", public), []engagement.ScopeRule{rule("i", "in", nil, "a"), rule("o", "out", public)}, Fail, "i"},
		"earlier rule could have said in":      {unseen, []engagement.ScopeRule{rule("i", "in", public), rule("o", "out", nil, "un*")}, Insufficient, "i"},
		"label of another value, any is asked": {tagged("a", map[string]string{"class": "x"}), []engagement.ScopeRule{rule("o", "out", map[string]string{"class": "*"})}, NotApplicable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, c.fact)
			in.Register.Scope = c.rules
			r, l := judge(t, in)
			if l.Verdict != c.want {
				t.Fatalf("got %s (%s), want %s", l.Verdict, l.Reason, c.want)
			}
			if c.want == NotApplicable {
				if len(ruledOut(t, r)) != 1 || ruledOut(t, r)[0].Rule != "o" || ruledOut(t, r)[0].Because != "because" || l.OutOfScope != 1 {
					t.Errorf("ruled out: %+v", ruledOut(t, r))
				}
			} else if items(t, r)[0].ScopeRule != c.rule {
				t.Errorf("decided by %q, want %q", items(t, r)[0].ScopeRule, c.rule)
			}
		})
	}
}

// A copy of an in-scope store is in scope, whatever its own label says.
func TestScopeFollowsCopies(t *testing.T) {
	from := bucket(t, "from", map[string]any{"/located": []any{"eu-west-1"}, "/copies": []any{map[string]any{"how": "replica", "to": "to", "active": true, "owner": nil}}})
	to := bucket(t, "to", map[string]any{"/located": []any{"us-east-1"}})
	in := world1(t, from, to)
	in.Register.Scope = []engagement.ScopeRule{{ID: "o", Scope: "out", Names: []string{"to"}, Because: "scratch"}}
	r, l := judge(t, in)
	if l.Verdict != Fail || len(ruledOut(t, r)) != 0 || items(t, r)[1].ScopeRule != "graph:from" {
		t.Errorf("%s, out %v, items %+v", l.Verdict, ruledOut(t, r), items(t, r))
	}
}

// A copy of a store whose scope is not known may be one of an in-scope store: its own label rules it
// out no more than that store's, and the copies of the copy neither.
func TestUnknownScopeFollowsCopies(t *testing.T) {
	copies := func(id string) map[string]any {
		return map[string]any{"/located": []any{"eu-west-1"}, "/copies": []any{map[string]any{"how": "replica", "to": id, "active": true, "owner": nil}}}
	}
	public := map[string]string{"class": "public"}
	labelled := func(f *evidence.Fact) *evidence.Fact {
		delete(f.Unknowns, "/tags")
		return f.SetTags(public)
	}
	from := bucket(t, "from", copies("to")) // its labels were not seen
	to, last := labelled(bucket(t, "to", copies("last"))), labelled(bucket(t, "last", map[string]any{"/located": []any{"us-east-1"}}))
	out := engagement.ScopeRule{ID: "o", Scope: "out", Tags: public, Because: "scratch"}
	in := world1(t, from, to, last)
	in.Register.Scope = []engagement.ScopeRule{out}
	r, l := judge(t, in)
	if l.Verdict != Insufficient || len(ruledOut(t, r)) != 0 || len(items(t, r)) != 3 {
		t.Fatalf("%s, out %v, items %+v", l.Verdict, ruledOut(t, r), items(t, r))
	}
	for _, i := range items(t, r) {
		if i.Scope != ScopeUnknown || i.Verdict != Insufficient || !slices.Contains(i.Missing, "scope: "+from.Unknowns["/tags"]) {
			t.Errorf("%+v", i)
		}
	}
	// A rule that names the copy in decides, as does a source that is in.
	in = world1(t, from, to, last)
	in.Register.Scope = []engagement.ScopeRule{{ID: "i", Scope: "in", Names: []string{"to"}, Because: "b"}, out}
	if r, l = judge(t, in); l.Verdict != Fail || len(ruledOut(t, r)) != 0 {
		t.Errorf("a copy that is in: %s, out %v, items %+v", l.Verdict, ruledOut(t, r), items(t, r))
	}
}

func TestNotLookedAt(t *testing.T) {
	c := load(t, map[string]string{"a.yaml": file("EDS-RES-01", located),
		unreadFile: "- {kind: aws.sqs.queue, what: queues, class: queue}\n- {kind: gcp.x.y, what: other provider, class: queue}\n"})
	in := world1(t, bucket(t, "good", map[string]any{"/located": []any{"eu-west-1"}}))
	r, err := c.Judge(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	l := r.Lines[0]
	if l.Verdict != Insufficient || !slices.Equal(l.NotLooked, []string{"aws.sqs.queue"}) || l.Counts[Pass] != 1 || l.OpenGaps != 1 {
		t.Errorf("%+v", l)
	}
	in.Gaps = gapUntil(&in, "unread/aws.sqs.*", time.Hour)
	if r, err = c.Judge(context.Background(), in); err != nil || r.Lines[0].OpenGaps != 0 || r.Lines[0].Verdict != Insufficient {
		t.Errorf("accepted: %+v, %v", r.Lines[0], err)
	}
}

// The same input gives the same results, in whatever order facts come.
func TestJudgeIsDeterministic(t *testing.T) {
	var facts []*evidence.Fact
	for i := range 50 {
		facts = append(facts, bucket(t, fmt.Sprintf("b%02d", i), map[string]any{"/located": []any{[]string{"eu-west-1", "us-east-1", "mars-1"}[i%3]},
			"/copies": []any{map[string]any{"how": "replica", "to": fmt.Sprintf("b%02d", (i*7)%50), "active": true, "owner": nil}}}))
	}
	in := world1(t, facts...)
	in.Register.Scope = []engagement.ScopeRule{{ID: "o", Scope: "out", Names: []string{"b1*"}, Because: "x"}}
	first, _ := judge(t, in)
	for range 5 {
		slices.Reverse(facts)
		again, _ := judge(t, in)
		if !slices.Equal(encoded(t, first), encoded(t, again)) {
			t.Fatal("results differ between runs")
		}
	}
}

func TestSelected(t *testing.T) {
	in := world1(t)
	in.Selected = []string{"EDS-NOT-01"}
	if _, err := load(t, map[string]string{"a.yaml": file("EDS-RES-01", located)}).Judge(context.Background(), in); err == nil {
		t.Error("an id that the catalogue does not have was taken")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(file("EDS-RES-01", located))
	for _, text := range Default() {
		f.Add(text)
	}
	kinds := testKinds(f)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Load(map[string]string{"a.yaml": text}, kinds)
		var fault *CatalogueError
		if err != nil && !errors.As(err, &fault) {
			t.Fatalf("an error of no known type: %v", err)
		}
		if err == nil && len(c.Controls) != 1 {
			t.Fatal("taken without a control")
		}
	})
}

// An account counts as recorded only by a trail that records all of it; what was not seen of a
// trail, or of the lists of trails, keeps it from failing.
func TestAuditLogs(t *testing.T) {
	kind := &evidence.Kind{Name: "aws.cloudtrail.trail", Schema: 1, Facets: []string{"log"}, NotApplicable: map[string]string{"/tags": "none"},
		Attrs: []evidence.Field{{Name: "global_events", Type: evidence.Bool}, {Name: "multi_region", Type: evidence.Bool}, {Name: "delivery_error", Type: evidence.String}, {Name: "last_delivery", Type: evidence.Time}}}
	trail := func(account string, change func(map[string]any)) *evidence.Fact {
		set := map[string]any{"/log/accounts": []any{account}, "/log/enabled": true, "/log/management": true, "/log/validated": true, "/attrs/global_events": true, "/attrs/multi_region": true, "/attrs/delivery_error": nil, "/attrs/last_delivery": "2026-11-20T08:55:00Z"}
		if change != nil {
			change(set)
		}
		f, err := (&Case{Name: "t", ID: "t", Kind: kind.Name, Set: set}).fact(evidence.Kinds{kind.Name: kind})
		if err != nil {
			t.Fatal(err)
		}
		f.Target = "aws-222222222222"
		return f
	}
	elsewhere := func(f *evidence.Fact) *evidence.Fact { f.Target = "aws-333333333333"; return f }
	unset := func(ptr string) func(map[string]any) { return func(m map[string]any) { delete(m, ptr) } }
	last := func(at any) func(map[string]any) { return func(m map[string]any) { m["/attrs/last_delivery"] = at } }
	off := func(ptr string) func(map[string]any) { return func(m map[string]any) { m[ptr] = false } }
	for name, c := range map[string]struct {
		trail *evidence.Fact
		lists evidence.Status
		want  any // nil: unknown
		lacks string
	}{
		"another organisation's":     {elsewhere(trail("*", nil)), evidence.OK, false, "[no trail covers it]"},
		"own trail":                  {trail("aws:111122223333", nil), evidence.OK, true, "[]"},
		"the organisation's":         {trail("*", nil), evidence.OK, true, "[]"},
		"another account's":          {trail("aws:999999999999", nil), evidence.OK, false, "[no trail covers it]"},
		"stopped":                    {trail("*", off("/log/enabled")), evidence.OK, false, "[t is switched off]"},
		"one region":                 {trail("*", off("/attrs/multi_region")), evidence.OK, false, "[t is of one region]"},
		"reads left out":             {trail("*", off("/log/management")), evidence.OK, false, "[t does not take all management events]"},
		"status not seen":            {trail("*", unset("/log/enabled")), evidence.OK, nil, "[] and unknown: " + caseRow},
		"its store is gone":          {trail("*", func(m map[string]any) { m["/attrs/delivery_error"] = "NoSuchBucket" }), evidence.OK, false, "[t failed at its last delivery]"},
		"status not seen, unsigned":  {trail("*", func(m map[string]any) { delete(m, "/log/enabled"); m["/log/validated"] = false }), evidence.OK, false, "[t does not sign its files]"},
		"stopped and unsigned":       {trail("*", func(m map[string]any) { m["/log/enabled"], m["/log/validated"] = false, false }), evidence.OK, false, "[t is switched off, does not sign its files]"},
		"never delivered":            {trail("*", last(nil)), evidence.OK, false, "[t has delivered nothing yet]"},
		"never delivered, stopped":   {trail("*", func(m map[string]any) { last(nil)(m); off("/log/enabled")(m) }), evidence.OK, false, "[t is switched off, has delivered nothing yet]"},
		"delivered a day before":     {trail("*", last("2026-11-19T09:00:00Z")), evidence.OK, true, "[]"},
		"silent for longer":          {trail("*", last("2026-11-19T08:59:59Z")), evidence.OK, nil, "[] and unknown: nothing was delivered since 2026-11-19T08:59:59Z: t"},
		"silent and unsigned":        {trail("*", func(m map[string]any) { last("2026-11-01T00:00:00Z")(m); off("/log/validated")(m) }), evidence.OK, false, "[t does not sign its files]"},
		"deliveries not seen":        {trail("*", unset("/attrs/last_delivery")), evidence.OK, nil, "[] and unknown: " + caseRow},
		"accounts not seen":          {trail("*", unset("/log/accounts")), evidence.OK, nil, "[] and unknown: " + caseRow},
		"stopped, another list gone": {trail("*", off("/log/enabled")), evidence.Denied, nil, "[t is switched off] and unknown: l"},
		"covered, another list gone": {trail("*", nil), evidence.Denied, true, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, c.trail)
			in.Coverage = append(in.Coverage, evidence.Row{ID: "l", Target: "x", List: true, Kinds: []string{kind.Name}, Status: c.lists})
			in.kinds = evidence.Kinds{kind.Name: kind}
			in.Targets[0].Parent = "aws-org-1"
			in.Targets = append(in.Targets, Target{ID: "aws-222222222222", Provider: "aws", Account: "222222222222", Parent: "aws-org-1"},
				Target{ID: "aws-333333333333", Provider: "aws", Account: "333333333333", Parent: "aws-org-2"},
				Target{ID: "aws-444444444444", Provider: "aws", Account: "444444444444"}) // named by the engagement, in no organisation of it
			j, err := indexLines(&in, nil)
			if err != nil {
				t.Fatal(err)
			}
			facts := auditLogs(j)
			if len(facts) != 4 {
				t.Fatalf("%d facts", len(facts))
			}
			if got, _ := facts[3].Get("/attrs/covered"); got == true {
				t.Error("an account outside counts as covered by the organisation's trail")
			}
			if got, _ := facts[0].Get("/attrs/covered"); got != c.want {
				t.Errorf("covered is %v, want %v", got, c.want)
			}
			if got := attr(facts[0], "lacks"); got != c.lacks {
				t.Errorf("lacks %s, want %s", got, c.lacks)
			}
		})
	}
}

// That a legacy store is gone counts only where a list could have shown it, and was whole.
func TestLegacyGone(t *testing.T) {
	for name, c := range map[string]struct {
		id, owner string
		lists     evidence.Status
		facts     []*evidence.Fact
		want      any // nil: unknown
	}{
		"gone":                       {"arn:aws:s3:::old", "aws-111122223333", evidence.OK, nil, false},
		"there":                      {"arn:aws:s3:::old", "aws-111122223333", evidence.OK, []*evidence.Fact{bucket(t, "arn:aws:s3:::old", nil)}, true},
		"there, though lists failed": {"arn:aws:s3:::old", "aws-111122223333", evidence.Denied, []*evidence.Fact{bucket(t, "arn:aws:s3:::old", nil)}, true},
		"lists failed":               {"arn:aws:s3:::old", "aws-111122223333", evidence.Denied, nil, nil},
		"another account":            {"arn:aws:s3:::old", "aws-999999999999", evidence.OK, nil, nil},
		"service that nobody asks":   {"arn:aws:sqs:eu-west-1:111122223333:old", "aws-111122223333", evidence.OK, nil, nil},
		"no name of a service":       {"old", "aws-111122223333", evidence.OK, nil, nil},
		"plug-in that lists no such": {"dc:volume/old", "aws-111122223333", evidence.OK, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, c.facts...)
			in.Register.Legacy = []engagement.Legacy{{ID: c.id, Owner: c.owner, State: "deleted"}}
			in.Coverage[0].Status = c.lists
			in.kinds = testKinds(t)
			j, err := indexLines(&in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := legacyRows(j)[0].Get("/attrs/found"); got != c.want {
				t.Errorf("found is %v, want %v", got, c.want)
			}
		})
	}
}

// That one provider's projects could not be discovered says nothing of another's trails.
func TestDiscoveryGapsStayWithTheirProvider(t *testing.T) {
	in := Input{Targets: []Target{{ID: "gcp-app", Provider: "gcp"}, {ID: "aws-1", Provider: "aws"}},
		Coverage: []evidence.Row{{ID: "gcp-app/global/p", Target: "gcp-app", Discovery: true, Status: evidence.Denied}}, Register: &engagement.Register{}}
	j, err := index(&in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := j.listGap("aws.cloudtrail.trail"); got != "" {
		t.Errorf("trails wait for %q", got)
	}
	if got := j.listGap("gcp.logging.sink"); got != "gcp-app/global/p" {
		t.Errorf("sinks wait for %q", got)
	}
}

// A Google project is covered by a sink above it that takes what lies below: not by its own, and
// not by one of another organisation.
func TestAuditLogsOfProjects(t *testing.T) {
	sink := &evidence.Kind{Name: "gcp.logging.sink", Schema: 1, Facets: []string{"log"}, NotApplicable: map[string]string{"/tags": "none"},
		Attrs: []evidence.Field{{Name: "include_children", Type: evidence.Bool}}}
	project := &evidence.Kind{Name: "gcp.resourcemanager.project", Schema: 1, Facets: []string{"account"}, Attrs: []evidence.Field{{Name: "number", Type: evidence.String}}}
	kinds := evidence.Kinds{sink.Name: sink, project.Name: project}
	make := func(target, account string, set map[string]any) *evidence.Fact {
		set["/log/accounts"] = []any{account}
		f, err := (&Case{Name: "s", ID: "s", Kind: sink.Name, Set: set}).fact(kinds)
		if err != nil {
			t.Fatal(err)
		}
		f.Target = target
		return f
	}
	on := func(below any) map[string]any {
		m := map[string]any{"/log/enabled": true, "/log/management": true}
		if below != nil {
			m["/attrs/include_children"] = below
		}
		return m
	}
	own, err := (&Case{Name: "p", ID: "gcp:app", Kind: project.Name, Set: map[string]any{"/account/parents": []any{"gcp:folders/7", "gcp:organizations/1"}, "/attrs/number": "42"}}).fact(kinds)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sink *evidence.Fact
		want any
	}{
		"organisation's":         {make("gcp-org-1", "*", on(true)), true},
		"another organisation's": {make("gcp-org-2", "*", on(true)), false},
		"folder's":               {make("gcp-org-1", "gcp:folders/7", on(true)), true},
		"another folder's":       {make("gcp-org-1", "gcp:folders/8", on(true)), false},
		"organisation's alone":   {make("gcp-org-1", "gcp:organizations/1", on(false)), false},
		"project's own":          {make("gcp-app", "gcp:app", on(false)), false},
		"not said whether below": {make("gcp-org-1", "gcp:organizations/1", on(nil)), nil},
		"filter not read":        {make("gcp-org-1", "*", map[string]any{"/attrs/include_children": true, "/log/enabled": true}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := &Input{Register: &engagement.Register{}, kinds: kinds, Targets: []Target{{ID: "gcp-app", Provider: "gcp", Account: "app", Parent: "gcp-org-1"}, {ID: "gcp-org-1", Provider: "gcp"}}}
			j, err := index(in, []*evidence.Fact{own, c.sink})
			if err != nil {
				t.Fatal(err)
			}
			facts := auditLogs(j)
			if len(facts) != 1 {
				t.Fatalf("%d facts", len(facts))
			}
			if got, _ := facts[0].Get("/attrs/covered"); got != c.want {
				t.Errorf("covered is %v, want %v", got, c.want)
			}
			if !j.trusted["gcp:projects/42"] {
				t.Error("a project's number is not known as its own")
			}
		})
	}
}

// A folder's sink covers its projects only where no sink above it may keep their entries from it: one that
// intercepts, or, in a run of a build that did not say, may intercept; not one that is seen to take none.
func TestSinksThatIntercept(t *testing.T) {
	sink := &evidence.Kind{Name: "gcp.logging.sink", Schema: 1, Facets: []string{"log"}, NotApplicable: map[string]string{"/tags": "none"},
		Attrs: []evidence.Field{{Name: "include_children", Type: evidence.Bool}, {Name: "intercept_children", Type: evidence.Bool}}}
	project := &evidence.Kind{Name: "gcp.resourcemanager.project", Schema: 1, Facets: []string{"account"}, Attrs: []evidence.Field{{Name: "number", Type: evidence.String}}}
	kinds := evidence.Kinds{sink.Name: sink, project.Name: project}
	make := func(kind, id, target string, set map[string]any) *evidence.Fact {
		f, err := (&Case{Name: id, ID: id, Kind: kind, Set: set}).fact(kinds)
		if err != nil {
			t.Fatal(err)
		}
		f.Target = target
		return f
	}
	own := make(project.Name, "gcp:app", "gcp-org-1", map[string]any{"/account/parents": []any{"gcp:folders/8", "gcp:folders/7", "gcp:organizations/1"}, "/attrs/number": "42"})
	below := make(sink.Name, "below", "gcp-org-1", map[string]any{"/log/accounts": []any{"gcp:folders/7"}, "/log/enabled": true, "/log/management": true,
		"/attrs/include_children": true, "/attrs/intercept_children": false})
	for name, c := range map[string]struct {
		target, account       string
		on, takes, intercepts any // nil: not said
		want                  any // nil: unknown
	}{
		"intercepts":                        {"gcp-org-1", "*", true, nil, true, nil},
		"may intercept":                     {"gcp-org-1", "*", true, nil, nil, nil},
		"intercepts, and covers itself":     {"gcp-org-1", "*", true, true, true, true},
		"intercepts other logs":             {"gcp-org-1", "*", true, false, true, true},
		"intercepts, switched off":          {"gcp-org-1", "*", false, nil, true, true},
		"does not intercept":                {"gcp-org-1", "*", true, nil, false, true},
		"another organisation's intercepts": {"gcp-org-2", "*", true, nil, true, true},
		"of the same folder":                {"gcp-org-1", "gcp:folders/7", true, nil, true, true},
		"of a folder below":                 {"gcp-org-1", "gcp:folders/8", true, nil, true, true},
		"of another folder":                 {"gcp-org-1", "gcp:folders/9", true, nil, true, true},
	} {
		set := map[string]any{"/log/accounts": []any{c.account}, "/attrs/include_children": true}
		for ptr, v := range map[string]any{"/log/enabled": c.on, "/log/management": c.takes, "/attrs/intercept_children": c.intercepts} {
			if v != nil {
				set[ptr] = v
			}
		}
		in := &Input{Register: &engagement.Register{}, kinds: kinds, Targets: []Target{{ID: "gcp-app", Provider: "gcp", Account: "app", Parent: "gcp-org-1"}, {ID: "gcp-org-1", Provider: "gcp"}}}
		j, err := index(in, []*evidence.Fact{own, below, make(sink.Name, "above", c.target, set)})
		if err != nil {
			t.Fatal(err)
		}
		f := auditLogs(j)[0]
		if got, _ := f.Get("/attrs/covered"); got != c.want || c.want == nil && !strings.Contains(f.Unknowns["/attrs/covered"], "above") {
			t.Errorf("%s: covered is %v, want %v; unknown %v", name, got, c.want, f.Unknowns)
		}
	}
}

// A control whose objective needs an operation that nobody asks does not pass over it, and a
// store that nobody reads is in every population that it could be in.
func TestNotAskedIsNoPass(t *testing.T) {
	text := strings.Replace(file("EDS-RES-01", located), "says:", "not_asked: {aws: [\"s3control:X\"], gcp: [\"storage:Y\"]}\nsays:", 1)
	c := load(t, map[string]string{"a.yaml": text})
	r, err := c.Judge(context.Background(), world1(t, bucket(t, "good", map[string]any{"/located": []any{"eu-west-1"}})))
	if err != nil {
		t.Fatal(err)
	}
	if l := r.Lines[0]; l.Verdict != Insufficient || l.Counts[Pass] != 1 || !slices.Equal(l.NotLooked, []string{"s3control:X"}) {
		t.Errorf("%+v", l)
	}
	copies := "  - {facet: copies, where: \"fact.store.class != \\\"object\\\"\", test: \"fact.copies.all(c, within(c.located, params.allowed_locations))\"}"
	c = load(t, map[string]string{"a.yaml": file("EDS-RES-01", copies), unreadFile: "- {kind: aws.docdb.cluster, what: clusters, class: relational}\n- {kind: aws.s3tables.bucket, what: buckets, class: object}\n"})
	if r, err = c.Judge(context.Background(), world1(t)); err != nil {
		t.Fatal(err)
	}
	if l := r.Lines[0]; !slices.Equal(l.NotLooked, []string{"aws.docdb.cluster"}) {
		t.Errorf("%+v", l)
	}
	if _, err := Load(map[string]string{"a.yaml": strings.Replace(text, "gcp:", "azure:", 1)}, testKinds(t)); err == nil {
		t.Error("an unknown provider was taken")
	}
}

// A control that says nothing of a provider is not "not applicable" to a run of that provider
// alone: nobody thought of it.
func TestSilentOfAProviderIsNoAnswer(t *testing.T) {
	c := load(t, map[string]string{"a.yaml": file("EDS-RES-01", located)})
	in := world1(t)
	in.Targets, in.Coverage = []Target{{ID: "gcp-enclave", Provider: "gcp", Account: "enclave"}}, nil
	r, err := c.Judge(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if l := r.Lines[0]; l.Verdict != Insufficient || l.OpenGaps != 1 || !slices.Equal(l.NotLooked, []string{"gcp: this control has no test of its things"}) {
		t.Errorf("%+v", l)
	}
}

// readDefault reads the texts of this build's catalogue.
func readDefault(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Read(Default(), evidence.Kinds{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEachControlHasAFileOfItsName(t *testing.T) {
	c := readDefault(t)
	var ids []string
	for _, control := range c.Controls {
		ids = append(ids, control.ID)
	}
	if !slices.Equal(ids, IDs()) {
		t.Errorf("files %v, controls %v", IDs(), ids)
	}
}

// A catalogue that was read for its texts judges nothing: without tests everything would pass.
func TestReadJudgesNothing(t *testing.T) {
	c := readDefault(t)
	if _, err := c.Judge(t.Context(), Input{}); !errors.Is(err, errUnloaded) {
		t.Errorf("judged: %v", err)
	}
	if _, err := c.Prove(t.Context(), c.Controls[0], nil); !errors.Is(err, errUnloaded) {
		t.Errorf("proved: %v", err)
	}
	if _, err := Read(map[string]string{"catalogue/x.yaml": "id: [", "catalogue/unread.yaml": "1"}, evidence.Kinds{}); err == nil {
		t.Error("what is no YAML was read")
	}
}
