package report

import (
	"maps"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

// accessRow gives the cells of the sheet Access' row about a thing.
func accessRow(t *testing.T, in Input, what, id string) []string {
	t.Helper()
	return rowOf(t, accessRows(t, in), what, id)
}

// accessRows gives the cells of the sheet Access.
func accessRows(t *testing.T, in Input) [][]string {
	t.Helper()
	rows, err := opened(t, made(t, in, maxRows)).GetRows(accessSheet)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func rowOf(t *testing.T, rows [][]string, what, id string) []string {
	t.Helper()
	for _, r := range rows {
		if len(r) > 5 && r[1] == what && (r[2] == id || strings.HasSuffix(r[2], "\n"+id)) {
			return r
		}
	}
	t.Fatalf("no row %s %s", what, id)
	return nil
}

// A standing is in capitals where the control that judges the row fails, and nowhere else.
func TestCapitals(t *testing.T) {
	const bucket, statement, role = "arn:aws:s3:::away", "arn:aws:iam::111122223333:role/ops#trust#0", "arn:aws:iam::111122223333:role/ops"
	fails := func(control, fact string, v controls.Verdict, from ...string) *controls.Item {
		return &controls.Item{Record: "item", Control: control, Fact: fact, Kind: "k", Target: target, Scope: controls.In, ScopeRule: "default", Verdict: v, From: from}
	}
	for name, c := range map[string]struct {
		item         *controls.Item
		bucket, role string // what stands behind the stranger in each row
	}{
		"nothing fails":             {nil, "stranger", "stranger"},
		"another control fails":     {fails("EDS-RES-01", bucket, controls.Fail), "stranger", "stranger"},
		"it could not be judged":    {fails(judgesSharing, bucket, controls.Insufficient), "stranger", "stranger"},
		"what is shared fails":      {fails(judgesSharing, bucket, controls.Fail), "STRANGER", "stranger"},
		"the trust fails":           {fails(judgesTrust, statement, controls.Fail), "stranger", "STRANGER"},
		"another trust of it fails": {fails(judgesTrust, role+"#trust#1", controls.Fail), "stranger", "stranger"},
		"the collector's fails":     {fails(judgesCollector, "collector:aws:111122223333", controls.Fail, "f:"+role), "stranger", "STRANGER"},
	} {
		in, p := sample(t, nil)
		maps.Copy(p.facts[5].Fields["binding"].(map[string]any), map[string]any{"principals": []any{"arn:aws:iam::999999999999:root"}, "negated": []any{}, "attached_to": []any{role}})
		if c.item != nil {
			p.items = append(p.items, *c.item)
		}
		rows := accessRows(t, in)
		for what, want := range map[string]string{"Open to\n" + bucket: c.bucket, "Statement\n" + statement: c.role} {
			row, id, _ := strings.Cut(what, "\n")
			if got := rowOf(t, rows, row, id)[5]; !strings.Contains(got, "arn:aws:iam::999999999999:root ("+want+")") {
				t.Errorf("%s: %s: %q, want %s", name, row, got, want)
			}
			if got := rowOf(t, rows, "Open to", bucket)[5]; !strings.HasPrefix(got, map[string]string{"STRANGER": "ANYBODY", "stranger": "anybody"}[c.bucket]+"\n") {
				t.Errorf("%s: who is let in is %q", name, got)
			}
		}
	}
}

// What a managed folder lets in is held against its bucket.
func TestManagedFolder(t *testing.T) {
	b := &book{in: &Input{}, survey: &survey{fails: map[string]bool{"//storage.googleapis.com/b": true}}}
	for id, want := range map[string]controls.Standing{"//storage.googleapis.com/b/managedFolders/press/": controls.Stranger, "//storage.googleapis.com/other/managedFolders/press/": "stranger"} {
		f := &evidence.Fact{ID: "s", Fields: map[string]any{"binding": map[string]any{"via_kind": "iam_policy", "attached_to": []any{id}}}}
		if got := b.loud(f, controls.Stranger); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

// A statement about all but some lets everybody else in, and says so before it names those; the legend stands on top.
func TestAllBut(t *testing.T) {
	in, p := sample(t, nil)
	const statement = "arn:aws:iam::111122223333:role/ops#trust#0"
	binding := p.facts[5].Fields["binding"].(map[string]any)
	binding["principals"] = []any{"arn:aws:iam::111122223333:root"}
	p.items = append(p.items, controls.Item{Record: "item", Control: judgesTrust, Fact: statement, Kind: "k", Target: target, Verdict: controls.Fail})
	in.Standing = func(_ *evidence.Fact, who string) controls.Standing {
		return map[string]controls.Standing{"*": controls.Anybody}[who]
	}
	if got := accessRow(t, in, "Statement", statement)[5]; got != "ALL BUT (ANYBODY)\narn:aws:iam::111122223333:root" {
		t.Errorf("%q", got)
	}
	for via, want := range map[string]string{"iam_policy": "IAM policy", "scp": "SCP", "trust": "Trust"} {
		binding["via_kind"] = via
		if got := accessRow(t, in, "Statement", statement)[4]; got != want {
			t.Errorf("%s: %q, want %q", via, got, want)
		}
	}
	rows, err := opened(t, made(t, in, maxRows)).GetRows(accessSheet)
	if err != nil || len(rows) < 5 || len(rows[3]) == 0 || rows[3][0] != accessLegend || rows[4][0] != headRef {
		t.Errorf("the legend does not stand on top (%v)", err)
	}
}
