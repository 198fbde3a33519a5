package report

import (
	"fmt"

	"github.com/xuri/excelize/v2"

	"github.com/trefoil-audit/trefoil/controls"
)

// side is one side of a tie-out: a number that was counted while the workbook was written, and
// the formula that counts it again in the sheet that shows it, where one can.
type side struct {
	says, formula string
	n             int
}

// tieOut is two counts of one thing, each made in its own way, with what one side leaves out.
type tieOut struct {
	what    string
	a, b    side
	left    int
	because string // why something is left out
}

// difference is zero where the sides tie.
func (t *tieOut) difference() int { return t.a.n - t.b.n - t.left }

// column gives the reference of a table's column, for formulas.
func (b *book) column(sheet, letter string) string {
	r := b.ranges[sheet]
	return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", sheet, letter, r[0], letter, max(r[1], r[0]))
}

// sum adds a column up; countWord counts a word in one.
func (b *book) sum(sheet, letter string) string { return "SUM(" + b.column(sheet, letter) + ")" }
func (b *book) countWord(sheet, letter, word string) string {
	return fmt.Sprintf("COUNTIF(%s,%q)", b.column(sheet, letter), word)
}

// sumWord adds up the items of the rows that have a result; Test results and Exceptions have both in the same columns.
func (b *book) sumWord(sheet, word string) string {
	return fmt.Sprintf("SUMIF(%s,%q,%s)", b.column(sheet, "C"), word, b.column(sheet, "J"))
}

// rows counts the references of a sheet's table.
func (b *book) rows(sheet string) string {
	return fmt.Sprintf("COUNTIF(%s,%q)", b.column(sheet, "A"), "R-*")
}

// tieOuts lists what must agree. The left side comes from the judgement or the bundles, the right
// side from the rows that were written.
func (b *book) tieOuts() []tieOut {
	n := func(of, what string) int { return b.made[counted{of, what, ""}] }
	cut := func(sheet string) (int, string) { return b.cutOff[sheet], "rows that do not fit" }
	all := []tieOut{}
	for i, v := range exceptional {
		t := tieOut{what: verdictWord(v) + ": summary and exceptions",
			a: side{"Control summary, all controls", b.sum(summarySheet, string("KML"[i])), n(fromLines, string(v))},
			b: side{"Exceptions, items of rows with this result", b.sumWord(exceptionsSheet, verdictWord(v)), n(exceptionsSheet, string(v))}}
		t.left, t.because = b.missing(exceptionsSheet, v)
		all = append(all, t)
	}
	for _, v := range append([]controls.Verdict{controls.Pass}, exceptional...) {
		t := tieOut{what: verdictWord(v) + ": judgement and test results",
			a: side{"items of the judgement", "", n(fromItems, string(v))},
			b: side{"Test results, items of rows with this result", b.sumWord(resultsSheet, verdictWord(v)), n(resultsSheet, string(v))}}
		t.left, t.because = b.missing(resultsSheet, v)
		if v == controls.Pass {
			t.left, t.because = t.left+n(fromItems, "answered calls"), "answered API calls, which stand in Coverage alone"
		}
		all = append(all, t)
	}
	all = append(all,
		tieOut{what: "Population: summary and items", a: side{"Control summary, all controls", b.sum(summarySheet, "I"), n(fromLines, population)}, b: side{"items of the judgement", "", n(fromItems, population)}},
		tieOut{what: "Population: summary and kinds", a: side{"Control summary, all controls", b.sum(summarySheet, "I"), n(fromLines, population)},
			b: side{"Populations, in scope and unknown", b.sum(populationsSheet, "D") + "+" + b.sum(populationsSheet, "E"), n(populationsSheet, population)}},
		tieOut{what: "Ruled out: summary and kinds", a: side{"Control summary, all controls", b.sum(summarySheet, "P"), n(fromLines, ruledOut)},
			b: side{"Populations, by rule", b.sum(populationsSheet, "F"), n(populationsSheet, ruledOut)}},
		tieOut{what: "Things ruled out", a: side{"the judgement's list", "", n(fromItems, "things ruled out")}, b: side{"Populations, list below the table", "", n(populationsSheet, "things ruled out")},
			left: n(populationsSheet, "things that do not fit"), because: "rows that do not fit"})
	left, because := cut(locationsSheet)
	coverageLeft := n("coverage.jsonl", "rows") - n(coverageSheet, "rows")
	if b.cutOff[coverageSheet] == 0 {
		coverageLeft = 0
	}
	bundles := Bundle{}
	for _, f := range b.in.Run.Bundles {
		bundles.Facts, bundles.Rows = bundles.Facts+f.Facts, bundles.Rows+f.Rows
	}
	return append(all,
		tieOut{what: "Coverage rows: bundles and sheet", a: side{"coverage.jsonl of all bundles", "", bundles.Rows}, b: side{"Coverage, regions of all rows", b.sum(coverageSheet, "G"), n(coverageSheet, "rows")}, left: coverageLeft, because: "rows that do not fit"},
		tieOut{what: "Facts: bundles and walk", a: side{"facts.jsonl of all bundles", "", bundles.Facts}, b: side{"facts walked for the index", "", n("facts.jsonl", "facts")}},
		tieOut{what: "Stores and keys", a: side{"facts of such kinds", "", n("facts.jsonl", "stores and keys")}, b: side{"Data locations, rows", b.rows(locationsSheet), n(locationsSheet, "rows")}, left: left, because: because},
		tieOut{what: "Facts that sheets state", a: side{"stated in any sheet", "", len(b.cited)}, b: side{"with sources in Evidence index", "", n(evidenceSheet, "facts")}},
		tieOut{what: "Sources that are not in the run", a: side{"none may be missing", "", 0}, b: side{"Evidence index, NOT IN THE RUN", b.countWord(evidenceSheet, "E", "NOT IN THE RUN"), n(evidenceSheet, "sources not found")}})
}

// missing says how many items of a verdict are in rows that did not fit in a sheet: the limit is one of all rows,
// so those that were cut off are those of the judgement that have no row.
func (b *book) missing(sheet string, v controls.Verdict) (int, string) {
	if b.cutOff[sheet] == 0 {
		return 0, ""
	}
	left := b.made[counted{fromItems, string(v), ""}] - b.made[counted{sheet, string(v), ""}]
	if sheet == resultsSheet && v == controls.Pass {
		left -= b.made[counted{fromItems, "answered calls", ""}]
	}
	return left, "items of rows that do not fit"
}

// tieOutRows writes them: numbers that were counted, and formulas that count them again.
func tieOutRows(f *form) error {
	if err := f.section("Counts that must agree"); err != nil {
		return err
	}
	g, err := f.grid([]int{1, 1, 1, 1, 1, 1, 1, 1, 1}, []style{refText, strongText, plainText, plainText, count, count, count, ratio, strongText},
		headRef, "What must agree", "First count", "Second count", "First", "Second", "Left out", "Difference", "Ties?")
	if err != nil {
		return err
	}
	first := f.row + 1
	for _, t := range f.tieOuts() {
		says := t.b.says
		if t.left != 0 {
			says += fmt.Sprintf("\nLeft out: %s %s", group(t.left), t.because)
		}
		at := f.row + 1
		word := "Ties"
		if t.difference() != 0 {
			word = "DOES NOT TIE"
		}
		if err := g.add(Subject{Topic: t.what, Evidence: t.a.says + "; " + t.b.says}, t.what, t.a.says, says,
			styled{look: count, value: t.a.n, sum: t.a.formula}, styled{look: count, value: t.b.n, sum: t.b.formula}, t.left,
			styled{look: ratio, value: t.difference(), sum: fmt.Sprintf("E%d-F%d-G%d", at, at, at)},
			styled{look: tieCell, value: word, sum: fmt.Sprintf(`IF(H%d=0,"Ties","DOES NOT TIE")`, at)}); err != nil {
			return err
		}
	}
	return f.colourWords(fmt.Sprintf("I%d:I%d", first, f.row))
}

// colourWords gives the words of tie-outs their colours, also when a reader's program counts anew.
func (f *form) colourWords(cells string) error {
	var formats []excelize.ConditionalFormatOptions
	for _, c := range []struct {
		word string
		look look
	}{{`"Ties"`, looks[passCell]}, {`"DOES NOT TIE"`, looks[failCell]}} {
		id, err := f.f.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Color: c.look.color, Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{c.look.fill}}})
		if err != nil {
			return fmt.Errorf("sheet %s: colours of tie-outs: %w", f.name, err)
		}
		formats = append(formats, excelize.ConditionalFormatOptions{Type: "cell", Criteria: "==", Value: c.word, Format: &id})
	}
	if err := f.f.SetConditionalFormat(f.name, cells, formats); err != nil {
		return fmt.Errorf("sheet %s: colours of tie-outs: %w", f.name, err)
	}
	return nil
}
