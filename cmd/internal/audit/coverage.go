package audit

import (
	"fmt"
	"iter"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// Coverage streams the coverage rows of a run, by target.
func Coverage(r *run.Run) iter.Seq2[evidence.Row, error] {
	return records[evidence.Row](r, bundle.CoverageName)
}

// FirstGap gives the first row that was not answered for a reason, as operation: status, reason.
func FirstGap(r *run.Run) (string, error) {
	for row, err := range Coverage(r) {
		if err != nil {
			return "", err
		}
		if !row.Status.Seen() && row.Status != evidence.NotEnabled && row.Reason != "" {
			return fmt.Sprintf("%s: %s, %s", row.ID, row.Status, row.Reason), nil
		}
	}
	return "no row says why", nil
}

// CoverageCounts gives the number of planned operations, and of those that were not answered.
func CoverageCounts(r *run.Run) (planned, gaps int, err error) {
	for row, err := range Coverage(r) {
		if err != nil {
			return 0, 0, err
		}
		planned++
		if !row.Status.Seen() && row.Status != evidence.NotEnabled {
			gaps++
		}
	}
	return planned, gaps, nil
}
