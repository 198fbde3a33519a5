package audit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// refs gives the rows of a sheet that have a reference.
func refs(t *testing.T, f *excelize.File, sheet string) (rows []int, cells [][]string) {
	t.Helper()
	all, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range all {
		if len(row) > 0 && strings.HasPrefix(row[0], "R-") {
			rows, cells = append(rows, i+1), append(cells, row)
		}
	}
	return rows, cells
}

// The world's workbook, whole: every count ties, each sheet's rows lead back to what was recorded,
// also when they were sorted, and what it names as evidence is there.
func TestWorkbookOfTheWorld(t *testing.T) {
	r, j := seen(t)
	f, err := excelize.OpenReader(bytes.NewReader(workbook(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	path := filepath.Join(t.TempDir(), "report.xlsx")
	sheets := []string{"Engagement", "Control summary", "Test results", "Exceptions", "Populations", "Data locations", "Access", "Coverage", "Evidence index", "Integrity"}
	if all := f.GetSheetList(); !slices.Equal(all[1:], sheets) {
		t.Fatalf("the sheets are %q", all)
	}
	t.Run("documents", func(t *testing.T) {
		for file, form := range map[string]string{"../../../README.md": "- **%s**: ", "../../../docs/workbook.md": "| %s | "} {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, sheet := range append([]string{"Read me"}, sheets...) {
				if !strings.Contains(string(text), fmt.Sprintf(form, sheet)) {
					t.Errorf("%s does not say what %s is", file, sheet)
				}
			}
		}
	})
	t.Run("ties", func(t *testing.T) {
		_, rows := refs(t, f, "Integrity")
		ties := 0
		for _, row := range rows {
			if last := row[len(row)-1]; last == "Ties" {
				ties++
			} else if last == "DOES NOT TIE" {
				t.Errorf("%q", row)
			}
		}
		if ties < 15 {
			t.Errorf("only %d counts tie", ties)
		}
	})
	t.Run("scopes", func(t *testing.T) { // the sheets say of scope what the results say
		in, err := j.reportInput()
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]controls.Scope{}
		for it, err := range j.Results.Items() {
			if control, _ := j.world.catalogue.Control(it.Control); err == nil && !strings.HasPrefix(it.Kind, "trefoil.") && control.Tests[0].Scope != "any" {
				said[it.Kind+" "+it.Fact] = it.Scope
			}
		}
		compared := 0
		for fact, err := range in.Facts() {
			if err != nil {
				t.Fatal(err)
			}
			if want, ok := said[fact.Kind+" "+fact.ID]; ok {
				if got, rule := in.Scope(fact); got != want {
					t.Errorf("%s: %s by %s, the result says %s", fact.ID, got, rule, want)
				}
				compared++
			}
		}
		if compared < 100 {
			t.Errorf("only %d facts have results", compared)
		}
	})
	t.Run("standings", func(t *testing.T) { sameStandings(t, f, j) })
	t.Run("people and gateways", func(t *testing.T) {
		for sheet, want := range map[string][]string{"Access": {"by the roster: NOBODY", "by the roster: p-001 (IE)"}, "Engagement": {"gw-hamar", "gw-dublin"}, "Exceptions": {"Not one person of the roster holds it; who does, by the roster: none."}} {
			rows, err := f.GetRows(sheet)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range want {
				if !slices.ContainsFunc(rows, func(r []string) bool { return strings.Contains(strings.Join(r, "|"), text) }) {
					t.Errorf("%s does not say %q", sheet, text)
				}
			}
		}
	})
	t.Run("evidence", func(t *testing.T) {
		_, rows := refs(t, f, "Evidence index")
		w := &world{run: r}
		for i := 0; i < len(rows); i += 40 {
			row := rows[i]
			if len(row) < 10 || len(row[9]) != 64 {
				continue
			}
			body, err := w.body(strings.TrimSuffix(strings.TrimPrefix(row[8], "bundles/"), ".zip"), row[9])
			if err != nil || evidence.Digest(body) != row[9] {
				t.Errorf("%q: %v", row, err)
			}
		}
		if len(rows) < 300 {
			t.Errorf("only %d rows", len(rows))
		}
	})
	t.Run("signature type", func(t *testing.T) {
		_, rows := refs(t, f, "Integrity")
		all, err := f.GetRows("Integrity")
		if err != nil || len(rows) == 0 || !strings.Contains(fmt.Sprint(all), seal.Bundle.PredicateType()) {
			t.Errorf("the type of a bundle's signature is not said (%v)", err)
		}
	})
	// Two rows of each sheet change places, as sorting would have it.
	swapped := map[string]int{}
	for _, sheet := range sheets {
		rows, cells := refs(t, f, sheet)
		a, z := 0, len(rows)/2
		for i, at := range []int{z, a} {
			row := append(cells[at], make([]string, 20-len(cells[at]))...)
			if err := f.SetSheetRow(sheet, fmt.Sprint("A", rows[[]int{a, z}[i]]), &row); err != nil {
				t.Fatal(err)
			}
		}
		swapped[sheet] = rows[a]
	}
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	for _, sheet := range sheets {
		e, err := ExplainCell(context.Background(), r, j, path, fmt.Sprintf("'%s'!C%d", sheet, swapped[sheet]))
		if err != nil {
			t.Errorf("%s: %v", sheet, err)
			continue
		}
		said := e.Fact != nil || len(e.Items)+len(e.Rows) > 0 || e.File != nil || e.Subject.Control != ""
		ref, err := f.GetCellValue(sheet, fmt.Sprint("A", swapped[sheet]))
		if err != nil || !said {
			t.Errorf("%s %s: %+v (%v)", sheet, ref, e.Subject, err)
		}
		if sheet != sheets[len(sheets)-1] {
			continue // one is enough: the Ref is looked for on all sheets
		}
		if by, err := ExplainCell(context.Background(), r, j, path, ref); err != nil || !reflect.DeepEqual(by.Subject, e.Subject) {
			t.Errorf("%s by its Ref %s: %v", sheet, ref, err)
		}
	}
}

// A decision of adequacy is named with whom it is limited to, and while it is in force.
func TestAdequacy(t *testing.T) {
	_, j := seen(t)
	for token, want := range map[string]string{"eu-west-1": "EU", "eu-west-2": "adequacy decision", "us-east-1": "adequacy decision, only recipients certified under the Data Privacy Framework",
		"ap-south-1": "third country", "moon-1": ""} {
		if got := j.world.place("aws", token).Group; got != want {
			t.Errorf("%s: %q, want %q", token, got, want)
		}
	}
	late := *j.world
	r := *late.run
	r.Record.AsOf = r.Record.AsOf.AddDate(20, 0, 0)
	late.run = &r
	if got := late.place("aws", "eu-west-2").Group; got != "third country" {
		t.Errorf("after its end the decision on London still counts: %q", got)
	}
}
