package engagement

import (
	"time"

	"github.com/goccy/go-yaml/ast"
)

// File is the content of engagement.yaml.
type File struct {
	Name         string        `yaml:"name"`    // of the engagement, as it shall stand on the cover
	Auditor      string        `yaml:"auditor"` // the firm that signs
	Auditee      string        `yaml:"auditee"`
	Period       Period        `yaml:"period"`
	AWS          []AWS         `yaml:"aws"`
	GCP          []GCP         `yaml:"gcp"`
	Plugins      []Plugin      `yaml:"plugins"`
	Exclude      []Exclusion   `yaml:"exclude"`
	Withhold     []Withholding `yaml:"withhold"`
	Overrides    Overrides     `yaml:"overrides"`
	Signing      Signing       `yaml:"signing"`
	Store        Store         `yaml:"store"`
	Files        Files         `yaml:"files"`
	Controls     []string      `yaml:"controls"` // ids that gate; empty = all of the catalogue that are testable
	AcceptedGaps []AcceptedGap `yaml:"accepted_gaps"`
	Parameters   Parameters    `yaml:"parameters"`

	name string    // of the file, for errors
	tree *ast.File // of which lines are found
}

// Period is the audit period, both days included.
type Period struct {
	From Date `yaml:"from"`
	To   Date `yaml:"to"`
}

// AWS names an organisation or single accounts to audit. Credentials come from the SDK's
// default chain; each account is entered through Role.
type AWS struct {
	Management string   `yaml:"management"`  // 12-digit management account; its organisation is discovered. Empty: no organisation is read
	Accounts   []string `yaml:"accounts"`    // 12-digit ids; empty with Management = every account that discovery finds
	Role       string   `yaml:"role"`        // role name to assume in each account; empty = the caller's own identity, for a single account, which must be its own
	ExternalID string   `yaml:"external_id"` // used, and never kept: see [NotKept]
	Regions    []string `yaml:"regions"`     // limits the regions asked; what is left out is not_attempted. Empty = all
	Partition  string   `yaml:"partition"`   // aws (default), aws-eusc, aws-us-gov, aws-cn
	HomeRegion string   `yaml:"home_region"` // where global and first calls go; default eu-west-1
}

// GCP names an organisation or single projects. Credentials are Application Default Credentials.
type GCP struct {
	Organization string   `yaml:"organization"` // numeric id; empty: no organisation is read
	Projects     []string `yaml:"projects"`     // empty with Organization = every project that discovery finds
}

// Plugin is a collector in another language: an executable and its manifest, pinned by their
// digests. Paths are relative to engagement.yaml; see docs/plugins.md.
type Plugin struct {
	Name           string            `yaml:"name"`
	Path           string            `yaml:"path"` // one file: a program, or a script with an interpreter
	SHA256         string            `yaml:"sha256"`
	Manifest       string            `yaml:"manifest"` // what it declares; empty: Path with .manifest.json added
	ManifestSHA256 string            `yaml:"manifest_sha256"`
	Interpreter    *Interpreter      `yaml:"interpreter"` // for a script; nil: the file is run itself
	Args           []string          `yaml:"args"`
	Inputs         map[string]string `yaml:"inputs"`       // name → file, handed to the plug-in and kept as evidence
	LimitSeconds   int               `yaml:"time_limit_s"` // then it is killed; default 60
}

// Interpreter runs a script. It is found by its absolute path alone: no search path is read.
type Interpreter struct {
	Path   string   `yaml:"path"`
	SHA256 string   `yaml:"sha256"` // of the interpreter; empty: any, and the run says which one it was
	Args   []string `yaml:"args"`   // before the script, such as [-I, -B] for Python
}

// Exclusion leaves a discovered target out; its rows are not_attempted, with the reason.
type Exclusion struct {
	Target string `yaml:"target"` // target id, such as aws-111122223333
	Reason string `yaml:"reason"`
}

// Withholding keeps values out of the evidence: they are replaced before an answer is written, and what a fact
// would say by them is unknown. Of error answers of its operations only the code is kept. See docs/minimisation.md.
type Withholding struct {
	ID         string   `yaml:"id"`
	Operations []string `yaml:"operations"` // service:Operation or plugin:NAME, with * for any text
	Fields     []string `yaml:"fields"`     // paths in their answers, as package cut reads them; empty: error answers alone
	Because    string   `yaml:"because"`
}

// Overrides redirect collection. A run that used one says NOT A PROVIDER ENDPOINT everywhere.
type Overrides struct {
	AWSEndpoint string `yaml:"aws_endpoint"`
	GCPEndpoint string `yaml:"gcp_endpoint"`
	Proxy       string `yaml:"proxy"`
	CABundle    string `yaml:"ca_bundle"`
}

// Store says where runs are kept after they were taken, by whom, and for how long.
type Store struct {
	URL         string `yaml:"url"`         // s3://bucket/prefix, gs://bucket/prefix, or a folder
	Place       string `yaml:"place"`       // place token where it lies, such as eu-west-1; the provider's answer is held against it
	RetainDays  int    `yaml:"retain_days"` // object lock; 0: what the bucket does by itself
	Lock        string `yaml:"lock"`        // compliance or governance; empty: as the bucket, else compliance
	Endpoint    string `yaml:"endpoint"`    // only where the store is not the provider's own
	Profile     string `yaml:"profile"`     // S3: profile of the shared AWS configuration, for the store alone
	Credentials string `yaml:"credentials"` // Google: file of a service account or federated identity, for the store alone
}

// Files are paths relative to engagement.yaml.
type Files struct {
	Register string `yaml:"register"`
	Roster   string `yaml:"roster"`
	Waivers  string `yaml:"waivers"`
}

// AcceptedGap accepts that something cannot be judged; the gap stays visible.
type AcceptedGap struct {
	ID       string `yaml:"id" json:"id"`
	Pattern  string `yaml:"pattern" json:"pattern"` // coverage row id, with * for any run of characters (path.Match does not apply: * crosses /)
	Reason   string `yaml:"reason" json:"reason"`
	By       string `yaml:"by" json:"by"`
	Approved Date   `yaml:"approved" json:"approved"`
	Until    Date   `yaml:"until" json:"until"`
}

// Parameters feed the catalogue's tests.
type Parameters struct {
	AllowedJurisdictions []string `yaml:"allowed_jurisdictions" json:"allowed_jurisdictions"` // EEA (default), EU, or ISO 3166-1 alpha-2 countries
	ApprovedCountries    []string `yaml:"approved_countries" json:"approved_countries"`       // where people may work from; default: as allowed_jurisdictions
	CredentialMaxDays    int      `yaml:"credential_max_days" json:"credential_max_days"`     // default 90; no control reads it: EDS-IAM-01 fails each credential that can be used
	UnusedMaxDays        int      `yaml:"unused_max_days" json:"unused_max_days"`             // default 90
	RotationDays         int      `yaml:"rotation_days" json:"rotation_days"`                 // default 365
	LogRetentionDays     int      `yaml:"log_retention_days" json:"log_retention_days"`       // default 365
	MaxSkewMinutes       int      `yaml:"max_skew_minutes" json:"max_skew_minutes"`           // default 360
	MaxAgeDays           int      `yaml:"max_age_days" json:"max_age_days"`                   // default 7
	ExemptActions        []string `yaml:"exempt_actions" json:"exempt_actions"`               // that a region guardrail may leave out
	ExemptPrincipals     []string `yaml:"exempt_principals" json:"exempt_principals"`
	AuditorPrincipals    []string `yaml:"auditor_principals" json:"auditor_principals"` // who may assume the collector's role
	IdentityProviders    []string `yaml:"identity_providers" json:"identity_providers"` // patterns: ARNs of approved identity providers; of Google, customer ids, and issuers or names of providers of identity pools
}

// Register is the content of register.yaml.
type Register struct {
	Scope           []ScopeRule `yaml:"scope" json:"scope"`
	TrustedAccounts []Trusted   `yaml:"trusted_accounts" json:"trusted_accounts"`
	Gateways        []Gateway   `yaml:"gateways" json:"gateways"`
	Legacy          []Legacy    `yaml:"legacy" json:"legacy"`
	Sites           []Site      `yaml:"sites" json:"sites"`
}

// Site says in which country a place lies that no table of regions lists, such as a data centre.
// It is the auditor's statement: an inventory may only make it worse.
type Site struct {
	ID      string `yaml:"id" json:"id"` // place token, such as site:hamar-1
	Country string `yaml:"country" json:"country"`
	Because string `yaml:"because" json:"because"` // lease, visit, register of companies, …
}

// ScopeRule rules things in or out; the first rule that matches decides. A thing that no rule
// matches is in scope.
type ScopeRule struct {
	ID      string            `yaml:"id" json:"id"`
	Scope   string            `yaml:"scope" json:"scope"`     // in, out
	Tags    map[string]string `yaml:"tags" json:"tags"`       // all must be equal; value * = any
	Targets []string          `yaml:"targets" json:"targets"` // target ids
	Kinds   []string          `yaml:"kinds" json:"kinds"`
	Names   []string          `yaml:"names" json:"names"` // patterns with *
	Because string            `yaml:"because" json:"because"`
}

// Trusted is an account, project or organisation that copies and shares may go to.
type Trusted struct {
	ID      string `yaml:"id" json:"id"` // provider-qualified, such as aws:999900001111 or gcp:project-id
	Name    string `yaml:"name" json:"name"`
	Country string `yaml:"country" json:"country"` // ISO 3166-1 alpha-2, of the entity that holds it; unnamed, what it receives cannot be judged
	Because string `yaml:"because" json:"because"`
}

// Gateway is one security gateway.
type Gateway struct {
	ID       string   `yaml:"id" json:"id"`
	Operator string   `yaml:"operator" json:"operator"`
	Place    string   `yaml:"place" json:"place"` // place token
	Accepts  []string `yaml:"accepts" json:"accepts"`
	Reaches  []string `yaml:"reaches" json:"reaches"`
	Records  bool     `yaml:"records" json:"records"`
	Line     int      `yaml:"-" json:"-"` // 1-based line of the file
}

// Legacy is one legacy copy and what the programme says of it.
type Legacy struct {
	ID    string `yaml:"id" json:"id"`       // the store's fact id, such as an ARN
	Owner string `yaml:"owner" json:"owner"` // target id of the account that held it: absence counts only there
	State string `yaml:"state" json:"state"` // pending, copied, verified, deleted, exempt
	By    Date   `yaml:"by" json:"by"`       // deadline of deletion
	Why   string `yaml:"why" json:"why"`
	Line  int    `yaml:"-" json:"-"` // 1-based line of the file
}

// Person is one line of roster.csv.
type Person struct {
	ID         string   `json:"id"` // pseudonymous staff number
	Employer   string   `json:"employer"`
	Country    string   `json:"country"` // ISO 3166-1 alpha-2
	Team       string   `json:"team"`
	Principals []string `json:"principals"`
	Line       int      `json:"line"` // 1-based line of the file
}

// Waiver accepts a fail for a time; the fail stays a fail, marked.
type Waiver struct {
	ID       string `yaml:"id" json:"id"`
	Control  string `yaml:"control" json:"control"`
	Items    string `yaml:"items" json:"items"` // pattern of fact ids, with *
	Reason   string `yaml:"reason" json:"reason"`
	By       string `yaml:"by" json:"by"`
	Approved Date   `yaml:"approved" json:"approved"`
	Until    Date   `yaml:"until" json:"until"` // counts if Approved ≤ judged_as_of < Until
}

// Waivers is the content of waivers.yaml.
type Waivers struct {
	Waivers []Waiver `yaml:"waivers"`
}

// Date is a day (2026-11-24, meaning its first instant in UTC) or an RFC 3339 instant.
type Date struct{ time.Time }
