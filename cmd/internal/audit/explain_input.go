package audit

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence/run"
)

// ExplainedLine is a line of an input that a fact was made from.
type ExplainedLine struct {
	File string `json:"file"` // relative to the run
	Line int    `json:"line"` // from 1
	Text string `json:"text"` // its beginning
}

// inputLines adds the lines of inputs among the sources: i:<digest>#<line>.
func (e *Explanation) inputLines(r *run.Run, from map[string]bool) error {
	for source := range from {
		digest, number, ok := strings.Cut(strings.TrimPrefix(source, "i:"), "#")
		n, err := strconv.Atoi(number)
		if !ok || !strings.HasPrefix(source, "i:") || err != nil || n < 1 {
			continue
		}
		for _, f := range r.Record.Inputs {
			if f.SHA256 != digest {
				continue
			}
			text, _, err := r.Input(strings.TrimPrefix(f.Path, "inputs/"))
			if err != nil {
				return err
			}
			e.Lines = append(e.Lines, ExplainedLine{File: f.Path, Line: n, Text: lineOf(text, n)})
		}
	}
	slices.SortFunc(e.Lines, func(a, b ExplainedLine) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return nil
}

// lineOf gives the beginning of a line.
func lineOf(text []byte, n int) string {
	for range n - 1 {
		_, rest, ok := bytes.Cut(text, []byte("\n"))
		if !ok {
			return ""
		}
		text = rest
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return excerpt(line)
}
