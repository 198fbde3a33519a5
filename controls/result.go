package controls

import (
	"bytes"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Verdict is what a judgement says of a control or of one item of its population.
type Verdict string

// The verdicts; see the rules of judgement in the package comment.
const (
	Pass          Verdict = "pass"
	Fail          Verdict = "fail"
	Insufficient  Verdict = "insufficient_evidence"
	NotTested     Verdict = "not_tested"
	NotApplicable Verdict = "not_applicable"
	Error         Verdict = "error"
)

// Basis says what kind of evidence a result rests on.
type Basis string

// The bases.
const (
	Automated Basis = "automated"
	Log       Basis = "log"
	Stated    Basis = "stated"
	Attested  Basis = "attested"
)

// Scope says whether a thing is in the audit's scope.
type Scope string

// The scopes.
const (
	In           Scope = "in"
	Out          Scope = "out"
	ScopeUnknown Scope = "unknown"
)

// Acceptance is a waiver of a fail or an accepted gap of an insufficient item. It never changes
// the verdict.
type Acceptance struct {
	ID       string    `json:"id"`
	Counts   bool      `json:"counts"` // approved ≤ judged_as_of < until
	Late     bool      `json:"late"`   // approved after the run's as_of
	Reason   string    `json:"reason"`
	By       string    `json:"by"`
	Approved time.Time `json:"approved"`
	Until    time.Time `json:"until"`
}

// Item is the result of one control on one fact: a line of results.jsonl with record "item".
type Item struct {
	Record    string      `json:"record"` // "item"
	Control   string      `json:"control"`
	Fact      string      `json:"fact"` // the fact's id
	Kind      string      `json:"kind"`
	Target    string      `json:"target"`
	Region    string      `json:"region"`
	Name      string      `json:"name"`
	Scope     Scope       `json:"scope"`
	ScopeRule string      `json:"scope_rule"` // id of the register's rule, "default" or "graph:<fact id>"
	Verdict   Verdict     `json:"verdict"`
	Basis     Basis       `json:"basis"`
	Reason    string      `json:"reason"`   // one sentence for people
	Missing   []string    `json:"missing"`  // coverage row ids (or join causes) behind an insufficient verdict, sorted
	Observed  string      `json:"observed"` // what the test read, canonical JSON of the fields it names
	From      []string    `json:"from"`     // exchanges, input lines and coverage rows of the fact
	Accepted  *Acceptance `json:"accepted"` // waiver or accepted gap; null where none matches
}

// Line is the result of one control over its population: record "control".
type Line struct {
	Record       string          `json:"record"` // "control"
	Control      string          `json:"control"`
	Title        string          `json:"title"`
	Verdict      Verdict         `json:"verdict"`
	Basis        Basis           `json:"basis"`
	Selected     bool            `json:"selected"` // gates the exit code
	Reason       string          `json:"reason"`
	Population   int             `json:"population"` // items in scope or of unknown scope
	OutOfScope   int             `json:"out_of_scope"`
	Counts       map[Verdict]int `json:"counts"`       // items by verdict
	Accepted     int             `json:"accepted"`     // fails or gaps under an acceptance that counts
	OpenFails    int             `json:"open_fails"`   // fails without a waiver that counts
	OpenGaps     int             `json:"open_gaps"`    // what could not be judged, without an accepted gap that counts
	Gaps         []string        `json:"gaps"`         // coverage rows, and things that only a second source lists, that kept it from a pass, sorted
	NotLooked    []string        `json:"not_looked"`   // store kinds that no collector reads yet
	Completeness string          `json:"completeness"` // once; twice, agree; twice, differ
	Parts        []Part          `json:"parts"`        // the population by kind, sorted
	Witness      Witness         `json:"witness"`      // the discrimination witness of this run
}

// Witness records that the control's test told good from bad that day.
type Witness struct {
	Good    int `json:"good"`    // known-good cases that passed
	Bad     int `json:"bad"`     // known-bad cases that failed
	Unknown int `json:"unknown"` // known-unknown cases that were insufficient
}

// Ruled is one thing that the register ruled out of scope: record "out".
type Ruled struct {
	Record  string `json:"record"` // "out"
	Fact    string `json:"fact"`
	Kind    string `json:"kind"`
	Target  string `json:"target"`
	Name    string `json:"name"`
	Rule    string `json:"rule"`
	Because string `json:"because"`
}

// Results is a judgement's outcome: lines by control id; items by (control, fact) and ruled-out
// things by fact, which are streams, as there may be millions. It is a pure function of a run and
// the judgement's inputs.
type Results struct {
	JudgedAsOf time.Time
	Lines      []Line
	records    func() iter.Seq2[[]byte, error] // the lines of items and ruled-out things; anew each time
	close      func() error
}

// NewResults makes results of lines and of the records behind them in results.jsonl. A record is
// valid until the next one; each call must start anew.
func NewResults(judgedAsOf time.Time, lines []Line, records func() iter.Seq2[[]byte, error]) *Results {
	return &Results{JudgedAsOf: judgedAsOf, Lines: lines, records: records}
}

// Close frees what the streams are read from.
func (r *Results) Close() error {
	if r.close == nil {
		return nil
	}
	return r.close()
}

// Encoded streams results.jsonl, without line ends: controls, then items, then what was ruled out.
// A line is valid until the next one.
func (r *Results) Encoded() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range r.Lines {
			if !yield(evidence.Canonical(r.Lines[i])) {
				return
			}
		}
		if r.records == nil {
			return
		}
		for line, err := range r.records() {
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// Items streams the items, by control and fact. An error ends the stream.
func (r *Results) Items() iter.Seq2[Item, error] { return r.Picked(nil) }

// Picked streams the items whose place keep wants: 0 is the first item, nil wants all. What is not
// wanted is not decoded. An error ends the stream.
func (r *Results) Picked(keep func(place int) bool) iter.Seq2[Item, error] {
	return recordsOf(r, "item", keep, decodeItem, func(i *Item) string { return i.Record })
}

// Out streams what the register ruled out, by fact. An error ends the stream.
func (r *Results) Out() iter.Seq2[Ruled, error] {
	return recordsOf(r, "out", nil, decodeRecord[Ruled], func(o *Ruled) string { return o.Record })
}

// recordsOf streams the records of a kind. Places are those of all records: what was ruled out comes
// after the items, else it is an error.
func recordsOf[T any](r *Results, kind string, keep func(place int) bool, decode func([]byte, *T) error, record func(*T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if r.records == nil {
			return
		}
		likely := []byte(`"record":"` + kind + `"`)
		place, last := -1, ""
		for line, err := range r.records() {
			place++
			if err == nil && keep != nil && !keep(place) {
				continue
			}
			var v T
			of := kind
			if err == nil && !bytes.Contains(line, likely) { // only what is not this kind is looked at for its kind
				of, err = recordOf(line)
			}
			if err == nil && of == kind {
				if err = decode(line, &v); err == nil && record(&v) != kind {
					err = fmt.Errorf("a result of kind %q that is written as one of kind %q", record(&v), kind)
				}
			}
			switch {
			case err != nil:
			case of != "item" && of != "out": // it would shift the places of what follows
				err = fmt.Errorf("a result of kind %q among items", of)
			case last == "out" && of != "out":
				err = fmt.Errorf("a result of kind %q after what was ruled out", of)
			}
			last = of
			if err == nil && of != kind {
				continue
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// recordOf is RecordOf, at once where the line shows the one kind: a quote in a text is escaped, so that this is a member
// and no text. Whether the line is right in all else shows where its own kind is read.
func recordOf(line []byte) (string, error) {
	item, out := bytes.Contains(line, []byte(`"record":"item"`)), bytes.Contains(line, []byte(`"record":"out"`))
	if item && !out {
		return "item", nil
	}
	return RecordOf(line)
}

// RecordOf says of a line of results.jsonl what it records: control, item or out.
func RecordOf(line []byte) (string, error) {
	var of struct {
		Record string `json:"record"`
	}
	if err := json.Unmarshal(line, &of); err != nil {
		return "", fmt.Errorf("decode result: %w", err)
	}
	if of.Record != "control" && of.Record != "item" && of.Record != "out" {
		return "", fmt.Errorf("a result of kind %q", of.Record)
	}
	return of.Record, nil
}
