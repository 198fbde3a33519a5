package aws

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// A policy document is read whole or refused: each statement becomes one fact that says its effect,
// or there is an error. None stops the collector.
func FuzzPolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	f.Add(`{"Statement":[{"Sid":"a","Effect":"Deny","NotAction":["iam:*"],"NotResource":[],"Principal":{"AWS":["1"],"Service":"x"},"Condition":{"StringEquals":{"aws:RequestedRegion":["a",true,1]}}}]}`)
	f.Add(`{"Statement":[{"Effect":"Allow","NotPrincipal":"*"}]}`)
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, text string) {
		facts, err := statementFacts(kindStatement, text, "o", "global", "v", "inline", nil)
		if err != nil {
			if len(facts) > 0 {
				t.Fatal("an error and facts")
			}
			return
		}
		if len(facts) == 0 && !strings.Contains(text, "[") {
			t.Fatal("a policy without a statement was taken")
		}
		for _, fact := range facts {
			if effect, _ := fact.Get("/binding/effect"); effect != "allow" && effect != "deny" {
				t.Fatalf("effect %v", effect)
			}
			if _, err := evidence.Canonical(fact.Fields); err != nil {
				t.Fatal(err)
			}
		}
	})
}
