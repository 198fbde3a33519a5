package redact

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// Making says what to copy, and how.
type Making struct {
	Run    *run.Run
	Rules  *Rules
	Secret []byte // 32 random bytes: equal secrets and rules give equal copies
	Out    string // must not exist
	Tool   run.Tool
	Made   time.Time
	Times  Times                               // of the run
	Sign   func(digest string) ([]byte, error) // signs copy.json
	Keep   func(secrets []byte) error          // keeps what reveals values: beside the copy, never in it
}

// Made is a copy that was made.
type Made struct {
	Record  Record
	Digest  string // of copy.json
	Digests int    // how many of its values are withheld because they would give others away
}

// Make writes a redacted copy, which enters at Out by one rename once it was read again, no withheld value was
// found in it, and its secrets are kept: a crash leaves no copy of which nothing can be revealed. Errors:
// *strict.FileError of a rule that finds nothing, *LeakError, and those of reading and writing.
func Make(m Making) (made *Made, err error) {
	if len(m.Secret) != 32 {
		return nil, fmt.Errorf("the secret has %d bytes, want 32", len(m.Secret))
	}
	s := &source{run: m.Run, rules: m.Rules, values: newValues(m.Secret, m.Run.Digest), whole: map[string]string{}, found: map[string]int{}, named: map[string]map[string]bool{}, most: maxValues}
	if err := s.collect(); err != nil {
		return nil, err
	}
	if err := s.rehearse(); err != nil {
		return nil, err
	}
	all := s.values.number()
	if _, err := os.Lstat(m.Out); err == nil {
		return nil, fmt.Errorf("%s already exists: a copy is never written over", m.Out)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(filepath.Clean(m.Out)), filepath.Base(m.Out)+".tmp-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	w := newWriter(tmp, s, maxCommitments)
	if err := w.all(); err != nil {
		return nil, err
	}
	if len(s.values.by) != len(all) {
		return nil, errors.New("the run changed while it was copied")
	}
	made = &Made{Digests: len(slices.DeleteFunc(slices.Clone(all), func(e *value) bool { return e.rule != derived }))}
	var secrets []byte
	if made.Record, secrets, err = w.record(m, all); err != nil {
		return nil, err
	}
	text, err := evidence.Canonical(made.Record)
	if err != nil {
		return nil, err
	}
	made.Digest = evidence.Digest(text)
	signature, err := m.Sign(made.Digest)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(w.write(RecordName, text), w.write(SignatureName, signature), s.values.scan(tmp, made.Record)); err != nil {
		return nil, err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return nil, err
	}
	if err := m.Keep(secrets); err != nil {
		return nil, fmt.Errorf("keep the salts: %w", err)
	}
	if err := os.Rename(tmp, m.Out); err != nil {
		return nil, err
	}
	return made, nil
}

// writer writes the files of a copy and notes where tokens stand.
type writer struct {
	dir    string
	source *source
	tokens *regexp.Regexp
	packer *flate.Writer // used again for each entry: made anew it costs more than most answers take to write
	places map[int]map[string]int
	table  int // bytes of commitments.jsonl
}

func newWriter(dir string, s *source, table int) *writer {
	return &writer{dir: dir, source: s, tokens: tokens(s.values.tag), places: map[int]map[string]int{}, table: table}
}

func (w *writer) write(name string, text []byte) error {
	at := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	return os.WriteFile(at, text, 0o644)
}

// note counts the tokens of a file's chunk.
func (w *writer) note(name string, b []byte) {
	for _, t := range w.tokens.FindAllSubmatch(b, -1) {
		n := number(t[1])
		if w.places[n] == nil {
			w.places[n] = map[string]int{}
		}
		w.places[n][name]++
	}
}

func number(digits []byte) (n int) {
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}

// put writes what is left of a file.
func (w *writer) put(to io.Writer, name string, f file) error {
	for b, err := range f.chunks {
		if err == nil {
			b, err = w.source.cutChunk(f, b)
		}
		if err == nil {
			w.note(name, b)
			_, err = to.Write(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) all() error {
	files, err := w.source.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		name := string(w.source.values.replace([]byte(f.name)))
		if err := w.create(name, func(to io.Writer) error { return w.put(to, name, f) }); err != nil {
			return err
		}
	}
	for p, err := range w.source.parts() {
		if err != nil {
			return err
		}
		name := string(w.source.values.replace([]byte(p.name)))
		if err := w.create(name, func(to io.Writer) error { return w.zip(to, name, w.source.entries(p)) }); err != nil {
			return err
		}
	}
	return nil
}

// create writes a file under files/.
func (w *writer) create(name string, fill func(io.Writer) error) (err error) {
	at := filepath.Join(w.dir, filesDir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(at, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriterSize(f, 1<<16) // files of lines are written line by line
	if err := fill(b); err != nil {
		return err
	}
	return b.Flush()
}

// zip writes the entries of a bundle's part, sorted by their new names, without times.
func (w *writer) zip(to io.Writer, name string, entries []file) error {
	type renamed struct {
		name string
		file
	}
	var all []renamed
	for _, e := range entries {
		all = append(all, renamed{string(w.source.values.replace([]byte(e.name))), e})
	}
	slices.SortFunc(all, func(a, b renamed) int { return strings.Compare(a.name, b.name) })
	z := zip.NewWriter(to)
	z.RegisterCompressor(zip.Deflate, w.packing)
	for _, e := range all {
		one, err := z.Create(e.name)
		if err == nil {
			err = w.put(one, name+"/"+e.name, e.file)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

// packing packs one entry; a zip has one open at a time.
func (w *writer) packing(out io.Writer) (io.WriteCloser, error) {
	if w.packer != nil {
		w.packer.Reset(out)
		return w.packer, nil
	}
	var err error
	w.packer, err = flate.NewWriter(out, flate.DefaultCompression)
	return w.packer, err
}

// record writes the commitments and gives copy.json and the secrets.
func (w *writer) record(m Making, all []*value) (Record, []byte, error) {
	r := Record{Schema: Schema, Kind: kindOfCopy, Run: m.Run.Digest, Source: m.Run.Record.Source, AsOf: m.Run.Record.AsOf, Made: m.Made.UTC().Truncate(time.Second), Tool: m.Tool, Times: m.Times,
		Tag: w.source.values.tag, Values: len(all), LeftOut: []string{"manifests", "seals", "signatures"}}
	var lines, secrets bytes.Buffer
	head, err := evidence.Canonical(map[string]any{"run": m.Run.Digest, "secret": hex.EncodeToString(m.Secret)})
	if err != nil {
		return r, nil, err
	}
	secrets.Write(append(head, '\n'))
	for _, e := range all {
		c := Commitment{ID: w.source.values.token(e.n), Rule: e.rule, Commitment: commitment(e.salt[:], e.bytes), Places: []Place{}}
		for file, n := range w.places[e.n] {
			c.Places = append(c.Places, Place{file, n})
		}
		slices.SortFunc(c.Places, func(a, b Place) int { return strings.Compare(a.File, b.File) })
		line, err := evidence.Canonical(c)
		if err != nil {
			return r, nil, err
		}
		if lines.Write(append(line, '\n')); lines.Len() > w.table {
			return r, nil, fmt.Errorf("%s would have over %d bytes, more than is read of a copy: %d values stand in too many files; withhold whole answers (bodies) or files (inputs: [roster.csv]) in the place of many values, or leave rules out", CommitmentsName, w.table, len(all))
		}
		if line, err = evidence.Canonical(revealOf(c.ID, e)); err != nil {
			return r, nil, err
		}
		secrets.Write(append(line, '\n'))
	}
	for _, rule := range m.Rules.Withhold {
		r.Rules = append(r.Rules, Applied{rule.ID, rule.Because, len(w.source.named[rule.ID])})
	}
	if err := w.write(CommitmentsName, lines.Bytes()); err != nil {
		return r, nil, err
	}
	if r.Files, err = listed(w.dir); err != nil {
		return r, nil, err
	}
	redirected, err := overrides(w.dir) // as they were written: what a rule withholds is cut
	if err != nil {
		return r, nil, err
	}
	if len(redirected) > 0 {
		r.Overrides = redirected
	}
	return r, secrets.Bytes(), nil
}

// revealOf is the line that reveals a value.
func revealOf(id string, e *value) Revealed {
	r := Revealed{ID: id, Salt: hex.EncodeToString(e.salt[:])}
	if utf8.ValidString(e.bytes) {
		r.Value = e.bytes
	} else {
		r.Base64 = []byte(e.bytes)
	}
	return r
}

// SecretOf reads the secret out of what the maker kept of an earlier copy.
func SecretOf(secrets []byte) ([]byte, error) {
	first, _, _ := bytes.Cut(secrets, []byte("\n"))
	var head struct {
		Run    string `json:"run"`
		Secret string `json:"secret"`
	}
	err := json.Unmarshal(first, &head, json.RejectUnknownMembers(true))
	secret, err2 := hex.DecodeString(head.Secret)
	if err = errors.Join(err, err2); err != nil || len(secret) != 32 {
		return nil, errors.New("its first line holds no secret of 32 bytes")
	}
	return secret, nil
}
