package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// Bounds of what a plug-in writes.
const (
	MaxOutput = 64 << 20 // bytes
	MaxLine   = 1 << 20  // bytes of one line
	MaxFacts  = 200_000
	MaxMissed = 10_000
	maxName   = 1024 // bytes of an id or name
)

// OutputError says which line of a plug-in's output is not as the protocol says.
type OutputError struct {
	Line  int // from 1; 0 where it is about the whole
	Cause string
}

func (e *OutputError) Error() string {
	if e.Line == 0 {
		return e.Cause
	}
	return fmt.Sprintf("line %d of its output: %s", e.Line, e.Cause)
}

// Origin is where an output comes from: what stands in each of its facts.
type Origin struct {
	Target   string
	Exchange string // id
	Seen     time.Time
	Inputs   map[string]InputFile
}

// InputFile identifies an input: its digest, and how many lines a fact may name.
type InputFile struct {
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
	Lines  int    `json:"lines"`
}

// Output is what a plug-in stated, checked.
type Output struct {
	Facts  []*evidence.Fact
	Missed []Missed // in the order in which they were written
}

// Missed says that an operation did not see everything.
type Missed struct {
	Operation string          `json:"operation"`
	Status    evidence.Status `json:"status"`
	Reason    string          `json:"reason"`
}

// record is one line: exactly one of its members is there.
type record struct {
	Fact   *stated `json:"fact"`
	Missed *Missed `json:"missed"`
	End    *end    `json:"end"`
}

// stated is a fact as a plug-in writes it.
type stated struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"`
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags"`
	Fields  map[string]any    `json:"fields"`  // facets and attrs
	Unknown map[string]string `json:"unknown"` // pointer → operation that was missed
	Lines   []string          `json:"lines"`   // INPUT#LINE
}

type end struct {
	Counts map[string]int `json:"counts"` // kind → number of facts; every declared kind
}

// Read takes facts from what a plug-in wrote: all of it, or an *OutputError and nothing. It is a
// pure function of the manifest, the origin and the bytes.
func (m *Manifest) Read(at Origin, body []byte) (*Output, error) {
	switch {
	case len(body) == 0:
		return nil, &OutputError{0, "it wrote nothing, not even an end record: an empty list is not proven"}
	case len(body) > MaxOutput:
		return nil, &OutputError{0, fmt.Sprintf("it wrote over %d bytes", MaxOutput)}
	}
	r := &reader{manifest: m, at: at, out: &Output{}, seen: map[string]bool{}, counts: map[string]int{}, cited: map[string]int{}}
	for len(body) > 0 {
		r.line++
		text, rest, whole := bytes.Cut(body, []byte("\n"))
		if err := r.take(text, whole, len(rest) == 0); err != nil {
			return nil, &OutputError{r.line, err.Error()}
		}
		body = rest
	}
	if err := r.finish(); err != nil {
		return nil, err
	}
	return r.out, nil
}

// reader is one walk over an output.
type reader struct {
	manifest *Manifest
	at       Origin
	out      *Output
	line     int
	ended    bool
	seen     map[string]bool // ids
	counts   map[string]int  // facts by kind
	cited    map[string]int  // operation that an unknown field names → first line that does
}

func (r *reader) take(text []byte, whole, last bool) error {
	switch {
	case r.ended:
		return errors.New("it goes on after its end record")
	case len(text) > MaxLine:
		return fmt.Errorf("over %d bytes", MaxLine)
	case !utf8.Valid(text):
		return errors.New("is no UTF-8")
	case !whole:
		return errors.New("has no line end: it was cut off")
	}
	var rec record
	if err := json.Unmarshal(text, &rec, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("is no record: %s", clean(err.Error(), 200))
	}
	switch {
	case rec.Fact != nil && rec.Missed == nil && rec.End == nil:
		return r.fact(rec.Fact)
	case rec.Missed != nil && rec.Fact == nil && rec.End == nil:
		return r.missed(rec.Missed)
	case rec.End != nil && rec.Fact == nil && rec.Missed == nil:
		r.ended = true
		return r.end(rec.End)
	}
	return errors.New("holds not exactly one of fact, missed and end")
}

func (r *reader) fact(s *stated) error {
	k, ok := r.manifest.kind(s.Kind)
	switch {
	case !ok:
		return fmt.Errorf("kind %s is not declared by the manifest", clean(s.Kind, 100))
	case !strings.HasPrefix(s.ID, r.manifest.Provider+":") || !plain(s.ID) || strings.ContainsAny(s.ID, " \t"):
		return fmt.Errorf("id %s does not begin with %s:, or is no plain text of at most %d bytes", clean(s.ID, 100), r.manifest.Provider, maxName)
	case r.seen[s.ID]:
		return fmt.Errorf("id %s was said before", clean(s.ID, 100))
	case !plain(s.Name) || s.Name == "":
		return fmt.Errorf("name of %s is missing, or no plain text of at most %d bytes", s.ID, maxName)
	case len(r.out.Facts) >= MaxFacts:
		return fmt.Errorf("more than %d facts", MaxFacts)
	}
	r.seen[s.ID] = true
	f := evidence.NewFact(k, s.ID, s.Name).Because(r.at.Exchange)
	f.Target, f.Region, f.Seen = r.at.Target, collectors.Global, r.at.Seen
	if s.Fields != nil {
		f.Fields = s.Fields
	}
	if s.Tags != nil {
		f.SetTags(s.Tags)
	}
	for _, ptr := range slices.Sorted(maps.Keys(s.Unknown)) {
		op, ok := r.manifest.operation(s.Unknown[ptr])
		if !ok {
			return fmt.Errorf("%s of %s is unknown by %s, which the manifest does not declare", clean(ptr, 100), s.ID, clean(s.Unknown[ptr], 100))
		}
		if _, before := r.cited[op.Name]; !before {
			r.cited[op.Name] = r.line
		}
		f.Unknown(evidence.RowID(r.at.Target, collectors.Global, op.Name), ptr)
	}
	for _, l := range s.Lines {
		from, err := r.source(l)
		if err != nil {
			return err
		}
		f.Because(from)
	}
	if err := f.Check(k); err != nil {
		return errors.New(clean(err.Error(), 500))
	}
	if err := places("", k.Top(), f.Fields); err != nil {
		return fmt.Errorf("fact %s: %w", f.ID, err)
	}
	r.counts[k.Name]++
	r.out.Facts = append(r.out.Facts, f)
	return nil
}

// source turns INPUT#LINE into the form in which a fact names its sources.
func (r *reader) source(l string) (string, error) {
	name, number, _ := strings.Cut(l, "#")
	in, ok := r.at.Inputs[name]
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > in.Lines || strconv.Itoa(n) != number {
		return "", fmt.Errorf("%s is no line of an input that it was given", clean(l, 100))
	}
	return "i:" + in.SHA256 + "#" + number, nil
}

func (r *reader) missed(m *Missed) error {
	switch _, ok := r.manifest.operation(m.Operation); {
	case !ok:
		return fmt.Errorf("operation %s is not declared by the manifest", clean(m.Operation, 100))
	case !m.Status.Valid() || m.Status.Seen():
		return fmt.Errorf("status %s is none of denied, throttled, disabled, unsupported, error, not_attempted", clean(string(m.Status), 100))
	case m.Status == evidence.NotEnabled:
		return errors.New("status not_enabled is for regions of clouds")
	case strings.TrimSpace(m.Reason) == "":
		return errors.New("a missed operation gives no reason")
	case len(r.out.Missed) >= MaxMissed:
		return fmt.Errorf("more than %d missed records", MaxMissed)
	}
	r.out.Missed = append(r.out.Missed, Missed{m.Operation, m.Status, clean(m.Reason, 500)})
	return nil
}

func (r *reader) end(e *end) error {
	for _, k := range r.manifest.Kinds {
		switch n, ok := e.Counts[k.Name]; {
		case !ok:
			return fmt.Errorf("the end record does not count %s: an empty list is not proven", k.Name)
		case n != r.counts[k.Name]:
			return fmt.Errorf("the end record counts %d of %s, and %d were written", n, k.Name, r.counts[k.Name])
		}
	}
	if len(e.Counts) != len(r.manifest.Kinds) {
		return errors.New("the end record counts a kind that the manifest does not declare")
	}
	return nil
}

func (r *reader) finish() error {
	if !r.ended {
		return &OutputError{0, fmt.Sprintf("it ends after line %d without an end record: that nothing is missing is not proven", r.line)}
	}
	// An unknown field must lead to a reason.
	for _, name := range slices.Sorted(maps.Keys(r.cited)) {
		if !slices.ContainsFunc(r.out.Missed, func(m Missed) bool { return m.Operation == name }) {
			return &OutputError{r.cited[name], "a field is unknown by " + name + ", which nothing says was missed"}
		}
	}
	return nil
}

// plain reports a text that fits on one line.
func plain(s string) bool {
	return len(s) <= maxName && utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}

// clean makes a text of a plug-in fit for a reason: one line, printable, bounded.
func clean(s string, most int) string {
	s = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
