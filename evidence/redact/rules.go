package redact

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence/cut"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// Bounds of rules.
const (
	MaxRules = 1 << 20 // bytes of redact.yaml
	MinValue = 2       // bytes of a value: what is shorter stands by chance in every line
	MinInner = 4       // bytes of a value that is cut within words too; shorter ones are cut as whole words
)

// Rules are a checked redact.yaml.
type Rules struct {
	Withhold []Rule `yaml:"withhold"`

	name  string
	check *strict.Checker
}

// Rule withholds values of one sort; each of its parts must find some.
type Rule struct {
	ID         string   `yaml:"id"`
	Because    string   `yaml:"because"`
	Operations []string `yaml:"operations"` // whose answers Fields are about: patterns
	Fields     []string `yaml:"fields"`     // paths, as package cut reads them
	Kinds      []string `yaml:"kinds"`      // of facts that Facts are about: patterns
	Facts      []string `yaml:"facts"`      // paths in facts, such as /name or /tags/owner
	Bodies     []string `yaml:"bodies"`     // operations whose answers are left out as a whole: patterns
	Inputs     []string `yaml:"inputs"`     // files of the engagement: roster.csv, or one column: roster.csv#id
	Values     []string `yaml:"values"`     // as they are
}

var ruleName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// ParseRules reads redact.yaml; errors are *strict.FileError.
func ParseRules(name string, text []byte) (*Rules, error) {
	r := &Rules{name: name}
	c, err := strict.Decode(name, text, MaxRules, r)
	if err != nil {
		return nil, err
	}
	c.Check(len(r.Withhold) > 0, "$.withhold", "names nothing", "say what is withheld; docs/minimisation.md has an example")
	for i, w := range r.Withhold {
		w.checked(c, fmt.Sprintf("$.withhold[%d]", i))
		c.Check(!slices.ContainsFunc(r.Withhold[:i], func(o Rule) bool { return o.ID == w.ID }), fmt.Sprintf("$.withhold[%d].id", i), "%q stands twice", "", w.ID)
	}
	r.check = c
	return r, c.Err()
}

// named is a field of a rule.
type named struct {
	name  string
	texts []string
}

func (w *Rule) checked(c *strict.Checker, at string) {
	c.Check(ruleName.MatchString(w.ID), at+".id", "%q is no name", "use lower-case letters, digits and -", w.ID)
	c.Check(w.ID != derived, at+".id", "%q names what a copy withholds by itself", "choose another name", w.ID)
	c.Check(w.Because != "", at, "because is missing", "whoever gets the copy will read it")
	c.Check((len(w.Operations) == 0) == (len(w.Fields) == 0), at, "operations and fields belong together", "say both: whose answers, and which values in them")
	c.Check((len(w.Kinds) == 0) == (len(w.Facts) == 0), at, "kinds and facts belong together", "say both: which facts, and which values in them")
	c.Check(len(w.Fields)+len(w.Facts)+len(w.Bodies)+len(w.Inputs)+len(w.Values) > 0, at, "names nothing", "say fields, facts, bodies, inputs or values")
	for _, part := range []named{{"fields", w.Fields}, {"facts", w.Facts}} {
		for n, p := range part.texts {
			_, err := cut.Parse(p)
			c.Check(err == nil, fmt.Sprintf("%s.%s[%d]", at, part.name, n), "%v", "write it as /Accounts/*/Email or /tags/owner", err)
		}
	}
	for _, part := range []named{{"operations", w.Operations}, {"bodies", w.Bodies}, {"kinds", w.Kinds}} {
		for n, p := range part.texts {
			c.Check(strings.Trim(p, "*:. ") != "", fmt.Sprintf("%s.%s[%d]", at, part.name, n), "%q names everything", "name some, such as iam:* or aws.iam.*", p)
		}
	}
	for n, v := range w.Values {
		c.Check(len(v) >= MinValue, fmt.Sprintf("%s.values[%d]", at, n), "%q is shorter than %d bytes: it stands by chance in every line", "withhold what it stands in, by a field", v, MinValue)
	}
}

// nothing says that a part of a rule found nothing in the run.
func (r *Rules) nothing(rule int, part string, n int, what string) error {
	r.check.Check(false, fmt.Sprintf("$.withhold[%d].%s[%d]", rule, part, n), "%q finds no value in this run", "check the spelling, or take it out: nobody would see that it withholds nothing", what)
	return r.check.Err()
}

func matches(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return cut.Match(p, s) })
}
