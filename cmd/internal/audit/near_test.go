package audit

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/report"
)

// The nearest names are offered, at most five, in an order of their own.
func TestNear(t *testing.T) {
	names := []string{"arn:aws:s3:::clover-london", "arn:aws:s3:::clover-london-logs", "arn:aws:s3:::old-clover-london", "//storage.googleapis.com/Clover-London", "aws-1/eu-west-1/s3:ListBuckets", "x:8f0c12", "a", ""}
	for _, c := range []struct {
		word string
		want []string
	}{
		{"ARN:aws:s3:::clover-LONDON", []string{"//storage.googleapis.com/Clover-London", "arn:aws:s3:::clover-london", "arn:aws:s3:::clover-london-logs"}},
		{"clover-london", []string{"//storage.googleapis.com/Clover-London", "arn:aws:s3:::clover-london", "arn:aws:s3:::clover-london-logs", "arn:aws:s3:::old-clover-london"}},
		{"arn:aws:s3:::old", []string{"arn:aws:s3:::old-clover-london"}},
		{"s3:listbuckets", []string{"aws-1/eu-west-1/s3:ListBuckets"}},
		{"x:8f", []string{"x:8f0c12"}},
		{"arn:aws:s3:::clover-london/key", []string{"arn:aws:s3:::clover-london"}},
		{"clover-lodnon", []string{"//storage.googleapis.com/Clover-London", "arn:aws:s3:::clover-london"}},
		{"arn:aws:s3:::clovr-londonn-logs", []string{"arn:aws:s3:::clover-london-logs"}},
		{"clover-dublin", []string{}},
		{"nothing", []string{}}, {"", []string{}}, {"  ", []string{}}, {"ab", []string{}},
	} {
		for range 5 {
			n := newNear(c.word)
			rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
			for _, name := range append(names, names...) {
				n.show(name)
			}
			if got := n.names(); !slices.Equal(got, c.want) {
				t.Errorf("%q: %q, want %q", c.word, got, c.want)
			}
		}
	}
	n := newNear("b")
	for _, name := range []string{"z:b", "f:b", "B", "e:b", "d:b", "c:b", "y:bb"} {
		n.show(name)
	}
	if got := n.names(); !slices.Equal(got, []string{"B", "c:b", "d:b", "e:b", "f:b"}) {
		t.Errorf("%q", got)
	}
}

// An id that is not there is answered with what is: facts of bundles, derived ones, rows, exchanges.
func TestExplainNear(t *testing.T) {
	r, j := seen(t)
	var row string
	for x, err := range Coverage(r) {
		if err != nil {
			t.Fatal(err)
		}
		row = x.ID
		break
	}
	for word, want := range map[string]string{"CLOVER-london": "arn:aws:s3:::clover-london", "GUARDRAIL:aws:202972997528": "guardrail:aws:202972997528", strings.ToUpper(row): row} {
		_, err := Explain(r, j, word)
		var none *NotThereError
		if !errors.As(err, &none) || !slices.Contains(none.Near, want) || !strings.Contains(err.Error(), want) || len(none.Near) > maxNear {
			t.Errorf("%s: %v", word, err)
		}
	}
}

// Who asks for a thing is shown the verdicts of its parts and of what was derived from it; who asks for a part, or for
// a thing of a longer name, is not.
func TestExplainSeeAlso(t *testing.T) {
	_, r, j, _ := clover(t)
	const role = "arn:aws:iam::202972997528:role/OrganizationAccountAccessRole"
	for id, want := range map[string][]SeeAlso{
		role:               {{"EDS-IAM-01", role + "#trust#0", controls.Pass}},
		role + "#trust#0":  {},
		"aws:202972997528": {{"EDS-RES-02", "guardrail:aws:202972997528", controls.Fail}},
	} {
		e, err := Explain(r, j, id)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(e.SeeAlso, want) || e.MoreAlso != 0 {
			t.Errorf("%s: %+v and %d more, want %+v", id, e.SeeAlso, e.MoreAlso, want)
		}
	}
	many, err := Explain(r, j, "gcp:clover-enclave")
	if err != nil {
		t.Fatal(err)
	}
	if len(many.SeeAlso) == 0 || len(many.SeeAlso) > maxShown {
		t.Errorf("%d shown", len(many.SeeAlso))
	}
}

// What is to be seen also is bounded, and the rest is counted.
func TestSeeAlsoIsBounded(t *testing.T) {
	e := &Explanation{}
	for range maxShown + 2 {
		e.also(report.Subject{Item: "a"}, controls.Item{Fact: "a#1"})
		e.also(report.Subject{Item: "a"}, controls.Item{Fact: "ab"})
		e.also(report.Subject{Item: "a", Control: "EDS-RES-01"}, controls.Item{Fact: "a#1"})
	}
	if len(e.SeeAlso) != maxShown || e.MoreAlso != 2 {
		t.Errorf("%d shown and %d more", len(e.SeeAlso), e.MoreAlso)
	}
}
