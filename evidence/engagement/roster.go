package engagement

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// rosterHeader is the first line of roster.csv.
var rosterHeader = []string{"id", "employer", "country", "team", "principals"}

// ParseRoster reads roster.csv (RFC 4180, UTF-8): one person a line; principals are separated by
// semicolons.
func ParseRoster(name string, text []byte) ([]Person, error) {
	fail := func(line int, hint, format string, args ...any) ([]Person, error) {
		return nil, &FileError{File: name, Line: line, Cause: fmt.Sprintf(format, args...), Hint: hint}
	}
	if len(text) > MaxFile {
		return fail(0, "keep one line a person, with these columns alone: "+strings.Join(rosterHeader, ","), "over %d bytes", MaxFile)
	}
	if !utf8.Valid(text) {
		return fail(0, "save it as UTF-8", "not UTF-8")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	r.FieldsPerRecord = len(rosterHeader)
	var people []Person
	seen := map[string]int{}
	for first := true; ; first = false {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return people, nil
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			return fail(parse.StartLine, "five columns: "+strings.Join(rosterHeader, ",")+"; several principals are separated by ; such as arn:aws:iam::111122223333:user/ann;user:ann@example.com", "%v", parse.Err)
		}
		if err != nil {
			return fail(0, "", "%v", err)
		}
		line, _ := r.FieldPos(0)
		if first {
			if !slices.Equal(rec, rosterHeader) {
				return fail(line, "the first line must be "+strings.Join(rosterHeader, ","), "no header, or another one")
			}
			continue
		}
		for i, text := range rec[:len(rec)-1] {
			if why := odd(text); why != "" {
				return fail(line, oddHint, "%s: %q %s", rosterHeader[i], text, why)
			}
		}
		if rec[0] == "" {
			return fail(line, "name each person by a pseudonymous number", "id is empty")
		}
		if !country.MatchString(rec[2]) {
			return fail(line, "write an ISO 3166-1 code such as IE", "country: %q is no code", rec[2])
		}
		if at, twice := seen[rec[0]]; twice {
			return fail(line, "keep one line a person, with all principals in its last column, separated by semicolons; two people take two ids", "person %q stands in line %d too", rec[0], at)
		}
		seen[rec[0]] = line
		p := Person{ID: rec[0], Employer: rec[1], Country: rec[2], Team: rec[3], Line: line}
		for id := range strings.SplitSeq(rec[4], ";") {
			if id = strings.Trim(id, " \t"); id == "" {
				continue
			}
			if why := principalFault(id); why != "" {
				return fail(line, "write an ARN such as arn:aws:iam::111122223333:user/ann, or a Google principal such as user:ann@example.com; several are separated by ;", "principals: %q %s", id, why)
			}
			p.Principals = append(p.Principals, id)
		}
		people = append(people, p)
	}
}
