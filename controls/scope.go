package controls

import (
	"slices"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// ruling is the scope of a thing and what decided it.
type ruling struct {
	scope Scope
	rule  string // id of the register's rule, "default" or "graph:<fact id>"
	why   string // coverage row behind an unknown scope
}

// byDefault is the ruling of a thing that no rule names: it is in.
var byDefault = ruling{scope: In, rule: "default"}

// ruleOf applies the register's rules to a fact; the first one that matches decides. Out needs
// a positive match on what was seen: where an earlier rule could have said otherwise, had the
// labels been seen, the scope is unknown.
func ruleOf(rules []engagement.ScopeRule, f *evidence.Fact) ruling {
	var maybe []engagement.ScopeRule
	decide := func(r ruling) ruling {
		for _, m := range maybe {
			if Scope(m.Scope) != r.scope {
				return ruling{scope: ScopeUnknown, rule: m.ID, why: f.Unknowns["/tags"]}
			}
		}
		return r
	}
	for i := range rules {
		switch matches, known := match(&rules[i], f); {
		case !known:
			maybe = append(maybe, rules[i])
		case matches:
			return decide(ruling{scope: Scope(rules[i].Scope), rule: rules[i].ID})
		}
	}
	return decide(byDefault)
}

// match says whether a rule matches; known is false where that hangs on labels that were not seen.
func match(r *engagement.ScopeRule, f *evidence.Fact) (matches, known bool) {
	if len(r.Targets) > 0 && !slices.Contains(r.Targets, f.Target) ||
		len(r.Kinds) > 0 && !slices.Contains(r.Kinds, f.Kind) ||
		len(r.Names) > 0 && !slices.ContainsFunc(r.Names, func(p string) bool { return engagement.Match(p, f.Name) }) {
		return false, true
	}
	if len(r.Tags) == 0 {
		return true, true
	}
	if _, unseen := f.Unknowns["/tags"]; unseen {
		return false, false
	}
	for k, want := range r.Tags {
		if v, ok := f.Tags[k]; !ok || want != "*" && v != want {
			return false, true
		}
	}
	return true, true
}
