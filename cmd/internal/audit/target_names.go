package audit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// targetWords say how targets are named.
const targetWords = "targets are named aws-111122223333 (an account), gcp-my-project, plugin-NAME, and organisations aws-org-123456789012, gcp-org-123456789012"

var (
	awsTarget = regexp.MustCompile(`^aws-[0-9]{12}$`)
	gcpTarget = regexp.MustCompile(`^gcp-([a-z0-9][a-z0-9.-]*\.[a-z]{2,}_)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	// targetForm is compiled once it is asked for: with its counts that takes long.
	targetForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(aws-(org-)?[0-9]{12}|gcp-org-[0-9]+|gcp-([a-z0-9][a-z0-9.-]*\.[a-z]{2,}_)?[a-z][a-z0-9-]{4,28}[a-z0-9]|plugin-[a-z0-9][a-z0-9-]{0,62})$`)
	})
)

// targetNames are the names that targets of an engagement can have.
type targetNames struct{ file *engagement.File }

// sure are those that the engagement alone names.
func (t targetNames) sure() []string {
	var out []string
	for _, a := range t.file.AWS {
		if a.Management != "" {
			out = append(out, "aws-org-"+a.Management, "aws-"+a.Management)
		}
		for _, id := range a.Accounts {
			out = append(out, "aws-"+id)
		}
	}
	for _, g := range t.file.GCP {
		if g.Organization != "" {
			out = append(out, "gcp-org-"+g.Organization)
		}
		for _, id := range g.Projects {
			out = append(out, engagement.ProjectTarget(id))
		}
	}
	for _, p := range t.file.Plugins {
		out = append(out, "plugin-"+p.Name)
	}
	return out
}

// partition is that of an account which the engagement names; "" of others, and where two entries differ.
func (t targetNames) partition(target string) string {
	found := ""
	for _, a := range t.file.AWS {
		id, ok := strings.CutPrefix(target, "aws-")
		switch {
		case !ok || a.Management != id && !slices.Contains(a.Accounts, id):
		case found != "" && found != a.Partition:
			return ""
		default:
			found = a.Partition
		}
	}
	return found
}

// possible reports whether a target of that name can come of the engagement: it names it, or an
// organisation may list it.
func (t targetNames) possible(id string) bool {
	return slices.Contains(t.sure(), id) ||
		awsTarget.MatchString(id) && slices.ContainsFunc(t.file.AWS, func(a engagement.AWS) bool { return a.Management != "" }) ||
		gcpTarget.MatchString(id) && slices.ContainsFunc(t.file.GCP, func(g engagement.GCP) bool { return g.Organization != "" })
}

// meant asks which target was meant: of a bare account or project, the one that is named by it.
func (t targetNames) meant(id string) string {
	for _, prefix := range []string{"aws-", "gcp-", "plugin-"} {
		if t.possible(prefix + id) {
			return "did you mean " + prefix + id + "? "
		}
	}
	return meant(id, t.sure())
}

// formed refuses what can be no target's name in any engagement: a register may be shared by several.
func (t targetNames) formed(c *strict.Checker, at, id string) {
	c.Check(targetForm().MatchString(id), at, "%q is no target", t.meant(id)+targetWords, id)
}

// NotFoundIn is [NotFound] of a run.
func NotFoundIn(r *run.Run) ([]string, error) {
	loaded, err := EngagementOf(r)
	if err != nil {
		return nil, err
	}
	var plan []Planned
	if err := json.Unmarshal(r.Record.Plan, &plan, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("run.json: plan: %w", err)
	}
	return NotFound(loaded.File, plan), nil
}

// NotFound names what an engagement names and a run's plan shows not to be there: it says nothing of
// what discovery could not see.
func NotFound(f *engagement.File, plan []Planned) []string {
	out := []string{}
	parents := map[string]bool{}
	planned := map[string]Planned{}
	for _, p := range plan {
		planned[p.ID] = p
		parents[p.Parent] = true
	}
	for _, e := range f.Exclude {
		if _, ok := planned[e.Target]; !ok {
			out = append(out, fmt.Sprintf("exclude: %s is no target of this run: nothing was left out for it", e.Target))
		}
	}
	unlisted := func(id, organisation string) {
		if p, ok := planned[id]; ok && p.Parent == "" && parents[organisation] {
			out = append(out, fmt.Sprintf("%s is named by the engagement, and %s does not list it", id, organisation))
		}
	}
	for _, a := range f.AWS {
		for _, id := range a.Accounts {
			unlisted("aws-"+id, "aws-org-"+a.Management)
		}
	}
	for _, g := range f.GCP {
		for _, id := range g.Projects {
			unlisted(engagement.ProjectTarget(id), "gcp-org-"+g.Organization)
		}
	}
	return out
}
