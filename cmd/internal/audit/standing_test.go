package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/xuri/excelize/v2"

	"github.com/trefoil-audit/trefoil/controls"
)

// against lists whom a cell of the sheet Access names with a standing that the controls fail.
func against(cell string) (out []string) {
	for line := range strings.SplitSeq(cell, "\n") {
		who, word, _ := strings.Cut(strings.TrimSuffix(line, ")"), " (")
		if controls.Standing(word).Against() || line == string(controls.Anybody) { // ALL BUT (ANYBODY), too
			out = append(out, who)
		}
	}
	return out
}

// sameStandings holds that the sheet Access calls nobody trusted whom a control fails, and nobody a stranger whom
// it passes.
func sameStandings(t *testing.T, f *excelize.File, j *Judged) {
	cells := map[string]string{} // row is about, id → trusted by, or given to
	_, rows := refs(t, f, "Access")
	for _, row := range rows {
		id := row[2][strings.LastIndexByte(row[2], '\n')+1:]
		cells[row[1]+" "+id] = row[5]
	}
	for _, row := range rows {
		if got := against(row[5]); row[1] == "Statement" && strings.HasPrefix(row[6], "Deny") && (len(got) > 0 || strings.Contains(row[5], "(")) {
			t.Errorf("%s lets nobody in, the sheet says %q", row[2], row[5])
		}
	}
	compared := map[string]int{}
	for it, err := range j.Results.Items() {
		if err != nil {
			t.Fatal(err)
		}
		var saw struct {
			Role      string   `json:"/attrs/role"`
			Strangers []string `json:"/attrs/strangers"`
		}
		switch {
		case it.Control == "EDS-GOV-01" && it.Verdict != controls.Insufficient:
			if err := json.Unmarshal([]byte(it.Observed), &saw); err != nil {
				t.Fatal(err)
			}
			for _, from := range it.From {
				role, ok := strings.CutPrefix(from, "f:arn:aws:iam:")
				if !ok {
					continue
				}
				for _, about := range []string{"Principal arn:aws:iam:" + role, "Statement arn:aws:iam:" + role + "#trust#0"} {
					if got := against(cells[about]); !slices.Equal(got, saw.Strangers) || cells[about] == "" {
						t.Errorf("%s: the control fails %q, the sheet says %q", about, saw.Strangers, cells[about])
					}
					compared[it.Control]++
				}
			}
		case it.Control == "EDS-IAM-01" && it.Kind == "aws.iam.statement":
			cell, ok := cells["Statement "+it.Fact]
			if got := against(cell); !ok || it.Verdict == controls.Pass && len(got) > 0 && !strings.Contains(cell, string(controls.OwnStranger)) {
				t.Errorf("%s passes, the sheet says %q", it.Fact, cell)
			}
			compared[it.Control]++
		case it.Control == "EDS-XFR-05" && it.Kind == "gcp.iam.binding":
			cell := cells["Statement "+it.Fact]
			if got := against(cell); cell == "" || len(got) > 0 != (it.Verdict == controls.Fail) {
				t.Errorf("%s: %s, the sheet says %q", it.Fact, it.Verdict, cell)
			}
			compared["bindings"]++
		case it.Control == "EDS-XFR-05" && it.Verdict != controls.Insufficient:
			cell, ok := cells["Open to "+it.Fact]
			if got := against(cell); ok && (len(got) > 0) != (it.Verdict == controls.Fail) || !ok && it.Verdict == controls.Fail {
				t.Errorf("%s: %s, the sheet says %q", it.Fact, it.Verdict, cell)
			}
			if ok {
				compared[it.Control]++
			}
		}
	}
	if compared["EDS-GOV-01"] < 10 || compared["EDS-IAM-01"] < 10 || compared["EDS-XFR-05"] < 20 || compared["bindings"] < 5 {
		t.Errorf("only these rows were compared: %v", compared)
	}
}
