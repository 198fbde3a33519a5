package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
)

// Exceptions stand by result, then by severity, then by control and item; one of a control that the catalogue does not
// hold comes last and is not lost.
func TestWorstFirst(t *testing.T) {
	in, p := sample(t, nil)
	in.Catalogue = []Entry{{ID: "EDS-A-1", Severity: "low"}, {ID: "EDS-B-1", Severity: "medium"}, {ID: "EDS-C-1", Severity: "critical"}, {ID: "EDS-D-1", Severity: "high"}, {ID: "EDS-E-1", Severity: "critical"}}
	p.items = nil
	var want []string
	for _, control := range []string{"EDS-A-1", "EDS-B-1", "EDS-C-1", "EDS-D-1", "EDS-E-1", "EDS-F-1"} {
		for _, v := range []controls.Verdict{controls.Insufficient, controls.Fail, controls.Pass} {
			for _, id := range []string{"1", "2"} {
				p.items = append(p.items, controls.Item{Record: "item", Control: control, Fact: string(v) + id, Kind: "k", Target: target, Verdict: v, Scope: controls.In, ScopeRule: "default"})
			}
		}
	}
	for _, v := range []controls.Verdict{controls.Fail, controls.Insufficient} {
		for _, control := range []string{"EDS-C-1", "EDS-E-1", "EDS-D-1", "EDS-B-1", "EDS-A-1", "EDS-F-1"} {
			want = append(want, control+" "+string(v)+"1", control+" "+string(v)+"2")
		}
	}
	rows, err := opened(t, made(t, in, maxRows)).GetRows(exceptionsSheet)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		if len(r) > 4 && strings.HasPrefix(r[0], "R-") {
			got = append(got, r[1]+" "+r[4])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the rows are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
