package aws

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// ForAllValues and …IfExists also match a request that lacks the key, however they are written: they limit nobody,
// unless the key must be there.
func TestConditionsThatLackTheKey(t *testing.T) {
	for condition, limited := range map[string]bool{
		`{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`:                                                                 true,
		`{"stringequals":{"aws:PrincipalOrgID":"o-1"}}`:                                                                 true,
		`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-1/r-1/*"}}`:                                              true,
		`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"}}`:                                                    false,
		`{"forallvalues:StringEquals":{"aws:PrincipalOrgID":"o-1"}}`:                                                    false,
		`{"FORALLVALUES:StringLike":{"aws:PrincipalOrgPaths":"o-1/*"}}`:                                                 false,
		`{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}`:                                                         false,
		`{"StringEqualsIFEXISTS":{"aws:PrincipalOrgID":"o-1"}}`:                                                         false,
		`{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`:                                                                 true,
		`{"forAllValues:IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`:                                                    false,
		`{"IpAddressIfExists":{"aws:SourceIp":"192.0.2.0/24"}}`:                                                         false,
		`{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}`:                                                              false,
		`{"Null":{"aws:PrincipalOrgID":"false"}}`:                                                                       false,
		`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"},"Null":{"aws:PrincipalOrgID":"false"}}`:              true,
		`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"},"null":{"aws:principalorgid":false}}`:                true,
		`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"},"Null":{"aws:PrincipalOrgID":"true"}}`:               false,
		`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"},"Null":{"aws:PrincipalOrgID":["false","true"]}}`:     false,
		`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"},"Null":{"aws:PrincipalAccount":"false"}}`:            false,
		`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"},"NullIfExists":{"aws:PrincipalOrgID":"false"}}`:      false,
		`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"},"ForAllValues:Null":{"aws:PrincipalOrgID":"false"}}`: false,
	} {
		r, err := reachIn(`{"Statement":{"Sid":"s","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":`+condition+`}}`, "111122223333")
		if err != nil || len(r.public)+len(r.unclear) != 1-btoi(limited) || len(r.accounts) != btoi(limited) {
			t.Errorf("%s: %+v %v", condition, r, err)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A rule on places is read in its normal form alone; an operator of another form, however it is written, guards
// nothing, and a further condition narrows it in a way that is not read.
func TestGuardrailForms(t *testing.T) {
	for condition, want := range map[string][]any{
		`{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-north-1"]}}`:                                                                       {"allow_only", []any{"eu-north-1", "eu-west-1"}, []any{}},
		`{"stringnotequalsifexists":{"aws:requestedregion":"eu-west-1"}}`:                                                                              {"allow_only", []any{"eu-west-1"}, []any{}},
		`{"StringNotLike":{"aws:RequestedRegion":"eu-*"},"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}`:                                   {"allow_only", []any{"eu-*"}, []any{"arn:aws:iam::*:role/x"}},
		`{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}`:                                                                                         {"deny", []any{"us-east-1"}, []any{}},
		`{"ForAnyValue:StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}`:                                                                          {"other", []any{}, []any{}},
		`{"ForAllValues:StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}`:                                                                         {"other", []any{}, []any{}},
		`{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"},"Bool":{"aws:ViaAWSService":"false"}}`:                                                 {"other", []any{}, []any{}},
		`{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"},"ForAnyValue:ArnNotLike":{"aws:PrincipalArn":"x"}}`:                                    {"other", []any{}, []any{}},
		`{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"},"StringNotEqualsIfExists":{"aws:RequestedRegion":"us-east-1"}}`:                        {"other", []any{}, []any{}},
		`{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1","aws:PrincipalTag/x":"y"},"ArnNotEqualsIfExists":{"aws:PrincipalArn":"arn:aws:iam::"}}`: {"other", []any{}, []any{"arn:aws:iam::"}},
	} {
		doc, err := parsePolicy(`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":` + condition + `}}`)
		if err != nil {
			t.Fatal(err)
		}
		f := evidence.NewFact(kindSCP, "s", "s")
		guardrail(f, doc.Statement[0], nil)
		var got []any
		for _, ptr := range []string{"/guardrail/effect", "/guardrail/locations", "/guardrail/exempt"} {
			v, _ := f.Get(ptr)
			got = append(got, v)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", condition, got, want)
		}
	}
}

// A statement that allows and names nobody is none that a service takes: what it means was not read.
func TestAllowedToNobody(t *testing.T) {
	for _, principal := range []string{"", `"Principal":{},`, `"Principal":{"AWS":[]},`} {
		text := `{"Statement":{` + principal + `"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
		if r, err := reachIn(text, "111122223333"); err != nil || len(r.unclear) != 1 {
			t.Errorf("%s: %+v %v", text, r, err)
		}
		if who, err := trustedBy(text); err == nil {
			t.Errorf("%s: trusts %v", text, who)
		}
	}
}

// Whoever trusts a service that acts for a stranger trusts the stranger.
func TestTrustInWhomAServiceActsFor(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/r"
	for statement, want := range map[string][]any{
		`"NotAction":"sts:TagSession","Principal":{"Service":"lambda.amazonaws.com"},"Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}}`: {"Service:lambda.amazonaws.com", "aws:999999999999"},
		`"Principal":{"Service":"lambda.amazonaws.com"}`:                                                                                                                    {"Service:lambda.amazonaws.com"},
		`"Principal":{"Service":"lambda.amazonaws.com"},"Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}`:                                                  {"Service:lambda.amazonaws.com"},
		`"Principal":{"Service":"lambda.amazonaws.com"},"Condition":{"StringEquals":{"aws:SourceAccount":["111122223333","999999999999"]}}`:                                 {"Service:lambda.amazonaws.com", "aws:999999999999"},
		`"Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:lambda:eu-west-1:999999999999:function:f"}}`: {"Service:ec2.amazonaws.com", "Service:lambda.amazonaws.com", "aws:999999999999"},
		`"Principal":{"AWS":"arn:aws:iam::222233334444:root"},"Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}}`:                                            {"arn:aws:iam::222233334444:root"},
		`"NotPrincipal":{"Service":"lambda.amazonaws.com"},"Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}}`:                                               {"Service:lambda.amazonaws.com"},
	} {
		if !strings.Contains(statement, `"NotAction"`) {
			statement += `,"Action":"sts:AssumeRole"`
		}
		facts, err := statementFacts(kindStatement, `{"Statement":{"Effect":"Allow",`+statement+`}}`, role+"#trust", collectors.Global, role, "trust", []string{role})
		if err != nil || len(facts) != 1 {
			t.Fatal(statement, err)
		}
		got, _ := facts[0].Get("/binding/principals")
		list, _ := got.([]any)
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		if !slices.Equal(list, want) {
			t.Errorf("%s: %v", statement, got)
		}
	}
}

// What a managed policy grants is unknown where no answer gives its text: one without a default version, one whose
// version has no text, and one that is attached and not described.
func TestPolicyWithoutText(t *testing.T) {
	const role = `<RoleDetailList><member><RoleName>r</RoleName><Arn>arn:aws:iam::111122223333:role/r</Arn>
		<AssumeRolePolicyDocument>{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}</AssumeRolePolicyDocument>
		<AttachedManagedPolicies><member><PolicyArn>arn:aws:iam::111122223333:policy/p</PolicyArn></member></AttachedManagedPolicies></member></RoleDetailList>`
	policy := func(versions string) string {
		return `<Policies><member><Arn>arn:aws:iam::111122223333:policy/p</Arn><PolicyVersionList>` + versions + `</PolicyVersionList></member></Policies>`
	}
	const text = `<Document>{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}</Document>`
	const own, ofAWS = "arn:aws:iam::111122223333:policy/p", "arn:aws:iam::aws:policy/p" // which each account has, under one ARN
	const said, unsaid = "arn:aws:iam::111122223333:policy/p#0", "arn:aws:iam::111122223333:policy/p#unsaid"
	for name, c := range map[string]struct {
		policies, id string
		want         evidence.Status
	}{
		"of AWS, with its text": {strings.ReplaceAll(policy("<member>"+text+"<IsDefaultVersion>true</IsDefaultVersion></member>"), own, ofAWS), ofAWS + "@111122223333#0", evidence.OK},
		"with its text":         {policy("<member><IsDefaultVersion>false</IsDefaultVersion></member><member>" + text + "<IsDefaultVersion>true</IsDefaultVersion></member>"), said, evidence.OK},
		"no default version":    {policy("<member>" + text + "<IsDefaultVersion>false</IsDefaultVersion></member>"), unsaid, evidence.OK},
		"no versions":           {policy(""), unsaid, evidence.OK},
		"not described":         {"<Policies/>", unsaid, evidence.OK},
		"no ARN":                {strings.Replace(policy(""), "<Arn>arn:aws:iam::111122223333:policy/p</Arn>", "", 1), unsaid, evidence.Failed},
		"a version of no text":  {policy("<member><IsDefaultVersion>true</IsDefaultVersion></member>"), "", evidence.Failed},
	} {
		attached := role
		if strings.Contains(c.policies, ofAWS) {
			attached = strings.Replace(role, own, ofAWS, 1)
		}
		target := collectors.Target{ID: "aws-111122223333", Provider: "aws", Level: collectors.Account, Account: "111122223333"}
		got := answered(t, target, func(a *Access) collectors.Collector { return &iamAccess{access: a} }, func(r *http.Request) (string, string) {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			action := r.PostForm.Get("Action")
			return "text/xml", "<" + action + "Response><" + action + "Result><IsTruncated>false</IsTruncated>" + attached + c.policies + "</" + action + "Result></" + action + "Response>"
		})
		id := ""
		for _, f := range got.Facts {
			if f.Kind != kindStatement.Name || strings.Contains(f.ID, "#trust") {
				continue
			}
			id = f.ID
			want := map[string]any{"/binding/via_kind": "managed", "/binding/attached_to/0": "arn:aws:iam::111122223333:role/r", "/binding/effect": "allow"}
			if id == unsaid {
				want["/binding/effect"] = "unknown: aws-111122223333/global/iam:GetAccountAuthorizationDetails"
			}
			wants(t, f, want)
		}
		if r := rowOf(t, got, "iam:GetAccountAuthorizationDetails"); id != c.id || r.Status != c.want {
			t.Errorf("%s: %q, %s (%s)", name, id, r.Status, r.Reason)
		}
	}
}
