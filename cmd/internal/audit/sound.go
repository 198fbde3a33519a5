package audit

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// Sound holds an engagement against what this build knows, before anything is asked: the ids of its
// catalogue, its operations, its kinds, its table of places, and the targets that there can be. A
// word that would silently match nothing is a *strict.FileError with what was probably meant. What
// only discovery can tell is for [NotFound].
func Sound(l *engagement.Loaded) error {
	k, err := newKnown(l)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		into  any
		check func(*engagement.Loaded, *strict.Checker)
	}{
		{engagement.FileName, &engagement.File{}, k.engagement}, {engagement.RegisterName, &engagement.Register{}, k.register},
		{engagement.WaiversName, &engagement.Waivers{}, k.waivers},
	} {
		c, err := strict.Decode(l.Paths[f.name], l.Raw[f.name], engagement.MaxFile, f.into)
		if err != nil {
			return err
		}
		if f.check(l, c); c.Err() != nil {
			return c.Err()
		}
	}
	return roster(l)
}

// known is what names can be held against.
type known struct {
	catalogue  func() (*controls.Catalogue, error) // read where it is asked
	ids        []string
	kinds      evidence.Kinds
	operations []string                          // of every collector
	asked      map[string][]collectors.Operation // of an account or project, by provider
	table      *place.Table
	targets    targetNames
}

// ownCatalogue is the catalogue of this build, for its own kinds.
var ownCatalogue = sync.OnceValues(func() (*controls.Catalogue, error) {
	kinds, err := Kinds()
	if err != nil {
		return nil, err
	}
	return controls.Read(controls.Default(), kinds)
})

func newKnown(l *engagement.Loaded) (*known, error) {
	k := &known{targets: targetNames{l.File}, asked: map[string][]collectors.Operation{}}
	var err error
	if k.kinds, err = Kinds(); err != nil {
		return nil, err
	}
	k.catalogue = ownCatalogue
	k.ids = controls.IDs()
	for _, c := range declared() {
		info := c.Info()
		for _, op := range info.Operations {
			k.operations = append(k.operations, op.Name)
		}
		if info.Runs == collectors.Account {
			k.asked[info.Provider] = append(k.asked[info.Provider], info.Operations...)
		}
	}
	if k.table, err = place.Load(place.Default()); err != nil {
		return nil, err
	}
	if k.table, err = k.table.Extend(l.Register.Countries()); err != nil {
		return nil, &strict.FileError{File: l.Paths[engagement.RegisterName], Cause: "sites: " + err.Error(), Hint: "write sites as site:hamar-1"}
	}
	return k, nil
}

func (k *known) control(c *strict.Checker, at, id string) {
	c.Check(slices.Contains(k.ids, id), at, "the catalogue has no control %q", meant(id, k.ids)+"`trefoil controls list` shows them all", id)
}

func (k *known) engagement(l *engagement.Loaded, c *strict.Checker) {
	f := l.File
	for i := range f.AWS {
		k.regions(c, fmt.Sprintf("$.aws[%d]", i), &f.AWS[i])
	}
	for i, e := range f.Exclude {
		at := fmt.Sprintf("$.exclude[%d].target", i)
		c.Check(k.targets.possible(e.Target), at, "%q can be no target of this engagement: nothing would be left out", k.targets.meant(e.Target)+targetWords, e.Target)
		c.Check(!slices.ContainsFunc(f.Exclude[:i], func(o engagement.Exclusion) bool { return o.Target == e.Target }), at, "%q stands twice", "keep one, with its reason", e.Target)
	}
	for i, id := range f.Controls {
		k.control(c, fmt.Sprintf("$.controls[%d]", i), id)
	}
	for i, g := range f.AcceptedGaps {
		at := fmt.Sprintf("$.accepted_gaps[%d].pattern", i)
		k.gap(c, at, g.Pattern)
		k.everyGap(c, at, g.Pattern)
	}
	k.place(c, "$.store.place", f.Store.Place)
	p := f.Parameters
	for _, list := range []struct {
		name string
		of   []string
	}{{"allowed_jurisdictions", p.AllowedJurisdictions}, {"approved_countries", p.ApprovedCountries}} {
		for i, code := range list.of {
			if code != "EEA" && code != "EU" {
				country(c, fmt.Sprintf("$.parameters.%s[%d]", list.name, i), code)
			}
		}
	}
	for _, list := range []struct {
		name string
		of   []string
	}{{"auditor_principals", p.AuditorPrincipals}, {"exempt_principals", p.ExemptPrincipals}} {
		for i, who := range list.of {
			principal(c, fmt.Sprintf("$.parameters.%s[%d]", list.name, i), who)
		}
	}
	for i, who := range p.AuditorPrincipals {
		of := ownerOf(who)
		c.Check(of == "" || !slices.Contains(k.targets.sure(), of), fmt.Sprintf("$.parameters.auditor_principals[%d]", i), "%q belongs to %s, which this engagement audits: whoever is audited is no auditor",
			"name a principal of the auditor's own account or project, and have the collector's role trust that alone", who, of)
	}
	for i, provider := range p.IdentityProviders {
		c.Check(providesIdentities(provider), fmt.Sprintf("$.parameters.identity_providers[%d]", i), "%q names no identity provider: nothing would be approved by it",
			"write the provider's ARN, such as arn:aws:iam::111122223333:saml-provider/staff or arn:aws:iam::*:oidc-provider/token.actions.githubusercontent.com, the name of one that AWS knows, such as accounts.google.com, a Google customer such as is:C0123abc, or of an identity pool of Google the issuer, such as https://token.actions.githubusercontent.com, or the provider's name, //iam.googleapis.com/projects/p/locations/global/workloadIdentityPools/ci/providers/github", provider)
	}
}

// regions refuses regions that the table does not list in the partition.
func (k *known) regions(c *strict.Checker, at string, a *engagement.AWS) {
	all := k.table.Regions(a.Partition)
	says := func(at, name string) {
		c.Check(slices.Contains(all, name), at, "%q is no region of partition %s in the table of places of %s", meant(name, all)+"leave regions out, and every region of each account's own list is asked", name, a.Partition, k.table.Date)
	}
	for i, name := range a.Regions {
		says(fmt.Sprintf("%s.regions[%d]", at, i), name)
	}
	says(at+".home_region", a.HomeRegion)
}

// place refuses a token that no table lists: where it lies could never be told.
func (k *known) place(c *strict.Checker, at, token string) {
	if token == "" {
		return
	}
	if code, ok := strings.CutPrefix(token, "country:"); ok {
		country(c, at, code)
		return
	}
	_, ok := k.table.Countries(token)
	c.Check(ok, at, "%q is no place that the table of %s, or sites: of the register, knows", meant(token, k.table.Tokens())+"write a region or location of a provider, country:IE, or a site of register.yaml", token, k.table.Date)
}

// gap refuses a pattern that no row of coverage can have. What has no row's form, such as a cause, is
// left as it is.
func (k *known) gap(c *strict.Checker, at, pattern string) {
	if strings.Contains(pattern, " ") {
		return
	}
	if !strings.Contains(pattern, "/") {
		kind := strings.HasPrefix(pattern, "aws.") || strings.HasPrefix(pattern, "gcp.")
		c.Check(strings.Contains(pattern, "*") && !kind, at, "%q is no row of coverage: it would accept nothing", meantGap(pattern)+"rows are named aws-111122223333/*/ec2:DescribeVolumes or unread/aws.sqs.*", pattern)
		return
	}
	parts := strings.Split(pattern, "/")
	target, last := parts[0], parts[len(parts)-1]
	if target == "unread" {
		catalogue, err := k.catalogue()
		c.Check(err == nil, at, "the catalogue cannot be read: %v", "use a build that was not altered", err)
		if err != nil {
			return
		}
		kinds := catalogue.NotLookedAt()
		for _, kind := range kinds { // whole services, for what was meant
			if i := strings.LastIndexByte(kind, '.'); i > 0 && strings.HasSuffix(last, ".*") {
				kinds = append(kinds, kind[:i]+".*")
			}
		}
		c.Check(anyMatches(last, kinds), at, "nothing of the catalogue that is not looked at is called %q: it would accept nothing", meant(last, kinds)+"`trefoil test` names what is not looked at; the end of CONTROLS.md lists kinds", last)
		return
	}
	c.Check(strings.Contains(target, "*") || k.targets.possible(target), at, "%q can be no target of this engagement: it would accept nothing", k.targets.meant(target)+targetWords, target)
	if strings.HasPrefix(target, "plugin-") || len(parts) < 3 && strings.Contains(last, "*") {
		return // a plug-in's rows are its manifest's to name; a * stands for slashes too
	}
	c.Check(anyMatches(last, k.operations) || len(k.targets.file.Plugins) > 0 && strings.Contains(target, "*"), at, "no collector asks %q: it would accept nothing",
		meant(last, k.operations)+"`trefoil coverage --all RUN` shows each row", last)
	if len(parts) == 3 && !strings.Contains(parts[1], "*") && parts[1] != "global" {
		k.place(c, at, parts[1])
	}
}

// meantGap asks after a kind's row, where a kind or a service was written alone.
func meantGap(pattern string) string {
	if !strings.HasPrefix(pattern, "aws.") && !strings.HasPrefix(pattern, "gcp.") {
		return ""
	}
	if strings.Count(pattern, ".") == 1 && !strings.Contains(pattern, "*") {
		pattern += ".*"
	}
	return "did you mean unread/" + pattern + "? "
}

func anyMatches(pattern string, of []string) bool {
	return slices.ContainsFunc(of, func(o string) bool { return engagement.Match(pattern, o) })
}

func (k *known) register(l *engagement.Loaded, c *strict.Checker) {
	for i, s := range l.Register.Scope {
		for n, t := range s.Targets {
			k.targets.formed(c, fmt.Sprintf("$.scope[%d].targets[%d]", i, n), t)
		}
		for n, kind := range s.Kinds {
			_, ok := k.kinds[kind]
			ours := strings.HasPrefix(kind, "aws.") || strings.HasPrefix(kind, "gcp.") || len(l.File.Plugins) == 0
			c.Check(ok || !ours, fmt.Sprintf("$.scope[%d].kinds[%d]", i, n), "there is no kind %q: the rule would match nothing", meant(kind, slices.Collect(maps.Keys(k.kinds)))+"the workbook's sheet Populations names kinds", kind)
		}
	}
	for i, t := range l.Register.TrustedAccounts {
		at := fmt.Sprintf("$.trusted_accounts[%d]", i)
		qualified(c, at+".id", t.ID)
		if t.Country != "" {
			country(c, at+".country", t.Country)
		}
	}
	for i, s := range l.Register.Sites {
		country(c, fmt.Sprintf("$.sites[%d].country", i), s.Country)
	}
	for i, g := range l.Register.Gateways {
		k.place(c, fmt.Sprintf("$.gateways[%d].place", i), g.Place)
		for n, who := range g.Accepts {
			principal(c, fmt.Sprintf("$.gateways[%d].accepts[%d]", i, n), who)
		}
	}
	for i, g := range l.Register.Legacy {
		at := fmt.Sprintf("$.legacy[%d].owner", i)
		k.targets.formed(c, at, g.Owner)
		if p := k.targets.partition(g.Owner); p != "" && strings.HasPrefix(g.ID, "arn:") {
			c.Check(strings.HasPrefix(g.ID, "arn:"+p+":"), fmt.Sprintf("$.legacy[%d].id", i), "%q is of another partition than its owner, which the engagement says is of %s: it would be looked for in vain, and count as gone", "begin it with arn:"+p+":", g.ID, p)
		}
		of := engagement.OwnerIn(g.ID)
		c.Check(of == "" || of == g.Owner, at, "%q did not hold it: by its id %s did, and that it is gone would be looked for in the wrong place", "write owner: "+of+", or correct the id; a Google project is named by its id, not its number", g.Owner, of)
	}
}

func (k *known) waivers(l *engagement.Loaded, c *strict.Checker) {
	for i, w := range l.Waivers {
		k.control(c, fmt.Sprintf("$.waivers[%d].control", i), w.Control)
		c.Check(strings.ContainsAny(w.Items, ":/*"), fmt.Sprintf("$.waivers[%d].items", i), "%q is no fact's id: it would waive nothing", "write the id as the workbook's sheet Test results shows it, such as arn:aws:s3:::name, or a pattern with *", w.Items)
	}
}

// arnForm is that of a principal (IAM User Guide, IAM identifiers).
var arnForm = regexp.MustCompile(`^arn:aws(-cn|-us-gov|-eusc)?:(iam|sts)::[0-9]{12}:(root|(user|role|group|assumed-role|federated-user|saml-provider|oidc-provider)/[!-~]+)$`)

// providesIdentities reports whether a pattern can match what names an identity provider: an ARN of IAM's two sorts,
// the host of one that needs no ARN, a Google customer, the issuer that a pool of Google takes tokens of (a URI, or the entity
// id of SAML), or the name of such a provider. A role, a user or a group is none.
func providesIdentities(who string) bool {
	if strings.HasPrefix(who, "arn:") {
		parts := strings.SplitN(who, ":", 6)
		if len(parts) < 6 {
			return strings.Contains(who, "*") // it may stand for what is missing
		}
		fixed, _, star := strings.Cut(parts[5], "*")
		named := slices.ContainsFunc([]string{"saml-provider/", "oidc-provider/"}, func(sort string) bool {
			return strings.HasPrefix(fixed, sort) && (star || len(fixed) > len(sort)) || star && strings.HasPrefix(sort, fixed)
		})
		account := digits12.MatchString(parts[4]) || strings.Contains(parts[4], "*")
		return named && account && engagement.Match(parts[2], "iam")
	}
	if strings.HasPrefix(who, "//iam.googleapis.com/") {
		return strings.Contains(who, "Pools/") && strings.Contains(who, "/providers/") || strings.Contains(who, "*")
	}
	if scheme, rest, ok := strings.Cut(who, ":"); ok {
		return rest != "" && (strings.Contains(scheme, "*") || slices.Contains([]string{"is", "in", "under", "principalSet", "https", "http", "urn"}, scheme))
	}
	return strings.ContainsAny(who, ".*") && !strings.ContainsAny(who, "@ ")
}

// principal refuses what cannot name anybody: an ARN that is cut or misspelt, a bare name.
func principal(c *strict.Checker, at, who string) {
	scheme, _, qualified := strings.Cut(who, ":")
	bare := !strings.ContainsAny(who, ":/.*@") && !digits12.MatchString(who) && !strings.HasPrefix(who, "all")
	wrong := bare || strings.HasPrefix(who, "arn:") && !strings.Contains(who, "*") && !arnForm.MatchString(who) ||
		qualified && scheme != "arn" && !strings.Contains(scheme, "*") && meant(scheme, []string{"arn"}) != "" && !slices.Contains([]string{"is", "in", "aws", "gcp", "dc"}, scheme)
	c.Check(!wrong, at, "%q names nobody", "write an ARN such as arn:aws:iam::111122223333:role/auditor (12 digits; user, role, root), or a Google principal such as group:audit@example.com", who)
}

// accountAddress is how policies of Google name a service account; a project of a domain stands before that.
var accountAddress = regexp.MustCompile(`^serviceAccount:[^@]+@([a-z0-9-]+)(?:\.([a-z0-9.-]+))?\.iam\.gserviceaccount\.com$`)

// ownerOf gives the target that a principal belongs to; "" where its name says none.
func ownerOf(who string) string {
	if m := accountAddress.FindStringSubmatch(who); m != nil {
		return engagement.ProjectTarget(strings.TrimPrefix(m[2]+":"+m[1], ":"))
	}
	if account := strings.TrimPrefix(who, "aws:"); digits12.MatchString(account) {
		return "aws-" + account
	}
	return engagement.OwnerIn(who)
}

var digits12 = regexp.MustCompile(`^[0-9]{12}$`)
