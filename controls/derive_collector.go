package controls

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// collectorAccess says, of each account and project, who may become the identity that collected
// there: whoever the trust policy of its role lets in, and at Google whoever holds its account. What was not seen is
// unknown, so that no target is left out.
func collectorAccess(j *joins) []*evidence.Fact {
	var out []*evidence.Fact
	callers, unclear := j.callers()
	roles := j.rolesOf(callers, unclear)
	for _, t := range j.in.Targets {
		if !t.account() {
			continue // an organisation, which its management account's identity collects, or a plug-in
		}
		f := derived(kindCollectorAccess, "collector:"+t.Provider+":"+t.Account, t.Account, t.ID, "").Because("c:" + t.ID)
		switch caller := callers[t.ID]; {
		case callerKinds[t.Provider] == "":
			f.Unknown("no collector asks who may act as the collector's identity in "+t.Provider, "/attrs/role", "/attrs/assumable_by", "/attrs/strangers")
		case caller == nil:
			f.Unknown(cmp.Or(j.rowGap(t.ID, callerKinds[t.Provider]), "the collector's identity was not seen in "+t.ID), "/attrs/role", "/attrs/assumable_by", "/attrs/strangers")
		case unclear[t.ID] != "":
			f.Because("f:"+caller.ID).Unknown(unclear[t.ID], "/attrs/role", "/attrs/assumable_by", "/attrs/strangers")
		case t.Provider == "gcp":
			f.Because("f:" + caller.ID)
			j.holdersOf(f, caller)
		default:
			f.Because("f:" + caller.ID)
			j.trustOf(f, t, caller, roles[t.ID])
		}
		out = append(out, f)
	}
	return out
}

// callerKinds are the kinds that say who collected, by provider.
var callerKinds = map[string]string{"aws": "aws.sts.caller", "gcp": "gcp.oauth2.caller"}

// accountHome finds the project of a service account of Google by its address.
var accountHome = regexp.MustCompile(`^serviceAccount:[^@]+@([a-z0-9-]+)(?:\.([a-z0-9.-]+))?\.iam\.gserviceaccount\.com$`)

// holdersOf sets who may act as the account that collected at Google. The account itself is the first, and a
// stranger where the engagement does not name it, or where it lies in a project that is audited: whoever
// administers that can act as it. Who else may, its own project or directory says, which is no part of the run.
func (j *joins) holdersOf(f, caller *evidence.Fact) {
	v, _ := caller.Get("/attrs/member")
	member, _ := v.(string)
	if member == "" {
		f.Unknown(reasonOf(caller, "/attrs/member"), "/attrs/role", "/attrs/assumable_by", "/attrs/strangers")
		return
	}
	const unseen = "who may act as the collector's account is said by its own project or directory, which no collector asks"
	f.Set("/attrs/role", member).Set("/attrs/assumable_by", []string{member}).Unknown(unseen, "/attrs/assumable_by/-")
	named, strangers := j.in.Parameters.AuditorPrincipals, []string{}
	if j.heldByAudited(member) || len(named) > 0 && !slices.Contains(named, member) {
		strangers = append(strangers, member)
	}
	f.Set("/attrs/strangers", strangers).Unknown(unseen, "/attrs/strangers/-")
}

// heldByAudited says whether a service account lies in a project that is audited.
func (j *joins) heldByAudited(member string) bool {
	m := accountHome.FindStringSubmatch(member)
	if m == nil {
		return false
	}
	project := projectOf(m)
	return slices.ContainsFunc(j.in.Targets, func(t Target) bool { return t.Provider == "gcp" && t.account() && t.Account == project })
}

// projectOf is the project of a service account's address, as accountHome matched it.
func projectOf(m []string) string {
	if m[2] != "" { // of a domain's project
		return m[2] + ":" + m[1]
	}
	return m[1]
}

// trustOf sets who may assume the role by which a target was asked; r is the role's fact, or nil.
func (j *joins) trustOf(f *evidence.Fact, t Target, caller, r *evidence.Fact) {
	v, said := caller.Get("/attrs/role")
	if !said {
		f.Unknown(reasonOf(caller, "/attrs/role"), "/attrs/role", "/attrs/assumable_by", "/attrs/strangers")
		return
	}
	arn, isRole := v.(string)
	if !isRole {
		f.None(kindCollectorAccess, "/attrs/role").Unknown("the collector signed in without a role: who else holds its keys was not seen", "/attrs/assumable_by", "/attrs/strangers")
		return
	}
	f.Set("/attrs/role", arn)
	if r != nil {
		f.Because("f:" + r.ID)
		if by, known := texts(r, "/principal/trusted_by"); known {
			f.Set("/attrs/assumable_by", by)
			j.setStrangers(f, by)
		} else {
			f.Unknown(reasonOf(r, "/principal/trusted_by"), "/attrs/assumable_by", "/attrs/strangers")
		}
		return
	}
	f.Unknown(cmp.Or(j.rowGap(t.ID, "aws.iam.role"), "the collector's role is not among the roles that were listed: "+arn), "/attrs/assumable_by", "/attrs/strangers")
}

// setStrangers names those whom a role trusts and who are not the auditor's; see atCollector.
func (j *joins) setStrangers(f *evidence.Fact, by []string) {
	strangers := slices.DeleteFunc(slices.Clone(by), func(p string) bool { return !j.atCollector(p).Against() })
	f.Set("/attrs/strangers", strings0(strangers))
	if len(j.in.Parameters.AuditorPrincipals) == 0 && len(strangers) < len(by) {
		f.Unknown("engagement.yaml names no parameters.auditor_principals", "/attrs/strangers/-")
	}
}

// audited says whether a principal belongs to an account that is audited: naming it the auditor's does
// not make it so.
func (j *joins) audited(principal string) bool {
	owner, known := ownerOf(principal)
	return known && slices.ContainsFunc(j.in.Targets, func(t Target) bool { return t.Account != "" && t.Provider+":"+t.Account == owner })
}

// sameRole compares a role's ARN with one made of a session, which lacks the role's path. Names
// of roles are unique in an account whatever their path (IAM API Reference, CreateRole).
func sameRole(role, session string) bool {
	account, name, ok := strings.Cut(session, ":role/")
	rest, same := strings.CutPrefix(role, account+":role/")
	return ok && same && rest[strings.LastIndexByte(rest, '/')+1:] == name
}

// callers gives, by target, the identity that collected there. Where several did, or there is no telling, unclear says so.
func (j *joins) callers() (out map[string]*evidence.Fact, unclear map[string]string) {
	out, unclear = map[string]*evidence.Fact{}, map[string]string{}
	for provider, ptr := range map[string]string{"aws": "/attrs/role", "gcp": "/attrs/member"} { // no target is of both
		for f := range j.each(callerKinds[provider]) {
			first := out[f.Target]
			if first == nil {
				out[f.Target] = f.Clone()
				continue
			}
			was, _ := first.Get(ptr)
			if who, _ := f.Get(ptr); who != was {
				unclear[f.Target] = "several identities collected in " + f.Target
			}
		}
	}
	return out, unclear
}

// rolesOf gives, by target, the role that its caller used, where it is among those that were listed. One that was said twice,
// with different trusts, is unclear.
func (j *joins) rolesOf(callers map[string]*evidence.Fact, unclear map[string]string) map[string]*evidence.Fact {
	out := map[string]*evidence.Fact{}
	for r := range j.each("aws.iam.role") {
		if callers[r.Target] == nil {
			continue
		}
		v, _ := callers[r.Target].Get("/attrs/role")
		arn, ok := v.(string)
		if !ok || !sameRole(r.ID, arn) {
			continue
		}
		first := out[r.Target]
		if first == nil {
			out[r.Target] = r.Clone()
			continue
		}
		by, known := texts(r, "/principal/trusted_by")
		if was, before := texts(first, "/principal/trusted_by"); !known || !before || !slices.Equal(by, was) {
			unclear[r.Target] = "said twice, with differences: " + r.ID
		}
	}
	return out
}

// rowGap names the first list row of a target that kept a kind from being whole; "" where none did.
func (j *joins) rowGap(target, kind string) string {
	for _, r := range j.in.Coverage {
		if r.Target == target && gates(r, func(k string) bool { return k == kind }) {
			return r.ID
		}
	}
	return j.onlySecond(target, func(k string) bool { return k == kind })
}
