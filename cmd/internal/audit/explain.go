package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/report"
)

// Explanation is the way from a statement back to the answers that it was made from.
type Explanation struct {
	Fact      *evidence.Fact      `json:"fact"`  // nil where the thing is no fact of a bundle
	Items     []controls.Item     `json:"items"` // what the judgement says of it
	Rows      []evidence.Row      `json:"coverage"`
	Exchanges []ExplainedExchange `json:"exchanges"`
}

// ExplainedExchange is an exchange with where its answer lies and how it begins.
type ExplainedExchange struct {
	evidence.Exchange
	File    string `json:"file"`    // the bundle, and the entry in it: unzip -p FILE ENTRY
	Excerpt string `json:"excerpt"` // the first bytes of the answer
}

// maxExcerpt bounds what is shown of an answer.
const maxExcerpt = 2000

// NotThereError says that a run has nothing of that name.
type NotThereError struct{ ID string }

func (e *NotThereError) Error() string {
	return fmt.Sprintf("the run has no fact, exchange or coverage row %q", e.ID)
}

// Explain goes from a fact's id, an exchange's id or a coverage row's id back to recorded
// answers. Judged may be nil.
func Explain(r *run.Run, j *Judged, id string) (*Explanation, error) {
	w := &world{run: r}
	e := &Explanation{Items: []controls.Item{}, Rows: []evidence.Row{}, Exchanges: []ExplainedExchange{}}
	from := []string{id}
	for f, err := range w.facts() {
		if err != nil {
			return nil, err
		}
		if f.ID == id {
			e.Fact = f
			from = append(from, f.From...)
			for _, row := range f.Unknowns {
				from = append(from, "c:"+row)
			}
		}
	}
	if j != nil {
		for _, i := range j.Results.Items {
			if i.Fact == id {
				e.Items = append(e.Items, i)
				from = append(from, i.From...)
				for _, m := range i.Missing {
					from = append(from, "c:"+m)
				}
			}
		}
	}
	// A derived fact comes from others: one step further leads to what was recorded of them.
	for f, err := range w.facts() {
		if err != nil {
			return nil, err
		}
		if slices.Contains(from, "f:"+f.ID) {
			from = append(from, f.From...)
		}
	}
	if err := e.follow(w, from); err != nil {
		return nil, err
	}
	if e.Fact == nil && len(e.Items)+len(e.Rows)+len(e.Exchanges) == 0 {
		return nil, &NotThereError{id}
	}
	return e, nil
}

// follow adds the exchanges and coverage rows of the sources.
func (e *Explanation) follow(w *world, from []string) error {
	for row, err := range w.coverage() {
		if err != nil {
			return err
		}
		if slices.Contains(from, "c:"+row.ID) || slices.Contains(from, row.ID) {
			e.Rows = append(e.Rows, row)
		}
	}
	for x, err := range w.exchanges() {
		if err != nil {
			return err
		}
		if !slices.Contains(from, x.ID) {
			continue
		}
		shown := ExplainedExchange{Exchange: x, File: "bundles/" + x.Target + ".zip"}
		if x.Body != "" {
			parts, err := w.run.Bundle(x.Target)
			if err != nil {
				return err
			}
			body, err := bodyOf(parts, x.Body)
			for _, p := range parts {
				_ = p.Close() // read only: nothing can be lost
			}
			if err != nil {
				return err
			}
			shown.File += " bodies/" + x.Body
			shown.Excerpt = strings.ToValidUTF8(string(body[:min(len(body), maxExcerpt)]), "\ufffd")
		}
		e.Exchanges = append(e.Exchanges, shown)
	}
	return nil
}

// maxCells bounds the workbook that a cell is looked up in, unpacked.
const maxCells = 1 << 30

// Cell finds what a workbook's cell ('Test results!F17') is about: by the row's Ref, so that
// sorting does no harm. It gives the control and the fact's or row's id.
func Cell(path, cell string, j *Judged) (control, id string, err error) {
	sheet, at, ok := strings.Cut(cell, "!")
	if !ok {
		return "", "", fmt.Errorf("cell %q: write it as 'Sheet!F17'", cell)
	}
	sheet = strings.Trim(sheet, "'")
	_, row, err := excelize.CellNameToCoordinates(strings.ReplaceAll(at, "$", ""))
	if err != nil {
		return "", "", fmt.Errorf("cell %q: %w", cell, err)
	}
	f, err := excelize.OpenFile(path, excelize.Options{UnzipSizeLimit: maxCells})
	if err != nil {
		return "", "", fmt.Errorf("workbook %s: %w", path, err)
	}
	defer f.Close()
	ref, err := f.GetCellValue(sheet, fmt.Sprintf("A%d", row))
	if err != nil {
		return "", "", fmt.Errorf("workbook %s: %w", path, err)
	}
	for _, i := range j.Results.Items {
		if report.RefOf(sheet, i.Control, i.Fact) == ref {
			return i.Control, i.Fact, nil
		}
	}
	for _, l := range j.Results.Lines {
		if report.RefOf(sheet, l.Control, "") == ref {
			return l.Control, "", nil
		}
	}
	for _, r := range j.world.rows {
		if report.RefOf(sheet, "", r.ID) == ref {
			return "", r.ID, nil
		}
	}
	return "", "", fmt.Errorf("row %d of %q has the reference %q, which is nothing of this judgement", row, sheet, ref)
}
