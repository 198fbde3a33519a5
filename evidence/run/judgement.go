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
	dir := judgementsDir + "/" + digest + "/"
	text, err := r.read(dir+judgementName, MaxJSON)
	if err != nil {
		return nil, err
	}
	if evidence.Digest(text) != digest {
		return nil, &LayoutError{dir + judgementName, "its sha256 is not the name of its folder"}
	}
	j := &Judged{Digest: digest, run: r}
	if err := decode(dir+judgementName, text, &j.Judgement); err != nil {
		return nil, err
	}
	if j.Schema != Schema || j.Results.Path != resultsName {
		return nil, &LayoutError{dir + judgementName, "it is a judgement of another schema"}
	}
	if j.Run != r.Digest {
		return nil, &LayoutError{recordName, fmt.Sprintf("was changed, or %s is of another run: the sha256 is %s, and the judgement is about %s", dir+judgementName, r.Digest, j.Run)}
	}
	if j.signature, err = r.read(dir+judgementSignatureName, 8<<20); err != nil {
		return nil, err
	}
	if err := r.same(dir+resultsName, j.Results, judgementName); err != nil {
		return nil, err
	}
	return j, nil
}

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
			yield(nil, &LayoutError{judgementsDir + "/" + j.Digest + "/" + resultsName, err.Error()})
		}
	}
}
