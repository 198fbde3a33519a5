package report

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// maxRows is how many rows a table takes: Excel's limit is 1,048,576. What does not fit is
// counted, said in the sheet, and still in the run.
const maxRows = 1_000_000

// Heads that several sheets share.
const (
	headRef       = "Ref"
	headControl   = "Control"
	headItem      = "Item"
	headTarget    = "Target"
	headRegion    = "Region"
	headOperation = "Operation"
)

// column is one column of a table.
type column struct {
	head  string
	width float64
	look  style
}

// yours are the auditor's columns, yellow and open.
var yours = []column{{"Conclusion", 12, note}, {"Tick", 5, mark}, {"Comment", 16, note}, {"Reviewer", 9, note}, {"Date", 9, note}}

// conclusions and ticks are what the auditor may choose from; free text is allowed too.
var (
	conclusions = []string{"Agreed", "Exception confirmed", "More evidence needed", "Not relevant"}
	ticks       = []string{"✓", "R", "X", "N"}
)

// table is a sheet that holds one real table with a filter.
type table struct {
	*page
	cols  []column
	head  int // row of the heads
	last  int // row of the last one, once finished
	wrote int
}

// table starts a sheet with a heading and the heads of its columns; freeze columns stay in view.
func (b *book) table(name, says string, freeze int, cols []column) (*table, error) {
	return b.explained(name, says, "", freeze, cols)
}

// explained starts one whose words a legend explains, on top, where it stays in view.
func (b *book) explained(name, says, legend string, freeze int, cols []column) (*table, error) {
	widths := make([]float64, len(cols))
	heads := make([]styled, len(cols))
	for i, c := range cols {
		widths[i] = c.width
		heads[i] = styled{look: headStyle(c.look), value: c.head}
	}
	p, err := b.open(name, widths, 5, freeze)
	if err != nil {
		return nil, err
	}
	if err := p.heading(name, says); err != nil {
		return nil, err
	}
	if legend == "" {
		err = p.gap(6)
	} else {
		err = p.text(legend, prose)
	}
	if err != nil {
		return nil, err
	}
	if err := p.write(32, heads); err != nil {
		return nil, err
	}
	return &table{page: p, cols: cols, head: p.row}, nil
}

func headStyle(look style) style {
	switch look {
	case note, mark:
		return headerYours
	case count, ratio:
		return headerCount
	}
	return header
}

// add writes one row about a subject: its reference, then the values (strings, ints, nil or
// styled; missing ones at the end are empty). What no longer fits is counted.
func (t *table) add(about Subject, values ...any) error {
	ref, err := t.refer(about)
	if err != nil {
		return err
	}
	if t.wrote >= t.limit {
		t.cutOff[t.name]++
		return nil
	}
	t.wrote++
	cells := make([]styled, len(t.cols))
	for i, c := range t.cols {
		cells[i] = styled{look: c.look}
		if i == 0 {
			cells[i].value = ref
			continue
		}
		if i > len(values) {
			continue
		}
		if s, ok := values[i-1].(styled); ok {
			cells[i] = s
		} else {
			cells[i].value = values[i-1]
		}
	}
	return t.write(t.height(cells), cells)
}

// height is what the tallest text of a row needs: Excel computes no heights of rows that were
// written by programs, and a cut sentence reads like a whole one.
func (t *table) height(cells []styled) float64 {
	high := 0.0
	for i, c := range cells {
		if text, ok := c.value.(string); ok {
			high = max(high, points(text, t.cols[i].width, c.look))
		}
	}
	return rowHeight(high)
}

// end finishes the table and closes the sheet.
func (t *table) end(none string) error {
	if err := t.finish(none); err != nil {
		return err
	}
	return t.close()
}

// finish says what is missing and makes the rows a table. Where there was no row, one says so.
func (t *table) finish(none string) error {
	if t.wrote == 0 {
		cells := t.across(faintText, "")
		cells[min(1, len(cells)-1)].value = none
		if err := t.write(t.height(cells), cells); err != nil {
			return err
		}
	}
	t.last = t.row
	corner, err := excelize.CoordinatesToCellName(len(t.cols), t.last)
	if err != nil {
		return fmt.Errorf("sheet %s: %w", t.name, err)
	}
	no := false
	if err := t.sw.AddTable(&excelize.Table{Range: fmt.Sprintf("A%d:%s", t.head, corner), Name: tableName(t.name),
		StyleName: "TableStyleLight1", ShowRowStripes: &no}); err != nil {
		return fmt.Errorf("sheet %s: add table: %w", t.name, err)
	}
	if err := t.choices(t.last); err != nil {
		return err
	}
	t.ranges[t.name] = [2]int{t.head + 1, t.last}
	if n := t.cutOff[t.name]; n > 0 {
		return t.text(furtherRows(n), failCell)
	}
	return nil
}

// furtherRows says how many rows a sheet lacks.
func furtherRows(n int) string {
	return group(n) + " FURTHER ROWS DO NOT FIT in a sheet. They are in the run and its judgement; Integrity counts them."
}

// choices gives the auditor's columns their lists.
func (t *table) choices(last int) error {
	for i, c := range t.cols {
		var list []string
		switch {
		case c.look == note && c.head == "Conclusion":
			list = conclusions
		case c.look == mark:
			list = ticks
		default:
			continue
		}
		col, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return fmt.Errorf("sheet %s: %w", t.name, err)
		}
		dv := excelize.NewDataValidation(true)
		dv.SetSqref(fmt.Sprintf("%s%d:%s%d", col, t.head+1, col, last))
		if err := dv.SetDropList(list); err != nil {
			return fmt.Errorf("sheet %s: list of %s: %w", t.name, c.head, err)
		}
		dv.ShowErrorMessage = false
		if err := t.f.AddDataValidation(t.name, dv); err != nil {
			return fmt.Errorf("sheet %s: list of %s: %w", t.name, c.head, err)
		}
	}
	return nil
}

// tableName makes a sheet's name a table's name.
func tableName(sheet string) string { return "T_" + strings.ReplaceAll(sheet, " ", "_") }
