package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Steps in which a copy of a run is written. Each ends with the file that makes what was written
// before it count, so that a copy which stops midway is no run, and no judgement.
const (
	StepContents  = iota // inputs, bundles, seals, signatures, results
	StepJudgement        // judgement.json
	StepRun              // run.json
	Steps
)

// Step says when a file of a run is copied.
func Step(name string) int {
	switch {
	case name == recordName:
		return StepRun
	case strings.HasPrefix(name, judgementsDir+"/") && path.Base(name) == judgementName:
		return StepJudgement
	}
	return StepContents
}

// IsFile reports whether a run may hold a file of this name (relative, with slashes).
func IsFile(name string) bool { return path.Clean(name) == name && places.MatchString(name) }

// Files lists every file of an opened run with its size and digest, by step, then by name.
func (r *Run) Files() ([]File, error) {
	known := map[string]File{}
	for _, f := range r.Record.Inputs {
		known[f.Path] = f
	}
	for _, b := range r.Record.Bundles {
		known[b.Path] = b.File
	}
	var files []File
	err := filepath.WalkDir(r.Path, func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(r.Path, at)
		if err != nil {
			return err
		}
		f, ok := known[filepath.ToSlash(name)]
		if !ok {
			if f, err = digestFile(at); err != nil {
				return err
			}
			f.Path = filepath.ToSlash(name)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list run: %w", err)
	}
	slices.SortFunc(files, func(a, b File) int {
		if d := Step(a.Path) - Step(b.Path); d != 0 {
			return d
		}
		return strings.Compare(a.Path, b.Path)
	})
	return files, nil
}

// Receive lets a copy of a run enter at path by one rename: fill writes its files into an empty
// folder, and what it wrote is opened there first, so that a copy whose bytes are not those that
// its run.json names never stands at path (*LayoutError).
func Receive(path string, fill func(into *os.Root) error) (r *Run, err error) {
	b, err := Create(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Abort()) }()
	root, err := os.OpenRoot(b.tmp)
	if err != nil {
		return nil, fmt.Errorf("receive run: %w", err)
	}
	if err := errors.Join(fill(root), root.Close()); err != nil {
		return nil, err
	}
	if _, err := Open(b.tmp); err != nil {
		return nil, err
	}
	if err := b.enter(); err != nil {
		return nil, fmt.Errorf("run %s: %w", b.path, err)
	}
	return Open(b.path)
}
