package controls

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// line names a line of one of the engagement's files as the source of a fact.
func (j *joins) line(name string, line int) string {
	return fmt.Sprintf("i:%s#%d", j.in.Files[name], max(line, 1))
}

// gateways says each gateway of the register, as it is written there.
func gateways(j *joins) []*evidence.Fact {
	var out []*evidence.Fact
	for _, g := range j.in.Register.Gateways {
		f := derived(kindGateway, "gateway:"+g.ID, g.ID, "", "").Because(j.line(engagement.RegisterName, g.Line)).
			Set("/gateway/operator", g.Operator).Set("/gateway/accepts", strings0(g.Accepts)).Set("/gateway/reaches", strings0(g.Reaches)).Set("/gateway/records", g.Records)
		if g.Place == "" {
			f.None(kindGateway, "/located")
		} else {
			f.Set("/located", []string{g.Place})
		}
		out = append(out, f)
	}
	return out
}

// persons says each line of the roster, and which of the person's principals the run shows.
func persons(j *joins) []*evidence.Fact {
	var out []*evidence.Fact
	for _, p := range j.in.Roster {
		f := derived(kindPerson, "person:"+p.ID, p.ID, "", "").Because(j.line(engagement.RosterName, p.Line)).Set("/located", []string{"country:" + p.Country}).
			Set("/person/employer", p.Employer).Set("/person/country", "country:"+p.Country).Set("/person/team", p.Team).Set("/person/principals", strings0(p.Principals))
		seen, missing := []string{}, ""
		for _, id := range p.Principals {
			e, ok := j.ends.get(id)
			if !ok && missing == "" && j.asked(id) {
				missing = id
			}
			if k := j.in.kinds[e.kind]; !ok || e.ghost || k == nil || !slices.Contains(k.Facets, "principal") || j.rulingOf(id, e).scope == Out {
				continue
			}
			seen = append(seen, id)
			f.Because("f:" + id)
		}
		slices.Sort(seen)
		if len(seen) == 0 && missing != "" { // misspelt, perhaps: then nobody would look at the person
			f.Unknown("the roster names a principal that its account does not show: "+missing, "/attrs/seen/-")
		}
		out = append(out, f.Set("/attrs/seen", slices.Compact(seen)))
	}
	return out
}

// asked says whether a principal is a user or role of an account that the run asked about.
func (j *joins) asked(id string) bool {
	m := iamPrincipal.FindStringSubmatch(id)
	return m != nil && slices.ContainsFunc(j.in.Targets, func(t Target) bool { return t.Provider == "aws" && t.Account == m[1] })
}

var iamPrincipal = regexp.MustCompile(`^arn:[^:]*:iam::([0-9]{12}):(?:user|role)/`)

// humans says of each user of an account, its root user included, who on the roster holds it. Those who come
// through an identity provider are not listed by the cloud.
func humans(j *joins) []*evidence.Fact {
	holders := map[string][]engagement.Person{}
	for _, p := range j.in.Roster {
		for _, id := range p.Principals {
			holders[id] = append(holders[id], p)
		}
	}
	var out []*evidence.Fact
	for user := range j.each("aws.iam.user") {
		e, _ := j.ends.get(user.ID)
		scope := j.rulingOf(user.ID, e)
		sort, _ := user.Get("/principal/type")
		if text, _ := sort.(string); slices.Contains(notHuman, text) || scope.scope == Out {
			continue
		}
		f := derived(kindHuman, "human:"+user.ID, user.Name, user.Target, "").Because("f:"+user.ID).Set("/attrs/principal", user.ID)
		setUsable(f, user)
		var by []string
		for _, p := range holders[user.ID] {
			by = append(by, p.ID)
			f.Because(j.line(engagement.RosterName, p.Line))
		}
		slices.Sort(by)
		switch {
		case len(j.in.Roster) == 0:
			f.Unknown(noRoster, "/attrs/holders")
		case scope.scope == ScopeUnknown:
			f.Unknown("scope: "+scope.why, "/attrs/holders")
		default:
			f.Set("/attrs/holders", strings0(slices.Compact(by)))
		}
		out = append(out, f)
	}
	return out
}

// notHuman are the sorts of principals that are no people. One of another sort, or of none that was seen, may be.
var notHuman = []string{"workload", "service", "federated", "group", "role", "public"}

// setUsable says whether a user has a credential that can be used.
func setUsable(f, user *evidence.Fact) {
	const ptr = "/principal/credentials"
	v, ok := user.Get(ptr)
	list, isList := v.([]any)
	unseen := ""
	if !ok || v != nil && !isList {
		unseen = reasonOf(user, ptr)
	} else if why := user.Unknowns[ptr+"/-"]; why != "" {
		unseen = why
	}
	for i, c := range list {
		record, _ := c.(map[string]any)
		switch active, said := record["active"].(bool); {
		case active:
			f.Set("/attrs/usable", true)
			return
		case !said:
			unseen = reasonOf(user, fmt.Sprintf("%s/%d/active", ptr, i))
		}
	}
	if unseen != "" {
		f.Unknown(unseen, "/attrs/usable")
		return
	}
	f.Set("/attrs/usable", false)
}
