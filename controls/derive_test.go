package controls

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// said makes a fact of a kind, with what is set; the rest was not seen.
func said(t *testing.T, kind *evidence.Kind, id, target string, set map[string]any) *evidence.Fact {
	t.Helper()
	f, err := (&Case{Name: "t", ID: id, Kind: kind.Name, Set: set}).fact(evidence.Kinds{kind.Name: kind})
	if err != nil {
		t.Fatal(err)
	}
	f.Target = target
	return f
}

// indexed indexes facts of the account 111122223333.
func indexed(t *testing.T, in Input, kinds ...*evidence.Kind) *joins {
	t.Helper()
	in.kinds = testKinds(t)
	for _, k := range kinds {
		in.kinds[k.Name] = k
	}
	j, err := indexLines(&in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// attr gives an attribute as text: the value, none, or unknown with why; a list that was cut off
// ends in what was not seen.
func attr(f *evidence.Fact, name string) string {
	ptr := "/attrs/" + name
	if why, unknown := f.Unknowns[ptr]; unknown {
		return "unknown: " + why
	}
	v, _ := f.Get(ptr)
	if why, cut := f.Unknowns[ptr+"/-"]; cut {
		return fmt.Sprint(v, " and unknown: ", why)
	}
	return fmt.Sprint(v)
}

func TestCollectorAccess(t *testing.T) {
	caller := &evidence.Kind{Name: "aws.sts.caller", Schema: 1, NotApplicable: map[string]string{"/tags": "none"},
		Attrs: []evidence.Field{{Name: "role", Type: evidence.String}}}
	role := &evidence.Kind{Name: "aws.iam.role", Schema: 1, Facets: []string{"principal"}, NotApplicable: map[string]string{"/principal/mfa": "none", "/principal/credentials": "none"}}
	const target, arn, auditor = "aws-111122223333", "arn:aws:iam::111122223333:role/Audit", "arn:aws:iam::777788889999:role/collector"
	by := func(id string, who ...any) []*evidence.Fact {
		return []*evidence.Fact{said(t, caller, "who", target, map[string]any{"/attrs/role": arn}), said(t, role, id, target, map[string]any{"/principal/trusted_by": who})}
	}
	for name, c := range map[string]struct {
		facts     []*evidence.Fact
		auditor   []string
		strangers string
	}{
		"the auditor":            {by(arn, auditor), []string{auditor}, "[]"},
		"nobody":                 {by(arn), []string{auditor}, "[]"},
		"a role with a path":     {by("arn:aws:iam::111122223333:role/audit/eu/Audit", auditor), []string{auditor}, "[]"},
		"the account":            {by(arn, auditor, "arn:aws:iam::111122223333:root"), []string{auditor}, "[arn:aws:iam::111122223333:root]"},
		"the audited, so named":  {by(arn, "arn:aws:iam::111122223333:root"), []string{"arn:aws:iam::111122223333:root"}, "[arn:aws:iam::111122223333:root]"},
		"everybody, unnamed":     {by(arn, "*"), nil, "[*]"},
		"auditor not named":      {by(arn, auditor), nil, "[] and unknown: engagement.yaml names no parameters.auditor_principals"},
		"a role of another name": {by(arn+"or", auditor), []string{auditor}, "unknown: the collector's role is not among the roles that were listed: " + arn},
		"another account's role": {by("arn:aws:iam::999999999999:role/Audit", auditor), []string{auditor}, "unknown: the collector's role is not among the roles that were listed: " + arn},
		"a user":                 {[]*evidence.Fact{said(t, caller, "who", target, map[string]any{"/attrs/role": nil})}, []string{auditor}, "unknown: the collector signed in without a role: who else holds its keys was not seen"},
		"trust policy not seen":  {[]*evidence.Fact{by(arn)[0], said(t, role, arn, target, map[string]any{})}, []string{auditor}, "unknown: " + caseRow},
		"caller not seen":        {nil, []string{auditor}, "unknown: the collector's identity was not seen in " + target},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, c.facts...)
			in.Parameters.AuditorPrincipals = c.auditor
			facts := collectorAccess(indexed(t, in, caller, role))
			if len(facts) != 1 {
				t.Fatalf("%d facts", len(facts))
			}
			if got := attr(facts[0], "strangers"); got != c.strangers {
				t.Errorf("strangers: %s, want %s", got, c.strangers)
			}
		})
	}
	in := world1(t)
	in.Targets = []Target{{ID: "gcp-enclave", Provider: "gcp", Account: "enclave"}, {ID: "gcp-org-1", Provider: "gcp", Account: "1"}}
	facts := collectorAccess(indexed(t, in))
	if len(facts) != 1 || attr(facts[0], "strangers") != "unknown: the collector's identity was not seen in gcp-enclave" {
		t.Errorf("a Google project: %v", facts)
	}
}

// The account that collected at Google is itself the first who may act as the collector; that nobody else may is
// never shown.
func TestCollectorAccessAtGoogle(t *testing.T) {
	caller := &evidence.Kind{Name: "gcp.oauth2.caller", Schema: 1, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "member", Type: evidence.String}}}
	const unseen = " and unknown: who may act as the collector's account is said by its own project or directory, which no collector asks"
	const auditor, inside, domain = "serviceAccount:c@auditor.iam.gserviceaccount.com", "serviceAccount:c@enclave.iam.gserviceaccount.com", "serviceAccount:c@mail.example.com.iam.gserviceaccount.com"
	for name, c := range map[string]struct {
		member    any
		named     []string
		strangers string
	}{
		"the auditor's":                {auditor, []string{auditor}, "[]" + unseen},
		"not named":                    {auditor, []string{"user:ann@auditor.example"}, "[" + auditor + "]" + unseen},
		"nobody is named":              {auditor, nil, "[]" + unseen},
		"of an audited project":        {inside, []string{inside}, "[" + inside + "]" + unseen},
		"of an audited domain project": {domain, []string{domain}, "[" + domain + "]" + unseen},
		"a person":                     {"user:ann@auditor.example", []string{"user:ann@auditor.example"}, "[]" + unseen},
		"the token does not show it":   {nil, []string{auditor}, "unknown: " + caseRow},
	} {
		set := map[string]any{"/attrs/member": c.member}
		if c.member == nil {
			set = nil
		}
		in := world1(t, said(t, caller, "gcp:caller/enclave", "gcp-enclave", set))
		in.Targets = []Target{{ID: "gcp-enclave", Provider: "gcp", Account: "enclave"}, {ID: "gcp-example.com_mail", Provider: "gcp", Account: "example.com:mail"}}
		in.Parameters.AuditorPrincipals = c.named
		for _, f := range collectorAccess(indexed(t, in, caller)) {
			if got := attr(f, "strangers"); f.Target == "gcp-enclave" && got != c.strangers {
				t.Errorf("%s: %s, want %s", name, got, c.strangers)
			}
		}
	}
}

func TestLogStores(t *testing.T) {
	trail := &evidence.Kind{Name: "aws.cloudtrail.trail", Schema: 1, Facets: []string{"log"}, NotApplicable: map[string]string{"/tags": "none"}}
	const target, vault = "aws-111122223333", "arn:aws:s3:::vault"
	log := func(at string, to any) *evidence.Fact {
		set := map[string]any{}
		if to != nil {
			set["/log/to"] = to
		}
		return said(t, trail, "trail:"+at, at, set)
	}
	store := func(set map[string]any) *evidence.Fact {
		f := bucket(t, vault, set)
		f.Target = target
		return f
	}
	lock := func(mode string, days int) map[string]any {
		return map[string]any{"/protection/lock": map[string]any{"mode": mode, "days": days, "until": nil}}
	}
	data := bucket(t, "arn:aws:s3:::messages", nil)
	data.Target = target
	for name, c := range map[string]struct {
		facts []*evidence.Fact
		lists evidence.Status
		want  []string // lock_mode, lock_days, own_account, beside
	}{
		"locked":                  {[]*evidence.Fact{log("aws-9", vault), store(lock("compliance", 400))}, evidence.OK, []string{"compliance", "400", "false", "[]"}},
		"a lock that may be left": {[]*evidence.Fact{log("aws-9", vault), store(lock("governance", 30))}, evidence.OK, []string{"governance", "30", "false", "[]"}},
		"not locked":              {[]*evidence.Fact{log("aws-9", vault), store(map[string]any{"/protection/lock": nil})}, evidence.OK, []string{"<nil>", "0", "false", "[]"}},
		"lock not seen":           {[]*evidence.Fact{log("aws-9", vault), store(nil)}, evidence.OK, []string{"unknown: " + caseRow, "unknown: " + caseRow, "false", "[]"}},
		"its own account":         {[]*evidence.Fact{log(target, vault), log("aws-9", vault), store(lock("compliance", 400))}, evidence.OK, []string{"compliance", "400", "true", "[]"}},
		"beside data":             {[]*evidence.Fact{log("aws-9", vault), store(lock("compliance", 400)), data}, evidence.OK, []string{"compliance", "400", "false", "[arn:aws:s3:::messages]"}},
		"neighbours not listed":   {[]*evidence.Fact{log("aws-9", vault), store(lock("compliance", 400))}, evidence.Denied, []string{"compliance", "400", "false", "[] and unknown: aws-111122223333/global/s3:ListBuckets"}},
		"not collected": {[]*evidence.Fact{log("aws-9", vault)}, evidence.OK, []string{"unknown: the store was not collected: " + vault, "unknown: the store was not collected: " + vault,
			"unknown: the store was not collected: " + vault, "unknown: the store was not collected: " + vault}},
		"store not seen": {[]*evidence.Fact{log("aws-9", nil)}, evidence.OK, []string{"unknown: " + caseRow, "unknown: " + caseRow, "unknown: " + caseRow, "unknown: " + caseRow}},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, c.facts...)
			in.Coverage[0].Status = c.lists
			facts := logStores(indexed(t, in, trail))
			if len(facts) != 1 {
				t.Fatalf("%d facts", len(facts))
			}
			var got []string
			for _, name := range []string{"lock_mode", "lock_days", "own_account", "beside"} {
				got = append(got, attr(facts[0], name))
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// An account that no organisation of the run lists has a guardrail that nobody saw: it is no account
// without one, and none that is left out.
func TestGuardrailOfAnAccountOutside(t *testing.T) {
	account := &evidence.Kind{Name: "aws.organizations.account", Schema: 1, Facets: []string{"account"}, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "management", Type: evidence.Bool}}}
	in := world1(t, said(t, account, "aws:111122223333", "aws-org-111122223333", map[string]any{"/account/parents": []any{"r-1"}, "/attrs/management": true}))
	in.Targets = append(in.Targets, Target{ID: "aws-org-111122223333", Provider: "aws", Account: "111122223333"}, Target{ID: "aws-999999999999", Provider: "aws", Account: "999999999999"},
		Target{ID: "gcp-app", Provider: "gcp", Account: "app"})
	got := map[string]*evidence.Fact{}
	for _, f := range guardrails(indexed(t, in, account)) {
		got[f.ID] = f
	}
	if len(got) != 2 || attr(got["guardrail:aws:111122223333"], "management") != "true" || attr(got["guardrail:aws:111122223333"], "guarded") != "false" {
		t.Fatalf("%d facts: %+v", len(got), got)
	}
	for _, name := range []string{"management", "guarded", "locations", "exempt"} {
		if v := attr(got["guardrail:aws:999999999999"], name); v != "unknown: the account is in no organisation that was read: aws-999999999999" {
			t.Errorf("%s: %s", name, v)
		}
	}
}
