package report

import (
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// form is a sheet of prose: pairs of a label and a text, and small grids. Its columns are the
// same all the way down; a text runs over several of them.
type form struct{ *page }

// form starts a sheet of prose.
func (b *book) form(name string, widths []float64) (*form, error) {
	p, err := b.open(name, widths, 0, 0)
	if err != nil {
		return nil, err
	}
	return &form{p}, nil
}

// gap writes an empty row.
func (p *page) gap(height float64) error { return p.write(height, nil) }

// section starts a new part.
func (p *page) section(text string) error {
	if err := p.gap(8); err != nil {
		return err
	}
	return p.write(22, []styled{{look: section, value: text}})
}

// pair writes a label and a text that runs to the last column.
func (f *form) pair(name, text string, look style) error {
	return f.labelled(styled{look: label, value: name}, text, look)
}

// stated writes a fact of the workbook: its reference, a label, and a text.
func (f *form) stated(about Subject, name, text string, look style) error {
	ref, err := f.refer(about)
	if err != nil {
		return err
	}
	cells := f.across(look, "")
	cells[0], cells[1], cells[2].value = styled{look: refText, value: ref}, styled{look: label, value: name}, text
	wide := 0.0
	for _, w := range f.widths[2:] {
		wide += w
	}
	if err := f.write(rowHeight(max(points(text, wide, look), points(name, f.widths[1], label))), cells); err != nil {
		return err
	}
	return f.merge(3, len(f.widths))
}

func (f *form) labelled(first styled, text string, look style) error {
	cells := f.across(look, "")
	cells[0] = first
	cells[1].value = text
	wide := 0.0
	for _, w := range f.widths[1:] {
		wide += w
	}
	high := points(text, wide, look)
	if s, ok := first.value.(string); ok {
		high = max(high, points(s, f.widths[0], first.look))
	}
	if err := f.write(rowHeight(high), cells); err != nil {
		return err
	}
	return f.merge(2, len(f.widths))
}

// text writes a paragraph over all columns.
func (p *page) text(text string, look style) error {
	wide := 0.0
	for _, w := range p.widths {
		wide += w
	}
	if err := p.write(rowHeight(points(text, wide, look)), p.across(look, text)); err != nil {
		return err
	}
	return p.merge(1, len(p.widths))
}

// merge joins columns of the row that was written last.
func (p *page) merge(from, to int) error {
	if from >= to {
		return nil
	}
	a, err := excelize.CoordinatesToCellName(from, p.row)
	if err != nil {
		return fmt.Errorf("sheet %s: %w", p.name, err)
	}
	z, err := excelize.CoordinatesToCellName(to, p.row)
	if err != nil {
		return fmt.Errorf("sheet %s: %w", p.name, err)
	}
	return p.sw.MergeCell(a, z)
}

// grid writes a small table without a filter. Spans say how many of the form's columns each
// of its own columns takes.
type grid struct {
	*page
	spans []int
	looks []style
}

// grid writes the heads of a small table.
func (p *page) grid(spans []int, looks []style, heads ...string) (*grid, error) {
	g := &grid{page: p, spans: spans, looks: make([]style, len(looks))}
	values := make([]any, len(heads))
	for i, h := range heads {
		g.looks[i] = headStyle(looks[i])
		values[i] = h
	}
	err := g.row(values...)
	g.looks = looks
	return g, err
}

// add writes one row about a subject, whose reference is the first value.
func (g *grid) add(about Subject, values ...any) error {
	ref, err := g.refer(about)
	if err != nil {
		return err
	}
	return g.row(append([]any{ref}, values...)...)
}

// row writes one row of the grid: strings, ints or styled.
func (g *grid) row(values ...any) error {
	var cells []styled
	var joins [][2]int
	high := 0.0
	at := 0
	for i, span := range g.spans {
		c := styled{look: g.looks[i]}
		if i < len(values) {
			if s, ok := values[i].(styled); ok {
				c = s
			} else {
				c.value = values[i]
			}
		}
		wide := 0.0
		for j := range span {
			wide += g.widths[at+j]
			cells = append(cells, styled{look: c.look})
		}
		cells[at] = c
		if s, ok := c.value.(string); ok {
			high = max(high, points(s, wide, c.look))
		}
		joins = append(joins, [2]int{at + 1, at + span})
		at += span
	}
	if err := g.write(rowHeight(high), cells); err != nil {
		return err
	}
	for _, j := range joins {
		if err := g.merge(j[0], j[1]); err != nil {
			return err
		}
	}
	return nil
}

// linesOf estimates how many lines a text takes in a column of that width. Rows that programs
// wrote do not grow by themselves, so this errs towards one line too many.
func linesOf(text string, width float64, look style) int {
	perLine := width * 1.16 // of ten-point Calibri, on average
	if width > 80 {
		perLine = width * 1.24 // long lines keep closer to the average
	}
	if look >= 0 {
		l := looks[look]
		perLine *= 10 / or(l.size, 10)
		if l.font == monoFont {
			perLine *= 0.78
		}
		if l.bold {
			perLine *= 0.94
		}
	}
	if text = visible(text); float64(len(text)) <= perLine && !strings.Contains(text, "\n") {
		return 1
	}
	n := 0
	for para := range strings.SplitSeq(text, "\n") {
		n++
		used := 0.0
		for word := range breakable(para) {
			long := float64(utf8.RuneCountInString(strings.TrimRight(word, " ")))
			if used > 0 && used+long > perLine {
				n++
				used = 0
			}
			for long > perLine {
				n++
				long -= perLine
			}
			used += long + float64(len(word)-len(strings.TrimRight(word, " ")))
		}
	}
	return n
}

// breakable cuts a text where programs break lines: behind spaces, slashes and hyphens.
func breakable(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start := 0
		for i := range len(text) {
			if c := text[i]; c == ' ' || c == '/' || c == '-' {
				if !yield(text[start : i+1]) {
					return
				}
				start = i + 1
			}
		}
		if start < len(text) {
			yield(text[start:])
		}
	}
}

// points is how high a text stands in a column of that width.
func points(text string, width float64, look style) float64 {
	size := 10.0
	if look >= 0 {
		size = or(looks[look].size, 10)
	}
	return 4 + float64(linesOf(text, width, look))*(size*1.24+0.4)
}

// maxHeight is the highest row that Excel takes, in points.
const maxHeight = 409.0

// rowHeight is the height of a row whose highest text has that many points.
func rowHeight(highest float64) float64 { return min(max(highest, 15.5), maxHeight) }
