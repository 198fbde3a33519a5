package controls

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

var (
	testPool = &evidence.Kind{Name: poolKind, Schema: 1, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "member", Type: evidence.String},
		{Name: "usable", Type: evidence.Bool}, {Name: "mode", Type: evidence.String}, {Name: "providers", Type: evidence.String, List: true}}}
	testProvider = &evidence.Kind{Name: providerKind, Schema: 1, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "usable", Type: evidence.Bool},
		{Name: "type", Type: evidence.String}, {Name: "url", Type: evidence.String}, {Name: "condition", Type: evidence.String}, {Name: "mapping", Type: evidence.String, List: true}}}
)

// Whoever comes through a pool is trusted where all issuers that it takes are named, a stranger where one is
// not, and unknown where anything of it was not seen.
func TestMembersOfPools(t *testing.T) {
	const name = "//iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/ci"
	const github, subject, all = "https://token.actions.githubusercontent.com", "principal:" + name + "/subject/x", "principalSet:" + name + "/*"
	pool := func(set map[string]any, without ...string) map[string]any {
		out := map[string]any{"/attrs/member": name, "/attrs/usable": true, "/attrs/mode": "FEDERATION_ONLY", "/attrs/providers": []any{"gh"}}
		for k, v := range set {
			out[k] = v
		}
		for _, k := range without {
			delete(out, k)
		}
		return out
	}
	provider := func(set map[string]any, without ...string) map[string]any {
		out := map[string]any{"/attrs/usable": true, "/attrs/type": "oidc", "/attrs/url": github, "/attrs/condition": nil, "/attrs/mapping": []any{"google.subject=assertion.sub"}}
		for k, v := range set {
			out[k] = v
		}
		for _, k := range without {
			delete(out, k)
		}
		return out
	}
	for what, c := range map[string]struct {
		who            string
		pool, provider map[string]any
		named          []string
		trusted, known bool
	}{
		"named issuer":                           {subject, pool(nil), provider(nil), []string{github}, true, true},
		"named provider":                         {subject, pool(nil), provider(nil), []string{"gh"}, true, true},
		"stranger's issuer":                      {subject, pool(nil), provider(nil), []string{"https://idp.test"}, false, true},
		"nobody is named":                        {subject, pool(nil), provider(nil), nil, false, false},
		"pool not seen":                          {subject, nil, provider(nil), []string{github}, false, false},
		"another project's pool":                 {strings.Replace(subject, "/42/", "/43/", 1), pool(nil), provider(nil), []string{github}, false, false},
		"a pool whose name begins the same":      {strings.Replace(subject, "/ci/", "/ci-2/", 1), pool(nil), provider(nil), []string{github}, false, false},
		"provider not seen":                      {subject, pool(nil), nil, []string{github}, false, false},
		"providers not listed":                   {subject, pool(nil, "/attrs/providers"), provider(nil), []string{github}, false, false},
		"issuer not seen":                        {subject, pool(nil), provider(nil, "/attrs/url"), []string{github}, false, false},
		"mapping not seen":                       {subject, pool(nil), provider(nil, "/attrs/mapping"), []string{github}, false, false},
		"switched off or not":                    {subject, pool(nil, "/attrs/usable"), provider(nil), []string{github}, false, false},
		"pool switched off":                      {subject, pool(map[string]any{"/attrs/usable": false}), provider(nil), nil, true, true},
		"provider switched off":                  {subject, pool(nil), provider(map[string]any{"/attrs/usable": false}), nil, true, true},
		"a pool that nobody feeds":               {subject, pool(map[string]any{"/attrs/providers": []any{}}), nil, nil, true, true},
		"trust domain":                           {subject, pool(map[string]any{"/attrs/mode": "TRUST_DOMAIN", "/attrs/providers": []any{}}), nil, []string{github}, false, false},
		"everybody of a public issuer":           {all, pool(nil), provider(nil), []string{github}, false, true},
		"everybody whom a condition leaves":      {all, pool(nil), provider(map[string]any{"/attrs/condition": "true"}), []string{github}, false, false},
		"everybody of a directory":               {all, pool(nil), provider(map[string]any{"/attrs/type": "saml", "/attrs/url": "https://idp.test"}), []string{"https://idp.test"}, true, true},
		"an attribute that is no choice":         {"principalSet:" + name + "/attribute.all/yes", pool(nil), provider(map[string]any{"/attrs/mapping": []any{"attribute.all='yes'", "google.subject=assertion.sub"}}), []string{github}, false, true},
		"an attribute that no token has":         {"principalSet:" + name + "/attribute.team/a", pool(nil), provider(nil), []string{github}, true, true},
		"an attribute that comes from elsewhere": {"principalSet:" + name + "/group/a", pool(nil), provider(nil), []string{"https://idp.test"}, false, true},
		"an attribute of the token":              {"principalSet:" + name + "/attribute.repository/a/b", pool(nil), provider(map[string]any{"/attrs/mapping": []any{"attribute.repository=assertion.repository"}}), []string{github}, true, true},
		"roles of an account of the run":         {"principalSet:" + name + "/attribute.aws_role/x", pool(nil), provider(map[string]any{"/attrs/type": "aws", "/attrs/url": "aws:111122223333", "/attrs/mapping": []any{}}), nil, true, true},
		"everybody of an account of the run":     {all, pool(nil), provider(map[string]any{"/attrs/type": "aws", "/attrs/url": "aws:111122223333", "/attrs/mapping": []any{}}), nil, true, true},
		"roles of a stranger's account":          {"principalSet:" + name + "/attribute.aws_role/x", pool(nil), provider(map[string]any{"/attrs/type": "aws", "/attrs/url": "aws:999999999999", "/attrs/mapping": []any{}}), []string{github}, false, true},
		"clusters of a stranger":                 {"principal://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/them.svc.id.goog/subject/a", nil, nil, []string{github}, false, true},
		"clusters, where no account is named":    {"principal://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/own.svc.id.goog/subject/a", nil, nil, nil, true, true},
	} {
		var facts []*evidence.Fact
		if c.pool != nil {
			facts = append(facts, said(t, testPool, "pool", "gcp-own", c.pool))
		}
		if c.provider != nil {
			facts = append(facts, said(t, testProvider, "gh", "gcp-own", c.provider))
		}
		in := world1(t, facts...)
		in.Targets = []Target{{ID: "gcp-own", Provider: "gcp", Account: "own"}, {ID: "aws-111122223333", Provider: "aws", Account: "111122223333"}}
		in.Parameters = engagement.Parameters{IdentityProviders: c.named}
		j := indexed(t, in, testPool, testProvider)
		if trusted, why := j.pools.trustIn(j.trusted, c.named, c.who); trusted != c.trusted || (why == "") != c.known {
			t.Errorf("%s: trusted %v, unknown: %q", what, trusted, why)
		}
	}
}
