package engagement

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Names under which the files are kept in a run.
const (
	FileName     = "engagement.yaml"
	RegisterName = "register.yaml"
	RosterName   = "roster.csv"
	WaiversName  = "waivers.yaml"
)

// Loaded is a whole engagement: the checked files, and their bytes by the names above.
type Loaded struct {
	File     *File
	Register *Register
	Roster   []Person
	Waivers  []Waiver
	Raw      map[string][]byte // as a run keeps them: without external ids
	Paths    map[string]string // what each is called in errors: the path to it, or its name in a run
}

// Load reads engagement.yaml and the files that it names, relative to its folder and inside it.
// A file that is named and missing is an error; one that is not named is empty. Errors name each
// file by the path that leads to it from where the caller stands.
func Load(path string) (*Loaded, error) {
	dir := filepath.Dir(path)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open engagement: %w", err)
	}
	defer root.Close()
	raw := map[string][]byte{}
	if raw[FileName], err = read(root, filepath.Base(path), path); err != nil {
		return nil, err
	}
	f, err := ParseFile(path, raw[FileName])
	if err != nil {
		return nil, err
	}
	paths := map[string]string{FileName: path}
	for name, named := range sorted(map[string]string{RegisterName: f.Files.Register, RosterName: f.Files.Roster, WaiversName: f.Files.Waivers}) {
		if named == "" {
			continue
		}
		paths[name] = filepath.Join(dir, named)
		if raw[name], err = read(root, named, paths[name]); err != nil {
			return nil, err
		}
	}
	l, err := parse(raw, paths)
	if err == nil {
		err = l.withhold()
	}
	return l, err
}

// Parse checks an engagement's files by their bytes, as a run keeps them.
func Parse(raw map[string][]byte) (*Loaded, error) { return parse(raw, nil) }

// parse names files in errors by their paths, where it is given any.
func parse(raw map[string][]byte, paths map[string]string) (*Loaded, error) {
	l := &Loaded{Raw: raw, Paths: map[string]string{}}
	for _, name := range []string{FileName, RegisterName, RosterName, WaiversName} {
		l.Paths[name] = cmp.Or(paths[name], name)
	}
	var err error
	if l.File, err = ParseFile(l.Paths[FileName], raw[FileName]); err != nil {
		return nil, err
	}
	if l.Register, err = ParseRegister(l.Paths[RegisterName], raw[RegisterName]); err != nil {
		return nil, err
	}
	if l.Roster, err = ParseRoster(l.Paths[RosterName], raw[RosterName]); err != nil {
		return nil, err
	}
	if l.Waivers, err = ParseWaivers(l.Paths[WaiversName], raw[WaiversName]); err != nil {
		return nil, err
	}
	return l, nil
}

// read reads a file of the engagement's folder; path is what it is called in errors.
func read(root *os.Root, name, path string) ([]byte, error) {
	f, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &FileError{File: path, Cause: "is missing", Hint: "`trefoil init DIR` writes a set of files to start from"}
	}
	if err != nil {
		return nil, &FileError{File: path, Cause: err.Error()}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(b) > MaxFile {
		err = &FileError{File: path, Cause: fmt.Sprintf("over %d bytes", MaxFile)}
	}
	return b, err
}
