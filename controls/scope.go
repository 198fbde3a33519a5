package controls

import (
	"cmp"
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
	type doubt struct {
		rule *engagement.ScopeRule
		why  string
	}
	var maybe []doubt
	decide := func(r ruling) ruling {
		for _, m := range maybe {
			if Scope(m.rule.Scope) != r.scope {
				return ruling{scope: ScopeUnknown, rule: m.rule.ID, why: m.why}
			}
		}
		return r
	}
	for i := range rules {
		switch matches, unseen := match(&rules[i], f); {
		case unseen != "":
			maybe = append(maybe, doubt{&rules[i], unseen})
		case matches:
			return decide(ruling{scope: Scope(rules[i].Scope), rule: rules[i].ID})
		}
	}
	return decide(byDefault)
}

// match says whether a rule matches; unseen is why that cannot be told, where it hangs on a name or on
// labels that were not seen.
func match(r *engagement.ScopeRule, f *evidence.Fact) (matches bool, unseen string) {
	if len(r.Targets) > 0 && !slices.Contains(r.Targets, f.Target) || len(r.Kinds) > 0 && !slices.Contains(r.Kinds, f.Kind) {
		return false, ""
	}
	if len(r.Names) > 0 {
		if unseen = f.Unknowns["/name"]; unseen == "" && !slices.ContainsFunc(r.Names, func(p string) bool { return engagement.Match(p, f.Name) }) {
			return false, ""
		}
	}
	for k, want := range r.Tags {
		if why := cmp.Or(f.Unknowns["/tags"], f.Unknowns[evidence.TagPointer(k)]); why != "" {
			unseen = min(cmp.Or(unseen, why), why) // of several always the same one
			continue
		}
		if v, ok := f.Tags[k]; !ok || want != "*" && v != want {
			return false, ""
		}
	}
	return unseen == "", unseen
}
