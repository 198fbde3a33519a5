package report

import (
	"hash/fnv"

	"github.com/trefoil-audit/trefoil/controls"
)

// counted names a number that tie-outs compare: of a sheet or a source, of what, of which kind.
type counted struct{ of, what, kind string }

// counts holds the numbers; they are made while rows are written, from what the rows are made of.
type counts map[counted]int

// Sources of numbers that are no sheets.
const (
	fromItems = "items of the judgement"
	fromLines = "lines of the judgement"
)

// What is counted of both.
const population, ruledOut = "population", "ruled out"

// item counts an item of the judgement, whether or not a row is written about it.
func (c counts) item(it *controls.Item) {
	c[counted{fromItems, population, ""}]++
	c[counted{fromItems, string(it.Verdict), ""}]++
	c[counted{fromItems, it.Control, it.Kind}]++
	if it.Kind == callKind && it.Verdict == controls.Pass {
		c[counted{fromItems, "answered calls", ""}]++
	}
}

// line counts what the roll-up says of a control.
func (c counts) line(l *controls.Line) {
	c[counted{fromLines, population, ""}] += l.Population
	c[counted{fromLines, ruledOut, ""}] += l.OutOfScope
	for verdict, n := range l.Counts {
		c[counted{fromLines, string(verdict), ""}] += n
	}
}

// cite remembers that a row states something of a fact, for the evidence index. A hash is kept
// and not the id: two ids of one hash only make the index longer.
func (b *book) cite(id string) { b.cited[hashOf(id)] = true }

func hashOf(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // a hash takes anything
	return h.Sum64()
}
