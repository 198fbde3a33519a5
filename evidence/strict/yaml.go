package strict

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// FileError says what is wrong with a file that somebody wrote, and the cure.
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

// maxNesting bounds brackets and braces within one another: the library recurses on them.
const maxNesting = 64

// YAML decodes a text of at most limit bytes. Name stands in errors, which are *FileError. The
// tree finds the lines of what the caller refuses; it is nil-safe for [Line].
func YAML(name string, text []byte, limit int, into any) (tree *ast.File, err error) {
	fail := func(cause, hint string) (*ast.File, error) {
		return nil, &FileError{File: name, Cause: cause, Hint: hint}
	}
	switch {
	case len(text) > limit:
		return fail(fmt.Sprintf("over %d bytes", limit), "")
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return fail("not UTF-8 text", "save it as UTF-8")
	case bareReturn(text) >= 0:
		return nil, &FileError{File: name, Line: 1 + bytes.Count(text[:bareReturn(text)], []byte("\n")), Cause: "holds a carriage return without a line feed: it ends a line here, and many editors show none",
			Hint: "end each line with a line feed, or with both"}
	case nesting(text) > maxNesting:
		return fail(fmt.Sprintf("nested deeper than %d", maxNesting), "")
	}
	defer func() { // the library is not ours: a text that breaks it is a text that is refused
		if p := recover(); p != nil {
			tree, err = fail(fmt.Sprintf("no YAML that can be read: %v", p), "")
		}
	}()
	if tree, err = parser.ParseBytes(text, 0); err != nil {
		return nil, yamlError(name, err)
	}
	if len(tree.Docs) > 1 {
		return fail("holds several documents", "keep one document, without --- in between")
	}
	var refuse refused
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			ast.Walk(&refuse, doc.Body)
		}
	}
	if refuse.line > 0 {
		return nil, &FileError{File: name, Line: refuse.line, Cause: refuse.cause, Hint: refuse.hint}
	}
	for _, doc := range tree.Docs {
		if bad := notWhole(doc.Body, reflect.TypeOf(into)); bad != nil {
			return nil, &FileError{File: name, Line: bad.GetToken().Position.Line, Cause: fmt.Sprintf("%q is no whole number", bad.GetToken().Value), Hint: "write one without a fraction, such as 30"}
		}
	}
	if err := decode(text, tree, into); err != nil && len(bytes.TrimSpace(text)) > 0 {
		return nil, locate(hinted(yamlError(name, err), text, tree, into), tree)
	}
	return tree, nil
}

// decode decodes a text from its tree, which is dear to make; one that holds nothing from the text, so that the
// library says what it says of that.
func decode(text []byte, tree *ast.File, into any) error {
	if len(tree.Docs) == 1 && tree.Docs[0].Body != nil && tree.Docs[0].Body.Type() != ast.NullType {
		return yaml.NewDecoder(bytes.NewReader(nil), yaml.Strict()).DecodeFromNode(tree.Docs[0].Body, into)
	}
	return yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(into)
}

// bareReturn gives where a carriage return stands that no line feed follows; -1 where none does. The library ends a
// line there, so that what looks like the rest of a comment would count.
func bareReturn(text []byte) int {
	for i, b := range text {
		if b == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			return i
		}
	}
	return -1
}

// nesting is how deep a text's brackets and braces stand within one another, or its list marks
// before one another in a line, at most; those within quotes count too, which no real file
// comes near.
func nesting(text []byte) (deepest int) {
	brackets, marks := 0, 0
	for i, b := range text {
		switch b {
		case '[', '{':
			brackets++
		case ']', '}':
			brackets = max(0, brackets-1)
		case '-', '?', ':':
			if i+1 < len(text) && (text[i+1] == ' ' || text[i+1] == '\t') {
				marks++
			}
		case '\n':
			marks = 0
		}
		deepest = max(deepest, brackets, marks)
	}
	return deepest
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

// refused finds the first node that is not taken.
type refused struct {
	line        int
	cause, hint string
}

func (r *refused) Visit(n ast.Node) ast.Visitor {
	cause, hint := "", ""
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		cause, hint = "anchors and aliases are not taken", "write the value out"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode, *ast.BoolNode:
		// 0123 is the number 83, and as a text it would no longer be what somebody wrote, such as an account.
		if written, read := n.GetToken().Value, fmt.Sprint(n.(ast.ScalarNode).GetValue()); written != read {
			cause, hint = fmt.Sprintf("%s would be read as %s", written, read), fmt.Sprintf("write %q, in quotes, where a text is meant, else %s", written, read)
		}
	}
	if cause != "" && r.line == 0 {
		*r = refused{n.GetToken().Position.Line, cause, hint}
	}
	return r
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
		e.Line, _ = strconv.Atoi(m[1]) // digits: 0, no line, where they are too many
		e.Cause = first[len(m[0]):]
	}
	switch {
	case strings.Contains(e.Cause, "cannot start any token") && strings.Contains(e.Cause, "\t"):
		e.Cause, e.Hint = "a tab cannot start any token", "indent with spaces"
	case strings.Contains(e.Cause, "unknown field"):
		e.Hint = "check the spelling; `trefoil init` writes a commented file with every field"
	case strings.Contains(e.Cause, "already defined"), strings.Contains(e.Cause, "duplicate"):
		e.Hint = "keep one of the two"
	}
	return e
}

// Line finds the line of a path such as $.aws[0].role in a parsed file; 0 where it is not there.
func Line(tree *ast.File, path string) int {
	if tree == nil {
		return 0
	}
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
