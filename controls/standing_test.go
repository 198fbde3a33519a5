package controls

import (
	"maps"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// Somebody stands as the control of that fact judges: in the trust of the collector's role as EDS-GOV-01 does, in
// that of another role as EDS-IAM-01, elsewhere as EDS-XFR-05.
func TestStanding(t *testing.T) {
	role := &evidence.Kind{Name: "aws.iam.role", Schema: 1, Facets: []string{"principal"}, NotApplicable: map[string]string{"/principal/mfa": "none", "/principal/credentials": "none"}}
	caller := &evidence.Kind{Name: "aws.sts.caller", Schema: 1, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "role", Type: evidence.String, Doc: "r"}}}
	statement := &evidence.Kind{Name: "aws.iam.statement", Schema: 1, Facets: []string{"binding"}, NotApplicable: map[string]string{"/tags": "none"}}
	const target, account = "aws-111122223333", "arn:aws:iam::111122223333:"
	audit, ops := said(t, role, account+"role/audit", target, nil), said(t, role, account+"role/ops", target, nil)
	trust := func(of, id string) *evidence.Fact {
		return said(t, statement, id, target, map[string]any{"/binding/via_kind": "trust", "/binding/attached_to": []any{of}, "/binding/condition": nil})
	}
	share := said(t, statement, "share", target, map[string]any{"/binding/via_kind": "resource", "/binding/attached_to": []any{"arn:aws:s3:::b"}, "/binding/condition": nil})
	// with is a statement of a policy, which says more
	with := func(via, of string, more map[string]any) *evidence.Fact {
		fields := map[string]any{"/binding/via_kind": via, "/binding/attached_to": []any{of}, "/binding/effect": "allow", "/binding/condition": nil}
		maps.Copy(fields, more)
		return said(t, statement, "with", target, fields)
	}
	deny, but := map[string]any{"/binding/effect": "deny"}, map[string]any{"/binding/negated": []any{"principal"}, "/binding/condition": "{}"}
	condition := map[string]any{"/binding/condition": "{}"}
	input := func(auditors, providers []string) Input {
		in := world1(t, audit, ops, trust(audit.ID, "a"), trust(ops.ID, "o"), share,
			said(t, caller, "caller", target, map[string]any{"/attrs/role": audit.ID}))
		in.Targets = append(in.Targets, Target{ID: "gcp-enclave", Provider: "gcp", Account: "enclave"})
		in.Register = &engagement.Register{TrustedAccounts: []engagement.Trusted{{ID: "aws:222233334444", Country: "IE"}, {ID: "aws:333344445555", Country: "US"}, {ID: "aws:444455556666"}}}
		in.Parameters.AuditorPrincipals, in.Parameters.IdentityProviders = auditors, providers
		return in
	}
	const auditor, own, partner, away, nowhere, stranger = "arn:aws:iam::777788889999:role/a", account + "root", "arn:aws:iam::222233334444:root", "aws:333344445555", "444455556666", "arn:aws:iam::999999999999:root"
	const provider = "Federated:" + account + "saml-provider/staff"
	named := input([]string{auditor, "user:auditor@example.org", "serviceAccount:collector@auditor.iam.gserviceaccount.com"}, []string{account + "*"})
	unlisted := named
	named.Roster = []engagement.Person{{ID: "p", Country: "IE", Principals: []string{"user:ann@example.com"}}, {ID: "q", Country: "US", Principals: []string{"user:bob@example.com"}}}
	for name, c := range map[string]struct {
		in    Input
		about []*evidence.Fact
		want  map[string]Standing
	}{
		"the collector's role": {named, []*evidence.Fact{audit, trust(audit.ID, "a")},
			map[string]Standing{auditor: Auditors, own: OwnStranger, partner: Stranger, stranger: Stranger, provider: Stranger, "Service:ec2.amazonaws.com": Stranger, "*": Anybody}},
		"the collector's role, no auditor named": {input(nil, nil), []*evidence.Fact{audit},
			map[string]Standing{auditor: NoAuditor, own: OwnStranger, stranger: NoAuditor, "*": Anybody}},
		"another role": {named, []*evidence.Fact{ops, trust(ops.ID, "o")},
			map[string]Standing{auditor: Auditors, own: Own, partner: Trusted, away: TrustedAway, nowhere: TrustedNowhere, stranger: Stranger, provider: NamedProvider,
				"Federated:accounts.google.com": OtherProvider, "Service:ec2.amazonaws.com": Service, "*": Anybody, "alias": ""}},
		"another role, no provider named": {input([]string{auditor}, nil), []*evidence.Fact{ops}, map[string]Standing{provider: SomeProvider}},
		"a person": {named, []*evidence.Fact{share},
			map[string]Standing{"user:ann@example.com": OnRoster, "user:bob@example.com": OnRosterAway, "user:mallory@example.com": OffRoster, "group:staff@example.com": Group, "user:auditor@example.org": Auditors}},
		"a person, no roster": {unlisted, []*evidence.Fact{share}, map[string]Standing{"user:ann@example.com": NoRoster, "group:staff@example.com": Group}},
		"a Deny, which lets nobody in": {named, []*evidence.Fact{with("resource", "arn:aws:s3:::b", deny), with("trust", ops.ID, deny), with("trust", audit.ID, deny)},
			map[string]Standing{stranger: "", "*": "", own: ""}},
		"all but some, whatever the condition": {named, []*evidence.Fact{with("resource", "arn:aws:s3:::b", but), with("trust", ops.ID, but), with("trust", audit.ID, but)},
			map[string]Standing{"*": Anybody, own: "", stranger: ""}},
		"a share under a condition, which decides who everybody is": {named, []*evidence.Fact{with("resource", "arn:aws:s3:::b", condition), with("key", "arn:aws:kms:eu-west-1:111122223333:key/1", condition)},
			map[string]Standing{"*": "anybody, under a condition", stranger: Stranger, away: TrustedAway, own: Own}},
		"the trust of another role under a condition": {named, []*evidence.Fact{with("trust", ops.ID, condition)},
			map[string]Standing{"*": "anybody, under a condition", stranger: "stranger, under a condition", away: "trusted, no approved country, under a condition", "Federated:accounts.google.com": OtherProvider, own: Own, auditor: Auditors}},
		"the trust of the collector's role, whatever the condition": {named, []*evidence.Fact{with("trust", audit.ID, condition)}, map[string]Standing{"*": Anybody, stranger: Stranger, own: OwnStranger}},
		"a policy of Google, whatever the condition":                {named, []*evidence.Fact{with("iam_policy", "//storage.googleapis.com/b", condition)}, map[string]Standing{"allUsers": Anybody, "serviceAccount:sync@acme-vendor.iam.gserviceaccount.com": Stranger}},
		"a service account in the policy of a project": {named, []*evidence.Fact{with("iam_policy", "gcp:enclave", nil)},
			map[string]Standing{"serviceAccount:collector@auditor.iam.gserviceaccount.com": Auditors, "serviceAccount:sync@acme-vendor.iam.gserviceaccount.com": "stranger", "serviceAccount:jobs@enclave.iam.gserviceaccount.com": Own, "allUsers": Anybody}},
		"a service account, by its project": {named, []*evidence.Fact{share},
			map[string]Standing{"serviceAccount:jobs@enclave.iam.gserviceaccount.com": Own, "gcp:enclave": Own, "serviceAccount:enclave@appspot.gserviceaccount.com": Own, "serviceAccount:sync@acme-vendor.iam.gserviceaccount.com": Stranger, "gcp:acme-vendor": Stranger,
				"serviceAccount:m@mail.example.com.iam.gserviceaccount.com": Stranger, "serviceAccount:service-42@gs-project-accounts.iam.gserviceaccount.com": "", "serviceAccount:42-compute@developer.gserviceaccount.com": ""}},
		"a share": {named, []*evidence.Fact{share, bucket(t, "b", nil)},
			map[string]Standing{auditor: Stranger, own: Own, partner: Trusted, away: TrustedAway, nowhere: TrustedNowhere, stranger: Stranger, provider: "", "allUsers": Anybody, "*": Anybody}},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := load(t, map[string]string{"a.yaml": file("EDS-RES-01", located)}).View(c.in)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range c.about {
				for who, want := range c.want {
					if got := v.Standing(f, who); got != want {
						t.Errorf("%s in %s: %q, want %q", who, f.ID, got, want)
					}
				}
			}
		})
	}
	for _, s := range []Standing{TrustedAway, OnRosterAway, OffRoster, OtherProvider, OwnStranger, Stranger, Anybody} { // as the sheet's legend says
		if !s.Against() || strings.ToLower(string(s)) == string(s) {
			t.Errorf("%q", s)
		}
		if q := s.Quiet(); q.Against() || strings.ToLower(string(q)) != string(q) {
			t.Errorf("%q is no quiet %q", q, s)
		}
	}
	for _, s := range []Standing{Auditors, Own, Trusted, TrustedNowhere, Service, NamedProvider, SomeProvider, OnRoster, NoRoster, Group, NoAuditor} {
		if s.Against() || strings.ToLower(string(s)) != string(s) {
			t.Errorf("%q is in capitals, and no control fails it", s)
		}
	}
}
