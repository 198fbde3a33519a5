package controls

import (
	"strings"
	"testing"
)

// A sentence is the test's own where it has one, and says what the fact says.
func TestSentence(t *testing.T) {
	c := load(t, map[string]string{"a.yaml": file("EDS-RES-01", `  - {kinds: [aws.s3.bucket], test: "fact.attrs.tls_only == true", says: {fail: "It takes plain text; listed: {attrs.list}, days: {attrs.days}."}}`)})
	test, control := c.tests["EDS-RES-01"][0], c.Controls[0]
	for want, set := range map[string]map[string]any{
		"It takes plain text; listed: a; b, days: 3.":                  {"/attrs/list": []any{"a", "b"}, "/attrs/days": 3},
		"It takes plain text; listed: none, days: none.":               {"/attrs/list": []any{}, "/attrs/days": nil},
		"It takes plain text; listed: 1; 2; 3; and 1 more, days: 0.":   {"/attrs/list": []any{"1", "2", "3", "4"}, "/attrs/days": 0},
		"It takes plain text; listed: not seen: " + caseRow + ", days": {"/attrs/days": 3},
	} {
		if got := test.sentence(control, Fail, bucket(t, "b", set)); !strings.HasPrefix(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := test.sentence(control, Pass, bucket(t, "b", nil)); got != "yes it does" {
		t.Errorf("pass: %s", got)
	}
}

// What CFG-01 says of a fail is true of each sort of thing that it is about: a database has no block of
// public access, a policy accepts nothing.
func TestSentencesOfCFG01(t *testing.T) {
	text := Default()["catalogue/EDS-CFG-01.yaml"]
	control := &Control{}
	if _, err := decode("c", text, control); err != nil {
		t.Fatal(err)
	}
	for _, test := range control.Tests {
		says := test.Says.Fail
		for kind, never := range map[string]string{"aws.rds.instance": "block", "gcp.sql.instance": "block", "gcp.orgpolicy.policy": "It accepts", "gcp.storage.bucket": "plain text"} {
			for _, k := range test.Kinds {
				if k == kind && (says == "" || strings.Contains(says, never)) {
					t.Errorf("of %s it says %q", k, says)
				}
			}
		}
	}
}

// What GOV-01 says of a fail is true also of an audited principal that the engagement names as the auditor's.
func TestSentenceOfGOV01(t *testing.T) {
	control := &Control{}
	if _, err := decode("c", Default()["catalogue/EDS-GOV-01.yaml"], control); err != nil {
		t.Fatal(err)
	}
	if says := control.Says.Fail; strings.Contains(says, "does not name") || !strings.Contains(says, "or who is audited") || !strings.Contains(control.Procedure, "also where the engagement names it") {
		t.Errorf("%q; %q", says, control.Procedure)
	}
}
