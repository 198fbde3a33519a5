package engagement

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const good = `name: Enclave 2026
auditor: Example Audit LLP
auditee: Verdant Social
period:
  from: 2026-07-01
  to: 2026-12-31
aws:
  - management: "123456789012"
    role: TrefoilAudit
exclude:
  - target: aws-111122223333
    reason: sold
signing:
  timestamp: none
files:
  register: register.yaml
  roster: roster.csv
  waivers: waivers.yaml
controls: [EDS-RES-01]
accepted_gaps:
  - id: G1
    pattern: aws-1/*/s3:GetBucketAcl
    reason: known
    by: Partner
    approved: 2026-11-01
    until: 2027-01-01
`

const register = `scope:
  - {id: R1, scope: in, tags: {data-class: eu-user-data}, because: labelled}
trusted_accounts:
  - {id: "aws:999900001111", name: partner, because: contract}
legacy:
  - {id: "arn:aws:s3:::old", owner: aws-123456789012, state: deleted, by: 2026-06-30}
`

const roster = "id,employer,country,team,principals\np1,Verdant,IE,ops,arn:a;arn:b\np2,Other,CN,dev,\n"

const waivers = `waivers:
  - {id: W1, control: EDS-RES-01, items: "arn:aws:s3:::x*", reason: moving, by: CISO, approved: 2026-11-01, until: 2026-12-31}
`

func TestParse(t *testing.T) {
	l, err := Parse(map[string][]byte{FileName: []byte(good), RegisterName: []byte(register), RosterName: []byte(roster), WaiversName: []byte(waivers)})
	if err != nil {
		t.Fatal(err)
	}
	p := l.File.Parameters
	if l.File.AWS[0].Partition != "aws" || l.File.AWS[0].HomeRegion != "eu-west-1" || p.AllowedJurisdictions[0] != "EEA" || p.CredentialMaxDays != 90 {
		t.Errorf("defaults: %+v %+v", l.File.AWS[0], p)
	}
	if len(l.Roster) != 2 || len(l.Roster[0].Principals) != 2 || l.Roster[1].Line != 3 {
		t.Errorf("roster: %+v", l.Roster)
	}
	if len(l.Waivers) != 1 || l.Waivers[0].Until.Format("2006-01-02") != "2026-12-31" || len(l.Register.Legacy) != 1 {
		t.Errorf("%+v %+v", l.Waivers, l.Register)
	}
}

// Each fault names the file, the line and the cause.
func TestFileFaults(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		line     int
		want     string
	}{
		"unknown field":     {"    role: TrefoilAudit", "    rool: TrefoilAudit", 9, "unknown field"},
		"duplicate key":     {"auditee: Verdant Social", "auditor: Verdant Social", 3, "already defined"},
		"no YAML":           {"aws:", "aws: [", 0, ""},
		"bad account":       {`"123456789012"`, `"12345"`, 8, "12-digit"},
		"bad date":          {"2026-07-01", "July", 5, "July"},
		"inverted period":   {"2026-12-31", "2026-01-31", 0, "ends before"},
		"no timestamp":      {"  timestamp: none", "  key: k", 0, "timestamp"},
		"bad timestamp":     {"timestamp: none", "timestamp: yes please", 14, "neither a URL nor none"},
		"no reason":         {"    reason: sold", "    reason: \"\"", 0, "reason"},
		"bad control":       {"[EDS-RES-01]", "[RES-01]", 19, "no control id"},
		"gap of everything": {"accepted_gaps:", "accepted_gaps:\n  - {id: all, pattern: \"*/*\", reason: r, by: b, approved: 2026-01-01, until: 2027-01-01}", 0, "whatever is missing"},
		"exempt everybody":  {"signing:", "parameters: {exempt_principals: [\"*\"]}\nsigning:", 0, "could not fail"},
		"any provider":      {"signing:", "parameters: {identity_providers: [\"is:C1\", \"**\"]}\nsigning:", 0, "identity_providers[1]"},
		"gap without end":   {"    until: 2027-01-01", "", 0, "until"},
		"anchor":            {"name: Enclave 2026", "name: &a Enclave", 1, "anchors"},
		"log without one":   {"  timestamp: none", "  {log_entries: run, key: k, timestamp: none}", 14, "profile key+tsa has no log"},
		"log of what":       {"  timestamp: none", "  {log_entries: bundle, profile: key+tsa+rekor, key: k, services: s, trusted_root: t}", 14, "says not of what"},
		"several documents": {"signing:", "---\nsigning:", 0, "several documents"},
		"no target":         {"aws:\n  - management: \"123456789012\"\n    role: TrefoilAudit\n", "", 0, "no target"},
		"role of two":       {"  - management: \"123456789012\"\n    role: TrefoilAudit", "  - accounts: [\"111122223333\", \"444455556666\"]", 8, "say role"},
		"role of another":   {"    role: TrefoilAudit", "    accounts: [\"111122223333\"]", 8, "say role"},
		"role of all":       {"    role: TrefoilAudit\n", "", 8, "say role"},
		"path too long":     {"role: TrefoilAudit", "role: " + strings.Repeat("p", 511) + "/x", 9, "role name"},
		"role is an ARN":    {"role: TrefoilAudit", "role: arn:aws:iam::1:role/x", 9, "ARN"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%s: nothing to replace", name)
		}
		_, err := ParseFile("engagement.yaml", []byte(strings.Replace(good, c.old, c.new, 1)))
		var f *FileError
		if !errors.As(err, &f) || f.File != "engagement.yaml" || c.line > 0 && f.Line != c.line || !strings.Contains(f.Error()+f.Hint, c.want) {
			t.Errorf("%s: got %v (%#v), want line %d, %q", name, err, f, c.line, c.want)
		}
	}
}

// What is written is not replaced by a default: a 0, a fraction and an empty list are refused with their line. What is
// left out has the default.
func TestWrittenParametersAreNotReplaced(t *testing.T) {
	said := func(what string) string {
		return strings.Replace(good, "signing:", "parameters:\n  rotation_days: 30\n  "+what+"\nsigning:", 1)
	}
	for what, want := range map[string]string{
		"credential_max_days: 0": "credential_max_days: 0, or nothing", "unused_max_days: 0": "unused_max_days", "log_retention_days: 0": "log_retention_days", "max_skew_minutes: ~": "max_skew_minutes",
		"max_age_days:": "max_age_days", "credential_max_days: 30.5": "no whole number", "allowed_jurisdictions: []": "allowed_jurisdictions: an empty list", "approved_countries: []": "approved_countries",
		"allowed_jurisdictions:": "allowed_jurisdictions", "\"credential_max_days\": 0": "credential_max_days",
	} {
		var f *FileError
		if _, err := ParseFile("e.yaml", []byte(said(what))); !errors.As(err, &f) || f.Line != 15 || !strings.Contains(f.Cause, want) || f.Hint == "" {
			t.Errorf("%s: %v (%#v), want %q", what, err, f, want)
		}
	}
	f, err := ParseFile("e.yaml", []byte(said("credential_max_days: 1\n  identity_providers: []\n  approved_countries: [NO]")))
	if err != nil {
		t.Fatal(err)
	}
	if p := f.Parameters; p.CredentialMaxDays != 1 || p.UnusedMaxDays != 90 || p.RotationDays != 30 || p.AllowedJurisdictions[0] != "EEA" || p.ApprovedCountries[0] != "NO" {
		t.Errorf("%+v", p)
	}
}

// The caller's own identity does for one account, which may be the management account.
func TestOneAccountNeedsNoRole(t *testing.T) {
	for _, one := range []string{`management: "123456789012"` + "\n    accounts: [\"123456789012\"]", `accounts: ["111122223333"]`} {
		text := strings.Replace(good, "management: \"123456789012\"\n    role: TrefoilAudit", one, 1)
		if _, err := ParseFile("engagement.yaml", []byte(text)); err != nil || text == good {
			t.Error(one, err)
		}
	}
}

func TestOtherFaults(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"roster header":           {second(ParseRoster("roster.csv", []byte("a,b,c,d,e\n"))), "roster.csv:1"},
		"roster columns":          {second(ParseRoster("roster.csv", []byte(roster+"p3,x\n"))), "roster.csv:4"},
		"trusted country":         {second(ParseRegister("register.yaml", []byte("trusted_accounts:\n  - {id: \"aws:1\", because: b}\n  - {id: \"aws:2\", country: Eire, because: b}\n"))), "register.yaml:3"},
		"trusted twice":           {second(ParseRegister("register.yaml", []byte("trusted_accounts:\n  - {id: \"aws:1\", because: b}\n  - {id: \"aws:1\", because: c}\n"))), "register.yaml:3"},
		"roster country":          {second(ParseRoster("roster.csv", []byte(roster+"p3,x,Eire,t,\n"))), "roster.csv:4"},
		"roster twice":            {second(ParseRoster("roster.csv", []byte(roster+"p1,x,IE,t,\n"))), "line 2 too"},
		"roster encoding":         {second(ParseRoster("roster.csv", []byte("id\xff"))), "UTF-8"},
		"scope":                   {second(ParseRegister("r.yaml", []byte(strings.Replace(register, "scope: in", "scope: maybe", 1)))), "r.yaml:2"},
		"matches all":             {second(ParseRegister("r.yaml", []byte("scope: [{id: a, scope: out, because: x}]"))), "matches everything"},
		"matches any name":        {second(ParseRegister("r.yaml", []byte("scope: [{id: a, scope: out, names: [\"*\"], because: x}]"))), "matches everything"},
		"legacy never due":        {second(ParseRegister("r.yaml", []byte("legacy: [{id: \"arn:aws:s3:::old\", owner: aws-1, state: pending, why: x}]"))), "must be said"},
		"legacy exempt":           {second(ParseRegister("r.yaml", []byte("legacy: [{id: \"arn:aws:s3:::old\", owner: aws-1, state: exempt}]"))), "why it is exempt"},
		"legacy state":            {second(ParseRegister("r.yaml", []byte(strings.Replace(register, "deleted", "gone", 1)))), "no state"},
		"waiver for ever":         {second(ParseWaivers("w.yaml", []byte(strings.Replace(waivers, ", until: 2026-12-31", "", 1)))), "approved and until must be said"},
		"waiver of everything":    {second(ParseWaivers("w.yaml", []byte("waivers:\n  - {id: W, control: EDS-RES-01, items: \"*:*/*\", reason: r, by: b, approved: 2026-01-01, until: 2026-07-01}\n"))), "w.yaml:2: waivers[0].items: \"*:*/*\" waives every fail"},
		"waiver ends first":       {second(ParseWaivers("w.yaml", []byte(strings.Replace(waivers, "until: 2026-12-31", "until: 2026-10-31", 1)))), "before until"},
		"roster no id":            {second(ParseRoster("roster.csv", []byte(roster+",x,IE,t,\n"))), "id is empty"},
		"roster country is named": {second(ParseRoster("roster.csv", []byte(roster+"p3,x,Norway,t,\n"))), "country: \"Norway\""},
		"waiver of nobody":        {second(ParseWaivers("w.yaml", []byte(strings.Replace(waivers, "CISO", `""`, 1)))), "by must be said"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, c.err, c.want)
		}
	}
}

// The cure names what was meant.
func TestHints(t *testing.T) {
	controls := func(id string) error {
		return second(ParseFile("e.yaml", []byte(strings.Replace(good, "[EDS-RES-01]", "["+id+"]", 1))))
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"no zero":         {controls("EDS-XFR-1"), "did you mean EDS-XFR-01?"},
		"small letters":   {controls("eds-xfr-01"), "did you mean EDS-XFR-01?"},
		"a zero too many": {controls("EDS-XFR-001"), "did you mean EDS-XFR-01?"},
		"no control":      {controls("xfr"), "`trefoil controls list`"},
		"waived control":  {second(ParseWaivers("w.yaml", []byte(strings.Replace(waivers, "EDS-RES-01", "eds-res-1", 1)))), "did you mean EDS-RES-01?"},
		"no term":         {second(ParseWaivers("w.yaml", []byte(strings.Replace(waivers, ", approved: 2026-11-01, until: 2026-12-31", "", 1)))), "write days"},
		"commas":          {second(ParseRoster("roster.csv", []byte(roster+"p3,x,IE,t,arn:a,arn:b\n"))), "separated by ;"},
	} {
		var f *FileError
		if !errors.As(c.err, &f) || !strings.Contains(f.Hint, c.want) {
			t.Errorf("%s: got %v (%#v), want %q", name, c.err, f, c.want)
		}
	}
	if got := meantControl("EDS-XFR-100") + meantControl("nonsense"); got != "" {
		t.Errorf("meant %q", got)
	}
}

// What is refused says what it was and what to write instead.
func TestCures(t *testing.T) {
	file := func(old, new string) error {
		if !strings.Contains(good, old) {
			t.Fatalf("nothing to replace: %q", old)
		}
		return second(ParseFile("e.yaml", []byte(strings.Replace(good, old, new, 1))))
	}
	said := func(what string) error { return file("signing:", what+"\nsigning:") }
	registered := func(what string) error { return second(ParseRegister("r.yaml", []byte(what))) }
	const rule, site, plugin = `{id: a, scope: out, names: [clover-x], because: b}`, `{id: "site:a", country: IE, because: b}`, `{name: p, path: p, time_limit_s: 1, sha256: DIGEST, manifest_sha256: DIGEST}`
	digests := strings.NewReplacer("DIGEST", strings.Repeat("a", 64))
	const gateway, legacy = `{id: g, operator: o}`, `{id: "arn:aws:s3:::old", owner: aws-1, state: STATE, by: 2026-01-01}`
	for name, c := range map[string]struct {
		err         error
		cause, cure string
	}{
		"period":            {file("to: 2026-12-31", "to: 2026-01-31"), "it is from 2026-07-01 to 2026-01-31", "its last day as to"},
		"unknown field":     {file("    role: TrefoilAudit", "    rolle: TrefoilAudit"), `unknown field "rolle"`, "did you mean role? known here are accounts, external_id, home_region, management, partition, regions, role;"},
		"parameter":         {said("parameters: {rotation_days: -1}"), "-1 is not between 1 and 1,000,000", "leave the line out"},
		"retention":         {said("store: {url: x, retain_days: -1}"), "-1 is not between 0 and 36,500", "such as 3650"},
		"lock":              {said("store: {url: x, lock: governence}"), "neither compliance nor governance", "did you mean governance?"},
		"organisation":      {said("gcp: [{organization: clover}]"), "no numeric id", "gcloud organizations list"},
		"time of a plug-in": {said(digests.Replace("plugins: [" + strings.Replace(plugin, "time_limit_s: 1", "time_limit_s: -1", 1) + "]")), "-1 is not between 1", "to take 60"},
		"plug-in twice":     {said(digests.Replace("plugins: [" + plugin + ", " + plugin + "]")), `"p" stands twice`, "a name of its own"},
		"withheld twice":    {said("withhold: [{id: w, because: b, operations: [o]}, {id: w, because: b, operations: [o]}]"), `"w" stands twice`, "an id of its own"},
		"gap of nobody":     {file("    by: Partner\n", ""), "by must be said", "by somebody"},
		"gap that ends":     {file("until: 2027-01-01", "until: 2026-10-01"), "it is from 2026-11-01 to 2026-10-01", "write a later one"},
		"scope":             {registered("scope: [" + strings.Replace(rule, "scope: out", "scope: outt", 1) + "]"), `"outt" is neither in nor out`, "did you mean out? write scope: in"},
		"scope of no sort":  {registered("scope: [" + strings.Replace(rule, "scope: out", "scope: maybe", 1) + "]"), `"maybe" is neither in nor out`, "write scope: in"},
		"rule twice":        {registered("scope: [" + rule + ", " + rule + "]"), `"a" stands twice`, "an id of its own"},
		"trusted twice":     {registered("trusted_accounts: [{id: \"aws:1\", because: b}, {id: \"aws:1\", because: b}]"), `"aws:1" stands twice`, "keep one"},
		"gateway of nobody": {registered("gateways: [{id: g}]"), "id and operator must be said", "who runs it"},
		"gateway twice":     {registered("gateways: [" + gateway + ", " + gateway + "]"), `"g" stands twice`, "an id of its own"},
		"site twice":        {registered("sites: [" + site + ", " + site + "]"), `"site:a" stands twice`, "keep one"},
		"state":             {registered("legacy: [" + strings.Replace(legacy, "STATE", "delete", 1) + "]"), `"delete" is no state`, "did you mean deleted? use pending"},
		"waiver twice":      {second(ParseWaivers("w.yaml", []byte(waivers+strings.TrimPrefix(waivers, "waivers:\n")))), `"W1" stands twice`, "an id of its own"},
		"person twice":      {second(ParseRoster("roster.csv", []byte(roster+"p1,x,IE,t,\n"))), `person "p1" stands in line 2 too`, "two people take two ids"},
		"roster too large":  {second(ParseRoster("roster.csv", make([]byte, MaxFile+1))), "over 16777216 bytes", "with these columns alone: id,"},
	} {
		var f *FileError
		if !errors.As(c.err, &f) || !strings.Contains(f.Cause, c.cause) || !strings.Contains(f.Hint, c.cure) {
			t.Errorf("%s: got %v (%#v), want %q and %q", name, c.err, f, c.cause, c.cure)
		}
	}
}

// Of several faults the same one is reported each time.
func TestFirstFaultIsTheSame(t *testing.T) {
	bad := strings.Replace(good, "signing:", "parameters: {rotation_days: -1, max_age_days: -1, credential_max_days: -1, exempt_principals: [\"*\"], auditor_principals: [\"*\"]}\noverrides: {proxy: p, gcp_endpoint: g}\nsigning:", 1)
	for range 50 {
		if _, err := ParseFile("e.yaml", []byte(bad)); err == nil || !strings.Contains(err.Error(), "overrides.gcp_endpoint") {
			t.Fatal(err)
		}
	}
	bad = strings.Replace(bad, "overrides: {proxy: p, gcp_endpoint: g}", "", 1)
	for range 50 {
		if _, err := ParseFile("e.yaml", []byte(bad)); err == nil || !strings.Contains(err.Error(), "credential_max_days") {
			t.Fatal(err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"engagement.yaml": good, "register.yaml": register, "roster.csv": roster} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(filepath.Join(dir, "engagement.yaml")); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "waivers.yaml")+": is missing") {
		t.Errorf("a named file that is missing: %v", err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "waivers.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(filepath.Join(dir, "engagement.yaml")); err == nil {
		t.Error("a link out of the folder was followed")
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"*", "x/y", true}, {"a*", "abc", true}, {"*c", "abc", true}, {"a*c", "ac", true},
		{"a*c", "abd", false}, {"a*b*c", "a1b2c", true}, {"a*a", "a", false}, {"**", "x", true}, {"", "", true}, {"", "x", false}, {"a*b", "ab*b", true},
	} {
		if got := Match(c.pattern, c.s); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add(good)
	f.Add("name: [")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := ParseFile("engagement.yaml", []byte(text))
		var fe *FileError
		if err != nil && !errors.As(err, &fe) {
			t.Fatalf("an error of no known type: %v", err)
		}
		if err == nil && (file.Name == "" || file.Signing.Timestamp == "") {
			t.Fatal("taken without name or timestamp")
		}
	})
}

func FuzzRoster(f *testing.F) {
	f.Add(roster)
	f.Fuzz(func(t *testing.T, text string) {
		people, err := ParseRoster("roster.csv", []byte(text))
		for _, p := range people {
			if p.ID == "" || len(p.Country) != 2 || err != nil {
				t.Fatalf("%+v %v", p, err)
			}
		}
	})
}
