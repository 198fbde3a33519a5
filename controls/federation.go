package controls

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// Kinds of identity pools and of the issuers whose tokens they take.
const (
	poolKind     = "gcp.iam.identity_pool"
	providerKind = "gcp.iam.identity_provider"
)

// poolMember reads how Google's policies name whoever comes through an identity pool: the pool, its last
// name, and which of its members.
var poolMember = regexp.MustCompile(`^principal(?:Set)?:(//iam\.googleapis\.com/(?:projects/[0-9]+/)?locations/[a-z0-9-]+/work(?:loadIdentity|force)Pools/([^/]+))/(.+)$`)

// clusterPool ends the name of a pool that is Google's own, for the clusters of a project.
const clusterPool = ".svc.id.goog"

// federation is who may come through identity pools, by what the names of their members begin with.
type federation struct {
	pools     map[string]*identityPool
	providers map[string]*identityProvider // by id
}

// identityPool and identityProvider are what the index keeps of them; unseen is why what was kept is not whole.
type identityPool struct {
	usable    bool
	mode      string
	providers []string
	unseen    string
}

type identityProvider struct {
	usable    bool
	sort      string
	url       string // its issuer; unread is why that is not known
	unread    string
	condition bool
	mapping   []string
	unseen    string
}

// glimpsePool reads a pool; member is empty where the names of its members are not known.
func glimpsePool(f *evidence.Fact) (member string, p *identityPool) {
	v, _ := f.Get("/attrs/member")
	member, _ = v.(string)
	p = &identityPool{unseen: firstUnseen(f, "/attrs/usable", "/attrs/mode", "/attrs/providers")}
	v, _ = f.Get("/attrs/usable")
	p.usable = v != false
	v, _ = f.Get("/attrs/mode")
	p.mode, _ = v.(string)
	v, _ = f.Get("/attrs/providers")
	list, _ := v.([]any)
	for _, e := range list { // also of a list that was cut off
		id, _ := e.(string)
		p.providers = append(p.providers, id)
	}
	p.unseen = cmp.Or(p.unseen, f.Unknowns["/attrs/providers/-"])
	return member, p
}

func glimpseProvider(f *evidence.Fact) *identityProvider {
	p := &identityProvider{unseen: firstUnseen(f, "/attrs/usable", "/attrs/type", "/attrs/condition", "/attrs/mapping"), unread: firstUnseen(f, "/attrs/url")}
	v, _ := f.Get("/attrs/usable")
	p.usable = v != false
	v, _ = f.Get("/attrs/type")
	p.sort, _ = v.(string)
	v, _ = f.Get("/attrs/url")
	p.url, _ = v.(string)
	v, _ = f.Get("/attrs/condition")
	p.condition = v != nil
	p.mapping, _ = texts(f, "/attrs/mapping")
	p.unseen = cmp.Or(p.unseen, f.Unknowns["/attrs/mapping/-"])
	return p
}

// firstUnseen gives why the first of some fields is not known; "" where all are.
func firstUnseen(f *evidence.Fact, ptrs ...string) string {
	for _, ptr := range ptrs {
		if _, ok := f.Get(ptr); !ok {
			return reasonOf(f, ptr)
		}
	}
	return ""
}

// add keeps what a pool or a provider says.
func (fed *federation) add(g *glimpse) {
	switch {
	case g.provider != nil:
		if fed.providers[g.id] != nil {
			g.provider.unseen = "said twice: " + g.id
		}
		fed.providers[g.id] = g.provider
	case g.pool != nil && g.member != "":
		if fed.pools[g.member] != nil {
			g.pool.unseen = "said twice: " + g.id
		}
		fed.pools[g.member] = g.pool
	}
}

// trusts says whether a member of an identity pool belongs to the programme: whether the engagement names every
// issuer through which somebody of that name may come. Why is the cause where that is not known.
func (fed *federation) trusts(member string, named []string, accounts map[string]bool) (trusted bool, why string) {
	m := poolMember.FindStringSubmatch(member)
	pool := fed.pools[m[1]]
	switch {
	case pool == nil:
		return false, "the identity pool was not collected: " + m[1]
	case !pool.usable:
		return true, ""
	}
	why = pool.unseen
	if !slices.Contains([]string{"", "MODE_UNSPECIFIED", "FEDERATION_ONLY"}, pool.mode) {
		why = cmp.Or(why, "who comes through a pool of mode "+pool.mode+" is not read: "+m[1])
	}
	for _, id := range pool.providers {
		p := fed.providers[id]
		if p == nil {
			why = cmp.Or(why, "the identity provider was not collected: "+id)
			continue
		}
		ok, unclear := p.trusts(id, m[3], named, accounts)
		if !ok && unclear == "" {
			return false, ""
		}
		why = cmp.Or(why, unclear)
	}
	return why == "", why
}

// trusts says the same of one issuer.
func (p *identityProvider) trusts(id, which string, named []string, accounts map[string]bool) (trusted bool, why string) {
	everyone := p.leavesOpen(which)
	approved := func(name string) bool {
		return name != "" && (accounts[name] || slices.ContainsFunc(named, func(pattern string) bool { return engagement.Match(pattern, name) }))
	}
	switch {
	case p.unseen != "":
		return false, p.unseen
	case !p.usable:
		return true, ""
	case !approved(id) && !approved(p.url):
		if len(named) == 0 {
			return false, "engagement.yaml names no parameters.identity_providers"
		}
		return false, p.unread
	case everyone && p.sort == "oidc" && !p.condition: // whoever the issuer has signed up, for whomever
		return false, ""
	case everyone && p.sort != "saml" && p.sort != "aws":
		return false, "what the attribute condition of an identity provider leaves open is not read: " + id
	}
	return true, ""
}

// leavesOpen says whether a name stands for everybody whom the issuer signs for. An attribute that is not made of
// the token is no choice. One that no mapping names may come from elsewhere, as groups do that a directory sends.
func (p *identityProvider) leavesOpen(which string) bool {
	key, _, _ := strings.Cut(which, "/")
	switch key {
	case "*":
		return true
	case "subject":
		key = "google.subject"
	case "group":
		key = "google.groups"
	}
	for _, m := range p.mapping {
		if expression, ok := strings.CutPrefix(m, key+"="); ok {
			return !strings.Contains(expression, "assertion")
		}
	}
	return len(p.mapping) == 0 && p.sort != "aws"
}

// trustIn looks a principal up among provider-qualified accounts, and members of identity pools by the issuers
// that the engagement names. "*" is nobody's. Why is the cause where it is not known.
func (fed *federation) trustIn(accounts map[string]bool, named []string, who string) (trusted bool, why string) {
	if who == "*" {
		return false, ""
	}
	owner, known := ownerOf(who)
	switch {
	case accounts[who] || known && accounts[owner]:
		return true, ""
	case known:
		return false, ""
	case fed != nil && poolMember.MatchString(who):
		return fed.trusts(who, named, accounts)
	}
	return false, "names no account that can be looked up: " + who
}
