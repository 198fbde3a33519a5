package controls

import (
	"slices"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// What was said twice, with differences, is not known: the last word is no better than the first.
func TestSaidTwice(t *testing.T) {
	caller := &evidence.Kind{Name: "aws.sts.caller", Schema: 1, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "role", Type: evidence.String}}}
	role := &evidence.Kind{Name: "aws.iam.role", Schema: 1, Facets: []string{"principal"}, NotApplicable: map[string]string{"/principal/mfa": "none", "/principal/credentials": "none"}}
	trail := &evidence.Kind{Name: "aws.cloudtrail.trail", Schema: 1, Facets: []string{"log"}, NotApplicable: map[string]string{"/tags": "none"}}
	key := &evidence.Kind{Name: "aws.kms.key", Schema: 1, Facets: []string{"key", "located"}, Attrs: []evidence.Field{{Name: "manager", Type: evidence.String}}}
	disk := &evidence.Kind{Name: "aws.x.disk", Schema: 1, Facets: []string{"store", "encryption"}}
	const target, arn, auditor, vault = "aws-111122223333", "arn:aws:iam::111122223333:role/Audit", "arn:aws:iam::777788889999:role/collector", "arn:aws:s3:::vault"
	who := func(role any) *evidence.Fact {
		return said(t, caller, "who", target, map[string]any{"/attrs/role": role})
	}
	trusts := func(by ...any) *evidence.Fact {
		return said(t, role, arn, target, map[string]any{"/principal/trusted_by": by})
	}
	for name, c := range map[string]struct {
		facts []*evidence.Fact
		want  string
	}{
		"callers alike":         {[]*evidence.Fact{who(arn), who(arn), trusts(auditor)}, "[]"},
		"callers of two roles":  {[]*evidence.Fact{who(arn), who(arn + "2"), trusts(auditor)}, "unknown: several identities collected in " + target},
		"a role and a user":     {[]*evidence.Fact{who(arn), who(nil), trusts(auditor)}, "unknown: several identities collected in " + target},
		"role not seen":         {[]*evidence.Fact{said(t, caller, "who", target, nil), trusts(auditor)}, "unknown: " + caseRow},
		"trusts alike":          {[]*evidence.Fact{who(arn), trusts(auditor), trusts(auditor)}, "[]"},
		"trusts that differ":    {[]*evidence.Fact{who(arn), trusts(auditor), trusts(auditor, "*")}, "unknown: said twice, with differences: " + arn},
		"one trust not seen":    {[]*evidence.Fact{who(arn), trusts(auditor), said(t, role, arn, target, nil)}, "unknown: said twice, with differences: " + arn},
		"another role, as well": {[]*evidence.Fact{who(arn), trusts(auditor), said(t, role, arn+"2", target, map[string]any{"/principal/trusted_by": []any{"*"}})}, "[]"},
	} {
		in := world1(t, c.facts...)
		in.Parameters.AuditorPrincipals = []string{auditor}
		if facts := collectorAccess(indexed(t, in, caller, role)); len(facts) != 1 || attr(facts[0], "strangers") != c.want {
			t.Errorf("%s: %s, want %s", name, attr(facts[0], "strangers"), c.want)
		}
	}

	store := func(lock any) *evidence.Fact {
		f := bucket(t, vault, map[string]any{"/store/class": "object", "/protection/lock": lock})
		f.Target = target
		return f
	}
	lock := map[string]any{"mode": "compliance", "days": 400, "until": nil}
	log := said(t, trail, "trail", "aws-9", map[string]any{"/log/to": vault})
	for name, c := range map[string]struct {
		stores []*evidence.Fact
		want   string
	}{
		"alike":               {[]*evidence.Fact{store(lock), store(lock)}, "compliance"},
		"locked at last":      {[]*evidence.Fact{store(nil), store(lock)}, "unknown: said twice, with differences: " + vault},
		"locked at first":     {[]*evidence.Fact{store(lock), store(nil)}, "unknown: said twice, with differences: " + vault},
		"locked, not, locked": {[]*evidence.Fact{store(lock), store(nil), store(lock)}, "unknown: said twice, with differences: " + vault},
	} {
		if facts := logStores(indexed(t, world1(t, append(c.stores, log)...), trail)); len(facts) != 1 || attr(facts[0], "lock_mode") != c.want {
			t.Errorf("%s: %s, want %s", name, attr(facts[0], "lock_mode"), c.want)
		}
	}

	managed := func(by string) *evidence.Fact {
		return said(t, key, "k", target, map[string]any{"/attrs/manager": by, "/located": []any{"eu-west-1"}})
	}
	for _, c := range []struct {
		first, last, want string
	}{{"CUSTOMER", "CUSTOMER", "customer_key"}, {"AWS", "CUSTOMER", ""}, {"CUSTOMER", "AWS", ""}} {
		j := indexed(t, world1(t, managed(c.first), managed(c.last)), key)
		f := said(t, disk, "b", target, map[string]any{"/encryption/key": "k", "/encryption/in_transit": nil})
		f = j.resolve(f)
		if got, _ := f.Get("/encryption/at_rest"); got != nil && got != c.want || got == nil && (c.want != "" || f.Unknowns["/encryption/at_rest"] == "") {
			t.Errorf("a key of %s, then of %s: %v", c.first, c.last, got)
		}
	}
}

// A user of a sort that is not in the vocabulary may be a person; credentials that are no list may be some.
func TestHumansOfNoKnownSort(t *testing.T) {
	user := &evidence.Kind{Name: "aws.iam.user", Schema: 1, Facets: []string{"principal"}, NotApplicable: map[string]string{"/principal/trusted_by": "none"}}
	for sort, want := range map[any]int{"human": 1, "contractor": 1, nil: 1, "service": 0, "group": 0} {
		in := world1(t, said(t, user, "u", "aws-111122223333", map[string]any{"/principal/type": sort, "/principal/credentials": []any{}}))
		in.Roster = []engagement.Person{{ID: "p", Country: "IE"}}
		if facts := humans(indexed(t, in, user)); len(facts) != want {
			t.Errorf("%v: %d people, want %d", sort, len(facts), want)
		}
	}
	odd := said(t, user, "u", "aws-111122223333", map[string]any{"/principal/type": "human"})
	delete(odd.Unknowns, "/principal/credentials")
	odd.Set("/principal/credentials", "many")
	f := evidence.NewFact(kindHuman, "h", "h")
	if setUsable(f, odd); attr(f, "usable") == "false" {
		t.Error("credentials that are no list are said to be none")
	}
}

// A thing that the second source lists as of two kinds is looked for as each.
func TestSightedAsTwoKinds(t *testing.T) {
	s := newSources(evidence.Kinds{"i": {Name: "i", Attrs: []evidence.Field{{Name: "native_kind", Enum: []string{"a", "b"}}}}})
	for _, kind := range []string{"a", "b"} {
		s.add(&glimpse{id: "f" + kind, end: end{kind: "i"}, sight: &sight{native: "n", kind: kind}})
	}
	if len(s.all) != 2 || !s.lists("a", "n") || !s.lists("b", "n") || s.lists("c", "n") {
		t.Errorf("%+v", s.all)
	}
}

// Whose a thing is, is told by its host's first path alone: a name that holds the same words is nobody's.
func TestOwnerOf(t *testing.T) {
	for id, want := range map[string]string{"//cloudkms.googleapis.com/projects/enclave/locations/x": "gcp:enclave", "arn:aws:iam::111122223333:root": "aws:111122223333",
		"//storage.googleapis.com/x.googleapis.com/projects/enclave": "", "//googleapis.com/a/b.googleapis.com/projects/enclave/c": "", "x//y.googleapis.com/projects/enclave": ""} {
		got, known := ownerOf(id)
		if known != (want != "") || known && got != want {
			t.Errorf("%s: %q %v, want %q", id, got, known, want)
		}
		if of := engagement.OwnerIn(id); slices.Contains([]string{"gcp-enclave"}, of) && want == "" {
			t.Errorf("%s: %q", id, of)
		}
	}
}
