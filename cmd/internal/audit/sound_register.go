package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// meantCountry asks after the country that was meant.
func meantCountry(code string) string {
	if m := place.MeantCountry(code); m != "" {
		return "did you mean " + m + "? "
	}
	return ""
}

// country refuses what ISO 3166-1 assigns to no country: nothing would lie there.
func country(c *strict.Checker, at, code string) {
	c.Check(place.IsCountry(code), at, "%q is no ISO 3166-1 code of a country", meantCountry(code)+"write two capital letters, such as IE", code)
}

// qualified refuses the id of a trusted account without its provider: facts name it with one.
func qualified(c *strict.Checker, at, id string) {
	hint := "write aws:999900001111, gcp:project-id, or as the fact names it"
	kind, rest, ok := strings.Cut(id, ":")
	switch {
	case digits12.MatchString(id):
		hint = "write aws:" + id
	case awsTarget.MatchString(id):
		hint = "write aws:" + strings.TrimPrefix(id, "aws-")
	case gcpTarget.MatchString(id):
		hint = "write gcp:" + strings.Replace(strings.TrimPrefix(id, "gcp-"), "_", ":", 1)
	}
	wrong := rest == "" || kind == "gcp" && rest != strings.ToLower(rest) || slices.Contains([]string{"aws", "gcp"}, strings.ToLower(kind)) && kind != strings.ToLower(kind) ||
		kind == "aws" && strings.Trim(rest, "0123456789-") == "" && !digits12.MatchString(rest) // conditions of policies name others, such as aws:o-1
	c.Check((ok || strings.HasPrefix(id, "//")) && !wrong, at, "%q names no account with its provider: it would be trusted nowhere", hint, id)
}

const principalWords = "write an ARN such as arn:aws:iam::111122223333:user/ann, or a Google principal such as user:ann@example.com; several are separated by ;"

// roster refuses countries and principals of roster.csv that can be none.
func roster(l *engagement.Loaded) error {
	for _, p := range l.Roster {
		fail := func(hint, cause string, args ...any) error {
			return &strict.FileError{File: l.Paths[engagement.RosterName], Line: p.Line, Cause: fmt.Sprintf(cause, args...), Hint: hint}
		}
		if !place.IsCountry(p.Country) {
			return fail(meantCountry(p.Country)+"write two capital letters, such as IE", "country: %q is no ISO 3166-1 code of a country", p.Country)
		}
		for _, who := range p.Principals {
			switch {
			case !strings.Contains(who, ":"), strings.HasPrefix(who, "arn:") && !arnForm.MatchString(who):
				return fail(principalWords, "principals: %q names nobody", who)
			}
		}
	}
	return nil
}
