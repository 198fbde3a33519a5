package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// hostile are texts that an audited organisation could give its things, with how each shall stand
// in a cell.
var hostile = map[string]string{
	`=cmd|'/c calc'!A0`:               `=cmd|'/c calc'!A0`,
	`=HYPERLINK("http://x","y")`:      `=HYPERLINK("http://x","y")`,
	"+1+1":                            "+1+1",
	"-2+3":                            "-2+3",
	"@SUM(A1)":                        "@SUM(A1)",
	"\t=1":                            "\t=1",
	"\r\nx\ry":                        "\nx␍y",
	"a\x00b\x1bc\x7f":                 "a␀b␛c␡",
	"\u202egpj.exe":                   "‹U+202E›gpj.exe",
	"\u200b\ufeff\u2028":              "‹U+200B›‹U+FEFF›‹U+2028›",
	"\xed\xa0\x80 half a pair":        "��� half a pair",
	"\xff\xfe":                        "��",
	"\uffff\ufffe":                    "‹U+FFFF›‹U+FFFE›",
	"_x000D_":                         "_x000D_",
	"_x005F_x000D_":                   "_x005F_x000D_",
	"_xD800_ _xdfff_":                 "‹U+005F›xD800_ ‹U+005F›xdfff_",
	"_xD800_xd800_xDfff_":             "‹U+005F›xD800_xd800‹U+005F›xDfff_",
	"_x0041_b_x_x0042":                "_x0041_b_x_x0042",
	"</t></is></c><c><f>1</f></c>":    "</t></is></c><c><f>1</f></c>",
	"]]>&amp;&#0;":                    "]]>&amp;&#0;",
	"  spaces kept  ":                 "  spaces kept  ",
	"&D&T&\"Comic,Bold\"&20":          "&D&T&\"Comic,Bold\"&20",
	"emoji 🜲 and 𝄞, ünïcode, 日本":      "emoji 🜲 and 𝄞, ünïcode, 日本",
	"'quoted' and \"double\" \\ back": "'quoted' and \"double\" \\ back",
}

// Every hostile text comes back from the file as it shall stand, in a cell that is no formula.
func TestHostileCells(t *testing.T) {
	texts := slices.Sorted(maps.Keys(hostile))
	for _, text := range texts {
		if got := clean(text); got != hostile[text] {
			t.Errorf("%q stands as %q, want %q", text, got, hostile[text])
		}
	}
	found := map[string]int{}
	for offset := range 3 { // each text comes to other places
		n := offset * 7
		in, _ := sample(t, func(s string) string { n++; return texts[n%len(texts)] + s })
		book := made(t, in, maxRows)
		_, parts := unzipped(t, book)
		for name, part := range parts {
			wellFormed(t, name, part)
			if formulas := formula.FindAllString(part, -1); len(formulas) > 0 && (!strings.HasSuffix(name, fmt.Sprintf("sheet%d.xml", len(sheets()))) || strings.Contains(strings.Join(formulas, ""), "calc")) {
				t.Errorf("%s has formulas: %v", name, formulas)
			}
		}
		f := opened(t, book)
		for _, s := range sheets() {
			rows, err := f.GetRows(s.name, excelize.Options{RawCellValue: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range slices.Concat(rows...) {
				for _, text := range texts {
					if strings.Contains(value, hostile[text]) {
						found[text]++
					}
				}
			}
		}
	}
	for _, text := range texts {
		if found[text] < 3 {
			t.Errorf("%q stands as %q in %d cells only", text, hostile[text], found[text])
		}
	}
}

var formula = regexp.MustCompile(`<f>[^<]*</f>`)

func wellFormed(t *testing.T, name, part string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(part))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// A text that no cell holds is cut with a note, and counted as Excel counts.
func TestLongTexts(t *testing.T) {
	in, p := sample(t, nil)
	at := map[string]string{} // reason → cell
	for i, text := range []string{strings.Repeat("x", 40_000), strings.Repeat("𝄞", 20_000), strings.Repeat("\u202e", 6_000)} {
		row := []int{2, 5, 6}[i]
		p.items[row].Reason = text
		at[text] = fmt.Sprint("F", 6+i)
	}
	f := opened(t, made(t, in, maxRows))
	for text, cell := range at {
		name := fmt.Sprintf("%.8q", text)
		got := clean(text)
		if n := len(utf16.Encode([]rune(got))); n > excelize.TotalCellChars {
			t.Errorf("%s: %d units", name, n)
		}
		if !strings.Contains(got, "[cut here: ") || !strings.HasPrefix(visible(text), got[:strings.Index(got, " … [cut")]) {
			t.Errorf("%s: %q", name, got[len(got)-200:])
		}
		value, err := f.GetCellValue(resultsSheet, cell, excelize.Options{RawCellValue: true})
		if err != nil || value != got {
			t.Errorf("%s: the cell holds %d characters, want %d (%v)", name, utf8.RuneCountInString(value), utf8.RuneCountInString(got), err)
		}
	}
	if whole := strings.Repeat("x", maxCell); clean(whole) != whole {
		t.Error("a text that fits was cut")
	}
}

// What stands in headers and footers starts no code, and fits.
func TestMargins(t *testing.T) {
	for text, want := range map[string]string{
		"A & B":                  "A && B",
		"&D":                     "&&D",
		"2026 audit":             " 2026 audit", // a digit behind a size would change it
		"a\nb":                   "a b",
		strings.Repeat("y", 100): strings.Repeat("y", 39) + "…",
	} {
		if got := marginText(text, 40); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	in, _ := sample(t, func(s string) string { return strings.Repeat("&", 300) + s })
	f := opened(t, made(t, in, maxRows))
	for _, s := range sheets() {
		h, err := f.GetHeaderFooter(s.name)
		if err != nil || h == nil {
			t.Fatal(s.name, err)
		}
		for _, text := range []string{h.OddHeader, h.OddFooter} {
			if n := len(utf16.Encode([]rune(text))); n > 255 {
				t.Errorf("%s: %d characters in a header or footer", s.name, n)
			}
		}
	}
}

// FuzzClean holds of any text: what stands in a cell is valid, shows what is hidden, and fits.
func FuzzClean(f *testing.F) {
	for text := range hostile {
		f.Add(text)
	}
	f.Add(strings.Repeat("𝄞", 20_000))
	f.Fuzz(func(t *testing.T, text string) {
		got := clean(text)
		if !utf8.ValidString(got) || len(utf16.Encode([]rune(got))) > excelize.TotalCellChars {
			t.Fatalf("%q: %q", text, got)
		}
		for _, r := range got {
			if r < 0x20 && r != '\n' && r != '\t' || hidden(r) {
				t.Fatalf("%q holds %U", got, r)
			}
		}
		if strings.TrimSpace(text) != "" && got == "" {
			t.Fatalf("%q was lost", text)
		}
		if again := visible(got); again != got {
			t.Fatalf("%q is shown as %q, and then as %q", text, got, again)
		}
		if m := marginText(text, 60); strings.Count(m, "&")%2 != 0 || strings.ContainsAny(m, "\n\r\x00") {
			t.Fatalf("%q stands in a margin as %q", text, m)
		}
		members(text)
		if n := linesOf(text, 20, plainText); n < 1 {
			t.Fatalf("%q takes %d lines", text, n)
		}
	})
}
