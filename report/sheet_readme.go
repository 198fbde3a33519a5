package report

import (
	"context"
	"fmt"
	"time"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/xuri/excelize/v2"
)

const readMeSheet = "Read me"

// writeReadMe writes the cover: whose audit, what to be warned of, what came out, how to read
// and verify the rest.
func writeReadMe(_ context.Context, b *book, s sheet) error {
	f, err := b.form(s.name, []float64{24, 20, 20, 20, 20, 20, 20})
	if err != nil {
		return err
	}
	for _, part := range []func(*form) error{cover, warnings, tiles, contents, signOff, verifying, limits, legend} {
		if err := part(f); err != nil {
			return err
		}
	}
	return f.close()
}

// cover writes the title band.
func cover(f *form) error {
	e := f.in.Engagement
	if err := f.write(44, f.across(coverTitle, "Audit evidence workbook")); err != nil {
		return err
	}
	if err := f.write(24, f.across(coverLine, e.Name)); err != nil {
		return err
	}
	if err := f.write(10, f.across(coverLine, "")); err != nil {
		return err
	}
	if err := f.gap(8); err != nil {
		return err
	}
	for _, p := range []Setting{
		{"Auditee", e.Auditee}, {"Auditor", e.Auditor},
		{"Audit period", day(e.Period.From.Time) + " to " + day(e.Period.To.Time) + " (both days included)"},
		{"Snapshot as of", instant(f.in.Run.AsOf) + outside(f.in.Run.AsOf, e.Period)},
		{"Judged as of", instant(f.in.Judgement.AsOf)},
		{"Prepared by", toolText(f.in.Judgement.Tool)},
	} {
		if err := f.pair(p.Name, orElse(p.Value, "not stated"), prose); err != nil {
			return err
		}
	}
	return f.pair("Run digest", "sha256:"+f.in.Run.Digest, proseMono)
}

// warnings writes the banners.
func warnings(f *form) error {
	for i, w := range banners(f.in) {
		if i == 0 {
			if err := f.gap(8); err != nil {
				return err
			}
		}
		if err := f.labelled(styled{look: failCell, value: w.word}, w.text, prose); err != nil {
			return err
		}
	}
	return nil
}

// tiles writes how many controls came out how.
func tiles(f *form) error {
	if err := f.section("What was found"); err != nil {
		return err
	}
	counts := map[controls.Verdict]int{}
	for _, l := range f.in.Lines {
		counts[l.Verdict]++
	}
	numbers := []styled{{look: tileCount, value: len(f.in.Lines)}}
	words := []styled{{look: tileLabel, value: "Controls"}}
	for _, v := range verdicts {
		numbers = append(numbers, styled{look: tileStyle(v), value: counts[v]})
		words = append(words, styled{look: tileLabel, value: verdictWord(v)})
	}
	if err := f.write(36, numbers); err != nil {
		return err
	}
	return f.write(17, words)
}

// contents lists the sheets, with a link to each.
func contents(f *form) error {
	if err := f.section("What is in it"); err != nil {
		return err
	}
	for _, s := range sheets()[1:] {
		if err := f.labelled(styled{look: linkCell, value: s.name}, s.says, prose); err != nil {
			return err
		}
		at, err := excelize.CoordinatesToCellName(1, f.row)
		if err != nil {
			return err
		}
		if err := f.f.SetCellHyperLink(f.name, at, fmt.Sprintf("'%s'!A1", s.name), "Location"); err != nil {
			return fmt.Errorf("link to %s: %w", s.name, err)
		}
	}
	return nil
}

// signOff leaves room for those who sign the working paper; the cells are theirs.
func signOff(f *form) error {
	if err := f.section("Sign-off"); err != nil {
		return err
	}
	g, err := f.grid([]int{1, 2, 1, 3}, []style{label, note, note, note}, "Role", "Name and signature", "Date", "Conclusion and remarks")
	if err != nil {
		return err
	}
	for _, role := range []string{"Prepared by", "Reviewed by", "Engagement partner"} {
		if err := g.row(role+"\n ", "", "", ""); err != nil { // two lines high: there is something to sign
			return err
		}
	}
	return nil
}

// verifying says how to check the workbook and the run without trusting this text.
func verifying(f *form) error {
	if err := f.section("How to verify it"); err != nil {
		return err
	}
	for _, p := range []Setting{
		{"1. The signature", "trefoil verify --trust trust.yaml RUN checks signatures, digests, contents and times of the run, file by file. Any changed byte is exit code 4, with the file named. Take trust.yaml from the signer, never from the run."},
		{"2. This workbook", "trefoil verify --trust trust.yaml --reperform --report report.xlsx RUN plays the recording again, offline, derives facts, results and this workbook anew, and compares them."},
		{"3. One cell", "trefoil explain --run RUN report.xlsx 'Test results!F17' prints, for the row's Ref, the API call, the recorded answer and the test that gave the value. Sorting and filtering do no harm."},
		{"4. Without Trefoil", "A bundle is a zip. cosign verify-blob-attestation accepts its manifest's signature as it is; sha256sum and unzip check the rest. The sheet Integrity has the digests and the commands."},
	} {
		if err := f.pair(p.Name, p.Value, prose); err != nil {
			return err
		}
	}
	return nil
}

// limits says what no snapshot of configuration can prove.
func limits(f *form) error {
	if err := f.section("What configuration cannot prove"); err != nil {
		return err
	}
	for _, p := range []Setting{
		{"Where a person sits", "The real location of a person at the time of access. Network addresses and rosters are indications only."},
		{"Who acts", "Sharing of credentials and of screens."},
		{"The provider's own access", "Access by the provider's staff, where the provider does not log it to its customer."},
		{"Inside applications", "What an application's own administration tools can read with the application's identity."},
		{"The past", "Data that people have already copied out, and what happened before or after the snapshot. A snapshot speaks of its instant; operating effectiveness needs logs over the period."},
		{"What was not asked", "Services that no collector reads yet, and operations that were denied. They are listed in Coverage and never counted as a pass."},
	} {
		if err := f.pair(p.Name, p.Value, prose); err != nil {
			return err
		}
	}
	return nil
}

// legend explains words and colours.
func legend(f *form) error {
	if err := f.section("Legend"); err != nil {
		return err
	}
	for _, v := range verdicts {
		if err := f.labelled(styled{look: verdictStyle(v), value: verdictWord(v)}, verdictMeaning(v), prose); err != nil {
			return err
		}
	}
	if err := f.pair("White cells", "The collector's. They are locked without a password: a guard against slips, not a seal. Filters work as they are; to sort, take the protection off. The seal is the signature beside the workbook.", prose); err != nil {
		return err
	}
	if err := f.labelled(styled{look: note, value: "Yellow cells"}, "The auditor's: conclusion, tick mark, comment, reviewer, date. Tick marks: ✓ agreed to evidence, R re-performed, X exception, N see comment.", prose); err != nil {
		return err
	}
	if err := f.pair("Ref", "Names a row: R- and ten signs, from the SHA-256 of sheet, control and item. The same in each workbook about the same things.", prose); err != nil {
		return err
	}
	return f.pair("Signs in texts", "␀ … ␡ and ‹U+202E› stand for control and direction characters that were in the evidence; “cut here” marks a text that no cell could hold.", prose)
}

// toolText names a build.
func toolText(t Tool) string {
	text := "Trefoil " + orElse(t.Version, "(version not stated)")
	if t.Binary != "" {
		text += ", executable sha256:" + t.Binary
	}
	return text
}

// outside says that a snapshot was not taken within the audit period; its last day counts.
func outside(asOf time.Time, p engagement.Period) string {
	switch {
	case p.From.IsZero() || p.To.IsZero():
		return ""
	case asOf.Before(p.From.Time):
		return ", BEFORE the audit period: it shows that instant, not the period"
	case !asOf.Before(p.To.AddDate(0, 0, 1)):
		return ", AFTER the audit period: it shows that instant, not the period"
	}
	return ""
}
