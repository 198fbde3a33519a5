package controls

import (
	"fmt"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// A sink is followed to where it hands entries to; what neither its name nor a fact says of that is unknown.
func TestLogRoutes(t *testing.T) {
	sink := &evidence.Kind{Name: "gcp.logging.sink", Schema: 1, Facets: []string{"log"}, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "include_children", Type: evidence.Bool}}}
	bucket := &evidence.Kind{Name: "gcp.storage.bucket", Schema: 1, Facets: []string{"store", "located", "protection"}, NotApplicable: map[string]string{"/tags": "none"}}
	project := &evidence.Kind{Name: "gcp.resourcemanager.project", Schema: 1, Facets: []string{"account"}, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "number", Type: evidence.String}}}
	const lost = "unknown: the destination was not collected: "
	for name, c := range map[string]struct {
		to, located, owner string
	}{
		"its own log bucket":             {"//logging.googleapis.com/projects/own/locations/europe-north1/buckets/b", "[europe-north1]", "gcp:own"},
		"by the number of its project":   {"//logging.googleapis.com/projects/42/locations/europe-north1/buckets/b", "[europe-north1]", "gcp:own"},
		"a vendor's, by number":          {"//logging.googleapis.com/projects/43/locations/us-central1/buckets/b", "[us-central1]", "gcp:projects/43"},
		"a multi-region":                 {"//logging.googleapis.com/projects/own/locations/eu/buckets/b", "[EU]", "gcp:own"},
		"a folder's":                     {"//logging.googleapis.com/folders/7/locations/global/buckets/b", "[global]", "gcp:folders/7"},
		"a bucket of the run":            {"//storage.googleapis.com/kept", "[EUROPE-WEST1]", "gcp:own"},
		"a bucket that was not seen":     {"//storage.googleapis.com/gone", lost + "//storage.googleapis.com/gone", "unknown: the destination was not collected, and its name does not say whose it is: //storage.googleapis.com/gone"},
		"a dataset that was not seen":    {"//bigquery.googleapis.com/projects/acme/datasets/d", lost + "//bigquery.googleapis.com/projects/acme/datasets/d", "gcp:acme"},
		"a topic":                        {"//pubsub.googleapis.com/projects/own/topics/t", lost + "//pubsub.googleapis.com/projects/own/topics/t", "gcp:own"},
		"another project's sinks":        {"//logging.googleapis.com/projects/42", lost + "//logging.googleapis.com/projects/own", "gcp:own"},
		"a project with a domain's name": {"//logging.googleapis.com/projects/example.com:own/locations/us-east1/buckets/b", "[us-east1]", "gcp:example.com:own"},
		"nobody knows where":             {"", "unknown: case: not said", "unknown: case: not said"},
	} {
		set := map[string]any{"/log/enabled": true, "/log/to": c.to}
		if c.to == "" {
			delete(set, "/log/to")
		}
		in := world1(t, said(t, sink, "s", "gcp-own", set),
			said(t, sink, "off", "gcp-own", map[string]any{"/log/enabled": false, "/log/to": "//storage.googleapis.com/gone"}),
			said(t, bucket, "//storage.googleapis.com/kept", "gcp-own", map[string]any{"/located": []any{"EUROPE-WEST1"}}),
			said(t, project, "gcp:own", "gcp-org-1", map[string]any{"/attrs/number": "42"}))
		in.Targets = []Target{{ID: "gcp-own", Provider: "gcp", Account: "own", Parent: "gcp-org-1"}}
		got := logRoutes(indexed(t, in, sink, bucket, project))
		if len(got) != 1 {
			t.Fatalf("%s: %d routes; one sink is on", name, len(got))
		}
		if l, o := attr(got[0], "located"), attr(got[0], "owner"); l != c.located || o != c.owner {
			t.Errorf("%s: lies in %s, and is of %s; want %s, %s", name, l, o, c.located, c.owner)
		}
		got[0].Seen = in.AsOf
		if err := got[0].Check(kindLogRoute); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	in := world1(t, said(t, sink, "s", "gcp-own", map[string]any{"/log/enabled": true, "/log/to": "//storage.googleapis.com/gone"}))
	in.Register = &engagement.Register{Scope: []engagement.ScopeRule{{ID: "out", Scope: "out", Names: []string{"t"}, Because: "x"}}}
	if got := logRoutes(indexed(t, in, sink)); len(got) != 0 {
		t.Errorf("of a sink that was ruled out: %s", fmt.Sprint(got))
	}
}

// A trail hands entries to a bucket, whose own fact says where it lies and whose it is; one that several accounts list
// is one. Nothing is known of a bucket that was not collected: it may be a stranger's.
func TestRoutesOfTrails(t *testing.T) {
	trail := &evidence.Kind{Name: "aws.cloudtrail.trail", Schema: 1, Facets: []string{"log"}, NotApplicable: map[string]string{"/tags": "none"}}
	bucket := &evidence.Kind{Name: "aws.s3.bucket", Schema: 1, Facets: []string{"store", "located", "protection"}, NotApplicable: map[string]string{"/tags": "none"}}
	for to, want := range map[string][2]string{
		"arn:aws:s3:::kept":       {"[eu-west-1]", "aws:111122223333"},
		"arn:aws:s3:::stranger's": {"unknown: the destination was not collected: arn:aws:s3:::stranger's", "unknown: the destination was not collected, and its name does not say whose it is: arn:aws:s3:::stranger's"},
	} {
		on := map[string]any{"/log/enabled": true, "/log/to": to}
		in := world1(t, said(t, trail, "arn:t", "aws-111122223333", on), said(t, trail, "arn:t", "aws-444455556666", on),
			said(t, trail, "arn:off", "aws-111122223333", map[string]any{"/log/enabled": false, "/log/to": to}),
			said(t, bucket, "arn:aws:s3:::kept", "aws-111122223333", map[string]any{"/located": []any{"eu-west-1"}}))
		in.Targets = []Target{{ID: "aws-111122223333", Provider: "aws", Account: "111122223333"}, {ID: "aws-444455556666", Provider: "aws", Account: "444455556666"}}
		got := logRoutes(indexed(t, in, trail, bucket))
		if len(got) != 1 {
			t.Fatalf("%s: %d routes; one trail is on", to, len(got))
		}
		if l, o := attr(got[0], "located"), attr(got[0], "owner"); l != want[0] || o != want[1] {
			t.Errorf("%s: lies in %s, and is of %s", to, l, o)
		}
	}
}

// A sink may name its destination's project by number; the store's own fact has the id.
func TestLogStoreByNumber(t *testing.T) {
	sink := &evidence.Kind{Name: "gcp.logging.sink", Schema: 1, Facets: []string{"log"}, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "include_children", Type: evidence.Bool}}}
	bucket := &evidence.Kind{Name: "gcp.logging.bucket", Schema: 1, Facets: []string{"store", "located", "protection"}, NotApplicable: map[string]string{"/tags": "none"}}
	project := &evidence.Kind{Name: "gcp.resourcemanager.project", Schema: 1, Facets: []string{"account"}, NotApplicable: map[string]string{"/tags": "none"}, Attrs: []evidence.Field{{Name: "number", Type: evidence.String}}}
	in := world1(t, said(t, sink, "s", "gcp-org-1", map[string]any{"/log/enabled": true, "/log/to": "//logging.googleapis.com/projects/42/locations/europe-north1/buckets/audit", "/attrs/include_children": true}),
		said(t, bucket, "//logging.googleapis.com/projects/own/locations/europe-north1/buckets/audit", "gcp-own", map[string]any{"/store/class": "log", "/protection/lock": map[string]any{"mode": "compliance", "days": 400, "until": nil}}),
		said(t, project, "gcp:own", "gcp-org-1", map[string]any{"/attrs/number": "42"}))
	in.Targets = []Target{{ID: "gcp-own", Provider: "gcp", Account: "own", Parent: "gcp-org-1"}}
	got := logStores(indexed(t, in, sink, bucket, project))
	if len(got) != 1 || attr(got[0], "lock_mode") != "compliance" || attr(got[0], "owner") != "gcp-own" {
		t.Errorf("%v", got)
	}
}
