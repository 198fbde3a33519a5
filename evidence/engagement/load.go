package engagement

import (
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
}

// Load reads engagement.yaml and the files that it names, relative to its folder and inside it.
// A file that is named and missing is an error; one that is not named is empty.
func Load(path string) (*Loaded, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("open engagement: %w", err)
	}
	defer root.Close()
	raw := map[string][]byte{}
	if raw[FileName], err = read(root, filepath.Base(path)); err != nil {
		return nil, err
	}
	f, err := ParseFile(filepath.Base(path), raw[FileName])
	if err != nil {
		return nil, err
	}
	for name, named := range map[string]string{RegisterName: f.Files.Register, RosterName: f.Files.Roster, WaiversName: f.Files.Waivers} {
		if named == "" {
			continue
		}
		if raw[name], err = read(root, named); err != nil {
			return nil, err
		}
	}
	l, err := Parse(raw)
	if err == nil {
		raw[FileName], err = withhold(filepath.Base(path), raw[FileName], f)
	}
	return l, err
}

// Parse checks an engagement's files by their bytes, as a run keeps them.
func Parse(raw map[string][]byte) (*Loaded, error) {
	l := &Loaded{Raw: raw}
	var err error
	if l.File, err = ParseFile(FileName, raw[FileName]); err != nil {
		return nil, err
	}
	if l.Register, err = ParseRegister(RegisterName, raw[RegisterName]); err != nil {
		return nil, err
	}
	if l.Roster, err = ParseRoster(RosterName, raw[RosterName]); err != nil {
		return nil, err
	}
	if l.Waivers, err = ParseWaivers(WaiversName, raw[WaiversName]); err != nil {
		return nil, err
	}
	return l, nil
}

func read(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &FileError{File: name, Cause: "is missing", Hint: "`trefoil init DIR` writes a set of files to start from"}
	}
	if err != nil {
		return nil, &FileError{File: name, Cause: err.Error()}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(b) > MaxFile {
		err = &FileError{File: name, Cause: fmt.Sprintf("over %d bytes", MaxFile)}
	}
	return b, err
}
