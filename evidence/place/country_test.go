package place

import (
	"slices"
	"strings"
	"testing"
)

// A code that ISO 3166-1 does not assign is no country, and every country of the table is one.
func TestIsCountry(t *testing.T) {
	codes := strings.Fields(assigned)
	if len(codes) != 249 || !slices.IsSorted(codes) || len(slices.Compact(codes)) != 249 {
		t.Errorf("%d codes, sorted %v", len(codes), slices.IsSorted(codes))
	}
	for _, code := range []string{"UK", "EL", "ZZ", "EU", "AN", "SU", "ie", "IRL", "I", "", " ", "D ", "A AE"} {
		if IsCountry(code) {
			t.Errorf("%q is taken", code)
		}
	}
	table, err := Load(Default())
	if err != nil {
		t.Fatal(err)
	}
	for token, code := range table.countries {
		if !IsCountry(code) {
			t.Errorf("%s lies in %q", token, code)
		}
	}
	for name, members := range table.groups {
		for _, code := range members {
			if !IsCountry(code) {
				t.Errorf("%s has the member %q", name, code)
			}
		}
	}
	for code, want := range map[string]string{"UK": "GB", "EL": "GR", "ie": "IE", "ZZ": "", "Norway": ""} {
		if got := MeantCountry(code); got != want {
			t.Errorf("%q: meant %q, want %q", code, got, want)
		}
	}
}
