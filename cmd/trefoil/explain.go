package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

func explainCommand() *cli.Command {
	return &cli.Command{
		Name: "explain", Usage: "from a cell of the workbook, or an id, back to the recorded answer", ArgsUsage: "report.xlsx 'Sheet!F17' | RUN ID",
		Description: "Shows the fact, what the judgement says of it, and each API call that it was made from, with its recorded answer.\nA workbook RUN.xlsx is of RUN beside it; of another one, say --run. One of another run is refused.\nWith --trust, the run is verified first.\n\nExample:\n   trefoil explain --run demo/run demo/report.xlsx 'Test results!C9'",
		Flags:       []cli.Flag{&cli.StringFlag{Name: "run", Usage: "the `RUN` that the workbook is of"}, judgedFlag, trustFlag, jsonFlag},
		Action: func(c *cli.Context) error {
			if c.NArg() != 2 {
				return &usageError{errors.New("explain takes two arguments: RUN ID, or --run RUN report.xlsx 'Sheet!F17'")}
			}
			first, id := c.Args().Get(0), c.Args().Get(1)
			path := runOf(c, first)
			r, _, err := openTrusted(c, path)
			if err != nil {
				return err
			}
			judged, err := recorded(c, r, first)
			if err != nil {
				return err
			}
			var e *audit.Explanation
			if path != first {
				e, err = audit.ExplainCell(c.Context, r, judged, first, id)
			} else {
				e, err = audit.Explain(r, judged, id)
			}
			if err != nil {
				return err
			}
			if c.Bool(jsonFlag.Name) {
				return printJSON(c.App.Writer, struct {
					Warnings []string `json:"warnings"`
					*audit.Explanation
				}{sourceWarnings(r), e})
			}
			banner(c.App.Writer, sourceWarnings(r))
			return printExplanation(c.App.Writer, e, r.Path)
		},
	}
}

// runOf gives the run to look in. The workbook that audit leaves beside a run, RUN.xlsx, leads to it by
// its name.
func runOf(c *cli.Context, first string) string {
	if path := c.String("run"); path != "" {
		return path
	}
	if beside, isBook := strings.CutSuffix(first, ".xlsx"); isBook {
		if info, err := os.Stat(beside); err == nil && info.IsDir() {
			return beside
		}
	}
	return first
}

// recorded reads back the judgement to explain by: of a workbook, the one that it names. Without a
// workbook there may be none, or several and none named: that is said, and facts are explained all the same.
func recorded(c *cli.Context, r *run.Run, book string) (*audit.Judged, error) {
	judgement := c.String(judgedFlag.Name)
	if book != r.Path {
		return audit.RecordedIn(r, book, judgement)
	}
	judged, err := audit.Recorded(r, judgement)
	if errors.Is(err, run.ErrJudgement) && judgement == "" {
		tell(c.App.ErrWriter, "trefoil: no results are shown: %v\n", err)
		return nil, nil
	}
	return judged, err
}

// printExplanation prints what a row is about, then what it rests on.
func printExplanation(w io.Writer, e *audit.Explanation, path string) error {
	if err := printSubject(w, e); err != nil {
		return err
	}
	if e.Fact != nil {
		text, err := evidence.Canonical(e.Fact)
		if err != nil {
			return err
		}
		tell(w, "FACT %s\n  %s\n", e.Fact.ID, string(text))
	}
	for _, i := range e.Items {
		tell(w, "RESULT %s: %s. %s\n  %s\n  the test read %s\n", i.Control, verdictWords[i.Verdict], i.Reason, i.Fact, i.Observed)
	}
	for _, a := range e.SeeAlso {
		tell(w, "SEE ALSO %s (%s: %s)\n", a.Fact, a.Control, verdictWords[a.Verdict])
	}
	if e.MoreAlso > 0 {
		tell(w, "and %d further results of what was made of it, in the workbook's sheet Test results\n", e.MoreAlso)
	}
	for _, r := range e.Rows {
		tell(w, "COVERAGE %s: %s %s\n", r.ID, r.Status, r.Reason)
	}
	for _, l := range e.Lines {
		tell(w, "INPUT %s line %d: %s\n", l.File, l.Line, l.Text)
	}
	for _, x := range e.Exchanges {
		printCall(w, x, path)
	}
	if e.More > 0 {
		tell(w, "and %d further calls, in exchanges.jsonl of the bundle\n", e.More)
	}
	return nil
}

// printSubject prints what a cell's row is about, where that is no fact.
func printSubject(w io.Writer, e *audit.Explanation) error {
	about := e.Subject
	switch {
	case about.Control != "" && about.Item == "":
		catalogue, err := loadCatalogue()
		if err != nil {
			return err
		}
		if known, ok := catalogue.Control(about.Control); ok {
			fmt.Fprint(w, known.Markdown())
		}
	case about.Topic != "":
		tell(w, "COUNTS that must agree: %s\n  %s\n", about.Topic, about.Evidence)
	}
	if about.Kind != "" {
		tell(w, "POPULATION of kind %s: %d items\n", about.Kind, len(e.Items))
	}
	if e.File != nil {
		tell(w, "FILE %s, entry %q\n  sha256 %s\n", e.File.Name, about.Entry, e.File.SHA256)
		printLines(w, e.File.Excerpt)
	}
	return nil
}

func printCall(w io.Writer, x audit.ExplainedExchange, path string) {
	answer := string(x.Outcome)
	if x.Status != 0 { // a plug-in, or a transport that failed, gives no status
		answer = fmt.Sprintf("HTTP %d, %s", x.Status, x.Outcome)
	}
	tell(w, "CALL %s %s\n  %s %s%s %s\n  %s, %s\n", x.ID, x.Operation, x.Method, x.Host, x.Path, x.Query+x.Request,
		x.Start.Format("2006-01-02T15:04:05Z"), answer)
	if file, entry, ok := strings.Cut(x.File, " "); ok {
		tell(w, "  unzip -p %s/%s %s\n", path, file, entry)
		printLines(w, x.Excerpt)
	}
}

func printLines(w io.Writer, text string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		tell(w, "    %s\n", strings.TrimSuffix(line, "\r"))
	}
}
