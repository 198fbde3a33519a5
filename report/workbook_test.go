package report

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

var update = flag.Bool("update", false, "write the golden files anew")

// made writes a workbook and gives its bytes.
func made(t testing.TB, in Input, limit int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(context.Background(), in, &b, limit); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unzipped gives the parts of a workbook, in their order.
func unzipped(t testing.TB, book []byte) (names []string, parts map[string]string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	parts = map[string]string{}
	for _, f := range z.File {
		if !f.Modified.IsZero() && f.Modified.Year() != 1980 || len(f.Extra) > 0 || f.Flags != 0 {
			t.Errorf("%s: modified %v, extra %x, flags %x", f.Name, f.Modified, f.Extra, f.Flags)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name)
		parts[f.Name] = string(text)
	}
	return names, parts
}

func opened(t testing.TB, book []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// The parts of the sample's workbook are those of testdata, an element a line.
func TestGolden(t *testing.T) {
	in, _ := sample(t, nil)
	names, parts := unzipped(t, made(t, in, maxRows))
	if len(names) < 20 || names[0] != contentTypes {
		t.Fatalf("the parts are %v", names)
	}
	dir := filepath.Join("testdata", "workbook")
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "__"))
		got := strings.ReplaceAll(parts[name], "><", ">\n<") + "\n"
		if *update {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from %s, from %q on (go test ./report -update rewrites it)", name, file, from(got, string(want)))
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != len(names) {
		t.Errorf("%d golden files for %d parts (%v)", len(files), len(names), err)
	}
}

// from gives where two texts differ first.
func from(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	return got[max(0, i-60):min(len(got), i+60)]
}

// The same input gives the same bytes, on one processor and on many, whatever order maps have.
func TestSameBytes(t *testing.T) {
	var first []byte
	for _, n := range []int{1, 7, 1, 2} {
		old := runtime.GOMAXPROCS(n)
		in, _ := sample(t, nil)
		got := made(t, in, maxRows)
		runtime.GOMAXPROCS(old)
		if first == nil {
			first = got
		}
		if !bytes.Equal(first, got) {
			t.Fatalf("with %d processors the workbook differs", n)
		}
	}
}

// Every part is well-formed XML, and no cell is a formula but the tie-outs'.
func TestFormulasAreOurs(t *testing.T) {
	in, _ := sample(t, nil)
	_, parts := unzipped(t, made(t, in, maxRows))
	formulas := 0
	for name, text := range parts {
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "f" {
				formulas++
				if !strings.HasSuffix(name, fmt.Sprintf("sheet%d.xml", len(sheets()))) {
					t.Errorf("%s has a formula", name)
				}
			}
		}
	}
	if formulas < 20 {
		t.Errorf("only %d formulas in Integrity", formulas)
	}
}

// What stands in a tie-out is what its formula comes to, counted again in the sheets.
func TestFormulasCountAgain(t *testing.T) {
	in, _ := sample(t, nil)
	f := opened(t, made(t, in, maxRows))
	rows, err := f.GetRows(integritySheet)
	if err != nil {
		t.Fatal(err)
	}
	counted := 0
	for r, row := range rows {
		for c, shown := range row {
			at, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				t.Fatal(err)
			}
			formula, err := f.GetCellFormula(integritySheet, at)
			if err != nil || formula == "" {
				continue
			}
			again, err := f.CalcCellValue(integritySheet, at)
			if err != nil || again != shown {
				t.Errorf("%s shows %q; counted again it is %q (%v): %s", at, shown, again, err, formula)
			}
			counted++
		}
	}
	if counted < 40 {
		t.Errorf("only %d formulas were counted again", counted)
	}
}

// A colour never stands alone: whatever has a verdict's or status' colour has its word.
func TestColoursHaveWords(t *testing.T) {
	in, _ := sample(t, nil)
	in.Lines = append(in.Lines, controls.Line{Control: "EDS-X-1", Verdict: controls.NotTested}, controls.Line{Control: "EDS-X-2", Verdict: controls.Error}, controls.Line{Control: "EDS-X-3", Verdict: controls.NotApplicable})
	f := opened(t, made(t, in, maxRows))
	coloured := 0
	for _, s := range sheets() {
		rows, err := f.GetRows(s.name)
		if err != nil {
			t.Fatal(err)
		}
		for r := range rows {
			for c := range 20 {
				cell, err := excelize.CoordinatesToCellName(c+1, r+1)
				if err != nil {
					t.Fatal(err)
				}
				id, err := f.GetCellStyle(s.name, cell)
				if err != nil {
					t.Fatal(err)
				}
				style, err := f.GetStyle(id)
				if err != nil || len(style.Fill.Color) == 0 || !slices.Contains([]string{green, red, amber, violet, grey}, style.Fill.Color[0]) {
					continue
				}
				value, err := f.GetCellValue(s.name, cell)
				merged := strings.Contains(value, "FURTHER ROWS")
				if err != nil || value == "" && !merged {
					t.Errorf("%s!%s has a colour and no word (%v)", s.name, cell, err)
				}
				coloured++
			}
		}
	}
	if coloured < 20 {
		t.Errorf("only %d coloured cells were looked at", coloured)
	}
	for _, v := range verdicts {
		if verdictWord(v) == "" || verdictMeaning(v) == "" || looks[verdictStyle(v)].color == ink {
			t.Errorf("verdict %s has no word, meaning or colour", v)
		}
	}
	for _, s := range statuses {
		if statusWord(s) == "" || statusMeaning(s) == "" {
			t.Errorf("status %s has no word or meaning", s)
		}
	}
}

// Each reference stands once in its sheet, and leads back to what its row is about.
func TestEveryRefResolves(t *testing.T) {
	in, _ := sample(t, nil)
	f := opened(t, made(t, in, maxRows))
	total := 0
	for _, s := range sheets()[1:] {
		rows, err := f.GetRows(s.name)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for i, row := range rows {
			if len(row) == 0 || !strings.HasPrefix(row[0], "R-") {
				continue
			}
			if seen[row[0]] {
				t.Errorf("%s row %d: %s stands twice", s.name, i+1, row[0])
			}
			seen[row[0]] = true
			if len(seen)%3 != 1 {
				continue // the others are looked at for their own name alone, to spare time
			}
			about, err := Resolve(context.Background(), in, s.name, row[0])
			if err != nil || about.ref(s.name) != row[0] {
				t.Errorf("%s row %d: %s resolves to %+v, %v", s.name, i+1, row[0], about, err)
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s has no row with a reference", s.name)
		}
		total += len(seen)
	}
	t.Logf("%d references", total)
	for _, bad := range [][2]string{{resultsSheet, "R-0000000000"}, {"No such sheet", "R-0000000000"}} {
		if _, err := Resolve(context.Background(), in, bad[0], bad[1]); !errors.Is(err, ErrNoSuchRow) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// What cannot be read ends the writing; what was cancelled too.
func TestErrorsEndTheWriting(t *testing.T) {
	broken := errors.New("disk gone")
	for name, change := range map[string]func(*Input){
		"items": func(in *Input) {
			in.Items = func(func(int) bool) iter.Seq2[controls.Item, error] { return fails[controls.Item](broken)() }
		},
		"ruled out": func(in *Input) { in.Out = fails[controls.Ruled](broken) },
		"body":      func(in *Input) { in.BodyFile = func(string, string) (string, error) { return "", broken } },
	} {
		in, _ := sample(t, nil)
		change(&in)
		if err := Workbook(context.Background(), in, io.Discard); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	in, _ := sample(t, nil)
	if err := Workbook(ctx, in, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := Workbook(context.Background(), Input{}, io.Discard); err != nil {
		t.Errorf("a run of nothing: %v", err)
	}
}

// The cover says where the snapshot lies outside the audit period, whose last day counts.
func TestOutside(t *testing.T) {
	on := func(text string) (d engagement.Date) { d.Time, _ = time.Parse(time.DateOnly, text); return d }
	p := engagement.Period{From: on("2026-07-01"), To: on("2026-09-30")}
	for at, want := range map[string]string{"2026-06-30T23:59:59Z": "BEFORE", "2026-07-01T00:00:00Z": "", "2026-09-30T23:59:59Z": "", "2026-10-01T00:00:00Z": "AFTER"} {
		asOf, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := outside(asOf, p); got != "" != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
	if got := outside(on("2026-01-01").Time, engagement.Period{}); got != "" {
		t.Errorf("no period: %q", got)
	}
}
