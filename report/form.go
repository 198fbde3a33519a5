package report

import (
	"fmt"
	"strings"

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
func (f *form) gap(height float64) error { return f.write(height, nil) }

// section starts a new part.
func (f *form) section(text string) error {
	if err := f.gap(8); err != nil {
		return err
	}
	return f.write(22, []styled{{look: section, value: text}})
}

// pair writes a label and a text that runs to the last column.
func (f *form) pair(name, text string, look style) error {
	return f.labelled(styled{look: label, value: name}, text, look)
}

func (f *form) labelled(first styled, text string, look style) error {
	cells := f.across(look, "")
	cells[0] = first
	cells[1].value = text
	wide := 0.0
	for _, w := range f.widths[1:] {
		wide += w
	}
	lines := linesOf(text, wide, look)
	if s, ok := first.value.(string); ok {
		lines = max(lines, linesOf(s, f.widths[0], first.look))
	}
	if err := f.write(rowHeight(lines), cells); err != nil {
		return err
	}
	return f.merge(2, len(f.widths))
}

// text writes a paragraph over all columns.
func (f *form) text(text string, look style) error {
	wide := 0.0
	for _, w := range f.widths {
		wide += w
	}
	if err := f.write(rowHeight(linesOf(text, wide, look)), f.across(look, text)); err != nil {
		return err
	}
	return f.merge(1, len(f.widths))
}

// merge joins columns of the row that was written last.
func (f *form) merge(from, to int) error {
	if from >= to {
		return nil
	}
	a, err := excelize.CoordinatesToCellName(from, f.row)
	if err != nil {
		return fmt.Errorf("sheet %s: %w", f.name, err)
	}
	z, err := excelize.CoordinatesToCellName(to, f.row)
	if err != nil {
		return fmt.Errorf("sheet %s: %w", f.name, err)
	}
	return f.sw.MergeCell(a, z)
}

// grid writes a small table without a filter. Spans say how many of the form's columns each
// of its own columns takes.
type grid struct {
	*form
	spans []int
	looks []style
}

// grid writes the heads of a small table.
func (f *form) grid(spans []int, looks []style, heads ...string) (*grid, error) {
	g := &grid{form: f, spans: spans, looks: make([]style, len(looks))}
	values := make([]any, len(heads))
	for i, h := range heads {
		g.looks[i] = headStyle(looks[i])
		values[i] = h
	}
	err := g.row(values...)
	g.looks = looks
	return g, err
}

// row writes one row of the grid: strings, ints or styled.
func (g *grid) row(values ...any) error {
	var cells []styled
	var joins [][2]int
	height := 1
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
			height = max(height, linesOf(s, wide, c.look))
		}
		joins = append(joins, [2]int{at + 1, at + span})
		at += span
	}
	if err := g.write(rowHeight(height), cells); err != nil {
		return err
	}
	for _, j := range joins {
		if err := g.merge(j[0], j[1]); err != nil {
			return err
		}
	}
	return nil
}

// linesOf estimates how many lines a text takes in a column of that width. Merged cells do not
// grow by themselves, so this errs towards one line too many.
func linesOf(text string, width float64, look style) int {
	perLine := width * 1.12 // of ten-point Calibri, on average
	if look >= 0 {
		l := looks[look]
		perLine *= 10 / or(l.size, 10)
		if l.font == monoFont {
			perLine *= 0.88
		}
		if l.bold {
			perLine *= 0.94
		}
	}
	n := 0
	for para := range strings.SplitSeq(visible(text), "\n") {
		n++
		used := 0.0
		for word := range strings.FieldsSeq(para) {
			long := float64(len([]rune(word)))
			if used > 0 && used+1+long > perLine {
				n++
				used = 0
			} else if used > 0 {
				used++
			}
			for long > perLine {
				n++
				long -= perLine
			}
			used += long
		}
	}
	return n
}

// rowHeight is the height of a row of that many lines, in points.
func rowHeight(lines int) float64 { return min(4+13.2*float64(max(lines, 1)), 409) }
