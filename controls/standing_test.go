package controls

import (
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
		return said(t, statement, id, target, map[string]any{"/binding/via_kind": "trust", "/binding/attached_to": []any{of}})
	}
	share := said(t, statement, "share", target, map[string]any{"/binding/via_kind": "resource", "/binding/attached_to": []any{"arn:aws:s3:::b"}})
	input := func(auditors, providers []string) Input {
		in := world1(t, audit, ops, trust(audit.ID, "a"), trust(ops.ID, "o"), share,
			said(t, caller, "caller", target, map[string]any{"/attrs/role": audit.ID}))
		in.Register = &engagement.Register{TrustedAccounts: []engagement.Trusted{{ID: "aws:222233334444", Country: "IE"}, {ID: "aws:333344445555", Country: "US"}, {ID: "aws:444455556666"}}}
		in.Parameters.AuditorPrincipals, in.Parameters.IdentityProviders = auditors, providers
		return in
	}
	const auditor, own, partner, away, nowhere, stranger = "arn:aws:iam::777788889999:role/a", account + "root", "arn:aws:iam::222233334444:root", "aws:333344445555", "444455556666", "arn:aws:iam::999999999999:root"
	const provider = "Federated:" + account + "saml-provider/staff"
	named := input([]string{auditor, "user:auditor@example.org"}, []string{account + "*"})
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
	}
}
