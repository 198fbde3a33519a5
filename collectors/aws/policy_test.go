package aws

import (
	"reflect"
	"testing"

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
