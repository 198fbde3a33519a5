package report

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

// tied writes a workbook and gives its tie-outs.
func tied(t *testing.T, in Input, limit int) []tieOut {
	t.Helper()
	var names []string
	for _, s := range sheets() {
		names = append(names, s.name)
	}
	b, err := newBook(&in, names)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.f.Close() }()
	b.limit = limit
	for _, s := range sheets() {
		if err := s.write(context.Background(), b, s); err != nil {
			t.Fatal(err)
		}
	}
	return b.tieOuts()
}

func torn(all []tieOut) (names []string) {
	for _, t := range all {
		if t.difference() != 0 {
			names = append(names, t.what)
		}
	}
	return names
}

// The sample's counts tie. Whatever is lost on the way from the judgement or the bundles to a
// sheet, or added on it, makes a count differ that is named.
func TestTieOuts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Input, *parts)
		want   string
	}{
		"nothing changed":             {func(*Input, *parts) {}, ""},
		"an item is lost":             {func(_ *Input, p *parts) { p.items = p.items[:len(p.items)-1] }, "Population: summary and items"},
		"an item is there twice":      {func(_ *Input, p *parts) { p.items = append(p.items, p.items[6]) }, "Population: summary and items"},
		"a fail reads as a pass":      {func(_ *Input, p *parts) { p.items[5].Verdict = controls.Pass }, "FAIL: summary and exceptions"},
		"a gap reads as a pass":       {func(_ *Input, p *parts) { p.items[2].Verdict = controls.Pass }, "Insufficient evidence: summary and exceptions"},
		"a line forgets a fail":       {func(in *Input, _ *parts) { in.Lines[1].Counts = map[controls.Verdict]int{controls.Pass: 2} }, "FAIL: summary and exceptions"},
		"a kind is forgotten":         {func(in *Input, _ *parts) { in.Lines[1].Parts = in.Lines[1].Parts[:1] }, "Population: summary and kinds"},
		"a rule is forgotten":         {func(in *Input, _ *parts) { in.Lines[1].Parts[1].Out = nil }, "Ruled out: summary and kinds"},
		"a row of coverage is lost":   {func(_ *Input, p *parts) { p.coverage = p.coverage[1:] }, "Coverage rows: bundles and sheet"},
		"a fact is lost":              {func(_ *Input, p *parts) { p.facts = slices.Delete(p.facts, 3, 4) }, "Facts: bundles and walk"},
		"a fact that nobody collects": {func(_ *Input, p *parts) { p.facts = slices.Delete(p.facts, 2, 3) }, "Facts that sheets state"}, // it stands among what was ruled out
		"a call is lost":              {func(_ *Input, p *parts) { p.exchanges = p.exchanges[1:] }, "Sources that are not in the run"},
	} {
		in, p := sample(t, nil)
		c.change(&in, p)
		got := torn(tied(t, in, maxRows))
		if c.want == "" && len(got) > 0 || c.want != "" && !slices.Contains(got, c.want) {
			t.Errorf("%s: %q do not tie, want %q", name, got, c.want)
		}
	}
}

// What a reader sees of a count that does not tie: the word, and both numbers.
func TestTornCountIsSaid(t *testing.T) {
	in, p := sample(t, nil)
	p.items = p.items[:len(p.items)-1]
	rows, err := opened(t, made(t, in, maxRows)).GetRows(integritySheet)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if len(row) == 9 && row[1] == "Population: summary and items" {
			if row[4] != "7" || row[5] != "6" || row[7] != "1" || row[8] != "DOES NOT TIE" {
				t.Errorf("the row is %q", row)
			}
			return
		}
	}
	t.Error("there is no such row")
}

// Rows that do not fit are counted and said in their sheet and in Integrity; nothing is lost in
// silence, and what is left out is no difference.
func TestRowsThatDoNotFit(t *testing.T) {
	in, _ := sample(t, nil)
	all := tied(t, in, 2)
	if got := torn(all); len(got) > 0 {
		t.Errorf("with two rows a sheet %q do not tie", got)
	}
	left := 0
	for _, o := range all {
		if strings.Contains(o.because, "do not fit") {
			left += o.left
		}
	}
	f := opened(t, made(t, in, 2))
	said := 0
	for _, s := range sheets() {
		rows, err := f.GetRows(s.name)
		if err != nil {
			t.Fatal(err)
		}
		refs := 0
		for _, row := range rows {
			if len(row) > 0 && strings.HasSuffix(strings.SplitN(row[0], " in a sheet", 2)[0], "FURTHER ROWS DO NOT FIT") {
				said++
			}
			if len(row) > 0 && strings.HasPrefix(row[0], "R-") {
				refs++
			}
		}
		if s.name == locationsSheet && refs != 2 {
			t.Errorf("%s has %d rows", s.name, refs)
		}
	}
	if left < 4 || said < 5 {
		t.Errorf("%d rows are left out by the tie-outs, %d sheets say so", left, said)
	}
	if err := write(context.Background(), in, io.Discard, 1); err != nil {
		t.Errorf("one row a sheet: %v", err)
	}
}

// Rows of coverage stand together only where nothing but their region differs; gaps name all
// their regions.
func TestCoverageTogether(t *testing.T) {
	in, p := sample(t, nil)
	for _, region := range []string{"eu-a-1", "eu-b-1", "eu-c-1", "eu-d-1", "eu-e-1"} {
		for _, r := range []evidence.Row{
			{Region: region, Operation: "kms:ListKeys", Status: evidence.OK, List: true},
			{Region: region, Operation: "rds:DescribeDBInstances", Status: evidence.Denied, Reason: "AccessDenied", List: true},
			{Region: region, Operation: "rds:DescribeDBClusters", Status: evidence.NotEnabled, List: true},
			{Region: region, Operation: "rds:DescribeDBSnapshots", Status: evidence.NotEnabled, List: true},
		} {
			r.Target, r.ID = target, evidence.RowID(target, region, r.Operation)
			p.coverage = append(p.coverage, r)
		}
	}
	rows, err := opened(t, made(t, in, maxRows)).GetRows(coverageSheet)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"kms:ListKeys": "Set A: 5 regions", "rds:DescribeDBInstances": "eu-a-1, eu-b-1, eu-c-1, eu-d-1, eu-e-1",
		"rds: DescribeDBClusters, DescribeDBSnapshots": "Set A: 5 regions", "ec2:DescribeVolumes": "eu-north-1, eu-west-1"}
	for _, row := range rows {
		if len(row) > 6 && want[row[2]] == row[5] {
			delete(want, row[2])
		}
		if row != nil && row[0] == "Set A" && row[1] == "eu-a-1, eu-b-1, eu-c-1, eu-d-1, eu-e-1" {
			delete(want, "")
		}
	}
	if len(want) > 0 {
		t.Errorf("not found: %q", want)
	}
	if a, b, c := letters(1), letters(26), letters(27); a+b+c != "AZAA" {
		t.Errorf("sets are called %s, %s, %s", a, b, c)
	}
}
