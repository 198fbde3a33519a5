package audit

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// What the register says of legacy copies, as the catalogue judges it: one that is there fails, one that is misspelt is
// insufficient and names what is near it, and one that is exempt is ruled out with its reason. Where what is near is
// listed too, both were meant. Of one that is gone the recorded world answers too little: no list of stores was whole.
func TestLegacyCopiesAreJudged(t *testing.T) {
	const owner, none = ", owner: aws-202972997528, by: 2026-06-30, why: ", "arn:aws:s3:::clover-no-such-us"
	const there, typo, exempt = "arn:aws:s3:::clover-messages-us", "arn:aws:s3:::clover-mesages-us", "arn:aws:s3:::clover-profiles-us"
	verdicts, out := judgedLegacy(t, `legacy:
  - {id: "`+none+`"`+owner+`moved, state: deleted}
  - {id: "`+typo+`"`+owner+`moved, state: deleted}
  - {id: "`+exempt+`"`+owner+`kept for a court, state: exempt}
`)
	if got := verdicts[none]; got.Verdict != controls.Insufficient || strings.Contains(got.Reason, "misspelt?") {
		t.Errorf("gone: %s, %s", got.Verdict, got.Reason)
	}
	if got := verdicts[typo]; got.Verdict != controls.Insufficient || !strings.Contains(got.Reason, "misspelt?") || !strings.Contains(got.Reason, there) {
		t.Errorf("misspelt: %s, %s", got.Verdict, got.Reason)
	}
	if got, judged := verdicts[exempt]; judged {
		t.Errorf("exempt: %s, %s", got.Verdict, got.Reason)
	}
	if got := out["legacy:"+exempt]; got.Because != "kept for a court" || got.Rule != "state: exempt" || got.Kind != "trefoil.legacy" || len(out) != 1 {
		t.Errorf("ruled out: %+v", out)
	}
	verdicts, out = judgedLegacy(t, `legacy:
  - {id: "`+typo+`"`+owner+`moved, state: deleted}
  - {id: "`+there+`"`+owner+`moved, state: deleted}
`)
	if got := verdicts[typo]; got.Verdict != controls.Insufficient || strings.Contains(got.Reason, "misspelt?") || verdicts[there].Verdict != controls.Fail || len(out) != 0 {
		t.Errorf("both were meant: %+v, out %+v", verdicts, out)
	}
}

// judgedLegacy judges the recorded world by another register: what comes of its rows, by id, and which are ruled out.
func judgedLegacy(t *testing.T, register string) (verdicts map[string]controls.Item, out map[string]controls.Ruled) {
	t.Helper()
	_, r, _, _ := clover(t)
	loaded, err := EngagementOf(r)
	if err != nil {
		t.Fatal(err)
	}
	raw := maps.Clone(loaded.Raw)
	raw[engagement.RegisterName] = []byte(register)
	if loaded, err = engagement.Parse(raw); err != nil {
		t.Fatal(err)
	}
	j, err := Judge(context.Background(), Judging{Run: r, Engagement: loaded, JudgedAsOf: r.Record.AsOf})
	if err != nil {
		t.Fatal(err)
	}
	verdicts, out = map[string]controls.Item{}, map[string]controls.Ruled{}
	for i, err := range j.Results.Items() {
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := strings.CutPrefix(i.Fact, "legacy:"); ok {
			verdicts[id] = i
		}
	}
	for o, err := range j.Results.Out() {
		if err != nil {
			t.Fatal(err)
		}
		out[o.Fact] = o
	}
	for _, l := range j.Results.Lines {
		if l.Control == "EDS-MIG-02" && (l.Population != len(verdicts) || l.OutOfScope != len(out)) {
			t.Errorf("%d items and %d out of the line, %d and %d are listed", l.Population, l.OutOfScope, len(verdicts), len(out))
		}
	}
	return verdicts, out
}
