package engagement

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trefoil-audit/trefoil/evidence/cut"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// maxRolePath bounds a role's path without the slashes around it; in the pattern it would take each start of the
// program some milliseconds.
const maxRolePath = 510

// A form that counts to dozens is dear to compile: that is done once it is asked for, not at each start of the program.
var (
	account   = regexp.MustCompile(`^[0-9]{12}$`)
	digits    = regexp.MustCompile(`^[0-9]+$`)
	projectID = regexp.MustCompile(`^([a-z0-9][a-z0-9.-]*\.[a-z]{2,}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	digest    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	controlID = regexp.MustCompile(`^EDS-[A-Z]{3}-[0-9]{2}$`)
	plainName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`) })
	country   = regexp.MustCompile(`^[A-Z]{2}$`)
	siteToken = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^site:[a-z0-9][a-z0-9._-]{0,99}$`) })
	roleName  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([!-)+-9;-~]+/)?[\w+=,.@-]{1,64}$`) }) // a path, and a name: IAM API Reference, CreateRole
	inputName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`) })
)

// Partitions of AWS that have public endpoints.
var Partitions = []string{"aws", "aws-cn", "aws-eusc", "aws-us-gov"}

// ParseFile reads engagement.yaml, sets defaults and checks every field. Name stands in errors,
// which are *FileError.
func ParseFile(name string, text []byte) (*File, error) {
	f := &File{}
	tree, err := decode(name, text, f)
	if err != nil {
		return nil, err
	}
	c := &faults{name: name, tree: tree}
	c.check(f.Name != "", "$.name", "is missing", "name the engagement as it shall stand on the cover")
	c.check(f.Auditor != "" && f.Auditee != "", "$.auditor", "auditor and auditee must be said", "name the firm and the audited organisation")
	c.check(!f.Period.To.Before(f.Period.From.Time), "$.period", "ends before it begins: it is from %s to %s", "write its first day as from and its last day as to, such as period: {from: 2026-07-01, to: 2026-12-31}",
		f.Period.From.Format(time.DateOnly), f.Period.To.Format(time.DateOnly))
	c.check(len(f.AWS)+len(f.GCP)+len(f.Plugins) > 0, "$.aws", "no target is named", "name an AWS organisation, a Google organisation or a plug-in")
	for i := range f.AWS {
		f.AWS[i].check(c, fmt.Sprintf("$.aws[%d]", i))
	}
	for i := range f.GCP {
		f.GCP[i].check(c, fmt.Sprintf("$.gcp[%d]", i))
	}
	f.checkPlugins(c)
	f.checkWithhold(c)
	f.checkRest(c)
	f.Parameters.said(c)
	f.Parameters.defaults()
	f.Parameters.check(c)
	if err := c.result(); err != nil {
		return nil, err
	}
	f.name, f.tree = name, tree
	return f, nil
}

// Fault is an error of the file that only a caller can find; path is such as $.withhold[0].fields[1].
func (f *File) Fault(path, cause, hint string) error {
	return &FileError{File: f.name, Line: strict.Line(f.tree, path), Cause: strings.TrimPrefix(path, "$.") + ": " + cause, Hint: hint}
}

func (f *File) checkWithhold(c *faults) {
	for i, w := range f.Withhold {
		at := fmt.Sprintf("$.withhold[%d]", i)
		c.check(plainName().MatchString(w.ID), at+".id", "%q is no name", "use lower-case letters, digits and -", w.ID)
		c.check(!slices.ContainsFunc(f.Withhold[:i], func(o Withholding) bool { return o.ID == w.ID }), at+".id", "%q stands twice", "give each an id of its own: facts and reports name it", w.ID)
		c.check(w.Because != "", at, "because is missing", "a third party will read why it was kept out of the evidence")
		c.check(len(w.Operations) > 0, at, "operations must be said", "docs/minimisation.md lists what may be withheld; without fields, only error answers are cut")
		for n, field := range w.Fields {
			_, err := cut.Parse(field)
			c.check(err == nil, fmt.Sprintf("%s.fields[%d]", at, n), "%v", "write it as /Accounts/*/Email or /TagSet/Tag[Key=owner]/Value", err)
		}
	}
}

func (a *AWS) check(c *faults, at string) {
	if a.Partition == "" {
		a.Partition = "aws"
	}
	if a.HomeRegion == "" {
		a.HomeRegion = map[string]string{"aws": "eu-west-1", "aws-eusc": "eusc-de-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[a.Partition]
	}
	c.check(slices.Contains(Partitions, a.Partition), at+".partition", "%q is no partition", "use one of "+strings.Join(Partitions, ", "), a.Partition)
	c.check(a.Management != "" || len(a.Accounts) > 0, at, "names neither a management account nor accounts", "say management: \"123456789012\"")
	c.check(a.Management == "" || account.MatchString(a.Management), at+".management", "%q is no 12-digit account", "write all twelve digits, in quotes: YAML reads bare ones as a number", a.Management)
	for i, id := range a.Accounts {
		c.check(account.MatchString(id), fmt.Sprintf("%s.accounts[%d]", at, i), "%q is no 12-digit account", "write all twelve digits, in quotes: YAML reads bare ones as a number", id)
	}
	c.check(a.Role != "" || a.single(), at, "role is missing: the caller's own identity belongs to one account, and more are asked", "say role: TrefoilAudit, the role to assume in each account")
	c.check(a.ExternalID == "" || externalID.MatchString(a.ExternalID) && len(a.ExternalID) >= 2 && len(a.ExternalID) <= 1224, at+".external_id", "is none that AWS takes", "2 to 1224 letters, digits and + = , . @ : / -")
	c.check(a.Role == "" || roleName().MatchString(a.Role) && strings.LastIndexByte(a.Role, '/') <= maxRolePath, at+".role", "%q is no role name", "write the name (with its path), not the ARN: TrefoilAudit, or audit/TrefoilAudit", a.Role)
}

// single says whether one account alone is asked, so that the caller's own identity can do. A management
// account without a list of accounts stands for all that its organisation has.
func (a *AWS) single() bool {
	if len(a.Accounts) == 0 {
		return a.Management == ""
	}
	one := cmp.Or(a.Management, a.Accounts[0])
	return !slices.ContainsFunc(a.Accounts, func(id string) bool { return id != one })
}

func (g *GCP) check(c *faults, at string) {
	c.check(g.Organization != "" || len(g.Projects) > 0, at, "names neither an organisation nor projects", "say organization: \"123456789012\"")
	c.check(g.Organization == "" || digits.MatchString(g.Organization), at+".organization", "%q is no numeric id", "write the number, in quotes, such as \"123456789012\": `gcloud organizations list` shows it", g.Organization)
	for i, p := range g.Projects {
		c.check(projectID.MatchString(p), fmt.Sprintf("%s.projects[%d]", at, i), "%q is no project id", "write the id, not the number or name", p)
	}
}

// maxLimit bounds the time that an engagement may give a plug-in.
const maxLimit = 24 * 60 * 60

func (f *File) checkPlugins(c *faults) {
	for i := range f.Plugins {
		p, at := &f.Plugins[i], fmt.Sprintf("$.plugins[%d]", i)
		c.check(plainName().MatchString(p.Name), at+".name", "%q is no name", "use lower-case letters, digits and -", p.Name)
		c.check(p.Path != "", at+".path", "is missing", "name the plug-in's one file")
		c.check(digest.MatchString(p.SHA256), at+".sha256", "is no SHA-256 in lower-case hexadecimal", "sha256sum FILE prints it")
		c.check(digest.MatchString(p.ManifestSHA256), at+".manifest_sha256", "is no SHA-256 in lower-case hexadecimal", "sha256sum FILE prints it")
		c.check(!slices.ContainsFunc(f.Plugins[:i], func(o Plugin) bool { return o.Name == p.Name }), at+".name", "%q stands twice", "give each a name of its own: it names the target plugin-NAME", p.Name)
		for _, name := range slices.Sorted(maps.Keys(p.Inputs)) {
			c.check(inputName().MatchString(name) && name != "manifest.json" && p.Inputs[name] != "", at+".inputs", "%q is no name of an input, or names no file", "use the names of the manifest", name)
		}
		if p.Manifest == "" {
			p.Manifest = p.Path + ".manifest.json"
		}
		if p.LimitSeconds == 0 {
			p.LimitSeconds = 60
		}
		c.check(p.LimitSeconds > 0 && p.LimitSeconds <= maxLimit, at+".time_limit_s", "%d is not between 1 and 86,400 seconds", "write seconds, or leave the line out, to take 60", p.LimitSeconds)
		if in := p.Interpreter; in != nil {
			c.check(filepath.IsAbs(in.Path), at+".interpreter.path", "%q is no absolute path", "write it out, such as /usr/bin/python3: no search path is read", in.Path)
			c.check(in.SHA256 == "" || digest.MatchString(in.SHA256), at+".interpreter.sha256", "is no SHA-256 in lower-case hexadecimal", "sha256sum FILE prints it; leave it out to take any, and record which")
		}
	}
}

func (f *File) checkRest(c *faults) {
	for i, e := range f.Exclude {
		at := fmt.Sprintf("$.exclude[%d]", i)
		c.check(e.Target != "" && e.Reason != "", at, "target and reason must be said", "a third party will read the reason")
		c.plain(at+".target", e.Target)
	}
	for path, text := range sorted(map[string]string{"aws_endpoint": f.Overrides.AWSEndpoint, "gcp_endpoint": f.Overrides.GCPEndpoint, "proxy": f.Overrides.Proxy}) {
		c.check(text == "" || isURL(text), "$.overrides."+path, "%q is no URL", "write it as https://host:port", text)
	}
	f.Signing.check(c, "$.signing")
	f.Store.check(c)
	for i, id := range f.Controls {
		c.check(controlID.MatchString(id), fmt.Sprintf("$.controls[%d]", i), "%q is no control id", meantControl(id)+controlWords, id)
	}
	for i, g := range f.AcceptedGaps {
		at := fmt.Sprintf("$.accepted_gaps[%d]", i)
		c.check(g.ID != "" && g.Pattern != "" && g.Reason != "" && g.By != "", at, "id, pattern, reason and by must be said", "a gap is accepted by somebody, for a reason, and a third party will read both")
		c.plain(at+".id", g.ID)
		c.plain(at+".pattern", g.Pattern)
		c.check(wideGap(g.Pattern) == "", at+".pattern", "%q accepts whatever is missing", "name the rows that are accepted, such as aws-111122223333/*/ec2:DescribeVolumes", g.Pattern)
		c.check(!gapRow.MatchString(g.Pattern) || !strings.Contains(g.Pattern, " "), at+".pattern", "%q holds a space, which no row of coverage has: it would accept nothing", "write it as aws-111122223333/*/ec2:DescribeVolumes", g.Pattern)
		c.check(!slices.ContainsFunc(f.AcceptedGaps[:i], func(o AcceptedGap) bool { return o.ID == g.ID }), at+".id", "%q stands twice", "give each an id of its own: exceptions name it", g.ID)
		c.checkTerm(at, g.Approved, g.Until)
	}
}

func (s *Store) check(c *faults) {
	c.check(s.URL != "" || *s == Store{}, "$.store.url", "must be said", "write s3://bucket/prefix, gs://bucket/prefix or a folder")
	c.check(!strings.Contains(s.URL, "@"), "$.store.url", "carries no user and no password", "say store.profile (S3) or store.credentials (Google)")
	c.check(s.Endpoint == "" || isURL(s.Endpoint), "$.store.endpoint", "is no URL", "write it as https://host:port, without user and password")
	c.check(s.RetainDays >= 0 && s.RetainDays <= 36_500, "$.store.retain_days", "%d is not between 0 and 36,500", "write the days for which the store keeps each file from deletion, such as 3650; 0, or no line, locks nothing", s.RetainDays)
	c.check(s.Lock == "" || s.Lock == "compliance" || s.Lock == "governance", "$.store.lock", "%q is neither compliance nor governance", strict.Meant(s.Lock, "compliance", "governance")+"write compliance, which nobody can shorten, or governance", s.Lock)
	c.check(s.Profile == "" || strings.HasPrefix(s.URL, "s3://"), "$.store.profile", "is for S3 alone", "Google Cloud Storage takes credentials: FILE")
	c.check(s.Credentials == "" || strings.HasPrefix(s.URL, "gs://"), "$.store.credentials", "is for Google Cloud Storage alone", "S3 takes profile: NAME")
}

// sorted walks a map by its names, so that of several faults the same one is reported each time.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(name, m[name]) {
				return
			}
		}
	}
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// DefaultParameters are those of an engagement that says none.
func DefaultParameters() Parameters {
	var p Parameters
	p.defaults()
	return p
}

// said refuses what is written and says nothing: the default would silently take the place of a strict value.
func (p *Parameters) said(c *faults) {
	for at, n := range sorted(map[string]int{"credential_max_days": p.CredentialMaxDays, "unused_max_days": p.UnusedMaxDays, "rotation_days": p.RotationDays,
		"log_retention_days": p.LogRetentionDays, "max_skew_minutes": p.MaxSkewMinutes, "max_age_days": p.MaxAgeDays}) {
		path := "$.parameters." + at
		c.check(n != 0 || strict.Line(c.tree, path) == 0, path, "0, or nothing, is written, and the default would be taken", "write a number from 1, or leave the line out, to take the default")
	}
	for at, list := range sorted(map[string][]string{"allowed_jurisdictions": p.AllowedJurisdictions, "approved_countries": p.ApprovedCountries}) {
		path := "$.parameters." + at
		c.check(len(list) > 0 || strict.Line(c.tree, path) == 0, path, "an empty list is written, and the default would be taken", "name countries, EU or EEA, or leave the line out, to take the default")
	}
}

func (p *Parameters) defaults() {
	if len(p.AllowedJurisdictions) == 0 {
		p.AllowedJurisdictions = []string{"EEA"}
	}
	if len(p.ApprovedCountries) == 0 {
		p.ApprovedCountries = slices.Clone(p.AllowedJurisdictions)
	}
	for at, value := range map[*int]int{&p.CredentialMaxDays: 90, &p.UnusedMaxDays: 90, &p.RotationDays: 365, &p.LogRetentionDays: 365, &p.MaxSkewMinutes: 360, &p.MaxAgeDays: 7} {
		if *at == 0 {
			*at = value
		}
	}
}

func (p *Parameters) check(c *faults) {
	for at, n := range sorted(map[string]int{"credential_max_days": p.CredentialMaxDays, "unused_max_days": p.UnusedMaxDays, "rotation_days": p.RotationDays,
		"log_retention_days": p.LogRetentionDays, "max_skew_minutes": p.MaxSkewMinutes, "max_age_days": p.MaxAgeDays}) {
		c.check(n > 0 && n <= 1_000_000, "$.parameters."+at, "%d is not between 1 and 1,000,000", "write a number from 1, or leave the line out, to take the default", n)
	}
	for at, list := range sorted(map[string][]string{"allowed_jurisdictions": p.AllowedJurisdictions, "approved_countries": p.ApprovedCountries}) {
		for i, j := range list {
			c.check(country.MatchString(j) || j == "EEA", fmt.Sprintf("$.parameters.%s[%d]", at, i), "%q is no jurisdiction", "use EEA, EU or ISO 3166-1 codes such as IE", j)
		}
	}
	for at, list := range sorted(map[string][]string{"exempt_actions": p.ExemptActions, "exempt_principals": p.ExemptPrincipals,
		"auditor_principals": p.AuditorPrincipals, "identity_providers": p.IdentityProviders}) {
		c.plain("$.parameters."+at+"[]", list...)
		any := anyPeople // of exempt principals as a guardrail writes them: also the root users of all accounts
		switch at {
		case "exempt_actions":
			any = anyActions
		case "identity_providers":
			any = anyTrusted
		}
		for i, pattern := range list {
			c.check(at != "auditor_principals" || pattern != "allUsers" && pattern != "allAuthenticatedUsers", fmt.Sprintf("$.parameters.%s[%d]", at, i), "%q is everybody", "name each principal of the auditor's in full", pattern)
			c.check(at != "auditor_principals" || !strings.Contains(pattern, "*"), fmt.Sprintf("$.parameters.%s[%d]", at, i), "%q holds a *: who is the auditor is compared letter by letter, and no part is left open", "name each principal of the auditor's in full", pattern)
			what := wide(pattern, any)
			if at == "exempt_principals" && what == "" { // for whom a guardrail of one account is: all of that account's
				what = wide(inAccount.ReplaceAllString(pattern, "$1*:"), any)
			}
			c.check(what == "", fmt.Sprintf("$.parameters.%s[%d]", at, i), "%q matches %s: the test could not fail", "name what is meant", pattern, what)
		}
	}
}
