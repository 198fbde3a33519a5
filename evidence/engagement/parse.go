package engagement

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// MaxFile bounds each of the engagement's files.
const MaxFile = 16 << 20

// FileError says what is wrong with one of the engagement's files, and the cure.
type FileError struct {
	File  string
	Line  int // from 1; 0 where the fault has no line
	Cause string
	Hint  string // the cure; may be empty
}

func (e *FileError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.File, e.Cause)
}

// decode reads YAML strictly: one document, no unknown field, no duplicate key, no anchors
// (whose aliases could make a small file huge).
func decode(name string, text []byte, into any) (*ast.File, error) {
	if len(text) > MaxFile {
		return nil, &FileError{File: name, Cause: fmt.Sprintf("over %d bytes", MaxFile)}
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, yamlError(name, err)
	}
	if len(tree.Docs) > 1 {
		return nil, &FileError{File: name, Cause: "holds several documents", Hint: "keep one document, without --- in between"}
	}
	var refuse anchors
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			ast.Walk(&refuse, doc.Body)
		}
	}
	if refuse.line > 0 {
		return nil, &FileError{File: name, Line: refuse.line, Cause: "anchors and aliases are not taken", Hint: "write the value out"}
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(into); err != nil && len(bytes.TrimSpace(text)) > 0 {
		return nil, locate(yamlError(name, err), tree)
	}
	return tree, nil
}

// locate gives a fault of a date its line: the library says lines only of faults that it found.
func locate(err error, tree *ast.File) error {
	var fault *FileError
	if !errors.As(err, &fault) || fault.Line > 0 {
		return err
	}
	find := scalar{quoted: fault.Cause}
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			ast.Walk(&find, doc.Body)
		}
	}
	fault.Line = find.line
	return fault
}

// scalar finds the first plain value that the beginning of a message quotes.
type scalar struct {
	quoted string
	line   int
}

func (s *scalar) Visit(n ast.Node) ast.Visitor {
	if v, ok := n.(*ast.StringNode); ok && s.line == 0 && strings.HasPrefix(s.quoted, fmt.Sprintf("%q ", v.Value)) {
		s.line = v.GetToken().Position.Line
	}
	return s
}

type anchors struct{ line int }

func (a *anchors) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		if a.line == 0 {
			a.line = n.GetToken().Position.Line
		}
	}
	return a
}

var position = regexp.MustCompile(`^\[(\d+):\d+\] `)

// yamlError takes line and cause out of the library's error, whose text quotes the source.
func yamlError(name string, err error) error {
	var inner *FileError
	if errors.As(err, &inner) {
		return inner
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	e := &FileError{File: name, Cause: first}
	if m := position.FindStringSubmatch(first); m != nil {
		fmt.Sscan(m[1], &e.Line)
		e.Cause = first[len(m[0]):]
	}
	switch {
	case strings.Contains(e.Cause, "unknown field"):
		e.Hint = "check the spelling; `trefoil init` writes a commented file with every field"
	case strings.Contains(e.Cause, "already defined"), strings.Contains(e.Cause, "duplicate"):
		e.Hint = "keep one of the two"
	}
	return e
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
func Match(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}

// line finds the line of a path such as $.aws[0].role in a parsed file; 0 where it is not there.
func line(tree *ast.File, path string) int {
	p, err := yaml.PathString(path)
	if err != nil {
		return 0
	}
	n, err := p.FilterFile(tree)
	if err != nil || n == nil || n.GetToken() == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

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
	f.err = &FileError{File: f.name, Line: line(f.tree, path), Cause: strings.TrimPrefix(path, "$.") + ": " + fmt.Sprintf(cause, args...), Hint: hint}
}

func (f *faults) result() error {
	if f.err == nil {
		return nil
	}
	return f.err
}
