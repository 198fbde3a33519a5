package evidence

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// IncompleteError says why a fact was refused. Nothing incomplete enters a bundle: a field that
// a collector forgot must not look like "there is none".
type IncompleteError struct {
	ID, Kind string
	Problems []string // each "pointer: problem", sorted
}

func (e *IncompleteError) Error() string {
	return fmt.Sprintf("fact %s (%s): %s", e.ID, e.Kind, strings.Join(e.Problems, "; "))
}

// Check compares the fact with its kind: each field of each carried facet is said exactly once
// (value, none or unknown), types fit, nothing else is there, and it comes from somewhere. The
// error is an *IncompleteError.
func (f *Fact) Check(k *Kind) error {
	f.decodeAll()
	c := checker{fact: f, kind: k}
	for _, err := range f.errs {
		c.add(err.Error())
	}
	c.envelope()
	c.record("", k.Top(), f.Fields, false)
	for ptr, row := range f.Unknowns {
		switch {
		case row == "":
			c.add(ptr + ": unknown without a coverage row")
		case ptr == "/tags" || ptr == "/name" || strings.HasPrefix(ptr, "/tags/") || strings.HasSuffix(ptr, "/-"):
		default:
			if _, ok := k.field(ptr); !ok {
				c.add(ptr + ": unknown names no field of this kind")
			}
		}
	}
	if len(c.problems) == 0 {
		return nil
	}
	slices.Sort(c.problems)
	return &IncompleteError{ID: f.ID, Kind: f.Kind, Problems: c.problems}
}

type checker struct {
	fact     *Fact
	kind     *Kind
	problems []string
}

func (c *checker) add(problem string) { c.problems = append(c.problems, problem) }

func (c *checker) envelope() {
	f := c.fact
	for name, v := range map[string]string{"id": f.ID, "target": f.Target, "region": f.Region} {
		if v == "" {
			c.add("/" + name + ": not set")
		}
	}
	if f.Kind != c.kind.Name || f.Schema != c.kind.Schema {
		c.add("/kind: not of kind " + c.kind.Name)
	}
	if f.Seen.IsZero() {
		c.add("/seen: not set")
	}
	if len(f.From) == 0 {
		c.add("/from: comes from nowhere")
	}
	for _, from := range f.From {
		kind, _, ok := strings.Cut(from, ":")
		if !ok || !slices.Contains([]string{"x", "i", "c"}, kind) && !(kind == "f" && c.kind.Derived) {
			c.add("/from: " + strconv.Quote(from) + " is no source")
		}
	}
	_, na := c.kind.NotApplicable["/tags"]
	_, unknown := f.Unknowns["/tags"]
	switch said := f.Tags != nil; {
	case na && (said || unknown), said && unknown:
		c.add("/tags: set twice, or not applicable")
	case !na && !said && !unknown:
		c.add("/tags: not set")
	}
}

func (c *checker) record(at string, fields []Field, v map[string]any, covered bool) {
	for name := range v {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			c.add(at + "/" + name + ": no field of this kind")
		}
	}
	for _, field := range fields {
		c.field(at+"/"+field.Name, field, v, covered)
	}
}

// field checks one field; covered says that a record around it is unknown as a whole.
func (c *checker) field(ptr string, field Field, in map[string]any, covered bool) {
	v, said := in[field.Name]
	_, unknown := c.fact.Unknowns[ptr]
	_, na := c.kind.NotApplicable[generic(ptr)]
	switch {
	case na && (said || unknown):
		c.add(ptr + ": not applicable for this kind, but set")
	case field.Derived && said:
		c.add(ptr + ": only a derivation may set it")
	case said && (unknown || covered):
		c.add(ptr + ": set twice")
	case unknown || na || covered || field.Derived:
	case field.Type == Record && !field.List:
		c.oneRecord(ptr, field, v, said)
	case !said:
		if !field.Join {
			c.add(ptr + ": not set")
		}
	case field.List:
		c.list(ptr, field, v)
	case v != nil:
		c.scalar(ptr, field, v)
	}
}

func (c *checker) oneRecord(ptr string, field Field, v any, said bool) {
	if said && v == nil {
		return // none
	}
	m, ok := v.(map[string]any)
	if said && !ok {
		c.add(fmt.Sprintf("%s: %T is no record", ptr, v))
		return
	}
	c.record(ptr, field.Fields, m, false) // with m nil, each field must be unknown or not applicable
}

func (c *checker) list(ptr string, field Field, v any) {
	l, ok := v.([]any)
	if !ok {
		c.add(fmt.Sprintf("%s: %T is no list", ptr, v))
		return
	}
	for i, e := range l {
		here := ptr + "/" + strconv.Itoa(i)
		if field.Type == Record {
			m, ok := e.(map[string]any)
			if !ok {
				c.add(fmt.Sprintf("%s: %T is no record", here, e))
				continue
			}
			c.record(here, field.Fields, m, false)
			continue
		}
		c.scalar(here, field, e)
	}
}

func (c *checker) scalar(ptr string, field Field, v any) {
	if err := fits(field, v); err != nil {
		c.add(ptr + ": " + err.Error())
	}
}

func fits(field Field, v any) error {
	ok := false
	switch field.Type {
	case String, Place:
		_, ok = v.(string)
	case Bool:
		_, ok = v.(bool)
	case Int:
		if n, isNum := v.(float64); isNum {
			if _, ok = Whole(n); !ok {
				return fmt.Errorf("%v is no whole number that JSON holds exactly", n)
			}
		}
	case Time:
		s, isStr := v.(string)
		if isStr {
			if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
				return errors.New("no RFC 3339 time")
			}
		}
		ok = isStr
	case Record:
		_, ok = v.(map[string]any)
	}
	if !ok {
		return fmt.Errorf("%T is no %s", v, field.Type)
	}
	return nil
}

// generic replaces list indices in a pointer by -, the form in which a kind declares fields.
func generic(ptr string) string {
	parts := strings.Split(ptr, "/")
	for i, p := range parts {
		if _, err := strconv.Atoi(p); err == nil {
			parts[i] = "-"
		}
	}
	return strings.Join(parts, "/")
}
