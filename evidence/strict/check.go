package strict

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Checker says what is wrong with what a file says, with file, line, cause and cure; the first
// fault counts.
type Checker struct {
	name string
	tree *ast.File
	err  *FileError
}

// Decode reads YAML as [YAML] does, and gives what its values are checked with.
func Decode(name string, text []byte, limit int, into any) (*Checker, error) {
	tree, err := YAML(name, text, limit, into)
	if err != nil {
		return nil, err
	}
	return &Checker{name: name, tree: tree}, nil
}

// Check notes a fault at a path such as $.keys[0].roles unless ok.
func (c *Checker) Check(ok bool, path, cause, hint string, args ...any) {
	if ok || c.err != nil {
		return
	}
	c.err = &FileError{File: c.name, Line: Line(c.tree, path), Cause: strings.TrimPrefix(path, "$.") + ": " + fmt.Sprintf(cause, args...), Hint: hint}
}

// Err is the first fault, a *FileError; nil where there is none.
func (c *Checker) Err() error {
	if c.err == nil {
		return nil
	}
	return c.err
}
