package audit

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/collectors/aws"
	"github.com/trefoil-audit/trefoil/collectors/gcp"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
)

// saysFacts is a collector that asks nothing and says facts.
type saysFacts struct {
	kind  *evidence.Kind
	facts []*evidence.Fact
}

func (c *saysFacts) Info() collectors.Info {
	return collectors.Info{Name: "test", Kinds: []*evidence.Kind{c.kind}, Discovery: true,
		Operations: []collectors.Operation{{Name: "test:List", List: true, Global: true, Kinds: []string{c.kind.Name}}}}
}

func (c *saysFacts) Collect(_ context.Context, s *collectors.Session) error {
	for _, f := range c.facts {
		s.Emit(c.kind, f)
	}
	return nil
}

// organizationThatLists is the work on an organisation whose list shows one account alone.
func organizationThatLists(t *testing.T, target collectors.Target, kind, id string) *collectors.Work {
	t.Helper()
	k := &evidence.Kind{Name: kind, Schema: 1, Facets: []string{"account"}, NotApplicable: map[string]string{"/tags": "none", "/account/features": "none"}}
	f := evidence.NewFact(k, id, "inside").Set("/account/state", "active").Set("/account/parents", []string{}).Because("c:x")
	f.Region, f.Seen = collectors.Global, time.Now()
	w := collectors.NewWork(target, time.Now(), nil, nil, time.Now)
	if err := w.Collect(context.Background(), &saysFacts{kind: k, facts: []*evidence.Fact{f}}, nil); err != nil {
		t.Fatal(err)
	}
	if len(w.Facts()) != 1 {
		t.Fatalf("the fact was refused: %+v", w.Finish().Rows)
	}
	return w
}

// What an organisation's trail or sink records is what belongs to it: an account or project that the
// engagement alone names, and the organisation does not list, is none of its own.
func TestOnlyTheDiscoveredBelongToAnOrganisation(t *testing.T) {
	parents := func(jobs []job) map[string]string {
		out := map[string]string{}
		for _, j := range jobs {
			out[j.target.Account] = j.target.Parent
		}
		return out
	}
	holds := func(got map[string]string, inside, outside, parent string) {
		t.Helper()
		if len(got) != 2 || got[inside] != parent || got[outside] != "" {
			t.Errorf("parents are %q", got)
		}
	}
	g := &gatherer{file: &engagement.File{}, table: &place.Table{}}

	e := &engagement.AWS{Management: "111122223333", Accounts: []string{"111122223333", "999999999999"}, Partition: "aws"}
	found := map[string]foundAccount{}
	for _, id := range e.Accounts {
		found[id] = foundAccount{id: id, wanted: true}
	}
	access := aws.ReplayAccess(aws.Settings{})
	j := g.awsOrganization(e, access)
	discovered(organizationThatLists(t, j.target, "aws.organizations.account", "aws:111122223333"), e, found)
	holds(parents(g.awsAccounts(e, access, found)), "111122223333", "999999999999", "aws-org-111122223333")

	p := &engagement.GCP{Organization: "1", Projects: []string{"app", "guest"}}
	found = map[string]foundAccount{}
	for _, id := range p.Projects {
		found[id] = foundAccount{id: id, wanted: true}
	}
	organization := collectors.Target{ID: "gcp-org-1", Provider: "gcp", Level: collectors.Organization, Account: "1"}
	discoveredProjects(organizationThatLists(t, organization, "gcp.resourcemanager.project", "gcp:app"), p, found)
	holds(parents(g.gcpProjects(gcp.ReplayAccess(gcp.Settings{}), found)), "app", "guest", "gcp-org-1")
}

// Where the account's list of regions is not whole, the table's regions are planned beside those that
// it names; where it is whole, one that the table knows beside it is not asked, and has its rows.
func TestRegionsOfAShortListArePlanned(t *testing.T) {
	kind := &evidence.Kind{Name: "aws.account.region", Schema: 1, Facets: []string{"located"}, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "opt_in", Type: evidence.String}}}
	target := collectors.Target{ID: "aws-1", Provider: "aws", Level: collectors.Account, Account: "1"}
	table := []collectors.Region{limited(&engagement.AWS{Regions: []string{"eu-north-1", "eu-west-1"}}, collectors.Region{Name: "ap-east-1"}), {Name: "eu-north-1"}, {Name: "eu-west-1"}}
	for _, c := range []struct {
		whole bool
		want  string
	}{{true, "ap-east-1=not_attempted eu-north-1=not_attempted eu-west-1= mars-1="}, {false, "ap-east-1=not_attempted eu-north-1= eu-west-1= mars-1="}} {
		one := &saysFacts{kind: kind}
		for _, name := range []string{"mars-1", "eu-west-1"} {
			f := evidence.NewFact(kind, name, name).Set("/located", []string{name}).Set("/attrs/opt_in", "opted-in").Because("c:x")
			f.Region, f.Seen = name, time.Now()
			one.facts = append(one.facts, f)
		}
		w := collectors.NewWork(target, time.Now(), nil, nil, time.Now)
		if err := w.Collect(context.Background(), one, nil); err != nil {
			t.Fatal(err)
		}
		status := evidence.Failed
		if c.whole {
			status = evidence.OK
		}
		w.Refuse(collectors.Info{Name: "list", Operations: []collectors.Operation{{Name: "ec2:DescribeRegions", Global: true}}}, nil, status, "")
		var names []string
		for _, r := range awsRegions(w, &engagement.AWS{}, table) {
			names = append(names, r.Name+"="+string(r.Status))
			if leftOut := r.Name == "ap-east-1"; leftOut != (r.Reason == "left out by the engagement's list of regions") || r.Status != "" && r.Reason == "" {
				t.Errorf("whole %t: %s: %q", c.whole, r.Name, r.Reason)
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("whole %t: planned %s, want %s", c.whole, got, c.want)
		}
	}
}
