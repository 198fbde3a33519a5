package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// policies reads every service control policy and where it is attached.
func (c *organization) policies(ctx context.Context, t *orgTree) {
	var token *string
	for {
		page := ask(ctx, t.session, collectors.Global, "organizations:ListPolicies", t.client.ListPolicies,
			&organizations.ListPoliciesInput{Filter: types.PolicyTypeServiceControlPolicy, NextToken: token})
		if !page.OK() {
			return
		}
		for _, p := range page.Value.Policies {
			t.policy(ctx, p, page.From)
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			return
		}
	}
}

func (t *orgTree) policy(ctx context.Context, p types.PolicySummary, from []string) {
	s := t.session
	full := ask(ctx, s, collectors.Global, "organizations:DescribePolicy", t.client.DescribePolicy, &organizations.DescribePolicyInput{PolicyId: p.Id})
	attached, attachedFrom, row := t.targets(ctx, aws.ToString(p.Id))
	if !full.OK() || full.Value.Policy == nil {
		return // the row says so, and gates every population of statements
	}
	arn := aws.ToString(p.Arn)
	doc, err := parsePolicy(aws.ToString(full.Value.Policy.Content))
	if err != nil {
		s.Spoil(kindSCP, collectors.Global, err)
		return
	}
	facts, err := statementFacts(kindSCP, aws.ToString(full.Value.Policy.Content), heldBy(arn, s.Target().Account), collectors.Global, arn, "scp", attached)
	if err != nil {
		s.Spoil(kindSCP, collectors.Global, err)
		return
	}
	for i, f := range facts {
		f.Name = aws.ToString(p.Name) + ": " + f.Name
		guardrail(f, doc.Statement[i], attached)
		if row != "" {
			f.Unknown(row, "/binding/attached_to/-", "/guardrail/attached_to/-")
		}
		s.Emit(kindSCP, f.Because(from...).Because(full.From...).Because(attachedFrom...))
	}
}

// targets lists where a policy is attached; row is set where the list was cut off.
func (t *orgTree) targets(ctx context.Context, id string) (attached, from []string, row string) {
	var token *string
	for {
		page := ask(ctx, t.session, collectors.Global, "organizations:ListTargetsForPolicy", t.client.ListTargetsForPolicy,
			&organizations.ListTargetsForPolicyInput{PolicyId: aws.String(id), NextToken: token})
		from = append(from, page.From...)
		if !page.OK() {
			return attached, from, page.Row
		}
		for _, target := range page.Value.Targets {
			name := aws.ToString(target.TargetId)
			if target.Type == types.TargetTypeAccount {
				name = "aws:" + name
			}
			attached = append(attached, name)
		}
		if token = page.Value.NextToken; aws.ToString(token) == "" {
			slices.Sort(attached)
			return attached, from, ""
		}
	}
}

// guardrail reads a statement as a rule on places, where it is in the normal form: Deny, with
// one condition on aws:RequestedRegion and, at most, exempt principals by aws:PrincipalArn.
// Any other form is "other": it may deny something, but nothing about places follows from it.
func guardrail(f *evidence.Fact, st statement, attached []string) {
	f.Set("/guardrail/kind", "scp").Set("/guardrail/attached_to", nonNil(attached))
	effect, places, exempt := "other", []string{}, slices.Clone(st.NotAction)
	rules := 0
	for operator, keys := range st.Condition {
		for key, values := range keys {
			if !strings.EqualFold(key, "aws:RequestedRegion") {
				continue
			}
			rules++
			switch operatorOf(operator) {
			case conditionOperator{name: "stringnotequals"}, conditionOperator{name: "stringnotequals", ifExists: true}, conditionOperator{name: "stringnotlike"}:
				effect, places = "allow_only", words(values)
			case conditionOperator{name: "stringequals"}, conditionOperator{name: "stringlike"}:
				effect, places = "deny", words(values)
			}
		}
	}
	for operator, keys := range st.Condition {
		for key, values := range keys {
			op := operatorOf(operator)
			switch {
			case strings.EqualFold(key, "aws:RequestedRegion"):
			case strings.EqualFold(key, "aws:PrincipalArn") && op.set == "" && strings.HasPrefix(op.name, "arnnot"):
				exempt = append(exempt, words(values)...)
			default: // a further condition narrows the rule in a way that we do not read
				effect, places = "other", []string{}
			}
		}
	}
	if st.Effect != "Deny" || !wide(st) || rules > 1 {
		effect, places = "other", []string{}
	}
	slices.Sort(places)
	slices.Sort(exempt)
	f.Set("/guardrail/effect", effect).Set("/guardrail/locations", places).Set("/guardrail/exempt", nonNil(exempt))
}

// wide reports whether a statement binds every action (but those of NotAction) on every
// resource: a region rule for one service alone is no guardrail for the account.
func wide(st statement) bool {
	actions := len(st.NotAction) > 0 || slices.Contains(st.Action, "*")
	return actions && slices.Contains(st.Resource, "*") && len(st.NotResource) == 0
}

func words(values []anyText) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
