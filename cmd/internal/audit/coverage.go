package audit

import (
	"iter"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// Coverage streams the coverage rows of a run, by target.
func Coverage(r *run.Run) iter.Seq2[evidence.Row, error] {
	return records[evidence.Row](r, bundle.CoverageName)
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
