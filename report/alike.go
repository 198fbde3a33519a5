package report

import (
	"fmt"
	"strings"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

// alikeCall is what items about API calls have in common that stand in one row: they differ in nothing but the region. A
// target whose regions were left out has thousands, among which an auditor would not find the rest.
type alikeCall struct {
	control, target, operation, reason, observed, missing, scope, accepted string
	verdict                                                                controls.Verdict
	basis                                                                  controls.Basis
}

// alikeOf gives what an item about an API call has in common with those of other regions; ok is false where it is
// about something else, or about a call that was answered.
func alikeOf(it *controls.Item) (c alikeCall, ok bool) {
	if it.Kind != callKind || it.Verdict == controls.Pass {
		return alikeCall{}, false
	}
	row := evidence.RowID(it.Target, it.Region, it.Name)
	if it.Fact != controls.CallFact(row) {
		return alikeCall{}, false
	}
	c = alikeCall{control: it.Control, target: it.Target, operation: it.Name, reason: everyRegion(it, it.Reason), observed: everyRegion(it, it.Observed), missing: everyRegion(it, strings.Join(it.Missing, "\n")),
		scope: inBy(it), verdict: it.Verdict, basis: it.Basis}
	if it.Accepted != nil {
		c.accepted = acceptedLong(it.Accepted)
	}
	return c, true
}

// everyRegion writes a text about an API call of one region as one about the same call of any.
func everyRegion(it *controls.Item, text string) string {
	return strings.ReplaceAll(text, evidence.RowID(it.Target, it.Region, it.Name), evidence.RowID(it.Target, "*", it.Name))
}

// itemRow is what a row says of an item, or of several that are alike.
type itemRow struct {
	about                      Subject
	name, region, reason, test string
	items                      int
}

// rowOf gives the row that an item stands in first.
func (s *survey) rowOf(it *controls.Item) itemRow {
	r := itemRow{Subject{Control: it.Control, Item: it.Fact}, itemText(it.Name, it.Fact), it.Region, it.Reason, observed(it), 1}
	c, ok := alikeOf(it)
	regions := s.calls[c]
	if !ok || len(regions) < 2 {
		return r
	}
	for _, region := range regions {
		r.about.Rows = append(r.about.Rows, evidence.RowID(c.target, region, c.operation))
	}
	r.name = itemText(c.operation, controls.CallFact(evidence.RowID(c.target, "*", c.operation)))
	r.region, r.reason, r.test, r.items = strings.Join(regions, ", "), c.reason, everyRegion(it, r.test), len(regions)
	if len(regions) > namedInRow {
		r.region = fmt.Sprintf("%d regions, which Coverage names", len(regions))
	}
	return r
}
