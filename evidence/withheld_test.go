package evidence

import (
	"reflect"
	"testing"
)

// Whatever holds a marker becomes unknown; the rest stays, and the fact is complete.
func TestFactWithhold(t *testing.T) {
	k := &Kind{Name: "p.s.t", Schema: 1, Facets: []string{"store", "copies", "exposure"}, NotApplicable: map[string]string{"/exposure/network": "none"},
		Attrs: []Field{{Name: "note", Type: String}, {Name: "when", Type: Time}, {Name: "by", Type: String, List: true}}}
	m := Marker("r1")
	f := NewFact(k, "id", "Jane "+m).Because("x:1").Set("/store/class", "object").None(k, "/store/engine").
		Set("/copies", []map[string]any{{"how": "replica", "to": m, "active": true, "owner": nil, "located": []any{"eu", "a" + m}}}).
		Set("/exposure/public", false).None(k, "/exposure/public_how").Set("/exposure/shared_with", []string{"a", m, "b"}).
		Set("/attrs/note", `{"x":"`+m+`"}`).Set("/attrs/when", m).Set("/attrs/by", []string{Marker("other")}).SetTags(map[string]string{"owner": m, "a/b": m, "class": "eu"})
	f.Target, f.Region, f.Seen = "t", "r", f.Seen.AddDate(2025, 0, 0)
	if err := f.Withhold([]string{"r1", "r2"}, func(rule string) string { return WithheldBy(rule, "t/r/s:Op") }); err != nil {
		t.Fatal(err)
	}
	if err := f.Check(k); err != nil {
		t.Error(err)
	}
	why := "withheld by rule r1: t/r/s:Op"
	want := map[string]string{}
	for _, ptr := range []string{"/name", "/tags/owner", "/tags/a~1b", "/copies/0/to", "/copies/0/located/-", "/exposure/shared_with/-", "/attrs/note", "/attrs/when"} {
		want[ptr] = why
	}
	if !reflect.DeepEqual(f.Unknowns, want) {
		t.Errorf("%v", f.Unknowns)
	}
	if v, _ := f.Get("/exposure/shared_with"); !reflect.DeepEqual(v, []any{"a", "b"}) || f.Name != "" || len(f.Tags) != 1 {
		t.Errorf("%v %q %v", v, f.Name, f.Tags)
	}
	if v, _ := f.Get("/attrs/by"); !reflect.DeepEqual(v, []any{Marker("other")}) {
		t.Errorf("what no rule put there is a text: %v", v)
	}
	if RowOf(why) != "t/r/s:Op" || RowOf("t/r/s:Op") != "t/r/s:Op" || RowOf(WithheldBy("r1", "")) != "" {
		t.Error("the row of a cause")
	}
	for _, bad := range []*Fact{{ID: "arn:" + m, Region: "r"}, {ID: "a", Region: m}} {
		if err := bad.Withhold([]string{"r1"}, func(string) string { return "" }); err == nil {
			t.Errorf("%+v", bad)
		}
	}
}

// A part of the name or of the labels may be unknown; what is said and unknown at once is refused.
func TestCheckNamesWithheld(t *testing.T) {
	if !IsMarker(Marker("a")) || IsMarker("a") {
		t.Error("the form of a marker")
	}
	if _, ok := MarkedBy(Marker("a-b"), []string{"a", "b"}); ok {
		t.Error("a rule's marker is not that of another")
	}
}
