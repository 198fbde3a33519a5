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
		{engagementSheet, "Parties, targets, exclusions, parameters, scope rules, waivers and accepted gaps, as they stood when it was judged.", writeEngagement},
		{summarySheet, "One row a control: the conclusion, how many items stand behind it, and why.", writeSummary},
		{resultsSheet, "One row an item of a control's population, or API calls that ended alike in several regions; answered ones stand in Coverage alone. White: the collector's. Yellow: yours.", writeResults},
		{exceptionsSheet, "One row a fail or an item that could not be judged, or several such API calls, with who accepted it: fails first, and the gravest controls of each result.", writeExceptions},
		{populationsSheet, "One row a control and kind: how many items, what was ruled out and by which rule, and the lists that the count rests on.", writePopulations},
		{locationsSheet, "One row a store or key: where it lies by the dated table of places, how it is encrypted, where its copies are.", writeLocations},
		{accessSheet, "Who can act, by which credentials; what can be reached from outside its account; every statement of every policy.", writeAccess},
		{coverageSheet, "What was asked, and how it ended; gaps first. One row an operation of a target and an outcome, over its regions.", writeCoverage},
		{evidenceSheet, "From each fact that a sheet states to its calls and recorded answers: unzip -p RUN/BUNDLE bodies/SHA-256 prints one.", writeEvidence},
		{integritySheet, "Digests of all that this workbook is made of, counts that must agree, and how to check both without trusting it.", writeIntegrity},
	}
}

// Workbook writes the workbook. The same input gives the same bytes.
func Workbook(ctx context.Context, in Input, w io.Writer) error {
	return write(ctx, in, w, maxRows)
}

// write writes the workbook with tables of at most limit rows.
func write(ctx context.Context, in Input, w io.Writer, limit int) error {
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
	b.limit = limit
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
