package controls

import (
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// A rule that reads a name or a label that is withheld leaves the scope unknown, unless nothing hangs on it.
func TestScopeOfWithheld(t *testing.T) {
	tag := func(key, value, scope string) engagement.ScopeRule {
		return engagement.ScopeRule{ID: "r-" + key, Scope: scope, Tags: map[string]string{key: value}}
	}
	named := engagement.ScopeRule{ID: "r-name", Scope: "out", Names: []string{"test-*"}}
	fact := func(unknowns map[string]string, tags map[string]string) *evidence.Fact {
		return &evidence.Fact{ID: "a", Name: "", Kind: "k", Target: "t", Tags: tags, Unknowns: unknowns}
	}
	owner := map[string]string{"/tags/owner": "withheld by rule x: row"}
	for name, c := range map[string]struct {
		rules []engagement.ScopeRule
		fact  *evidence.Fact
		want  Scope
		why   string
	}{
		"out by a withheld label":         {[]engagement.ScopeRule{tag("owner", "test", "out")}, fact(owner, map[string]string{}), ScopeUnknown, owner["/tags/owner"]},
		"any value of a withheld label":   {[]engagement.ScopeRule{tag("owner", "*", "out")}, fact(owner, map[string]string{}), ScopeUnknown, owner["/tags/owner"]},
		"in by a withheld label":          {[]engagement.ScopeRule{tag("owner", "test", "in")}, fact(owner, map[string]string{}), In, ""},
		"out by another label":            {[]engagement.ScopeRule{tag("class", "none", "out")}, fact(owner, map[string]string{"class": "none"}), Out, ""},
		"two labels, one of them another": {[]engagement.ScopeRule{{ID: "r", Scope: "out", Tags: map[string]string{"owner": "x", "class": "none"}}}, fact(owner, map[string]string{"class": "user"}), In, ""},
		"out by a withheld name":          {[]engagement.ScopeRule{named}, fact(map[string]string{"/name": "withheld by rule y: row"}, nil), ScopeUnknown, "withheld by rule y: row"},
		"a withheld name, another kind":   {[]engagement.ScopeRule{{ID: "r", Scope: "out", Names: []string{"*a"}, Kinds: []string{"other"}}}, fact(map[string]string{"/name": "w"}, nil), In, ""},
	} {
		if r := ruleOf(c.rules, c.fact); r.scope != c.want || r.why != c.why {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
