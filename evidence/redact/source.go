package redact

import (
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/cut"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// part is a part of a bundle, by its file's name inside the run.
type part struct {
	name string
	*bundle.Reader
}

// source reads the run that is copied.
type source struct {
	run    *run.Run
	rules  *Rules
	values *values
	whole  map[string]string          // digests of answers that are left out → rule
	found  map[string]int             // parts of rules that found something
	named  map[string]map[string]bool // rule → what it names, each once
	most   int                        // values of the copy
}

// parts opens each part of each bundle, one after the other.
func (s *source) parts() iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		for _, target := range s.run.Targets() {
			readers, err := s.run.Bundle(target)
			if err != nil {
				yield(part{}, err)
				return
			}
			goOn := true
			for _, r := range readers {
				goOn = goOn && yield(part{"bundles/" + filepath.Base(r.File()), r}, nil)
				_ = r.Close() // read only
			}
			if !goOn {
				return
			}
		}
	}
}

// body finds an answer among the parts of a target.
func body(parts []*bundle.Reader, digest string) ([]byte, error) {
	for _, p := range parts {
		if b, ok, err := p.Body(digest); ok || err != nil {
			return b, err
		}
	}
	return nil, fmt.Errorf("body %s is not in the bundle", digest)
}

// collect finds the values that the rules name, and the digests of what is cut.
func (s *source) collect() error {
	for i, rule := range s.rules.Withhold {
		for n, text := range rule.Values {
			s.name(i, "values", n, text)
		}
		for n, name := range rule.Inputs {
			if err := s.input(i, n, rule, name); err != nil {
				return err
			}
		}
	}
	for _, target := range s.run.Targets() {
		if err := s.target(target); err != nil {
			return err
		}
	}
	for i, rule := range s.rules.Withhold {
		for _, part := range []named{{"fields", rule.Fields}, {"facts", rule.Facts}, {"bodies", rule.Bodies}, {"inputs", rule.Inputs}} {
			for n, text := range part.texts {
				if s.found[key(i, part.name, n)] == 0 {
					return s.rules.nothing(i, part.name, n, text)
				}
			}
		}
	}
	return s.digests()
}

func key(rule int, part string, n int) string { return fmt.Sprint(rule, part, n) }

// take has a value withheld that a rule named by where it stands.
func (s *source) take(rule int, part string, n int, where, text string) error {
	id := s.rules.Withhold[rule].ID
	if text == "" {
		return nil
	}
	if len(text) < MinValue {
		return fmt.Errorf("rule %s: %s holds a value of %d bytes: what is shorter than %d stands by chance in every line, and cannot be cut everywhere; withhold the whole answer (bodies) or leave the rule out", id, where, len(text), MinValue)
	}
	s.name(rule, part, n, text)
	return nil
}

// name has a value looked for everywhere, and counts it for the rule that names it.
func (s *source) name(rule int, part string, n int, text string) {
	id := s.rules.Withhold[rule].ID
	s.values.add(text, id)
	if other := inFileName(text); other != "" {
		s.values.add(other, id)
	}
	s.count(rule, part, n, string(lower([]byte(text))))
}

// inFileName gives the form that the id of a domain's project has in the name of its target, and so of its bundle
// (engagement.ProjectTarget); "" of what can be no such id.
func inFileName(text string) string {
	if !strings.Contains(text, ":") || strings.ContainsAny(text, "/ \t\r\n") {
		return ""
	}
	return strings.ReplaceAll(text, ":", "_")
}

func (s *source) count(rule int, part string, n int, what string) {
	s.hold(rule, what)
	s.found[key(rule, part, n)]++
}

// hold counts what a rule withholds, each once.
func (s *source) hold(rule int, what string) {
	id := s.rules.Withhold[rule].ID
	if s.named[id] == nil {
		s.named[id] = map[string]bool{}
	}
	s.named[id][what] = true
}

// input has a file of the engagement withheld, or a column of it: as the run has it, and as each judgement does, which
// may have been made with another.
func (s *source) input(i, n int, rule Rule, name string) error {
	file, column, one := strings.Cut(name, "#")
	copies, err := s.copies(file)
	if err != nil {
		return err
	}
	unread := ""
	for _, c := range copies {
		if !one && strings.TrimSpace(c.text) == "" {
			continue
		}
		if !one {
			if err := s.take(i, "inputs", n, c.at, c.text); err != nil {
				return err
			}
			continue
		}
		cells, ok := cellsOf(c.text, column)
		if !ok {
			unread = c.at
		}
		for _, cell := range cells {
			if err := s.take(i, "inputs", n, c.at+"#"+column, cell); err != nil {
				return err
			}
		}
	}
	switch {
	case s.found[key(i, "inputs", n)] == 0:
		return s.rules.nothing(i, "inputs", n, name)
	case unread != "":
		return fmt.Errorf("rule %s: %s has no column %s that can be read, as other copies of the file do; withhold the file whole (inputs: [%s]), or leave the rule out", rule.ID, unread, column, file)
	}
	return nil
}

// copied is one copy of a file of the engagement.
type copied struct{ at, text string }

// copies gives a file of the engagement as the run has it, and each judgement.
func (s *source) copies(file string) ([]copied, error) {
	var out []copied
	text, ok, err := s.run.Input(file)
	if err != nil {
		return nil, err
	}
	if ok {
		out = append(out, copied{"inputs/" + file, string(text)})
	}
	all, err := s.run.Judgements()
	if err != nil {
		return nil, err
	}
	for _, digest := range all {
		inputs, err := s.run.JudgementInputs(digest)
		if err != nil {
			return nil, err
		}
		if text, ok := inputs[file]; ok {
			out = append(out, copied{"the " + file + " of judgement " + digest, text})
		}
	}
	return out, nil
}

// cellsOf gives what stands in a column of a table (CSV), and each part of what is a list, as engagement.ParseRoster reads
// them: it knows no comments, and skips a byte order mark. A file that says nothing has no cells.
func cellsOf(text, column string) (cells []string, ok bool) {
	text = strings.TrimPrefix(text, "\ufeff")
	if strings.TrimSpace(text) == "" {
		return nil, true
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, false
	}
	at := slices.Index(rows[0], column)
	if at < 0 {
		return nil, false
	}
	for _, row := range rows[1:] {
		if at >= len(row) {
			continue
		}
		cells = append(cells, strings.TrimSpace(row[at]))
		if strings.Contains(row[at], ";") {
			for part := range strings.SplitSeq(row[at], ";") {
				cells = append(cells, strings.TrimSpace(part))
			}
		}
	}
	return cells, true
}

func (s *source) target(target string) error {
	parts, err := s.run.Bundle(target)
	if err != nil {
		return err
	}
	defer func() {
		for _, p := range parts {
			_ = p.Close() // read only
		}
	}()
	for line, err := range parts[0].Lines(bundle.ExchangesName) {
		var x evidence.Exchange
		if err == nil {
			err = json.Unmarshal(line, &x)
		}
		if err == nil {
			err = s.exchange(parts, &x)
		}
		if err != nil {
			return err
		}
	}
	for line, err := range parts[0].Lines(bundle.FactsName) {
		if err == nil {
			err = s.fact(line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *source) exchange(parts []*bundle.Reader, x *evidence.Exchange) error {
	if x.Body == "" {
		return nil
	}
	for i, rule := range s.rules.Withhold {
		for n, pattern := range rule.Bodies {
			if cut.Match(pattern, x.Operation) {
				s.whole[x.Body] = rule.ID
				s.count(i, "bodies", n, x.Body)
			}
		}
		if !matches(rule.Operations, x.Operation) {
			continue
		}
		text, err := body(parts, x.Body)
		if err != nil {
			return err
		}
		for n, field := range rule.Fields {
			err := s.path(i, "fields", n, field, x.Operation, text)
			switch {
			case err == nil:
			case x.Outcome == evidence.OK:
				return fmt.Errorf("rule %s: %s in the answer %s of %s: %w; withhold it whole (bodies), or correct the path", rule.ID, field, x.ID, x.Operation, err)
			default: // such as one that was cut off: the values may stand in it, and cannot be told
				s.whole[x.Body] = rule.ID
				s.hold(i, x.Body)
			}
		}
	}
	return nil
}

// path takes the values that a path names.
func (s *source) path(rule int, part string, n int, path, where string, text []byte) error {
	p, err := cut.Parse(path)
	if err != nil {
		return err
	}
	var short error
	_, _, err = p.Replace(text, func(v string) string {
		short = errors.Join(short, s.take(rule, part, n, where, v))
		return v
	})
	return errors.Join(err, short)
}

func (s *source) fact(line []byte) error {
	f, err := evidence.DecodeFact(line)
	if err != nil {
		return err
	}
	for i, rule := range s.rules.Withhold {
		if !matches(rule.Kinds, f.Kind) {
			continue
		}
		for n, path := range rule.Facts {
			if err := s.path(i, "facts", n, path, f.Kind, line); err != nil {
				return fmt.Errorf("rule %s: %s in fact %s: %w", rule.ID, path, f.ID, err)
			}
		}
	}
	return nil
}
