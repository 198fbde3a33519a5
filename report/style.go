package report

import (
	"fmt"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/xuri/excelize/v2"
)

// style names one look of a cell.
type style int

// The looks. Those of the collector are locked; note, mark and noteDate are the auditor's.
const (
	plainText style = iota // text of the collector
	strongText
	faintText
	refText
	monoText
	lineText // monoText on one line: the cell holds what its width cuts off
	count
	ratio // a count that must be zero
	header
	headerCount
	headerYours
	title
	subtitle
	bannerCell
	coverTitle
	coverLine
	section
	label
	prose
	proseMono
	linkCell
	tieCell // the word of a tie-out, a formula of ours
	tileLabel
	passCell
	failCell
	insufficientCell
	errorCell
	untestedCell
	naCell
	awayCell // a place outside the EEA without an adequacy decision: no verdict, but to be seen
	tilePass
	tileFail
	tileInsufficient
	tileError
	tileUntested
	tileNA
	tileCount
	note
	mark
	gapText // text of which a part says what was not seen
	styleCount
)

// The palette. Ink and paper pairs keep a contrast of at least 4.5 to 1.
const (
	ink     = "1F2937"
	faint   = "5B6472"
	navy    = "14284B"
	slate   = "33476B"
	line    = "CBD2DC"
	mist    = "EEF2F7"
	white   = "FFFFFF"
	yellow  = "FFF8CC"
	green   = "E3F1E5"
	greenIn = "1B5E2B"
	red     = "FBE3E1"
	redIn   = "9B1C1C"
	amber   = "FCE7D2"
	amberIn = "8A3B0A"
	violet  = "ECE4F5"
	violIn  = "5B2A86"
	grey    = "E9EBEE"
	greyIn  = "4A5260"
)

const (
	bodyFont = "Calibri"
	monoFont = "Consolas"
)

// look is what a style is made of, before excelize sees it.
type look struct {
	size         float64
	bold         bool
	color, fill  string
	font         string
	align, valig string
	flat         bool // no wrap
	frame        bool // thin lines around
	num          bool // a count, else text
	open         bool // not locked: the auditor's
	underline    bool
	indent       int
}

var looks = [styleCount]look{
	plainText:        {frame: true, size: 9},
	strongText:       {frame: true, bold: true, size: 9},
	faintText:        {frame: true, color: faint, size: 9},
	refText:          {frame: true, color: faint, font: monoFont, size: 7.5, flat: true},
	monoText:         {frame: true, font: monoFont, size: 7.5},
	lineText:         {frame: true, font: monoFont, size: 7.5, flat: true},
	count:            {frame: true, flat: true, num: true, align: "right", size: 9, indent: 1},
	ratio:            {frame: true, flat: true, num: true, align: "right", bold: true, size: 9, indent: 1},
	header:           {bold: true, size: 9, color: white, fill: navy, frame: true, valig: "center"},
	headerCount:      {bold: true, size: 9, color: white, fill: navy, frame: true, valig: "center", align: "right", indent: 1},
	headerYours:      {bold: true, size: 9, color: ink, fill: "F2D94E", frame: true, valig: "center"},
	title:            {size: 17, bold: true, color: navy, flat: true, valig: "center"},
	subtitle:         {color: faint, flat: true, valig: "center"},
	bannerCell:       {size: 11, bold: true, color: white, fill: redIn, flat: true, valig: "center", indent: 1},
	coverTitle:       {size: 24, bold: true, color: white, fill: navy, flat: true, valig: "center", indent: 1},
	coverLine:        {size: 12, color: white, fill: navy, flat: true, valig: "center", indent: 1},
	section:          {size: 13, bold: true, color: navy, flat: true, valig: "bottom"},
	label:            {bold: true, color: slate, fill: mist, frame: true, size: 9},
	prose:            {frame: true, size: 9},
	proseMono:        {frame: true, font: monoFont, size: 8},
	linkCell:         {frame: true, size: 9, color: "1D4E9E", underline: true, bold: true},
	tieCell:          {frame: true, size: 9, bold: true, num: true},
	tileLabel:        {color: faint, align: "center", frame: true},
	passCell:         {frame: true, size: 9, bold: true, color: greenIn, fill: green},
	failCell:         {frame: true, size: 9, bold: true, color: redIn, fill: red},
	insufficientCell: {frame: true, size: 9, bold: true, color: amberIn, fill: amber},
	errorCell:        {frame: true, size: 9, bold: true, color: violIn, fill: violet},
	untestedCell:     {frame: true, size: 9, bold: true, color: greyIn, fill: grey},
	naCell:           {frame: true, size: 9, color: greyIn, fill: white},
	awayCell:         {frame: true, size: 9, bold: true, color: slate, fill: mist},
	tilePass:         {size: 22, bold: true, num: true, align: "center", color: greenIn, fill: green, frame: true, valig: "center"},
	tileFail:         {size: 22, bold: true, num: true, align: "center", color: redIn, fill: red, frame: true, valig: "center"},
	tileInsufficient: {size: 22, bold: true, num: true, align: "center", color: amberIn, fill: amber, frame: true, valig: "center"},
	tileError:        {size: 22, bold: true, num: true, align: "center", color: violIn, fill: violet, frame: true, valig: "center"},
	tileUntested:     {size: 22, bold: true, num: true, align: "center", color: greyIn, fill: grey, frame: true, valig: "center"},
	tileNA:           {size: 22, bold: true, num: true, align: "center", color: greyIn, fill: white, frame: true, valig: "center"},
	tileCount:        {size: 22, bold: true, num: true, align: "center", color: navy, fill: mist, frame: true, valig: "center"},
	note:             {frame: true, size: 9, fill: yellow, open: true},
	mark:             {frame: true, size: 9, fill: yellow, open: true, align: "center"},
	gapText:          {frame: true, size: 9, color: amberIn, fill: amber},
}

// define registers all looks in one fixed order and returns their ids.
func define(f *excelize.File) ([styleCount]int, error) {
	var ids [styleCount]int
	for i, l := range looks {
		id, err := f.NewStyle(l.style())
		if err != nil {
			return ids, fmt.Errorf("define style %d: %w", i, err)
		}
		ids[i] = id
	}
	return ids, nil
}

func (l look) style() *excelize.Style {
	s := &excelize.Style{
		Font: &excelize.Font{Family: or(l.font, bodyFont), Size: or(l.size, 10), Bold: l.bold, Color: or(l.color, ink)},
		Alignment: &excelize.Alignment{Vertical: or(l.valig, "top"), Horizontal: or(l.align, "left"),
			WrapText: !l.flat, Indent: l.indent},
		Protection: &excelize.Protection{Locked: !l.open},
		NumFmt:     49, // text: what looks like a formula stays text, also when edited
	}
	if l.num {
		s.NumFmt = 3 // #,##0
	}
	if l.underline {
		s.Font.Underline = "single"
	}
	if l.fill != "" {
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{l.fill}}
	}
	if l.frame {
		for _, side := range []string{"left", "top", "right", "bottom"} {
			s.Border = append(s.Border, excelize.Border{Type: side, Color: line, Style: 1})
		}
	}
	return s
}

func or[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}

// verdictStyle is the look of a verdict's word.
func verdictStyle(v controls.Verdict) style {
	switch v {
	case controls.Pass:
		return passCell
	case controls.Fail:
		return failCell
	case controls.Insufficient:
		return insufficientCell
	case controls.Error:
		return errorCell
	case controls.NotTested:
		return untestedCell
	}
	return naCell
}

// tileStyle is the look of a verdict's count on the cover.
func tileStyle(v controls.Verdict) style {
	return tilePass + (verdictStyle(v) - passCell)
}

// statusStyle is the look of a coverage status' word.
func statusStyle(s evidence.Status) style {
	switch s {
	case evidence.OK, evidence.Empty:
		return passCell
	case evidence.Denied, evidence.Failed, evidence.Throttled, evidence.Unsupported:
		return insufficientCell
	case evidence.NotAttempted, evidence.Disabled, evidence.NotEnabled:
		return untestedCell
	}
	return errorCell
}
