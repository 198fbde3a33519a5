package controls

import (
	"regexp"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// Standing is how somebody whom a fact names stands to the audited organisation, as the controls judge it of
// that fact. Its text is for people; "" says nothing: the name names no account.
type Standing string

// The standings.
const (
	Auditors       Standing = "the auditor's"                // parameters.auditor_principals name it
	Own            Standing = "own"                          // of an account or project of the audited organisation
	Trusted        Standing = "trusted"                      // of an account that the register trusts, held in an approved country
	TrustedAway    Standing = "trusted, NO APPROVED COUNTRY" // of one that is held elsewhere
	TrustedNowhere Standing = "trusted, country not said"    // of one of which the register says no country
	Service        Standing = "a service of the provider"    // which a role may trust
	NamedProvider  Standing = "named identity provider"      // parameters.identity_providers name it
	OtherProvider  Standing = "IDENTITY PROVIDER NOT NAMED"  // they name others
	OnRoster       Standing = "on the roster"                // of a person who works in an approved country
	OnRosterAway   Standing = "on the roster, NO APPROVED COUNTRY"
	OffRoster      Standing = "NOT ON THE ROSTER"
	NoRoster       Standing = "no roster is named"
	Group          Standing = "a group, whose members are not collected"
	SomeProvider   Standing = "no identity provider is named"   // they name none
	OwnStranger    Standing = "own: STRANGER TO THE AUDIT"      // it may become the collector, whom it is audited by
	NoAuditor      Standing = "no auditor's principal is named" // the same of another, where no parameter says whose it is
	Stranger       Standing = "STRANGER"
	Anybody        Standing = "ANYBODY"
)

// Against says whether the controls fail what lets somebody of this standing in.
func (s Standing) Against() bool {
	return slices.Contains([]Standing{TrustedAway, OnRosterAway, OffRoster, OtherProvider, OwnStranger, Stranger, Anybody}, s)
}

// Quiet is the same standing where no control fails it: in small letters.
func (s Standing) Quiet() Standing { return Standing(strings.ToLower(string(s))) }

// Standing says how somebody whom a fact names stands. Whom the collector's role trusts is judged as
// EDS-GOV-01 does, whom another role trusts as EDS-IAM-01 does, and who is let in otherwise as EDS-XFR-05 does.
// Whom a Deny names is not let in by it, and who is let in by a statement about all but some is "*": of those it
// names, it says nothing. Where a condition may keep somebody out, the standing is a quiet one that says so.
func (v *View) Standing(f *evidence.Fact, who string) Standing {
	if effect, _ := f.Get("/binding/effect"); effect == "deny" {
		return ""
	}
	negated, _ := texts(f, "/binding/negated")
	allBut := slices.Contains(negated, "principal")
	switch standing := v.letIn(f, who); {
	case allBut && who == "*":
		return Anybody // whatever the condition
	case allBut:
		return ""
	case standing.Against() && v.softened(f, standing):
		return standing.Quiet() + ", under a condition"
	default:
		return standing
	}
}

// softened says whether the condition of a statement keeps its control from failing somebody of that standing: EDS-IAM-01
// whoever is no identity provider, EDS-XFR-05 everybody of a policy of AWS. EDS-GOV-01 reads no condition, and of Google's
// policies EDS-XFR-05 does not.
func (v *View) softened(f *evidence.Fact, standing Standing) bool {
	if via, ok := f.Get("/binding/via_kind"); !ok || via == "iam_policy" {
		return false
	}
	if condition, said := f.Get("/binding/condition"); said && condition == nil {
		return false
	}
	switch role := trustOf(f); {
	case role == "":
		return standing == Anybody
	case v.collectors[role]:
		return false
	}
	return standing != OtherProvider
}

// letIn says how whoever a fact lets in stands, whatever the condition.
func (v *View) letIn(f *evidence.Fact, who string) Standing {
	role := trustOf(f)
	switch {
	case role == "" && projectIn(who) != "" && ofNode(f):
		standing := v.shared(who) // EDS-XFR-05 looks no account's project up there, and fails none
		if standing.Against() && matchesAny(v.j.in.Parameters.AuditorPrincipals, who) {
			return Auditors
		}
		return standing.Quiet()
	case role == "":
		return v.shared(who)
	case v.collectors[role]:
		return v.j.atCollector(who)
	case strings.HasPrefix(who, "Service:"):
		return Service
	case strings.HasPrefix(who, "Federated:"):
		return v.provider(strings.TrimPrefix(who, "Federated:"))
	case matchesAny(v.j.in.Parameters.AuditorPrincipals, who):
		return Auditors
	}
	return v.shared(who)
}

// ofNode says whether a fact is a statement of the policy of a project, a folder or an organisation of Google.
func ofNode(f *evidence.Fact) bool {
	to, _ := texts(f, "/binding/attached_to")
	return len(to) == 1 && strings.HasPrefix(to[0], "gcp:")
}

// trustOf gives the role whose trust a fact is about: the role itself, or a statement of its trust policy.
func trustOf(f *evidence.Fact) string {
	if f.Kind == "aws.iam.role" {
		return f.ID
	}
	if via, _ := f.Get("/binding/via_kind"); via != "trust" {
		return ""
	}
	if to, known := texts(f, "/binding/attached_to"); known && len(to) == 1 {
		return to[0]
	}
	return f.ID
}

// shared judges as trusted() and at_home() do.
func (v *View) shared(who string) Standing {
	if _, unseen, mine := v.people.of(who, v.j.in.Parameters.AuditorPrincipals); mine {
		return v.person(who, unseen)
	}
	agent := strings.HasPrefix(who, "serviceAccount:service-")
	if project := projectIn(who); project != "" {
		who = project
	}
	trusted, why := v.j.pools.trustIn(v.j.trusted, v.j.in.Parameters.IdentityProviders, who)
	_, home, registered := homeIn(v.homes, who)
	switch {
	case who == "*", who == "allUsers", who == "allAuthenticatedUsers":
		return Anybody
	case why != "", agent && !trusted: // most are Google's own, in projects of Google
		return ""
	case !trusted:
		return Stranger
	case !registered:
		return Own
	case home == "":
		return TrustedNowhere
	case !slices.Contains(v.approved, home):
		return TrustedAway
	}
	return Trusted
}

// projectIn gives the project of a service account of Google by its address, as the exposure of what it may use
// names it; "" where the address names none.
func projectIn(who string) string {
	if m := accountHome.FindStringSubmatch(who); m != nil {
		return "gcp:" + projectOf(m)
	}
	if m := appAccount.FindStringSubmatch(who); m != nil {
		return "gcp:" + projectOf(m)
	}
	return ""
}

// appAccount finds the project of App Engine's own account by its address.
var appAccount = regexp.MustCompile(`^serviceAccount:([a-z0-9-]+)(?:\.([a-z0-9.-]+))?@appspot\.gserviceaccount\.com$`)

// person says how a person, or a group, stands.
func (v *View) person(who, unseen string) Standing {
	home, listed := v.people.home(who, v.approved)
	_, person := googleUser(who)
	switch {
	case home:
		return OnRoster
	case listed:
		return OnRosterAway
	case !person:
		return Group
	case unseen == "":
		return OffRoster
	case unseen == noRoster:
		return NoRoster
	}
	return Auditors
}

// provider judges an identity provider that a role trusts.
func (v *View) provider(id string) Standing {
	switch named := v.j.in.Parameters.IdentityProviders; {
	case matchesAny(named, id):
		return NamedProvider
	case len(named) == 0:
		return SomeProvider
	}
	return OtherProvider
}

// atCollector judges whom the collector's role trusts. Everybody is a stranger to any audit, and so is
// whoever is audited; the others are not known where the engagement does not say who the auditor is.
func (j *joins) atCollector(who string) Standing {
	named := j.in.Parameters.AuditorPrincipals
	switch {
	case who == "*":
		return Anybody
	case j.audited(who):
		return OwnStranger
	case len(named) == 0:
		return NoAuditor
	case slices.Contains(named, who):
		return Auditors
	}
	return Stranger
}

func matchesAny(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return engagement.Match(p, s) })
}

// collectorRoles are the roles by which accounts were asked.
func (j *joins) collectorRoles() map[string]bool {
	out := map[string]bool{}
	roles := j.rolesOf(j.callers())
	for _, t := range j.in.Targets {
		if r := roles[t.ID]; r != nil && t.account() {
			out[r.ID] = true
		}
	}
	return out
}
