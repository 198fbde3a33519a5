package controls

import (
	"slices"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// opened has kinds of stores, and of what encrypts or opens them.
type opened struct {
	t     *testing.T
	kinds []*evidence.Kind
}

func newOpened(t *testing.T) *opened {
	attr := func(name string, list bool) []evidence.Field {
		return []evidence.Field{{Name: name, Type: evidence.String, List: list}}
	}
	store := []string{"store", "copies", "encryption", "origin"}
	return &opened{t: t, kinds: []*evidence.Kind{
		{Name: "aws.s3.bucket", Schema: 1, Facets: store}, {Name: "aws.rds.cluster", Schema: 1, Facets: store}, {Name: "aws.dynamodb.table", Schema: 1, Facets: store},
		{Name: "aws.rds.instance", Schema: 1, Facets: store, Attrs: attr("cluster", false)}, {Name: "aws.kms.key", Schema: 1, Facets: []string{"key"}},
		{Name: "gcp.kms.key", Schema: 1, Facets: []string{"key"}},
		{Name: "aws.s3.access_point", Schema: 1, Facets: []string{"exposure"}, Attrs: attr("bucket", false)},
		{Name: "aws.s3.multi_region_access_point", Schema: 1, Facets: []string{"exposure"}, Attrs: attr("buckets", true)}}}
}

// fact makes one; what it is said to be none of is none, and a field whose value is an error was not seen because of that.
func (o *opened) fact(kind, id, name string, set map[string]any) *evidence.Fact {
	o.t.Helper()
	k := o.kinds[slices.IndexFunc(o.kinds, func(k *evidence.Kind) bool { return k.Name == kind })]
	all := map[string]any{}
	if slices.Contains(k.Facets, "origin") {
		all["/origin"], all["/copies"], all["/encryption/key"] = nil, []any{}, nil
	}
	whys := map[string]string{}
	for ptr, v := range set {
		if all[ptr] = v; v == opensRow {
			delete(all, ptr)
			whys[ptr] = opensRow
		}
	}
	f := said(o.t, k, id, "aws-111122223333", all)
	for ptr, why := range whys {
		f.Unknowns[ptr] = why
	}
	f.Name = name
	return f
}

func (o *opened) bucket(id, name string, set map[string]any) *evidence.Fact {
	return o.fact("aws.s3.bucket", id, name, set)
}

func (o *opened) key(id string) *evidence.Fact { return o.fact("aws.kms.key", id, "out", nil) }

// opensRow is a call that was not answered.
const opensRow = "aws-111122223333/eu-west-1/x:Get"

// What encrypts an in-scope store, and each further way into it, is in scope whatever its own label says; what
// belongs to nothing but stores that are out is out; and where that was not seen, it is not known.
func TestWhatOpensAStoreIsInScope(t *testing.T) {
	o := newOpened(t)
	k := map[string]any{"/encryption/key": "k"}
	lost := map[string]any{"/encryption/key": opensRow}
	copied := func(to string) map[string]any {
		return map[string]any{"/copies": []any{map[string]any{"how": "replica", "to": to, "active": true, "owner": nil}}}
	}
	unseen := map[string]any{"/copies": opensRow}
	for name, c := range map[string]struct {
		facts  []*evidence.Fact
		status evidence.Status
		of     string
		want   ruling
	}{
		"a key":                       {[]*evidence.Fact{o.bucket("in", "in", k), o.key("k")}, evidence.OK, "k", ruling{scope: In, rule: "graph:in"}},
		"a key, said first":           {[]*evidence.Fact{o.key("k"), o.bucket("in", "in", k)}, evidence.OK, "k", ruling{scope: In, rule: "graph:in"}},
		"a key of many":               {[]*evidence.Fact{o.bucket("a", "out", k), o.bucket("b", "out", k), o.bucket("in", "in", k), o.key("k")}, evidence.OK, "k", ruling{scope: In, rule: "graph:in"}},
		"a key of what is out":        {[]*evidence.Fact{o.bucket("a", "out", k), o.key("k"), o.bucket("in", "in", nil)}, evidence.OK, "k", ruling{scope: Out, rule: "o"}},
		"another key":                 {[]*evidence.Fact{o.bucket("in", "in", map[string]any{"/encryption/key": "alias/aws/s3"}), o.key("k")}, evidence.OK, "k", ruling{scope: Out, rule: "o"}},
		"a key of a copy":             {[]*evidence.Fact{o.bucket("a", "out", k), o.bucket("in", "in", copied("a")), o.key("k")}, evidence.OK, "k", ruling{scope: In, rule: "graph:a"}},
		"a key of what is unknown":    {[]*evidence.Fact{o.bucket("a", "out", map[string]any{"/encryption/key": "k", "/origin": opensRow}), o.key("k")}, evidence.OK, "k", ruling{ScopeUnknown, "graph:a", opensRow}},
		"a key of what may be a copy": {[]*evidence.Fact{o.bucket("a", "out", k), o.bucket("in", "in", unseen), o.key("k")}, evidence.Denied, "k", ruling{ScopeUnknown, "graph:a", opensRow}},
		"a key of what is answered":   {[]*evidence.Fact{o.bucket("a", "out", k), o.bucket("in", "in", unseen), o.key("k")}, evidence.OK, "k", ruling{scope: Out, rule: "o"}},
		"a key of a copied copy": {[]*evidence.Fact{o.bucket("a", "out", copied("b")), o.bucket("b", "out", k), o.bucket("in", "in", unseen), o.key("k")}, evidence.Denied, "k",
			ruling{ScopeUnknown, "graph:b", opensRow}},
		"a key of its source alone": {[]*evidence.Fact{o.bucket("a", "out", map[string]any{"/encryption/key": "k", "/copies": opensRow}), o.key("k"), o.bucket("b", "out", nil)}, evidence.Denied, "k",
			ruling{scope: Out, rule: "o"}},
		"a table of another name": {[]*evidence.Fact{o.fact("aws.dynamodb.table", "arn:x:table/in", "in", unseen), o.fact("aws.dynamodb.table", "arn:x:table/a", "out", k), o.key("k")}, evidence.Denied, "k",
			ruling{scope: Out, rule: "o"}},
		"a table of that name": {[]*evidence.Fact{o.fact("aws.dynamodb.table", "arn:x:table/in", "in", unseen), o.fact("aws.dynamodb.table", "arn:x:table/a", "out", k),
			o.fact("aws.dynamodb.table", "arn:x:table/b", "out", k), o.fact("aws.dynamodb.table", "arn:y:table/in", "out", k), o.key("k")}, evidence.Denied, "k", ruling{ScopeUnknown, "graph:arn:y:table/in", opensRow}},
		"a key that was not seen":     {[]*evidence.Fact{o.bucket("in", "in", lost), o.key("k")}, evidence.Denied, "k", ruling{ScopeUnknown, "graph:in", opensRow}},
		"of what is out":              {[]*evidence.Fact{o.bucket("a", "out", lost), o.key("k")}, evidence.Denied, "k", ruling{scope: Out, rule: "o"}},
		"of a copy":                   {[]*evidence.Fact{o.bucket("a", "out", lost), o.bucket("in", "in", copied("a")), o.key("k")}, evidence.Denied, "k", ruling{ScopeUnknown, "graph:a", opensRow}},
		"not seen, and not said":      {[]*evidence.Fact{o.bucket("in", "in", lost), o.key("k")}, evidence.OK, "k", ruling{scope: Out, rule: "o"}},
		"another provider's key":      {[]*evidence.Fact{o.bucket("in", "in", lost), o.fact("gcp.kms.key", "g", "out", nil)}, evidence.Denied, "g", ruling{scope: Out, rule: "o"}},
		"an instance":                 {[]*evidence.Fact{o.fact("aws.rds.cluster", "in", "in", nil), o.fact("aws.rds.instance", "i", "out", map[string]any{"/attrs/cluster": "in"})}, evidence.OK, "i", ruling{scope: In, rule: "graph:in"}},
		"of a cluster that is out":    {[]*evidence.Fact{o.fact("aws.rds.cluster", "c", "out", nil), o.fact("aws.rds.instance", "i", "out", map[string]any{"/attrs/cluster": "c"})}, evidence.OK, "i", ruling{scope: Out, rule: "o"}},
		"an access point":             {[]*evidence.Fact{o.bucket("in", "in", nil), o.fact("aws.s3.access_point", "p", "out", map[string]any{"/attrs/bucket": "in"})}, evidence.OK, "p", ruling{scope: In, rule: "graph:in"}},
		"into what may be a copy":     {[]*evidence.Fact{o.bucket("in", "in", unseen), o.bucket("a", "out", nil), o.fact("aws.s3.access_point", "p", "out", map[string]any{"/attrs/bucket": "a"})}, evidence.Denied, "p", ruling{ScopeUnknown, "graph:a", opensRow}},
		"an access point to what":     {[]*evidence.Fact{o.fact("aws.s3.access_point", "p", "out", nil)}, evidence.OK, "p", ruling{ScopeUnknown, "o", caseRow}},
		"one of several regions":      {[]*evidence.Fact{o.bucket("in", "in", nil), o.bucket("a", "out", nil), o.fact("aws.s3.multi_region_access_point", "p", "out", map[string]any{"/attrs/buckets": []any{"a", "in"}})}, evidence.OK, "p", ruling{scope: In, rule: "graph:in"}},
		"of several, to what is out":  {[]*evidence.Fact{o.bucket("a", "out", nil), o.fact("aws.s3.multi_region_access_point", "p", "out", map[string]any{"/attrs/buckets": []any{"a"}})}, evidence.OK, "p", ruling{scope: Out, rule: "o"}},
		"the bucket of a way in":      {[]*evidence.Fact{o.bucket("a", "out", nil), o.fact("aws.s3.access_point", "p", "in", map[string]any{"/attrs/bucket": "a"})}, evidence.OK, "a", ruling{scope: Out, rule: "o"}},
		"said twice, with two labels": {[]*evidence.Fact{o.bucket("a", "out", k), o.bucket("a", "in", map[string]any{"/encryption/key": "x"}), o.key("k")}, evidence.OK, "k", ruling{ScopeUnknown, "graph:a", ""}},
		"two keys that wrap one another": {[]*evidence.Fact{o.bucket("a", "out", map[string]any{"/encryption/key": "b"}), o.bucket("b", "out", map[string]any{"/encryption/key": "a"}),
			o.bucket("in", "in", copied("a"))}, evidence.OK, "b", ruling{scope: In, rule: "graph:a"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := world1(t, c.facts...)
			in.Register.Scope = []engagement.ScopeRule{{ID: "o", Scope: "out", Names: []string{"out"}, Because: "scratch"}}
			in.Coverage = append(in.Coverage, evidence.Row{ID: opensRow, Target: "aws-111122223333", Status: c.status})
			j := indexed(t, in, o.kinds...)
			e, ok := j.ends.get(c.of)
			if r := j.rulingOf(c.of, e); !ok || r != c.want {
				t.Errorf("%+v, want %+v", r, c.want)
			}
		})
	}
}
