package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/trefoil-audit/trefoil/report"
)

// maxCells bounds the workbook that a cell is looked up in, unpacked.
const maxCells = 1 << 30

// cellSubject finds what a workbook's cell ('Test results!F17') is about: by the row's Ref, so that
// sorting does no harm.
func cellSubject(ctx context.Context, path, cell string, j *Judged) (report.Subject, error) {
	none := report.Subject{}
	f, err := excelize.OpenFile(path, excelize.Options{UnzipSizeLimit: maxCells})
	if err != nil {
		return none, fmt.Errorf("workbook %s: %w", path, err)
	}
	defer func() { _ = f.Close() }() // only removes temporary files
	find := refAt
	if ref := strings.ToUpper(cell); strings.HasPrefix(ref, refPrefix) {
		find, cell = sheetOf, ref
	}
	sheet, ref, err := find(f, cell)
	if err != nil {
		return none, fmt.Errorf("workbook %s: %w", path, err)
	}
	in, err := j.reportInput()
	if err != nil {
		return none, err
	}
	return report.Resolve(ctx, in, sheet, ref)
}

// refPrefix begins the reference of a workbook's row.
const refPrefix = "R-"

// refAt gives the sheet of a cell, written Sheet!F17, and the reference in its row.
func refAt(f *excelize.File, cell string) (sheet, ref string, err error) {
	sheet, at, ok := strings.Cut(cell, "!")
	if !ok {
		return "", "", fmt.Errorf("cell %q: write it as 'Sheet!F17', or give the Ref of a row, R-…", cell)
	}
	sheet = strings.Trim(sheet, "'")
	_, row, err := excelize.CellNameToCoordinates(strings.ReplaceAll(at, "$", ""))
	if err != nil {
		return "", "", fmt.Errorf("cell %q: %w", cell, err)
	}
	if names := f.GetSheetList(); !slices.Contains(names, sheet) {
		n := newNear(sheet)
		for _, name := range names {
			n.show(name)
		}
		meant := ""
		if near := n.names(); len(near) > 0 {
			meant = fmt.Sprintf(" (did you mean %s?)", strings.Join(near, ", or "))
		}
		return "", "", fmt.Errorf("there is no sheet %q%s; the sheets are %s", sheet, meant, strings.Join(names, ", "))
	}
	err = refsOf(f, sheet, func(at int, in string) bool {
		if at == row {
			ref = in
		}
		return at < row
	})
	if err != nil {
		return "", "", err
	}
	if ref == "" {
		first, last, err := refRows(f, sheet)
		switch {
		case err != nil:
			return "", "", err
		case first == 0:
			return "", "", fmt.Errorf("row %d of %q has no reference in its first column, nor has any row of that sheet: point at another sheet", row, sheet)
		}
		return "", "", fmt.Errorf("row %d of %q has no reference in its first column: point at a row that begins with R-; they are between %d and %d", row, sheet, first, last)
	}
	return sheet, ref, nil
}

// sheetOf gives the sheet that has a row with a reference.
func sheetOf(f *excelize.File, ref string) (sheet, same string, err error) {
	for _, name := range f.GetSheetList() {
		found, err := holds(f, name, ref)
		if err != nil {
			return "", "", err
		}
		if found {
			return name, ref, nil
		}
	}
	return "", "", fmt.Errorf("no sheet has a row with the Ref %q", ref)
}

// holds reports whether a row of a sheet begins with a reference.
func holds(f *excelize.File, sheet, ref string) (found bool, err error) {
	err = refsOf(f, sheet, func(_ int, in string) bool {
		found = found || in == ref
		return !found
	})
	return found, err
}

// refRows gives the first and the last row of a sheet that begin with a reference; zeros where there is none.
func refRows(f *excelize.File, sheet string) (first, last int, err error) {
	err = refsOf(f, sheet, func(row int, _ string) bool {
		first, last = cmp.Or(first, row), row
		return true
	})
	return first, last, err
}

// refsOf goes over the references in a sheet's first column, while each says so.
func refsOf(f *excelize.File, sheet string, each func(row int, ref string) bool) (err error) {
	rows, err := f.Rows(sheet)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for row := 1; rows.Next(); row++ {
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		if len(columns) > 0 && strings.HasPrefix(columns[0], refPrefix) && !each(row, columns[0]) {
			return nil
		}
	}
	return rows.Error()
}
