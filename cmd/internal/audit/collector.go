package audit

import (
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// asked is who the providers said was asking, and what was recorded of that identity.
type asked struct {
	callers    map[string]caller
	google     map[string]bool     // who asked at Google, as its policies name it
	roles      map[string]bool     // that were listed, of a name that an asker has
	statements map[string][]string // role → ids of the statements of its policies
	cut        map[string]bool     // targets in which it was not seen whom each statement is attached to
}

type caller struct{ role, target string } // role: that it used; empty: none

// note keeps what facts say of who asks. Of roles and their policies it keeps those of the names by which
// the engagement asks, so that it stays small.
func (d *desk) note(facts []*evidence.Fact) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := &d.asked
	if a.callers == nil {
		a.google = map[string]bool{}
		a.callers, a.roles, a.statements, a.cut = map[string]caller{}, map[string]bool{}, map[string][]string{}, map[string]bool{}
	}
	for _, f := range facts {
		switch f.Kind {
		case "aws.sts.caller":
			role, _ := f.Get("/attrs/role")
			arn, _ := role.(string)
			a.callers[f.ID] = caller{arn, f.Target}
		case "gcp.oauth2.caller":
			v, _ := f.Get("/attrs/member")
			if member, _ := v.(string); member != "" {
				a.google[member] = true
			}
		case "aws.iam.role":
			if d.asks(f.ID) {
				a.roles[f.ID] = true
			}
		case "aws.iam.statement":
			a.statement(d, f)
		}
	}
}

func (a *asked) statement(d *desk, f *evidence.Fact) {
	if kind, _ := f.Get("/binding/via_kind"); kind == "trust" {
		return // who may become it, not what it may
	}
	for at := range f.Unknowns {
		a.cut[f.Target] = a.cut[f.Target] || strings.HasPrefix(at, "/binding/attached_to") || at == "/binding/via_kind"
	}
	to, _ := f.Get("/binding/attached_to")
	list, _ := to.([]any)
	for _, one := range list {
		if role, ok := one.(string); ok && d.asks(role) {
			a.statements[role] = append(a.statements[role], f.ID)
		}
	}
}

// asks says whether a role has a name by which the engagement asks.
func (d *desk) asks(role string) bool {
	return slices.ContainsFunc(d.c.Engagement.File.AWS, func(a engagement.AWS) bool { return a.Role != "" && path.Base(a.Role) == path.Base(role) })
}

// who lists all who asked, sorted.
func (a *asked) who() []string {
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(a.callers)), slices.Collect(maps.Keys(a.google)))))
}

// grants says, of each AWS caller, which recorded statements say what it may; of one of Google, why that is not said.
func (a *asked) grants() []run.Grant {
	var out []run.Grant
	for _, id := range slices.Sorted(maps.Keys(a.callers)) {
		g := run.Grant{Caller: id, Role: a.callers[id].role, Statements: []string{}}
		account, name, _ := strings.Cut(g.Role, ":role/")
		listed := slices.IndexFunc(slices.Sorted(maps.Keys(a.roles)), func(role string) bool { // a session's ARN lacks the role's path
			return strings.HasPrefix(role, account+":role/") && path.Base(role) == path.Base(name)
		})
		switch {
		case g.Role == "":
			g.Why = "it signed in without a role, and whose policies count was not recorded"
		case listed < 0:
			g.Why = "its role is not among the roles that were listed"
		case a.cut[a.callers[id].target]:
			g.Why = "whom each recorded statement is attached to was not seen"
		default:
			g.Role = slices.Sorted(maps.Keys(a.roles))[listed]
			g.Statements = slices.AppendSeq(g.Statements, slices.Values(slices.Sorted(slices.Values(a.statements[g.Role]))))
		}
		out = append(out, g)
	}
	for _, id := range slices.Sorted(maps.Keys(a.google)) {
		out = append(out, run.Grant{Caller: id, Statements: []string{}, Why: "which of Google's bindings count for it is not evaluated"})
	}
	slices.SortFunc(out, func(x, y run.Grant) int { return strings.Compare(x.Caller, y.Caller) })
	return out
}

// collector is inputs/collector.json of a run that this program takes.
func collector(build run.Build, by *asked, clocks []seal.Offset) ([]byte, error) {
	catalogue, err := evidence.Canonical(controls.Default())
	if err != nil {
		return nil, err
	}
	c := run.Collector{Schema: run.CollectorSchema, Build: build, Catalogue: evidence.Digest(catalogue),
		Host: run.Host{OS: runtime.GOOS, Arch: runtime.GOARCH}, Callers: by.who(), Grants: by.grants(), Clocks: clocks}
	if c.Callers == nil {
		c.Callers = []string{}
	}
	if c.Clocks == nil {
		c.Clocks = []seal.Offset{}
	}
	return evidence.Canonical(c)
}
