package redact

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence/run"
)

// file is one file that is copied, by chunks that are cut one by one: the lines of records, the whole of others.
type file struct {
	name   string // inside the run, or inside the part of a bundle
	whole  string // rule that leaves it out
	chunks iter.Seq2[[]byte, error]
}

// files lists what of the run is copied, but for bundles.
func (s *source) files() ([]file, error) {
	all, err := s.run.Judgements()
	if err != nil {
		return nil, err
	}
	out := []file{{name: "run.json", chunks: s.once("run.json")}}
	for _, f := range s.run.Record.Inputs {
		out = append(out, file{name: f.Path, chunks: s.once(f.Path)})
	}
	for _, digest := range all {
		j, err := s.run.Judgement(digest)
		if err != nil {
			return nil, err
		}
		at := "judgements/" + digest
		out = append(out, file{name: at + "/judgement.json", chunks: s.once(at + "/judgement.json")}, file{name: at + "/results.jsonl", chunks: ended(j.Lines())})
	}
	return out, nil
}

// entries lists what is copied of a part of a bundle.
func (s *source) entries(p part) []file {
	var out []file
	for _, e := range p.Manifest().Entries {
		f := file{name: e.Path}
		if digest, ok := strings.CutPrefix(e.Path, "bodies/"); ok {
			f.whole = s.whole[digest]
			f.chunks = func(yield func([]byte, error) bool) {
				b, _, err := p.Body(digest)
				yield(b, err)
			}
		} else {
			f.chunks = ended(p.Lines(e.Path))
		}
		out = append(out, f)
	}
	return out
}

// ended gives lines with their ends.
func ended(lines iter.Seq2[[]byte, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for line, err := range lines {
			if !yield(append(bytes.Clone(line), '\n'), err) || err != nil {
				return
			}
		}
	}
}

// once gives a file of the run as one chunk.
func (s *source) once(name string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) { yield(readIn(s.run.Path, name, run.MaxJSON)) }
}

// readIn reads a file inside a folder, bounded.
func readIn(dir, name string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.Size() > limit: // before any of it is read
		return nil, fmt.Errorf("%s: has %d bytes, over %d", name, info.Size(), limit)
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s: over %d bytes", name, limit)
	}
	return b, err
}

// cutChunk puts tokens in a chunk of a file.
func (s *source) cutChunk(f file, b []byte) ([]byte, error) {
	if f.whole != "" {
		return []byte(s.values.token(s.values.spelling(string(b), f.whole).n)), nil
	}
	out, err := s.values.cut(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; withhold what it stands in, or leave the rule out", f.name, err)
	}
	return out, nil
}

// rehearse cuts everything without writing it, which finds every spelling of a value.
func (s *source) rehearse() error {
	if err := s.each(func(f file) error {
		s.values.replace([]byte(f.name))
		for b, err := range f.chunks {
			if err == nil {
				_, err = s.cutChunk(f, b)
			}
			if err == nil {
				err = s.values.fit(s.most)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return s.literals()
}

// literals refuses a value that a rule says and that stands nowhere.
func (s *source) literals() error {
	for i, rule := range s.rules.Withhold {
		for n, text := range rule.Values {
			if !s.values.seen[string(lower([]byte(text)))] && !s.values.seen[string(lower([]byte(inFileName(text))))] {
				return s.rules.nothing(i, "values", n, text)
			}
		}
	}
	return nil
}

// each goes through all files and entries.
func (s *source) each(do func(file) error) error {
	files, err := s.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := do(f); err != nil {
			return err
		}
	}
	for p, err := range s.parts() {
		if err != nil {
			return err
		}
		if err := do(file{name: p.name, chunks: func(func([]byte, error) bool) {}}); err != nil {
			return err
		}
		for _, f := range s.entries(p) {
			if err := do(f); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return nil
}
