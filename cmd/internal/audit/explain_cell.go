package audit

import (
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
	if strings.HasPrefix(cell, refPrefix) {
		find = sheetOf
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
		return "", "", fmt.Errorf("there is no sheet %q; the sheets are %s", sheet, strings.Join(names, ", "))
	}
	if ref, err = f.GetCellValue(sheet, fmt.Sprintf("A%d", row)); err != nil {
		return "", "", err
	}
	if !strings.HasPrefix(ref, refPrefix) {
		return "", "", fmt.Errorf("row %d of %q has no reference in its first column: point at a row that begins with R-", row, sheet)
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
	rows, err := f.Rows(sheet)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		columns, err := rows.Columns()
		if err != nil {
			return false, err
		}
		if len(columns) > 0 && columns[0] == ref {
			return true, nil
		}
	}
	return false, rows.Error()
}
