package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

// sortedRows FILE SHEET sorts the rows of a sheet's table by their references, as an auditor's
// sorting would move them, and wants that it moved the first one.
func sortedRows(ts *testscript.TestScript, neg bool, args []string) {
	path, sheet := ts.MkAbs(args[0]), args[1]
	f, err := excelize.OpenFile(path)
	ts.Check(err)
	defer f.Close()
	all, err := f.GetRows(sheet)
	ts.Check(err)
	var at []int
	var rows [][]string
	width := 0
	for i, row := range all {
		if len(row) > 0 && strings.HasPrefix(row[0], "R-") {
			at, rows, width = append(at, i+1), append(rows, row), max(width, len(row))
		}
	}
	first := rows[0][0]
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	if rows[0][0] == first {
		ts.Fatalf("%s: the rows are sorted already", sheet)
	}
	for i, row := range rows {
		ts.Check(f.SetSheetRow(sheet, fmt.Sprint("A", at[i]), new(append(row, make([]string, width-len(row))...))))
	}
	ts.Check(f.Save())
}
