package controls

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

// derivation makes derived facts of a run's facts and a judgement's inputs.
type derivation struct {
	kind  *evidence.Kind
	reads map[string][]string // by kind of facts that j.each hands it: the fields that it reads of them
	over  []string            // kinds whose lists must be whole for the derived population to be whole
	make  func(j *joins) []*evidence.Fact
}

// derivations lists all of them.
func derivations() []derivation {
	organization := []string{"aws.organizations.account", "aws.organizations.scp_statement", "aws.organizations.unit"}
	guards := map[string][]string{"aws.organizations.account": {"/attrs/management", "/account/parents"},
		"aws.organizations.scp_statement": {"/guardrail/attached_to", "/guardrail/effect", "/guardrail/locations", "/guardrail/exempt"}}
	logs := []string{"aws.cloudtrail.trail", "gcp.logging.sink"}
	records := map[string][]string{"aws.cloudtrail.trail": append([]string{"/log/accounts", "/log/to", "/attrs/delivery_error", "/attrs/last_delivery"}, trailFields...),
		"gcp.logging.sink": append([]string{"/log/accounts", "/log/to", "/attrs/include_children", "/attrs/intercept_children"}, sinkFields...)}
	people := []string{"aws.iam.role", "aws.iam.user"}
	collector := map[string][]string{"aws.iam.role": {"/principal/trusted_by"}, "aws.sts.caller": {"/attrs/role"}, "gcp.oauth2.caller": {"/attrs/member"}}
	return []derivation{
		{kind: kindAuditLog, reads: records, over: logs, make: auditLogs},
		{kind: kindCollectorAccess, reads: collector, make: collectorAccess},
		{kind: kindLogRoute, reads: records, over: logs, make: logRoutes},
		{kind: kindLogStore, reads: records, over: logs, make: logStores},
		{kind: kindRow, make: coverageRows},
		{kind: kindCollection, make: collections},
		{kind: kindLegacy, make: legacyRows},
		{kind: kindGateway, make: gateways},
		{kind: kindHuman, reads: map[string][]string{"aws.iam.user": {"/principal/type", "/principal/credentials"}}, over: people, make: humans},
		{kind: kindPerson, over: people, make: persons},
		{kind: kindGuardrail, reads: guards, over: organization, make: guardrails},
	}
}

// sourcesOf gives the kinds whose lists a population of this kind depends on.
func sourcesOf(kind string) []string {
	for _, d := range derivations() {
		if d.kind.Name == kind {
			return d.over
		}
	}
	return []string{kind}
}

// derive makes all derived facts, sorted by id within each derivation, and checks them like any
// other fact.
func (j *joins) derive() ([]*evidence.Fact, error) {
	var out []*evidence.Fact
	for _, d := range derivations() {
		facts := d.make(j)
		slices.SortFunc(facts, func(a, b *evidence.Fact) int { return strings.Compare(a.ID, b.ID) })
		for _, f := range facts {
			f.Seen = j.in.AsOf
			slices.Sort(f.From)
			f.From = slices.Compact(f.From)
			if err := f.Check(d.kind); err != nil {
				return nil, fmt.Errorf("derive %s: %w", d.kind.Name, err)
			}
		}
		if j.fault != nil {
			return nil, fmt.Errorf("derive %s: %w", d.kind.Name, j.fault)
		}
		out = append(out, facts...)
	}
	return out, nil
}

func derived(k *evidence.Kind, id, name, target, region string) *evidence.Fact {
	f := evidence.NewFact(k, id, name)
	f.Target, f.Region = cmp.Or(target, "run"), cmp.Or(region, "global")
	return f
}

// CallFact gives the id of the fact that is made of a row of coverage: aws-111122223333/eu-west-1/ec2:DescribeVolumes.
func CallFact(row string) string { return "coverage:" + row }

func coverageRows(j *joins) []*evidence.Fact {
	out := make([]*evidence.Fact, 0, len(j.in.Coverage))
	for _, r := range j.in.Coverage {
		f := derived(kindRow, CallFact(r.ID), r.Operation, r.Target, r.Region).Because("c:"+r.ID).
			Set("/attrs/status", string(r.Status)).Set("/attrs/operation", r.Operation).Set("/attrs/list", r.List).
			Set("/attrs/asked", r.Status != evidence.NotAttempted || r.Reason != "")
		if r.Status.Seen() || r.Status == evidence.NotEnabled {
			f.Set("/attrs/answered", true)
		} else {
			f.Unknown(r.ID, "/attrs/answered")
		}
		if r.Reason == "" {
			f.None(kindRow, "/attrs/reason")
		} else {
			f.Set("/attrs/reason", r.Reason)
		}
		out = append(out, f)
	}
	return out
}

// collections says when each target was asked. A target of which nothing was asked has no times.
func collections(j *joins) []*evidence.Fact {
	var out []*evidence.Fact
	for _, t := range j.in.Targets {
		f := derived(kindCollection, "collection:"+t.ID, t.ID, t.ID, "").Because("c:" + t.ID)
		if t.First.IsZero() {
			f.Unknown("nothing was answered by "+t.ID, "/attrs/first", "/attrs/last", "/attrs/spread_minutes", "/attrs/age_days", "/attrs/early")
		} else {
			f.Set("/attrs/first", t.First).Set("/attrs/last", t.Last).
				Set("/attrs/spread_minutes", int((t.Last.Sub(j.in.AsOf)+time.Minute-1)/time.Minute)).
				Set("/attrs/age_days", ageDays(t.First, j.in.AsOf, j.in.JudgedAsOf)).
				Set("/attrs/early", t.First.Before(j.in.AsOf))
		}
		out = append(out, f)
	}
	return out
}

// daysBegun gives the days of a span, of which the last may have only begun: what is older than a bound by an hour
// must not count as within it. A span below zero is cut to whole days.
func daysBegun(span time.Duration) int {
	const day = 24 * time.Hour
	if n := int(span / day); span <= time.Duration(n)*day {
		return n
	}
	return int(span/day) + 1
}

// ageDays gives the days from the first exchange to the judgement. A run begins somewhat before its first exchange, and
// may be judged as of then; a judgement before the run is of nothing, be it by an hour.
func ageDays(first, asOf, judged time.Time) int {
	if n := daysBegun(judged.Sub(first)); n > 0 || !judged.Before(asOf.Truncate(time.Second)) {
		return n
	}
	return -daysBegun(first.Sub(judged))
}

// gates reports whether a coverage row keeps a population of these kinds from being whole. A
// region that the account's own list shows as never opted in holds nothing now.
func gates(r evidence.Row, kinds func(string) bool) bool {
	return r.List && !r.Status.Seen() && r.Status != evidence.NotEnabled && slices.ContainsFunc(r.Kinds, kinds)
}

// guardrails says what the location guardrails mean for each account of an AWS organisation: a
// rule counts where it is attached to the account or to a unit on its path. Of an account that no
// organisation of the run lists, nothing is known.
func guardrails(j *joins) []*evidence.Fact {
	var out []*evidence.Fact
	within := map[string]bool{}
	for a := range j.each("aws.organizations.account") {
		within[a.ID] = true
	}
	for _, t := range j.in.Targets {
		if id := "aws:" + t.Account; t.Provider == "aws" && t.account() && !within[id] {
			out = append(out, derived(kindGuardrail, "guardrail:"+id, t.Account, t.ID, "").Because("c:"+t.ID).
				Unknown("the account is in no organisation that was read: "+t.ID, "/attrs/management", "/attrs/guarded", "/attrs/locations", "/attrs/exempt"))
		}
	}
	var statements []*evidence.Fact
	for s := range j.each("aws.organizations.scp_statement") {
		statements = append(statements, s.Clone())
	}
	at := attached(statements)
	for a := range j.each("aws.organizations.account") {
		f := derived(kindGuardrail, "guardrail:"+a.ID, a.Name, a.Target, "").Because("f:" + a.ID)
		if m, ok := a.Get("/attrs/management"); ok {
			f.Set("/attrs/management", m)
		} else {
			f.Unknown(reasonOf(a, "/attrs/management"), "/attrs/management")
		}
		parents, known := texts(a, "/account/parents")
		if !known {
			f.Unknown(reasonOf(a, "/account/parents"), "/attrs/guarded", "/attrs/locations", "/attrs/exempt")
			out = append(out, f)
			continue
		}
		bind(f, append([]string{a.ID}, parents...), at)
		out = append(out, f)
	}
	return out
}

// attachments are statements by what they are attached to; unclear names one of which that, or what
// it does, was not seen.
type attachments struct {
	at      map[string][]*evidence.Fact
	order   map[*evidence.Fact]int
	unclear string // the last one
	last    int    // where it stands
}

func attached(statements []*evidence.Fact) attachments {
	a := attachments{at: map[string][]*evidence.Fact{}, order: map[*evidence.Fact]int{}}
	for i, s := range statements {
		to, known := texts(s, "/guardrail/attached_to")
		effect, ok := s.Get("/guardrail/effect")
		if !known || !ok {
			a.unclear, a.last = "statement "+s.ID, i
			continue
		}
		if effect != "allow_only" {
			continue
		}
		a.order[s] = i
		for _, id := range to {
			a.at[id] = append(a.at[id], s)
		}
	}
	return a
}

// on lists the statements that are attached to any of a path, each once, in their order.
func (a attachments) on(path []string) []*evidence.Fact {
	var out []*evidence.Fact
	for _, id := range path {
		out = append(out, a.at[id]...)
	}
	slices.SortFunc(out, func(x, y *evidence.Fact) int { return cmp.Compare(a.order[x], a.order[y]) })
	return slices.Compact(out)
}

// bind joins the statements that are attached to a path into one effective guardrail.
func bind(f *evidence.Fact, path []string, all attachments) {
	var locations map[string]bool
	exempt := map[string]bool{}
	unclear := all.unclear
	for _, s := range all.on(path) {
		places, ok1 := texts(s, "/guardrail/locations")
		free, ok2 := texts(s, "/guardrail/exempt")
		if !ok1 || !ok2 {
			if unclear == "" || all.order[s] > all.last {
				unclear = "statement " + s.ID
			}
			continue
		}
		f.Because("f:" + s.ID)
		set := map[string]bool{}
		for _, p := range places {
			if locations == nil || locations[p] {
				set[p] = true
			}
		}
		locations = set
		for _, e := range free {
			exempt[e] = true
		}
	}
	switch {
	case locations != nil:
		f.Set("/attrs/guarded", true).Set("/attrs/locations", sorted(locations)).Set("/attrs/exempt", sorted(exempt))
	case unclear != "":
		f.Unknown(unclear, "/attrs/guarded", "/attrs/locations", "/attrs/exempt")
	default:
		f.Set("/attrs/guarded", false).None(kindGuardrail, "/attrs/locations", "/attrs/exempt")
	}
}

// texts gives a list of strings; known is false where any of it was not seen.
func texts(f *evidence.Fact, ptr string) (out []string, known bool) {
	v, ok := f.Get(ptr)
	list, isList := v.([]any)
	if !ok || !isList || f.Unknowns[ptr+"/-"] != "" {
		return nil, false
	}
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// reasonOf gives why a field of a fact is not known.
func reasonOf(f *evidence.Fact, ptr string) string {
	for p := ptr; p != ""; p = p[:strings.LastIndexByte(p, '/')] {
		if row, ok := f.Unknowns[p]; ok {
			return row
		}
	}
	return "not said by " + f.ID + ": " + ptr
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for s := range set {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}
