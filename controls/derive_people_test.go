package controls

import (
	"slices"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// Whoever can sign in is held by people of the roster, or by nobody; without a roster that is not known. What
// the register rules out has no holder to be asked for.
func TestHumans(t *testing.T) {
	user := &evidence.Kind{Name: "aws.iam.user", Schema: 1, Facets: []string{"principal"}, NotApplicable: map[string]string{"/principal/trusted_by": "none"}}
	const id, target = "arn:aws:iam::111122223333:user/ann", "aws-111122223333"
	active := func(flags ...any) map[string]any {
		list := []any{}
		for _, a := range flags {
			c := map[string]any{"kind": "access_key", "id": "k", "created": nil, "last_used": nil}
			if a != nil {
				c["active"] = a
			}
			list = append(list, c)
		}
		return map[string]any{"/principal/type": "human", "/principal/credentials": list}
	}
	person := func(id string, principals ...string) engagement.Person {
		return engagement.Person{ID: id, Country: "IE", Principals: principals, Line: 2}
	}
	for name, c := range map[string]struct {
		set             map[string]any
		roster          []engagement.Person
		rules           []engagement.ScopeRule
		usable, holders string
	}{
		"held by one":           {active(true), []engagement.Person{person("p", id)}, nil, "true", "[p]"},
		"named twice by one":    {active(true), []engagement.Person{person("p", id, id)}, nil, "true", "[p]"},
		"held by two":           {active(false, true), []engagement.Person{person("q", id), person("p", id)}, nil, "true", "[p q]"},
		"held by nobody":        {active(true), []engagement.Person{person("p", id+"e")}, nil, "true", "[]"},
		"no roster":             {active(true), nil, nil, "true", "unknown: engagement.yaml names no roster, or it is empty"},
		"nothing to sign in by": {active(), []engagement.Person{person("p", id)}, nil, "false", "[p]"},
		"switched off":          {active(false), []engagement.Person{person("p", id)}, nil, "false", "[p]"},
		"one is not known":      {active(false, nil), []engagement.Person{person("p", id)}, nil, "unknown: " + caseRow, "[p]"},
		"credentials not seen":  {map[string]any{"/principal/type": "human"}, []engagement.Person{person("p", id)}, nil, "unknown: " + caseRow, "[p]"},
		"scope not known":       {active(true), []engagement.Person{person("p", id)}, []engagement.ScopeRule{{ID: "o", Scope: "out", Tags: map[string]string{"a": "b"}}}, "true", "unknown: scope: " + caseRow},
		"ruled out":             {active(true), nil, []engagement.ScopeRule{{ID: "o", Scope: "out", Targets: []string{target}}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, said(t, user, id, target, c.set))
			in.Roster, in.Register.Scope, in.Files = c.roster, c.rules, map[string]string{engagement.RosterName: "d"}
			facts := humans(indexed(t, in, user))
			if len(facts) == 0 && c.usable == "" {
				return
			}
			if len(facts) != 1 || attr(facts[0], "usable") != c.usable || attr(facts[0], "holders") != c.holders {
				t.Fatalf("%d facts: usable %s, holders %s", len(facts), attr(facts[0], "usable"), attr(facts[0], "holders"))
			}
			if held := c.holders != "[]" && len(c.roster) > 0; held != slices.Contains(facts[0].From, "i:d#2") {
				t.Errorf("from %v", facts[0].From)
			}
		})
	}
}

// People and gateways come from lines of the engagement's files, and from what the run shows of them.
func TestPersonsAndGateways(t *testing.T) {
	role := &evidence.Kind{Name: "aws.iam.role", Schema: 1, Facets: []string{"principal"}, NotApplicable: map[string]string{"/principal/mfa": "none", "/principal/credentials": "none"}}
	const ops = "arn:aws:iam::111122223333:role/ops"
	in := world1(t, said(t, role, ops, "aws-111122223333", nil), bucket(t, "arn:aws:s3:::b", nil))
	in.Roster = []engagement.Person{{ID: "p", Employer: "E", Country: "NO", Line: 3, Principals: []string{"arn:aws:iam::111122223333:role/gone", "arn:aws:s3:::b", ops}}}
	in.Register.Gateways = []engagement.Gateway{{ID: "g", Operator: "O", Place: "site:x", Accepts: []string{ops}, Line: 7}, {ID: "h", Operator: "O", Line: 9}}
	in.Files = map[string]string{engagement.RosterName: "d", engagement.RegisterName: "e"}
	j := indexed(t, in, role)
	p, g := persons(j), gateways(j)
	if len(p) != 1 || attr(p[0], "seen") != "["+ops+"]" || !slices.Contains(p[0].From, "i:d#3") || !slices.Contains(p[0].From, "f:"+ops) {
		t.Errorf("%+v", p)
	}
	if at, _ := p[0].Get("/located/0"); at != "country:NO" {
		t.Error(at)
	}
	// Nobody is left out for a letter: of whom an account that was asked shows nothing, it is not known.
	for principal, why := range map[string]string{ops + "s": "the roster names a principal that its account does not show: " + ops + "s",
		"arn:aws:iam::999999999999:role/ops": "", "user:ann@example.com": ""} {
		in.Roster = []engagement.Person{{ID: "p", Country: "US", Line: 3, Principals: []string{principal}}}
		if p := persons(indexed(t, in, role)); len(p) != 1 || p[0].Unknowns["/attrs/seen/-"] != why {
			t.Errorf("%s: %v", principal, p[0].Unknowns)
		}
	}
	if len(g) != 2 || !slices.Contains(g[0].From, "i:e#7") {
		t.Fatalf("%+v", g)
	}
	if records, said := g[0].Get("/gateway/records"); records != false || !said {
		t.Error("a gateway that records nothing is not said to")
	}
	if at, _ := g[1].Get("/located"); len(at.([]any)) != 0 {
		t.Error(at)
	}
	for _, f := range append(p, g...) {
		if f.Target, f.Seen = "x", in.AsOf; f.Region == "" {
			f.Region = "global"
		}
		if err := f.Check(map[string]*evidence.Kind{kindPerson.Name: kindPerson, kindGateway.Name: kindGateway}[f.Kind]); err != nil {
			t.Error(err)
		}
	}
}
