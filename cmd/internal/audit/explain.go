package audit

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/report"
)

// Explanation is the way from a statement back to the answers that it was made from.
type Explanation struct {
	Subject   report.Subject      `json:"subject"` // what the cell's row is about; empty where an id was asked for
	Fact      *evidence.Fact      `json:"fact"`    // nil where the thing is no fact of a bundle
	Items     []controls.Item     `json:"items"`   // what the judgement says of it
	SeeAlso   []SeeAlso           `json:"see_also"`
	MoreAlso  int                 `json:"more_also"` // further ones to see that are not shown
	Rows      []evidence.Row      `json:"coverage"`
	Exchanges []ExplainedExchange `json:"exchanges"`
	More      int                 `json:"more"`  // further exchanges that are not shown
	Lines     []ExplainedLine     `json:"lines"` // of inputs, such as a plug-in's
	File      *ExplainedFile      `json:"file"`  // nil where the row is about no file
}

// SeeAlso is what the judgement says of a fact that was made of the one that was asked for, such as a statement of a
// role's trust policy.
type SeeAlso struct {
	Control string           `json:"control"`
	Fact    string           `json:"fact"`
	Verdict controls.Verdict `json:"verdict"`
}

// ExplainedExchange is an exchange with where its answer lies and how it begins.
type ExplainedExchange struct {
	evidence.Exchange
	File    string `json:"file"`    // the bundle, and the entry in it: unzip -p FILE ENTRY
	Excerpt string `json:"excerpt"` // the first bytes of the answer
}

// ExplainedFile is a file of the run or of the judgement, and how it begins.
type ExplainedFile struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256"`
	Excerpt string `json:"excerpt"`
}

// Bounds of what an explanation shows.
const (
	maxExcerpt = 2000
	maxShown   = 40 // exchanges, or facts to see also
)

// NotThereError says that a run has nothing of that name.
type NotThereError struct {
	ID   string
	Near []string // what it has of a like name, sorted: a few
}

func (e *NotThereError) Error() string {
	text := fmt.Sprintf("the run has no fact, exchange or coverage row %q", e.ID)
	switch {
	case strings.HasPrefix(strings.ToUpper(e.ID), refPrefix):
		text += ": R- begins a Ref, which is looked up in the workbook: trefoil explain --run RUN report.xlsx " + e.ID
	case len(e.Near) > 0:
		text += "; near it are:\n" + strings.Join(e.Near, "\n")
	default:
		text += ", and nothing of a like name: ids stand in the workbook, and those of rows in trefoil coverage --all RUN"
	}
	return text
}

// Explain goes from a fact's id, an exchange's id or a coverage row's id back to recorded
// answers. Judged may be nil. Errors: *NotThereError, or what cannot be read.
func Explain(r *run.Run, j *Judged, id string) (*Explanation, error) {
	near := newNear(id)
	e, err := explain(r, j, report.Subject{Item: id}, near)
	if err == nil && e.empty() {
		return nil, &NotThereError{id, near.names()}
	}
	return e, err
}

// empty reports whether nothing was found.
func (e *Explanation) empty() bool {
	return e.Fact == nil && len(e.Items)+len(e.SeeAlso)+len(e.Rows)+len(e.Exchanges) == 0
}

// ExplainCell explains what the row of a workbook's cell is about. The workbook must be of the run
// and the judgement: see [RecordedIn].
func ExplainCell(ctx context.Context, r *run.Run, j *Judged, path, cell string) (*Explanation, error) {
	about, err := cellSubject(ctx, path, cell, j)
	if err != nil {
		return nil, err
	}
	e, err := explain(r, j, about, newNear(""))
	if err != nil {
		return nil, err
	}
	e.Subject = about
	if about.File != "" {
		e.File, err = explainFile(r, j, about)
	}
	return e, err
}

// explain gathers what a row is about. Until it finds something, it shows the names that it meets to other: one of
// them may have been meant.
func explain(r *run.Run, j *Judged, about report.Subject, other *near) (*Explanation, error) {
	w := &world{run: r}
	if j != nil {
		w = j.world
	}
	e := &Explanation{Items: []controls.Item{}, SeeAlso: []SeeAlso{}, Rows: []evidence.Row{}, Exchanges: []ExplainedExchange{}, Lines: []ExplainedLine{}}
	from := map[string]bool{}
	for _, row := range about.Rows {
		from["c:"+evidence.RowOf(row)] = true
	}
	if about.Item != "" {
		from[about.Item] = true
		if err := e.item(w, j, about, from, other); err != nil {
			return nil, err
		}
	}
	if about.Source != "" {
		from = map[string]bool{about.Source: true}
	}
	if about.Kind != "" {
		if err := e.population(j, about, from); err != nil {
			return nil, err
		}
	}
	if err := e.inputLines(r, from); err != nil {
		return nil, err
	}
	return e, e.follow(w, from, other)
}

// item adds a fact, what the judgement says of it, and what both were made from.
func (e *Explanation) item(w *world, j *Judged, about report.Subject, from map[string]bool, other *near) error {
	add := func(ids []string) {
		for _, id := range ids {
			from[id] = true
		}
	}
	for f, err := range w.facts() {
		if err != nil {
			return err
		}
		if f.ID == about.Item {
			e.Fact = f
			add(f.From)
			for _, row := range f.Unknowns {
				from["c:"+row] = true
			}
		} else if e.Fact == nil {
			other.show(f.ID)
		}
	}
	if j != nil { // of facts that were derived, and of those that the second source alone saw, too
		names := other
		if e.Fact != nil {
			names = nil
		}
		facts, items := map[string]bool{about.Item: true}, j.itemsOf(about.Item, names)
		if len(about.Rows) > 0 { // a row about several API calls
			items = j.Results.Items()
		}
		for _, row := range about.Rows {
			facts[controls.CallFact(row)] = true
		}
		for i, err := range items {
			if err != nil {
				return err
			}
			if facts[i.Fact] && (about.Control == "" || about.Control == i.Control) {
				e.Items = append(e.Items, i)
				add(i.From)
				for _, m := range i.Missing {
					from["c:"+evidence.RowOf(m)] = true
				}
			}
			e.also(about, i)
		}
	}
	// A derived fact comes from others: one step further leads to what was recorded of them.
	derived := false
	for source := range from {
		derived = derived || strings.HasPrefix(source, "f:")
	}
	if !derived {
		return nil
	}
	for f, err := range w.facts() {
		if err != nil {
			return err
		}
		if from["f:"+f.ID] {
			add(f.From)
		}
	}
	return nil
}

// itemsOf streams what the judgement says of a fact, of its parts and of what was derived from it; of others it may give
// items too. Where nobody knows yet whether there is such a fact, other is shown the name of each.
func (j *Judged) itemsOf(fact string, other *near) iter.Seq2[controls.Item, error] {
	return func(yield func(controls.Item, error) bool) {
		quoted, err := evidence.Canonical(fact)
		if err != nil {
			yield(controls.Item{}, err)
			return
		}
		likely, place := map[int]bool{}, -len(j.Results.Lines)
		for line, err := range j.Results.Encoded() {
			var of struct {
				Record string `json:"record"`
				Fact   string `json:"fact"`
			}
			if err == nil && other != nil {
				err = json.Unmarshal(line, &of)
			}
			if err != nil {
				yield(controls.Item{}, err)
				return
			}
			if of.Record == "item" {
				other.show(of.Fact)
			}
			// A result that was not written as Trefoil writes one may spell the name in another way.
			if bytes.Contains(line, quoted[1:len(quoted)-1]) || bytes.Contains(line, []byte(`\u`)) || bytes.Contains(line, []byte(`\/`)) {
				likely[place] = true
			}
			place++
		}
		for i, err := range j.Results.Picked(func(place int) bool { return likely[place] }) {
			if !yield(i, err) || err != nil {
				return
			}
		}
	}
}

// also adds an item that is about a part of the thing, whose id begins with the thing's and a #, or about what was
// derived from it. Where one control is explained, what others say of its parts is not asked.
func (e *Explanation) also(about report.Subject, i controls.Item) {
	switch {
	case about.Control != "" || !strings.HasPrefix(i.Fact, about.Item+"#") && !slices.Contains(i.From, "f:"+about.Item):
	case len(e.SeeAlso) == maxShown:
		e.MoreAlso++
	default:
		e.SeeAlso = append(e.SeeAlso, SeeAlso{i.Control, i.Fact, i.Verdict})
	}
}

// population adds the items of a control that are of one kind, and the lists that show them all.
func (e *Explanation) population(j *Judged, about report.Subject, from map[string]bool) error {
	for i, err := range j.Results.Items() {
		if err != nil {
			return err
		}
		if i.Control == about.Control && i.Kind == about.Kind {
			e.Items = append(e.Items, i)
		}
	}
	for _, l := range j.Results.Lines {
		for _, p := range l.Parts {
			if l.Control != about.Control || p.Kind != about.Kind {
				continue
			}
			for _, r := range j.world.rows {
				if r.List && slices.ContainsFunc(r.Kinds, func(k string) bool { return slices.Contains(p.Sources, k) }) {
					from["c:"+r.ID] = true
				}
			}
		}
	}
	return nil
}

// follow adds the exchanges and coverage rows of the sources. Where a row itself is asked for, the
// calls that it counts are shown too.
func (e *Explanation) follow(w *world, from map[string]bool, other *near) error {
	for row, err := range w.coverage() {
		if err != nil {
			return err
		}
		if from["c:"+row.ID] || from[row.ID] {
			e.Rows = append(e.Rows, row)
		} else if e.empty() {
			other.show(row.ID)
		}
	}
	body := w.bodyFile()
	for x, err := range w.exchanges() {
		if err != nil {
			return err
		}
		if !from[x.ID] && (e.Fact != nil || len(e.Items) > 0 || !from["c:"+x.RowID()] && !from[x.RowID()]) {
			if e.empty() && strings.HasPrefix(other.word, "x:") { // no other word is near an exchange's
				other.show(x.ID)
			}
			continue
		}
		if len(e.Exchanges) == maxShown {
			e.More++
			continue
		}
		shown := ExplainedExchange{Exchange: x, File: "bundles/" + x.Target + ".zip"}
		if x.Body != "" {
			file, err := body(x.Target, x.Body)
			if err != nil {
				return err
			}
			content, err := w.body(x.Target, x.Body)
			if err != nil {
				return err
			}
			shown.File = file + " bodies/" + x.Body
			shown.Excerpt = excerpt(content)
		}
		e.Exchanges = append(e.Exchanges, shown)
	}
	return nil
}

func excerpt(content []byte) string {
	return strings.ToValidUTF8(string(content[:min(len(content), maxExcerpt)]), "\ufffd")
}

// body reads an answer.
func (w *world) body(target, digest string) ([]byte, error) {
	parts, err := w.run.Bundle(target)
	if err != nil {
		return nil, err
	}
	content, err := bodyOf(parts, digest)
	for _, p := range parts {
		_ = p.Close() // read only: nothing can be lost
	}
	return content, err
}

// explainFile shows a file that a row rests on: the judgement's copy, else that of the run.
func explainFile(r *run.Run, j *Judged, about report.Subject) (*ExplainedFile, error) {
	name := strings.TrimPrefix(about.File, "judgement.json ")
	for _, f := range r.Record.Inputs {
		if f.Path == about.File {
			text, _, err := r.Input(strings.TrimPrefix(f.Path, "inputs/"))
			return &ExplainedFile{f.Path, f.SHA256, excerpt(text)}, err
		}
	}
	for _, b := range r.Record.Bundles {
		if b.Path == about.File {
			return &ExplainedFile{b.Path, b.SHA256, "manifest.json: sha256 " + b.Manifest}, nil
		}
	}
	switch text, ok := j.Inputs[name]; {
	case ok:
		return &ExplainedFile{name + ", as copied into judgement.json", evidence.Digest([]byte(text)), excerpt([]byte(text))}, nil
	case name == "run.json":
		return &ExplainedFile{name, r.Digest, "plan: " + excerpt(r.Record.Plan)}, nil
	}
	return &ExplainedFile{name, j.Digest, ""}, nil
}
