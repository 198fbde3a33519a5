package cut

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a path.
const (
	MaxPath  = 1000
	maxSteps = 32
)

// Path names values in a body. The zero value names nothing.
type Path struct {
	text   string
	steps  []step
	column string // of a table in base64; empty: the text itself
}

// step goes to a child; where child is set, only into what has a child of that name whose text
// matches; where self is set, only where the value itself does.
type step struct {
	name  string // * for each
	child string
	like  string // pattern of the child's or the value's text; empty: any
	self  bool
}

// Parse reads a path. Its errors say what is wrong with the text.
func Parse(text string) (Path, error) {
	p := Path{text: text}
	switch {
	case len(text) > MaxPath:
		return p, fmt.Errorf("is longer than %d bytes", MaxPath)
	case !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\n"):
		return p, errors.New("is no line of UTF-8 text")
	case !strings.HasPrefix(text, "/"):
		return p, fmt.Errorf("%q does not begin with /", text)
	}
	rest := text[1:]
	if i := strings.IndexByte(rest, '#'); i >= 0 {
		rest, p.column = rest[:i], rest[i+1:]
		if p.column == "" || strings.ContainsAny(p.column, "#/[") {
			return p, fmt.Errorf("%q names no column after #", text)
		}
	}
	for part := range splitSteps(rest) {
		s, err := parseStep(part)
		if err != nil {
			return p, fmt.Errorf("%q: %w", text, err)
		}
		if p.steps = append(p.steps, s); len(p.steps) > maxSteps {
			return p, fmt.Errorf("has more than %d steps", maxSteps)
		}
	}
	for _, s := range p.steps[:len(p.steps)-1] {
		if s.self {
			return p, fmt.Errorf("%q: [=…] stands at the end", text)
		}
	}
	if p.column != "" && p.steps[len(p.steps)-1].like != "" {
		return p, fmt.Errorf("%q: a table has no [ ] before #", text)
	}
	return p, nil
}

// splitSteps splits at slashes that stand in no brackets: patterns may hold slashes.
func splitSteps(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		depth, from := 0, 0
		for i := range len(text) {
			switch text[i] {
			case '[':
				depth++
			case ']':
				depth = max(0, depth-1)
			case '/':
				if depth > 0 {
					continue
				}
				if !yield(text[from:i]) {
					return
				}
				from = i + 1
			}
		}
		yield(text[from:])
	}
}

var unescape = strings.NewReplacer("~0", "~", "~1", "/", "~2", "[", "~3", "#")

func parseStep(part string) (step, error) {
	name, where, has := strings.Cut(part, "[")
	if name == "" {
		return step{}, errors.New("a step has no name")
	}
	s := step{name: unescape.Replace(name)}
	if !has {
		return s, nil
	}
	where, closed := strings.CutSuffix(where, "]")
	child, like, equal := strings.Cut(where, "=")
	if !closed || !equal || like == "" || strings.ContainsAny(child, "[]*") || strings.ContainsAny(like, "[]") {
		return step{}, fmt.Errorf("%q is no condition such as [Key=owner] or [=user:*]", "["+where)
	}
	s.child, s.like, s.self = unescape.Replace(child), like, child == ""
	return s, nil
}

// String is the path as it was written.
func (p Path) String() string { return p.text }

// Within reports whether all that p names, declared names too: the same steps, each condition at
// least as narrow.
func (p Path) Within(declared Path) bool {
	if len(p.steps) != len(declared.steps) || p.column != declared.column {
		return false
	}
	for i, d := range declared.steps {
		s := p.steps[i]
		switch {
		case s.name != d.name && d.name != "*":
			return false
		case d.like == "":
			if s.like != "" {
				return false
			}
		case s.like == "":
			if d.like != "*" {
				return false
			}
		case s.child != d.child || !Match(d.like, s.like):
			return false
		}
	}
	return true
}

// Match reports whether s has the form of pattern, in which * stands for any run of characters.
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
