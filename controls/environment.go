package controls

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
)

// environment makes programs of tests. Its functions read the world that is being judged: the
// run, or a case.
type environment struct {
	registry *types.Registry
	world    *world
}

// world is what functions of tests know beside the fact.
type world struct {
	asOf    time.Time
	table   *place.Table
	trusted map[string]bool   // provider-qualified account ids
	homes   map[string]string // of those that the register trusts: the entity's country, as it says
	pools   *federation
	issuers []string // patterns of identity providers that the engagement names
	people  people
	auditor []string // patterns of the auditor's principals
}

// homesOf lists the countries of the accounts that the register trusts.
func homesOf(r *engagement.Register) map[string]string {
	out := map[string]string{}
	for _, t := range r.TrustedAccounts {
		out[t.ID] = t.Country
	}
	return out
}

// compiled is a test with its population.
type compiled struct {
	test   *Test
	kinds  map[string]bool
	schema *schema
	where  cel.Program // nil: everything
	run    cel.Program
	reads  []string // pointers of the fields that the test reads, sorted
}

// maxCost bounds a test's static cost on one fact whose lists have maxElements elements.
const (
	maxCost     = 50_000_000
	maxElements = 2_000
)

func newEnvironment() (*environment, error) {
	r, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("test language: %w", err)
	}
	return &environment{registry: r, world: &world{}}, nil
}

// parameters are the fields of params, as parameterValues gives them.
var parameters = map[string]*types.Type{
	"allowed_locations":   types.NewListType(types.StringType), // countries
	"approved_countries":  types.NewListType(types.StringType),
	"credential_max_days": types.IntType,
	"unused_max_days":     types.IntType,
	"rotation_days":       types.IntType,
	"log_retention_days":  types.IntType,
	"max_skew_minutes":    types.IntType,
	"max_age_days":        types.IntType,
	"exempt_actions":      types.NewListType(types.StringType),
	"exempt_principals":   types.NewListType(types.StringType),
	"auditor_principals":  types.NewListType(types.StringType),
	"identity_providers":  types.NewListType(types.StringType),
}

// parameterValues gives the engagement's parameters to tests; groups of countries are expanded.
func parameterValues(p engagement.Parameters, table *place.Table) (map[string]any, error) {
	allowed, err := table.Allowed(p.AllowedJurisdictions)
	if err != nil {
		return nil, fmt.Errorf("allowed_jurisdictions: %w", err)
	}
	approved, err := table.Allowed(p.ApprovedCountries)
	if err != nil {
		return nil, fmt.Errorf("approved_countries: %w", err)
	}
	return map[string]any{"params.allowed_locations": allowed, "params.approved_countries": approved,
		"params.credential_max_days": p.CredentialMaxDays, "params.unused_max_days": p.UnusedMaxDays, "params.rotation_days": p.RotationDays,
		"params.log_retention_days": p.LogRetentionDays, "params.max_skew_minutes": p.MaxSkewMinutes, "params.max_age_days": p.MaxAgeDays,
		"params.exempt_actions": strings0(p.ExemptActions), "params.exempt_principals": strings0(p.ExemptPrincipals), "params.auditor_principals": strings0(p.AuditorPrincipals),
		"params.identity_providers": strings0(p.IdentityProviders)}, nil
}

func strings0(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// environmentFor gives CEL the types of one population.
func (e *environment) environmentFor(s *schema, control *Control) (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.ClearMacros(), cel.Macros(cel.AllMacro, cel.ExistsMacro),
		cel.CustomTypeProvider(s), cel.CustomTypeAdapter(e.registry),
		cel.Variable("fact", s.root.typ),
		cel.ParserRecursionLimit(100), cel.ParserExpressionSizeLimit(10_000),
		cel.Function("within", cel.Overload("within_places", []*cel.Type{placesType, types.NewListType(types.StringType)}, types.BoolType,
			cel.BinaryBinding(e.within))),
		cel.Function("trusted", cel.Overload("trusted_string", []*cel.Type{types.StringType}, types.BoolType, cel.UnaryBinding(e.isTrusted))),
		cel.Function("at_home", cel.Overload("at_home_countries", []*cel.Type{types.StringType, types.NewListType(types.StringType)}, types.BoolType,
			cel.BinaryBinding(e.atHome))),
		cel.Function("like", cel.Overload("like_patterns", []*cel.Type{types.StringType, types.NewListType(types.StringType)}, types.BoolType,
			cel.BinaryBinding(like))),
		cel.Function("without", cel.Overload("without_prefix", []*cel.Type{types.StringType, types.StringType}, types.StringType, cel.BinaryBinding(without))),
		cel.Function("days_since", cel.Overload("days_since_time", []*cel.Type{types.TimestampType}, types.IntType, cel.UnaryBinding(e.daysSince))),
		cel.Function("not_named", cel.Overload("not_named_parameter", []*cel.Type{types.StringType}, types.BoolType, cel.UnaryBinding(notNamed))),
		cel.Function("unread", cel.Overload("unread_operation", []*cel.Type{types.StringType}, types.BoolType, cel.UnaryBinding(unread))),
	}
	for _, name := range control.Parameters {
		t, ok := parameters[name]
		if !ok {
			return nil, fmt.Errorf("there is no parameter %q", name)
		}
		options = append(options, cel.Variable("params."+name, t))
	}
	return cel.NewEnv(options...)
}

// within says whether all places lie in the countries; see place.Table.Within. What was not
// seen of the places makes true unknown, and false stays false.
func (e *environment) within(p, countries ref.Val) ref.Val {
	ps, ok := p.(*places)
	if !ok {
		return types.MaybeNoSuchOverloadErr(p)
	}
	list, err := countries.ConvertToNative(stringList)
	if err != nil {
		return types.NewErr("within: %v", err)
	}
	switch e.world.table.Within(ps.tokens, list.([]string)) {
	case place.False:
		return types.False
	case place.True:
		if ps.rest != nil {
			return ps.rest
		}
		return types.True
	}
	if len(ps.tokens) == 0 {
		return types.MergeUnknowns(unknown("no place is named"), ps.rest)
	}
	u := ps.rest
	for _, t := range ps.tokens {
		if _, known := e.world.table.Countries(t); !known {
			u = types.MergeUnknowns(u, unknown("not in the table of places: "+t))
		}
	}
	if u == nil {
		u = unknown("not in the table of places: " + strings.Join(ps.tokens, ", "))
	}
	return u
}

// isTrusted says whether a principal, account or project is one of the audited organisation's
// own or of the register's trusted ones, and of a person whether the roster lists them. "*" is nobody's; what names no
// account is unknown, and so is a group, whose members no collector asks for. Whoever comes through an identity pool
// is judged by the issuers that it takes tokens of.
func (e *environment) isTrusted(v ref.Val) ref.Val {
	s, ok := v.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	if trusted, unseen, person := e.world.people.of(string(s), e.world.auditor); unseen != "" {
		return unknown(unseen)
	} else if person {
		return types.Bool(trusted)
	}
	trusted, why := e.world.pools.trustIn(e.world.trusted, e.world.issuers, string(s))
	if why != "" {
		return unknown(why)
	}
	return types.Bool(trusted)
}

// atHome says whether whoever holds an account that the register trusts sits in one of the
// countries, or whether a person whom the roster lists works there. The audited organisation's own accounts do; a
// trusted one whose country the register does not say is unknown.
func (e *environment) atHome(v, countries ref.Val) ref.Val {
	s, ok := v.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	list, err := countries.ConvertToNative(stringList)
	if err != nil {
		return types.NewErr("at_home: %v", err)
	}
	if home, listed := e.world.people.home(string(s), list.([]string)); listed {
		return types.Bool(home)
	}
	switch id, home, registered := homeIn(e.world.homes, string(s)); {
	case !registered:
		return types.True // trusted() judges it
	case home == "":
		return unknown("the register names no country of " + id)
	default:
		return types.Bool(slices.Contains(list.([]string), home))
	}
}

// homeIn gives, of a principal that the register trusts, the account and the country of whoever holds it.
func homeIn(homes map[string]string, who string) (id, home string, registered bool) {
	if home, registered = homes[who]; registered {
		return who, home, true
	}
	id, _ = ownerOf(who)
	home, registered = homes[id]
	return id, home, registered
}

// ownerOf gives the provider-qualified account of an ARN or id.
func ownerOf(s string) (string, bool) {
	if rest, ok := strings.CutPrefix(s, "arn:"); ok {
		parts := strings.SplitN(rest, ":", 5)
		if len(parts) == 5 && twelve(parts[3]) {
			return "aws:" + parts[3], true
		}
		return "", false
	}
	if host, rest, ok := strings.Cut(s, ".googleapis.com/projects/"); ok && strings.LastIndexByte(host, '/') == 1 && strings.HasPrefix(s, "//") {
		project, _, _ := strings.Cut(rest, "/")
		if project != "" && strings.Trim(project, "0123456789") == "" { // no id is a number
			return "gcp:projects/" + project, true
		}
		return "gcp:" + project, project != ""
	}
	for _, node := range []string{"folders/", "organizations/"} {
		if _, rest, ok := strings.Cut(s, ".googleapis.com/"+node); ok && strings.HasPrefix(s, "//") {
			number, _, _ := strings.Cut(rest, "/")
			return "gcp:" + node + number, number != ""
		}
	}
	if m := poolMember.FindStringSubmatch(s); m != nil && strings.HasSuffix(m[2], clusterPool) {
		project := strings.TrimSuffix(m[2], clusterPool)
		if name, domain, ok := strings.Cut(project, "."); ok && !strings.Contains(project, ":") { // of a domain: example.com:mail
			project = domain + ":" + name
		}
		return "gcp:" + project, true
	}
	if rest, ok := strings.CutPrefix(s, "aws:"); ok && twelve(rest) {
		return s, true
	}
	if twelve(s) {
		return "aws:" + s, true
	}
	return s, strings.HasPrefix(s, "gcp:")
}

func twelve(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// like says whether a text has the form of one of the patterns, in which * stands for any run
// of characters.
func like(v, patterns ref.Val) ref.Val {
	s, ok := v.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	list, err := patterns.ConvertToNative(stringList)
	if err != nil {
		return types.NewErr("like: %v", err)
	}
	for _, p := range list.([]string) {
		if engagement.Match(p, string(s)) {
			return types.True
		}
	}
	return types.False
}

// without gives a text without what it begins with; one that begins otherwise stays as it is.
func without(v, prefix ref.Val) ref.Val {
	s, ok := v.(types.String)
	p, ok2 := prefix.(types.String)
	if !ok || !ok2 {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return types.String(strings.TrimPrefix(string(s), string(p)))
}

// daysSince gives the days from an instant to the run's as_of. One that has begun counts: a test asks that something is
// not older than so many.
func (e *environment) daysSince(v ref.Val) ref.Val {
	t, ok := v.(types.Timestamp)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return types.Int(daysBegun(e.world.asOf.Sub(t.Time)))
}

// unread stands for a part of a test whose operation no collector asks yet.
func unread(v ref.Val) ref.Val {
	s, ok := v.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return unknown("no collector asks " + string(s))
}

// notNamed stands for a part of a test that hangs on something which the engagement does not say.
func notNamed(v ref.Val) ref.Val {
	s, ok := v.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return unknown("engagement.yaml names no " + string(s))
}

// compile checks a test and makes its programs.
func (c *Catalogue) compile(control *Control, t *Test) (*compiled, error) {
	kinds, err := c.population(t)
	if err != nil {
		return nil, err
	}
	if t.Scope != "" && t.Scope != "in" && t.Scope != "any" {
		return nil, fmt.Errorf("scope %q is neither in nor any", t.Scope)
	}
	out := &compiled{test: t, kinds: map[string]bool{}}
	for _, k := range kinds {
		out.kinds[k.Name] = true
	}
	if out.schema, err = newSchema(c.env.registry, kinds); err != nil {
		return nil, err
	}
	env, err := c.env.environmentFor(out.schema, control)
	if err != nil {
		return nil, err
	}
	var reads []string
	if out.run, reads, err = program(env, t.Test); err != nil {
		return nil, err
	}
	out.reads = reads
	if err := checkSays(kinds, t.Says, control.Says); err != nil {
		return nil, err
	}
	if t.Where != "" {
		if out.where, _, err = program(env, t.Where); err != nil {
			return nil, fmt.Errorf("where: %w", err)
		}
	}
	return out, nil
}

func program(env *cel.Env, text string) (cel.Program, []string, error) {
	tree, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, nil, fmt.Errorf("%s", strings.TrimSpace(issues.String()))
	}
	if tree.OutputType() != cel.BoolType {
		return nil, nil, fmt.Errorf("it gives %s, not true or false", tree.OutputType())
	}
	if err := checkRules(tree); err != nil {
		return nil, nil, err
	}
	cost, err := env.EstimateCost(tree, sizes{})
	if err != nil {
		return nil, nil, fmt.Errorf("estimate its cost: %w", err)
	}
	if cost.Max > maxCost {
		return nil, nil, fmt.Errorf("it may cost %d steps a fact; %d is the limit", cost.Max, uint64(maxCost))
	}
	p, err := env.Program(tree, cel.EvalOptions(cel.OptOptimize), cel.InterruptCheckFrequency(1000))
	if err != nil {
		return nil, nil, fmt.Errorf("plan: %w", err)
	}
	return p, readsOf(tree), nil
}

// sizes bounds what a fact can hold, for the static cost.
type sizes struct{}

// EstimateSize takes each list and text for long.
func (sizes) EstimateSize(checker.AstNode) *checker.SizeEstimate {
	return &checker.SizeEstimate{Min: 0, Max: maxElements}
}

// EstimateCallCost leaves calls at their default.
func (sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

// outcome is what a test says of a fact.
type outcome struct {
	test    *compiled
	verdict Verdict
	missing []string
	err     string
}

// eval runs a program on a fact.
func (c *compiled) eval(ctx context.Context, p cel.Program, f *evidence.Fact, base map[string]any) outcome {
	vars := base
	vars["fact"] = newRecord(f, c.schema)
	v, _, err := p.ContextEval(ctx, vars)
	if err != nil {
		return outcome{verdict: Error, err: err.Error()}
	}
	switch v := v.(type) {
	case types.Bool:
		if v {
			return outcome{verdict: Pass}
		}
		return outcome{verdict: Fail}
	case *types.Unknown:
		return outcome{verdict: Insufficient, missing: causes(v)}
	}
	return outcome{verdict: Error, err: fmt.Sprintf("the test gave %v", v)}
}
