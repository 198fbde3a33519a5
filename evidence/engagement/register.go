package engagement

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// ParseRegister reads register.yaml.
func ParseRegister(name string, text []byte) (*Register, error) {
	r := &Register{}
	tree, err := decode(name, text, r)
	if err != nil {
		return nil, err
	}
	c := &faults{name: name, tree: tree}
	for i, s := range r.Scope {
		at := fmt.Sprintf("$.scope[%d]", i)
		c.check(s.ID != "" && s.Because != "", at, "id and because must be said", "a third party will read why things are in or out")
		c.plain(at+".id", s.ID)
		for key, value := range sorted(s.Tags) {
			c.plain(at+".tags", key, value)
		}
		c.plain(at+".targets[]", s.Targets...)
		c.plain(at+".kinds[]", s.Kinds...)
		c.plain(at+".names[]", s.Names...)
		c.check(s.Scope == "in" || s.Scope == "out", at+".scope", "%q is neither in nor out", strict.Meant(s.Scope, "in", "out")+"write scope: in, or scope: out", s.Scope)
		c.check(len(s.Tags)+len(s.Targets)+len(s.Kinds) > 0 || len(s.Names) > 0 && !slices.ContainsFunc(s.Names, func(p string) bool { return !fixedText(p) || s.Scope == "out" && wideName(p) }), at, "matches everything", "name tags, targets, kinds, or names by more than one letter between wildcards")
		c.check(!slices.ContainsFunc(r.Scope[:i], func(o ScopeRule) bool { return o.ID == s.ID }), at+".id", "%q stands twice", "give each rule an id of its own: the workbook says by which a thing is in or out", s.ID)
	}
	for i, t := range r.TrustedAccounts {
		at := fmt.Sprintf("$.trusted_accounts[%d]", i)
		c.check(t.ID != "" && t.Because != "", at, "id and because must be said", "write ids as aws:999900001111 or gcp:project-id")
		c.plain(at+".id", t.ID)
		c.check(!strings.ContainsAny(t.ID, " *"), at+".id", "%q holds a space or a *: it would be trusted nowhere", "name one account a line, as aws:999900001111 or gcp:project-id", t.ID)
		c.check(t.Country == "" || country.MatchString(t.Country), at+".country", "%q is no country", "use an ISO 3166-1 code such as IE, of the entity that holds the account", t.Country)
		c.check(!slices.ContainsFunc(r.TrustedAccounts[:i], func(o Trusted) bool { return o.ID == t.ID }), at+".id", "%q stands twice", "keep one, with its reason", t.ID)
	}
	for i, g := range r.Gateways {
		at := fmt.Sprintf("$.gateways[%d]", i)
		c.check(g.ID != "" && g.Operator != "", at, "id and operator must be said", "write a name of your own for it, and who runs it, such as {id: gw-dublin, operator: Example Assurance LLP}")
		c.check(!slices.ContainsFunc(r.Gateways[:i], func(o Gateway) bool { return o.ID == g.ID }), at+".id", "%q stands twice", "give each gateway an id of its own: results name it", g.ID)
		c.plain(at+".id", g.ID)
		c.plain(at+".place", g.Place)
		c.plain(at+".accepts[]", g.Accepts...)
		c.plain(at+".reaches[]", g.Reaches...)
		r.Gateways[i].Line = strict.Line(tree, at+".id")
	}
	for i, l := range r.Legacy {
		at := fmt.Sprintf("$.legacy[%d]", i)
		r.Legacy[i].Line = strict.Line(tree, at+".id")
		c.check(l.ID != "" && l.Owner != "", at, "id and owner must be said", "owner is the target that held it: absence counts only there")
		c.plain(at+".id", l.ID)
		c.plain(at+".owner", l.Owner)
		why, cure := StoreFault(l.ID)
		c.check(why == "", at+".id", "%q %s: it would be looked for in vain, and count as gone", cure, l.ID, why)
		c.check(!slices.ContainsFunc(r.Legacy[:i], func(o Legacy) bool { return o.ID == l.ID }), at+".id", "%q stands twice", "keep one, with what the programme says of it last", l.ID)
		c.check(slices.Contains([]string{"pending", "copied", "verified", "deleted", "exempt"}, l.State), at+".state", "%q is no state", strict.Meant(l.State, "pending", "copied", "verified", "deleted", "exempt")+"use pending, copied, verified, deleted or exempt", l.State)
		c.check(l.State == "deleted" || l.State == "exempt" || !l.By.IsZero(), at+".by", "the date by which it shall be gone must be said", "without one it is never late")
		c.check(l.State != "exempt" || l.Why != "", at+".why", "why it is exempt must be said", "a third party will read the reason")
	}
	for i, s := range r.Sites {
		at := fmt.Sprintf("$.sites[%d]", i)
		c.check(siteToken().MatchString(s.ID), at+".id", "%q is no site", "write it as site:hamar-1, in lower case", s.ID)
		c.check(country.MatchString(s.Country), at+".country", "%q is no ISO 3166-1 code", "use two capital letters, such as \"NO\"", s.Country)
		c.check(s.Because != "", at+".because", "is missing", "say what the country rests on: a lease, a visit")
		c.check(!slices.ContainsFunc(r.Sites[:i], func(o Site) bool { return o.ID == s.ID }), at+".id", "%q stands twice", "keep one, with the country that it lies in", s.ID)
	}
	if err := c.result(); err != nil {
		return nil, err
	}
	return r, nil
}

// Countries gives the country of each site, by its token.
func (r *Register) Countries() map[string]string {
	out := make(map[string]string, len(r.Sites))
	for _, s := range r.Sites {
		out[s.ID] = s.Country
	}
	return out
}

// ParseWaivers reads waivers.yaml.
func ParseWaivers(name string, text []byte) ([]Waiver, error) {
	w := &Waivers{}
	tree, err := decode(name, text, w)
	if err != nil {
		return nil, err
	}
	c := &faults{name: name, tree: tree}
	for i, v := range w.Waivers {
		at := fmt.Sprintf("$.waivers[%d]", i)
		c.check(v.ID != "" && v.Reason != "" && v.By != "" && v.Items != "", at, "id, items, reason and by must be said", "a waiver without a name behind it is none")
		c.plain(at+".id", v.ID)
		c.plain(at+".items", v.Items)
		c.check(wide(v.Items, anyThings) == "", at+".items", "%q waives every fail of the control, also tomorrow's", "name the items that are waived, as the workbook's sheet Test results shows them; * stands for a part", v.Items)
		c.check(controlID.MatchString(v.Control), at+".control", "%q is no control id", meantControl(v.Control)+controlWords, v.Control)
		c.checkTerm(at, v.Approved, v.Until)
		c.check(!slices.ContainsFunc(w.Waivers[:i], func(o Waiver) bool { return o.ID == v.ID }), at+".id", "%q stands twice", "give each an id of its own: exceptions name it", v.ID)
	}
	if err := c.result(); err != nil {
		return nil, err
	}
	return w.Waivers, nil
}
