package run

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Names inside a judgement's folder.
const (
	judgementName          = "judgement.json"
	judgementSignatureName = "judgement.sigstore.json"
	resultsName            = "results.jsonl"
)

// MaxResults bounds results.jsonl.
const MaxResults = 8 << 30

// Judged is a judgement of a run, its digests checked.
type Judged struct {
	Judgement
	Digest    string // of judgement.json
	run       *Run
	raw       []byte // judgement.json, until it is parsed
	signature []byte
}

// AddJudgement fills in the run's digest, the digest of the results and those of the judgements
// that are there already, signs, and lets the judgement enter by one rename. The lines of
// results carry no line ends. It returns the judgement's digest.
func (r *Run) AddJudgement(j Judgement, results iter.Seq2[[]byte, error], sign func(digest string) ([]byte, error)) (digest string, err error) {
	unlock, err := lock(r.Path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	tmp, err := scratch(r.Path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	if err := writeLines(filepath.Join(tmp, resultsName), results); err != nil {
		return "", fmt.Errorf("write results: %w", err)
	}
	j.Schema, j.Run = Schema, r.Digest
	if j.Results, err = digestFile(filepath.Join(tmp, resultsName)); err != nil {
		return "", err
	}
	j.Results.Path = resultsName
	if j.Before, err = r.Judgements(); err != nil {
		return "", err
	}
	if j.Before == nil {
		j.Before = []string{}
	}
	text, err := evidence.Canonical(j)
	if err != nil {
		return "", err
	}
	if err := j.small(text); err != nil { // it would keep the run from being read
		return "", err
	}
	digest = evidence.Digest(text)
	signature, err := sign(digest)
	if err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{judgementName: text, judgementSignatureName: signature} {
		if err := writeFile(filepath.Join(tmp, name), content); err != nil {
			return "", err
		}
	}
	if err := syncDir(tmp); err != nil {
		return "", err
	}
	at := filepath.Join(r.Path, judgementsDir)
	if err := os.Mkdir(at, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	if err := os.Rename(tmp, filepath.Join(at, digest)); err != nil {
		return "", fmt.Errorf("judgement %s: %w", digest, err)
	}
	return digest, syncDir(at)
}

// small refuses a judgement that is larger than what is read again.
func (j *Judgement) small(text []byte) error {
	switch {
	case len(text) > MaxJSON:
		return fmt.Errorf("judgement: its inputs are %d bytes, over %d", len(text), MaxJSON)
	case j.Results.Size > MaxResults:
		return fmt.Errorf("judgement: its results are %d bytes, over %d", j.Results.Size, int64(MaxResults))
	}
	return nil
}

func writeLines(path string, lines iter.Seq2[[]byte, error]) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<18)
	for line, err := range lines {
		if err != nil {
			return err
		}
		if bytes.ContainsRune(line, '\n') {
			return errors.New("a line holds a line end")
		}
		// A buffered writer keeps its first error for Flush.
		_, _ = w.Write(line)
		_ = w.WriteByte('\n')
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

// Judgement opens a judgement by its digest. Where digest is empty, the run must have exactly
// one: nobody chooses silently between several.
func (r *Run) Judgement(digest string) (*Judged, error) {
	all, err := r.Judgements()
	if err != nil {
		return nil, err
	}
	switch {
	case digest != "" && !slices.Contains(all, digest):
		return nil, fmt.Errorf("%w: the run has no judgement %s", ErrJudgement, digest)
	case digest == "" && len(all) == 0:
		return nil, fmt.Errorf("%w: the run has none; `trefoil test` adds one", ErrJudgement)
	case digest == "" && len(all) > 1:
		return nil, fmt.Errorf("%w: the run has %d; name one with --judgement: %s", ErrJudgement, len(all), all)
	case digest == "":
		digest = all[0]
	}
	return r.openJudgement(digest)
}

// ErrJudgement says that the judgement that was asked for cannot be told.
var ErrJudgement = errors.New("which judgement")

// openJudgement checks a judgement's folder: its three files and no more, its name, its results.
func (r *Run) openJudgement(digest string) (*Judged, error) {
	j, err := r.lookJudgement(digest)
	if err == nil {
		err = j.parse()
	}
	if err == nil {
		err = j.compare()
	}
	if err != nil {
		return nil, err
	}
	return j, nil
}

// lookJudgement reads a judgement's file and signature, and holds the file against the name of its
// folder. Nothing is parsed.
func (r *Run) lookJudgement(digest string) (*Judged, error) {
	j := &Judged{Digest: digest, run: r}
	var err error
	if j.raw, err = r.read(JudgementFile(digest), MaxJSON); err != nil {
		return nil, err
	}
	if got := evidence.Digest(j.raw); got != digest {
		return nil, &LayoutError{File: JudgementFile(digest), Cause: fmt.Sprintf("its sha256 is %s, not the name of its folder", got), Want: digest, Got: got, Bytes: evidence.Range{Length: int64(len(j.raw))}}
	}
	j.signature, err = r.read(j.file(judgementSignatureName), seal.MaxSignature)
	return j, err
}

// JudgementInputs gives the inputs of one of the run's judgements: name → text. Its results are not looked at.
func (r *Run) JudgementInputs(digest string) (map[string]string, error) {
	j, err := r.lookJudgement(digest)
	if err == nil {
		err = j.parse()
	}
	if err != nil {
		return nil, err
	}
	return j.Inputs, nil
}

// file is the name, inside the run, of one of a judgement's files.
func (j *Judged) file(name string) string { return judgementsDir + "/" + j.Digest + "/" + name }

// parse reads judgement.json, once.
func (j *Judged) parse() error {
	if j.Schema != 0 {
		return nil
	}
	name := JudgementFile(j.Digest)
	var read Judgement
	if err := decode(name, j.raw, &read); err != nil {
		return err
	}
	switch {
	case read.Schema != Schema || read.Results.Path != resultsName:
		return layoutError(name, "it is a judgement of another schema")
	case read.Results.Size > MaxResults:
		return layoutError(j.file(resultsName), fmt.Sprintf("has %d bytes by %s, over %d", read.Results.Size, judgementName, int64(MaxResults)))
	case read.Run != j.run.Digest:
		return layoutError(name, fmt.Sprintf("it is about another run: %s, not %s", read.Run, j.run.Digest))
	}
	j.Judgement, j.raw = read, nil
	return nil
}

// compare holds the results against what judgement.json says of them.
func (j *Judged) compare() error { return j.run.same(j.file(resultsName), j.Results, judgementName) }

// Lines streams results.jsonl, without line ends.
func (j *Judged) Lines() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		f, err := os.Open(filepath.Join(j.run.Path, judgementsDir, j.Digest, resultsName))
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		s := bufio.NewScanner(f)
		s.Buffer(make([]byte, 0, 1<<16), 32<<20)
		for s.Scan() {
			if !yield(s.Bytes(), nil) {
				return
			}
		}
		if err := s.Err(); err != nil {
			yield(nil, layoutError(j.file(resultsName), err.Error()))
		}
	}
}
