package audit

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// A run without the bundle of a target of its plan says nothing of that target, and so must not be judged as if
// all of it had been seen: it does not verify, whoever signed it.
func TestEachPlannedTargetHasItsBundle(t *testing.T) {
	const target = `{"account":"123456789012","id":"aws-123456789012","level":"account","name":"master","parent":"","provider":"aws","regions":[]}`
	k, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	asOf := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for plan, words := range map[string]string{"[]": "", "[" + target + "]": "target aws-123456789012", `{}`: "plan", `[{"id":1}]`: "plan"} {
		r := barePlanned(t, &seal.Signer{Key: k}, "{key: firm, timestamp: none}", run.Source{Kind: "live"}, asOf, plan)
		_, _, err := Verify(context.Background(), Verification{Path: r.Path, Trust: trusting(t, k, nil), Workers: 1})
		var bad *run.VerifyError
		if words == "" && err != nil || words != "" && (!errors.As(err, &bad) || bad.File != "run.json" || !strings.Contains(err.Error(), words)) {
			t.Errorf("%s: %v", plan, err)
		}
	}
	r, _ := seen(t)
	if err := planned(r); err != nil {
		t.Error(err)
	}
	whole := r.Record.Bundles
	r.Record.Bundles = whole[1:]
	if _, err := Judge(context.Background(), Judging{Run: r, JudgedAsOf: r.Record.AsOf}); err == nil || !strings.Contains(err.Error(), "target "+whole[0].Target) {
		t.Errorf("judged without a target: %v", err)
	}
	extra := whole[0]
	extra.Target = "aws-999999999999"
	r.Record.Bundles = append(append([]run.BundleFile{}, whole...), extra)
	if err := planned(r); err == nil || !strings.Contains(err.Error(), "aws-999999999999, which its plan does not name") {
		t.Errorf("a target that was not planned: %v", err)
	}
}

// A judgement that is asked for must be there, also where no workbook is.
func TestJudgementThatIsAskedFor(t *testing.T) {
	k, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	asOf := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	r := bare(t, &seal.Signer{Key: k}, "{key: firm, timestamp: none}", run.Source{Kind: "live"}, asOf)
	v := Verification{Path: r.Path, Trust: trusting(t, k, nil), Workers: 1, Judgement: strings.Repeat("0", 64)}
	_, report, err := Verify(context.Background(), v)
	var bad *run.VerifyError
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), "the run has no judgement 0000") {
		t.Errorf("got %v", err)
	}
	if last := report.Checks[len(report.Checks)-1]; last.Result != "failed" {
		t.Errorf("the last check is %+v", last)
	}
}
