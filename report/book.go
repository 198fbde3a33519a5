package report

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// book is the workbook while it is being written.
type book struct {
	in     *Input
	f      *excelize.File
	styles [styleCount]int
	banner string
	limit  int               // rows that a table takes
	cutOff map[string]int    // sheet → rows that did not fit
	ranges map[string][2]int // sheet → first and last row of its table
	made   counts            // what was written, for the tie-outs
	cited  map[uint64]bool   // facts that rows state something of, by a hash of their ids
	survey *survey           // see surveyed

	wanted string // the reference that Resolve looks for
	found  Subject
}

// newBook makes an empty workbook with all sheets, so that links between them are possible.
func newBook(in *Input, names []string) (*book, error) {
	f := excelize.NewFile()
	b := &book{in: in, f: f, banner: bannerLine(in), limit: maxRows, cutOff: map[string]int{}, ranges: map[string][2]int{}, made: counts{}, cited: map[uint64]bool{}}
	var err error
	if b.styles, err = define(f); err != nil {
		return nil, err
	}
	for i, name := range names {
		if i == 0 {
			err = f.SetSheetName("Sheet1", name)
		} else {
			_, err = f.NewSheet(name)
		}
		if err != nil {
			return nil, fmt.Errorf("add sheet %s: %w", name, err)
		}
	}
	return b, b.properties()
}

// properties sets the document's own data: no time but the judgement's, no author but the tool.
func (b *book) properties() error {
	at := b.in.Judgement.AsOf.UTC().Format("2006-01-02T15:04:05Z")
	if err := b.f.SetDocProps(&excelize.DocProperties{Created: at, Modified: at, Creator: "Trefoil", LastModifiedBy: "Trefoil",
		Title: clean(b.in.Engagement.Name), Subject: "Audit evidence workbook"}); err != nil {
		return fmt.Errorf("set properties: %w", err)
	}
	if err := b.f.SetAppProps(&excelize.AppProperties{Application: "Trefoil", Company: clean(b.in.Engagement.Auditor)}); err != nil {
		return fmt.Errorf("set properties: %w", err)
	}
	for _, p := range []Setting{
		{"TrefoilRunDigest", b.in.Run.Digest},
		{"TrefoilJudgementDigest", orElse(b.in.Judgement.Digest, "not recorded")},
		{"TrefoilSource", string(b.in.Run.Source)},
	} {
		if err := b.f.SetCustomProps(excelize.CustomProperty{Name: p.Name, Value: clean(p.Value)}); err != nil {
			return fmt.Errorf("set property %s: %w", p.Name, err)
		}
	}
	return nil
}

// page is one sheet while it is being written, row after row.
type page struct {
	*book
	name   string
	sw     *excelize.StreamWriter
	widths []float64
	row    int // the last one written
	repeat int // the last row that is repeated on each printed page
}

// open starts a sheet; what is set before the first row must be set here.
func (b *book) open(name string, widths []float64, freezeRows, freezeColumns int) (*page, error) {
	fail := func(err error) (*page, error) { return nil, fmt.Errorf("open sheet %s: %w", name, err) }
	no, yes := false, true
	tab := "FF" + slate // the schema wants ARGB
	if err := b.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &yes, TabColorRGB: &tab}); err != nil {
		return fail(err)
	}
	sw, err := b.f.NewStreamWriter(name)
	if err != nil {
		return fail(err)
	}
	if err := b.f.SetSheetView(name, 0, &excelize.ViewOptions{ShowGridLines: &no}); err != nil {
		return fail(err)
	}
	for i, w := range widths {
		if err := sw.SetColWidth(i+1, i+1, w); err != nil {
			return fail(err)
		}
	}
	p := &page{book: b, name: name, sw: sw, widths: widths, repeat: freezeRows}
	if freezeRows > 0 {
		corner, err := excelize.CoordinatesToCellName(freezeColumns+1, freezeRows+1)
		if err != nil {
			return fail(err)
		}
		pane := "bottomLeft"
		if freezeColumns > 0 {
			pane = "bottomRight"
		}
		if err := sw.SetPanes(&excelize.Panes{Freeze: true, XSplit: freezeColumns, YSplit: freezeRows,
			TopLeftCell: corner, ActivePane: pane}); err != nil {
			return fail(err)
		}
	}
	return p, nil
}

// styled is a value with a look of its own.
type styled struct {
	look  style
	value any // string, int or nil
	sum   string
}

// write puts one row; height 0 leaves the height to the reader's program. Text is cleaned here
// and nowhere else; sum is a formula of ours, never of the evidence.
func (p *page) write(height float64, cells []styled) error {
	p.row++
	values := make([]any, len(cells))
	for i, c := range cells {
		if s, ok := c.value.(string); ok {
			c.value = clean(s)
		}
		if c.look == blank {
			continue
		}
		values[i] = excelize.Cell{StyleID: p.styles[c.look], Value: c.value, Formula: c.sum}
	}
	at, err := excelize.CoordinatesToCellName(1, p.row)
	if err != nil {
		return fmt.Errorf("sheet %s: %w", p.name, err)
	}
	if err := p.sw.SetRow(at, values, excelize.RowOpts{Height: height}); err != nil {
		return fmt.Errorf("sheet %s row %d: %w", p.name, p.row, err)
	}
	return nil
}

// blank is a cell that is not written at all.
const blank style = -1

// heading writes the three rows on top of each sheet: title, what it says, and the banners or
// else which run this is.
func (p *page) heading(text, says string) error {
	if err := p.write(26, p.across(title, text)); err != nil {
		return err
	}
	if err := p.write(16, p.across(subtitle, says)); err != nil {
		return err
	}
	if p.banner != "" {
		return p.write(19, p.across(bannerCell, p.banner))
	}
	return p.write(16, p.across(subtitle, p.in.Engagement.Name+"  ·  as of "+instant(p.in.Run.AsOf)+"  ·  run sha256:"+p.in.Run.Digest))
}

// across gives a row whose first cell has the text and all the same look.
func (p *page) across(look style, text string) []styled {
	cells := make([]styled, len(p.widths))
	for i := range cells {
		cells[i] = styled{look: look}
	}
	cells[0].value = text
	return cells
}

// close sets what is printed and locked, then ends the sheet.
func (p *page) close() error {
	fail := func(err error) error { return fmt.Errorf("close sheet %s: %w", p.name, err) }
	a4, wide, one, many := 9, "landscape", 1, 0
	if err := p.f.SetPageLayout(p.name, &excelize.PageLayoutOptions{Size: &a4, Orientation: &wide, FitToWidth: &one, FitToHeight: &many}); err != nil {
		return fail(err)
	}
	side, top, bottom, edge, centre := 0.4, 0.6, 0.65, 0.3, true
	if err := p.f.SetPageMargins(p.name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &top, Bottom: &bottom,
		Header: &edge, Footer: &edge, Horizontally: &centre}); err != nil {
		return fail(err)
	}
	if err := p.f.SetHeaderFooter(p.name, p.margins()); err != nil {
		return fail(err)
	}
	if p.repeat > 0 {
		if err := p.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", Scope: p.name,
			RefersTo: fmt.Sprintf("'%s'!$1:$%d", p.name, p.repeat)}); err != nil {
			return fail(err)
		}
	}
	if err := p.f.ProtectSheet(p.name, &excelize.SheetProtectionOptions{AutoFilter: true, Sort: true, FormatColumns: true, FormatRows: true,
		SelectLockedCells: true, SelectUnlockedCells: true, EditScenarios: true}); err != nil {
		return fail(err)
	}
	if err := p.sw.Flush(); err != nil {
		return fail(err)
	}
	return nil
}

// margins gives what stands above and below each printed page: the banners, and which run.
func (p *page) margins() *excelize.HeaderFooterOptions {
	h := &excelize.HeaderFooterOptions{
		OddHeader: `&L&8` + marginText(p.in.Engagement.Name, 60) + `&R&8` + marginText(p.name, 40),
		OddFooter: `&L&7run sha256:` + marginText(p.in.Run.Digest, 64) + `&C&8Page &P of &N&R&8` + marginText(p.in.Engagement.Auditor, 40),
	}
	if p.banner != "" {
		h.OddHeader = `&L&8` + marginText(p.in.Engagement.Name, 60) + `&C&"-,Bold"&9&K9B1C1C` + marginText(p.banner, 90) + `&R&8` + marginText(p.name, 40)
	}
	return h
}

// marginText makes a text fit for a header or footer, where & starts a code and a digit after
// a size would change it; 255 characters is all that Excel takes.
func marginText(s string, limit int) string {
	s = strings.Join(strings.Fields(visible(s)), " ")
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit-1]) + "…"
	}
	if s != "" && s[0] >= '0' && s[0] <= '9' {
		s = " " + s
	}
	return strings.ReplaceAll(s, "&", "&&")
}
