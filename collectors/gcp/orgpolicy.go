package gcp

import (
	"context"
	"strings"

	"google.golang.org/api/orgpolicy/v2"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// constraints are those whose effect on each project is asked; each answer is one fact.
var constraints = []string{
	locationsConstraint, "gcp.restrictNonCmekServices", "iam.allowedPolicyMemberDomains", "iam.disableServiceAccountKeyCreation",
	"sql.restrictPublicIp", "storage.publicAccessPrevention", "storage.secureHttpTransport", "storage.uniformBucketLevelAccess",
}

const locationsConstraint = "gcp.resourceLocations"

// guardrails says what organisation policies come to for a project, after inheritance. They
// bind things made from now on, so a policy never shows where something lies.
type guardrails struct{ access *Access }

func (c *guardrails) Info() collectors.Info {
	return collectors.Info{Name: "gcp/orgpolicy", Provider: "gcp", Runs: collectors.Account, Kinds: []*evidence.Kind{kindPolicy},
		Operations: []collectors.Operation{
			lists(marked("orgpolicy:projects.policies.getEffectivePolicy", "orgpolicy.policy.get", "name", "string"), kindPolicy),
		}}
}

func (c *guardrails) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := orgpolicy.NewService(ctx, c.access.options(s, collectors.Global, "orgpolicy")...)
	if err != nil {
		return err
	}
	project := s.Target().Account
	for _, constraint := range constraints {
		a := ask(ctx, s, collectors.Global, "orgpolicy:projects.policies.getEffectivePolicy", func(ctx context.Context) (*orgpolicy.GoogleCloudOrgpolicyV2Policy, error) {
			return service.Projects.Policies.GetEffectivePolicy("projects/" + project + "/policies/" + constraint).Context(ctx).Do()
		})
		if a.OK() {
			s.Emit(kindPolicy, policyFact(project, constraint, a.Value, a.Row).Because(a.From...))
		}
	}
	return nil
}

// policyFact makes the fact of one constraint. As a rule on places it is read in its normal
// form alone: rules without conditions that list values. Anything else is "other", from which
// nothing about places follows.
func policyFact(project, constraint string, p *orgpolicy.GoogleCloudOrgpolicyV2Policy, row string) *evidence.Fact {
	f := evidence.NewFact(kindPolicy, projectID(project)+"#"+constraint, constraint+" on "+project)
	f.Region = collectors.Global
	f.Set("/guardrail/kind", "org_policy").Set("/guardrail/attached_to", []string{projectID(project)}).None(kindPolicy, "/guardrail/exempt").
		Set("/attrs/constraint", constraint)
	if p.Spec == nil {
		return f.Unknown(row, "/guardrail/effect", "/guardrail/locations", "/attrs/enforced", "/attrs/allowed", "/attrs/denied", "/attrs/conditional")
	}
	var allowed, denied []string
	allowAll, denyAll, enforced, conditional := false, false, false, false
	for _, r := range p.Spec.Rules {
		if r.Condition != nil && r.Condition.Expression != "" {
			conditional = true
		} else {
			enforced = enforced || r.Enforce
			denyAll = denyAll || r.DenyAll
		}
		allowAll = allowAll || r.AllowAll
		if r.Values != nil {
			allowed, denied = append(allowed, r.Values.AllowedValues...), append(denied, r.Values.DeniedValues...)
		}
	}
	if allowAll { // what other rules list narrows nothing then
		allowed = nil
	}
	effect, places := "other", []string{}
	switch {
	case constraint != locationsConstraint || conditional:
	case denyAll && !allowAll:
		effect = "allow_only" // nothing
	case allowAll:
	case len(allowed) > 0:
		effect, places = "allow_only", policyPlaces(allowed)
	case len(denied) > 0:
		effect, places = "deny", policyPlaces(denied)
	}
	return f.Set("/guardrail/effect", effect).Set("/guardrail/locations", places).Set("/attrs/enforced", enforced).
		Set("/attrs/allowed", sorted(allowed)).Set("/attrs/denied", sorted(denied)).Set("/attrs/conditional", conditional)
}

// policyPlaces turns values into place tokens. A value group (in:eu-locations) is a token of its
// own, which the table of places expands or does not know.
func policyPlaces(values []string) []string {
	var out []string
	for _, v := range values {
		if strings.HasPrefix(v, "in:") {
			out = append(out, strings.ToLower(v))
			continue
		}
		out = append(out, place(strings.TrimPrefix(v, "is:")))
	}
	return sorted(out)
}
