package engagement

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/trefoil-audit/trefoil/evidence/cut"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// MaxFile bounds each of the engagement's files.
const MaxFile = 16 << 20

// FileError says what is wrong with one of the engagement's files, and the cure.
type FileError = strict.FileError

// decode reads YAML strictly; the tree finds lines.
func decode(name string, text []byte, into any) (*ast.File, error) {
	return strict.YAML(name, text, MaxFile, into)
}

// UnmarshalYAML reads a day or an RFC 3339 instant; a day means its first instant in UTC.
func (d *Date) UnmarshalYAML(text []byte) error {
	s := strings.Trim(strings.TrimSpace(string(text)), `"'`)
	if s == "" || s == "null" {
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			d.Time = t.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is no day such as 2026-11-24 and no RFC 3339 instant", s)
}

// Match reports whether s has the form of pattern, in which * stands for any run of characters,
// slashes included. It takes time in proportion to the two lengths' product at worst.
func Match(pattern, s string) bool { return cut.Match(pattern, s) }

// faults collects what is wrong with a file; the first one is reported.
type faults struct {
	name string
	tree *ast.File
	err  *FileError
}

func (f *faults) check(ok bool, path, cause, hint string, args ...any) {
	if ok || f.err != nil {
		return
	}
	f.err = &FileError{File: f.name, Line: strict.Line(f.tree, path), Cause: strings.TrimPrefix(path, "$.") + ": " + fmt.Sprintf(cause, args...), Hint: hint}
}

// checkTerm refuses an acceptance without a beginning and an end.
func (f *faults) checkTerm(at string, approved, until Date) {
	f.check(!approved.IsZero() && !until.IsZero(), at, "approved and until must be said", "write days, such as approved: 2026-01-01, until: 2026-07-01")
	f.check(approved.Before(until.Time), at, "approved must be before until: it is from %s to %s", "until is the first day on which it no longer counts; write a later one", approved.Format(time.DateOnly), until.Format(time.DateOnly))
}

func (f *faults) result() error {
	if f.err == nil {
		return nil
	}
	return f.err
}
