package report

import (
	"context"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
)

// sheet is one page of the workbook and what writes it.
type sheet struct {
	name  string
	says  string // one line for the list of contents and below the title
	write func(ctx context.Context, b *book, s sheet) error
}

// sheets lists the workbook's pages in order.
func sheets() []sheet {
	return []sheet{
		{readMeSheet, "What this workbook is, what it found, how to read and verify it.", writeReadMe},
		{summarySheet, "One row a control: the conclusion, how many items stand behind it, and why.", writeSummary},
		{resultsSheet, "One row an item of a control's population; answered API calls stand in Coverage alone. White: the collector's. Yellow: yours.", writeResults},
		{exceptionsSheet, "One row a fail or an item that could not be judged, fails first, with who accepted it.", writeExceptions},
		{coverageSheet, "One row an operation in a region of a target: what was asked, and how it ended. Gaps first.", writeCoverage},
	}
}

// Workbook writes the workbook. The same input gives the same bytes.
func Workbook(ctx context.Context, in Input, w io.Writer) error {
	pages := sheets()
	names := make([]string, len(pages))
	for i, s := range pages {
		names[i] = s.name
	}
	b, err := newBook(&in, names)
	if err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	defer b.f.Close() //nolint:errcheck // only removes temporary files
	for _, s := range pages {
		if err := s.write(ctx, b, s); err != nil {
			return fmt.Errorf("write workbook: %w", err)
		}
	}
	b.f.SetZipWriter(func(w io.Writer) excelize.ZipWriter { return &packer{w: w} })
	if err := b.f.Write(w); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}
