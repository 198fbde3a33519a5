package controls

import (
	"cmp"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// collectorAccess says, of each account and project, who may become the identity that collected
// there: whoever the trust policy of its role lets in. What was not seen is unknown, so that no
// target is left out.
func collectorAccess(j *joins) []*evidence.Fact {
	var out []*evidence.Fact
	callers := j.callers()
	roles := j.rolesOf(callers)
	for _, t := range j.in.Targets {
		if !t.account() {
			continue // an organisation, which its management account's identity collects, or a plug-in
		}
		f := derived(kindCollectorAccess, "collector:"+t.Provider+":"+t.Account, t.Account, t.ID, "").Because("c:" + t.ID)
		switch caller := callers[t.ID]; {
		case t.Provider != "aws":
			f.Unknown("no collector asks who may act as the collector's identity in "+t.Provider, "/attrs/role", "/attrs/assumable_by", "/attrs/strangers")
		case caller == nil:
			f.Unknown(cmp.Or(j.rowGap(t.ID, "aws.sts.caller"), "the collector's identity was not seen in "+t.ID), "/attrs/role", "/attrs/assumable_by", "/attrs/strangers")
		default:
			f.Because("f:" + caller.ID)
			j.trustOf(f, t, caller, roles[t.ID])
		}
		out = append(out, f)
	}
	return out
}

// trustOf sets who may assume the role by which a target was asked; r is the role's fact, or nil.
func (j *joins) trustOf(f *evidence.Fact, t Target, caller, r *evidence.Fact) {
	v, _ := caller.Get("/attrs/role")
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

// callers gives, by target, the identity that collected there.
func (j *joins) callers() map[string]*evidence.Fact {
	out := map[string]*evidence.Fact{}
	for f := range j.each("aws.sts.caller") {
		if out[f.Target] == nil {
			out[f.Target] = f.Clone()
		}
	}
	return out
}

// rolesOf gives, by target, the role that its caller used, where it is among those that were listed.
func (j *joins) rolesOf(callers map[string]*evidence.Fact) map[string]*evidence.Fact {
	out := map[string]*evidence.Fact{}
	for r := range j.each("aws.iam.role") {
		if out[r.Target] != nil || callers[r.Target] == nil {
			continue
		}
		v, _ := callers[r.Target].Get("/attrs/role")
		if arn, ok := v.(string); ok && sameRole(r.ID, arn) {
			out[r.Target] = r.Clone()
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
