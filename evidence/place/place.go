package place

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

//go:embed places.yaml
var embedded []byte

// Default is the text of this build's table.
func Default() []byte { return bytes.Clone(embedded) }

// Answer is three-valued: a place that is not known is neither inside nor outside.
type Answer int

// The answers.
const (
	Unknown Answer = iota
	False
	True
)

func (a Answer) String() string { return [...]string{"unknown", "false", "true"}[a] }

// Table is a checked region table. It is read only; Extend makes a new one.
type Table struct {
	Date   string
	Digest string // sha256 of the text

	countries  map[string]string   // token, lower case → country
	multi      map[string][]string // token, lower case → members
	groups     map[string][]string
	partitions map[string][]string // AWS partition → regions, sorted
	adequacy   []Adequacy
}

// Adequacy is one decision under Article 45 GDPR.
type Adequacy struct {
	Country string `yaml:"country"`
	Only    string `yaml:"only"` // whom it is limited to; empty: everyone
	From    string `yaml:"from"`
	Until   string `yaml:"until"` // empty: no end
	Source  string `yaml:"source"`
}

type tableFile struct {
	Schema  int                 `yaml:"schema"`
	Date    string              `yaml:"date"`
	Sources []string            `yaml:"sources"`
	Groups  map[string][]string `yaml:"groups"`
	Regions []struct {
		Token     string `yaml:"token"`
		Provider  string `yaml:"provider"`
		Partition string `yaml:"partition"`
		Country   string `yaml:"country"`
	} `yaml:"regions"`
	Multi []struct {
		Token    string   `yaml:"token"`
		Provider string   `yaml:"provider"`
		Members  []string `yaml:"members"`
	} `yaml:"multi"`
	Adequacy []Adequacy `yaml:"adequacy"`
}

var iso = regexp.MustCompile(`^[A-Z]{2}$`)

const (
	tableName = "region table" // in errors
	maxTable  = 4 << 20        // bytes of its text
)

// Load reads a table. Unknown fields, tokens that stand twice, members that are not listed and
// countries that are no ISO 3166-1 alpha-2 codes are errors; each is a *strict.FileError.
func Load(text []byte) (*Table, error) {
	var f tableFile
	tree, err := strict.YAML(tableName, text, maxTable, &f)
	if err != nil {
		return nil, err
	}
	fail := func(at, cause string, args ...any) (*Table, error) {
		return nil, &strict.FileError{File: tableName, Line: strict.Line(tree, at), Cause: fmt.Sprintf(cause, args...)}
	}
	if f.Schema != 1 || f.Date == "" || len(f.Sources) == 0 {
		return fail("$.schema", "schema must be 1, and date and sources must be said")
	}
	t := &Table{Date: f.Date, Digest: evidence.Digest(text), countries: map[string]string{}, multi: map[string][]string{},
		groups: f.Groups, partitions: map[string][]string{}, adequacy: f.Adequacy}
	for i, r := range f.Regions {
		token := strings.ToLower(r.Token)
		if _, twice := t.countries[token]; twice || token == "" || !iso.MatchString(r.Country) {
			return fail(fmt.Sprintf("$.regions[%d]", i), "region %q: stands twice, or its country %q is no ISO 3166-1 code", r.Token, r.Country)
		}
		t.countries[token] = r.Country
		if r.Partition != "" {
			t.partitions[r.Partition] = append(t.partitions[r.Partition], r.Token)
		}
	}
	for i, m := range f.Multi {
		if err := t.addMulti(strings.ToLower(m.Token), m.Members); err != nil {
			return fail(fmt.Sprintf("$.multi[%d]", i), "multi-region %q: %v", m.Token, err)
		}
	}
	for name, members := range f.Groups {
		if iso.MatchString(name) && name != "EU" || slices.ContainsFunc(members, func(c string) bool { return !iso.MatchString(c) }) {
			return fail("$.groups", "group %q: named like a country, or a member is no ISO 3166-1 code", name)
		}
	}
	for _, regions := range t.partitions {
		slices.Sort(regions)
	}
	return t, nil
}

func (t *Table) addMulti(token string, members []string) error {
	_, region := t.countries[token]
	if _, twice := t.multi[token]; twice || region || token == "" || len(members) == 0 {
		return errors.New("stands twice, or has no members")
	}
	for _, m := range members {
		if _, ok := t.countries[strings.ToLower(m)]; !ok {
			return fmt.Errorf("member %q is not listed", m)
		}
	}
	t.multi[token] = members
	return nil
}

// Extend gives a table that knows further tokens too, such as the sites of an inventory. A token
// that the table knows already is an error: nobody moves a region by naming a site like it.
func (t *Table) Extend(countries map[string]string) (*Table, error) {
	out := *t
	out.countries = make(map[string]string, len(t.countries)+len(countries))
	for token, c := range t.countries {
		out.countries[token] = c
	}
	for token, c := range countries {
		token = strings.ToLower(token)
		_, multi := t.multi[token]
		if _, twice := out.countries[token]; twice || multi || !strings.Contains(token, ":") || !iso.MatchString(c) {
			return nil, fmt.Errorf("place %q: already known, without a kind in front (such as site:), or its country %q is no ISO 3166-1 code", token, c)
		}
		out.countries[token] = c
	}
	return &out, nil
}

// Countries gives the countries that a token may mean, sorted; known is false where the table
// does not list it. country:XX stands for itself.
func (t *Table) Countries(token string) (countries []string, known bool) {
	lower := strings.ToLower(token)
	if c, ok := strings.CutPrefix(token, "country:"); ok {
		return []string{c}, iso.MatchString(c)
	}
	if c, ok := t.countries[lower]; ok {
		return []string{c}, true
	}
	for _, m := range t.multi[lower] {
		countries = append(countries, t.countries[strings.ToLower(m)])
	}
	slices.Sort(countries)
	return slices.Compact(countries), len(countries) > 0
}

// Allowed expands groups and countries to countries. An entry that is neither is an error: a
// misspelt group must not shrink or widen what is allowed.
func (t *Table) Allowed(entries []string) ([]string, error) {
	var out []string
	for _, e := range entries {
		members, group := t.groups[e]
		switch {
		case group:
			out = append(out, members...)
		case iso.MatchString(e):
			out = append(out, e)
		default:
			return nil, fmt.Errorf("jurisdiction %q: no group of the region table and no ISO 3166-1 code", e)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Within says whether all places lie in allowed countries (as Allowed gives them): False if
// any listed token may lie outside, else Unknown if any token is unlisted or there is none, else
// True. A multi-region with one member outside lies outside: data may be there.
func (t *Table) Within(places, allowed []string) Answer {
	answer := True
	if len(places) == 0 {
		answer = Unknown
	}
	for _, p := range places {
		countries, known := t.Countries(p)
		if !known {
			answer = Unknown
			continue
		}
		for _, c := range countries {
			if !slices.Contains(allowed, c) {
				return False
			}
		}
	}
	return answer
}

// Regions lists the regions of an AWS partition, sorted.
func (t *Table) Regions(partition string) []string { return slices.Clone(t.partitions[partition]) }

// Tokens lists every place that the table knows, sorted.
func (t *Table) Tokens() []string {
	return slices.Sorted(maps.Keys(t.countries))
}

// Adequacy lists the decisions for a country.
func (t *Table) Adequacy(country string) []Adequacy {
	var out []Adequacy
	for _, a := range t.adequacy {
		if a.Country == country {
			out = append(out, a)
		}
	}
	return out
}
