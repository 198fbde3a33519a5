package report

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// A waiver or an accepted gap that has nothing to accept does not say plainly that it counts.
func TestUnmet(t *testing.T) {
	in, _ := sample(t, nil)
	if a, err := (&book{in: &in, made: counts{}}).surveyed(context.Background()); err != nil || !slices.Equal(a.waivers, []bool{true}) || !slices.Equal(a.gaps, []bool{true}) {
		t.Errorf("%+v %v", a, err)
	}
	if text := engagementCells(t, in); strings.Contains(text, "MATCHES NO") {
		t.Error("what matches is said to match nothing")
	}
	waived, gap := in.Waivers[0], in.Engagement.AcceptedGaps[0]
	in.Waivers[0].Items = "arn:aws:s3:::none"
	in.Engagement.AcceptedGaps[0].Pattern = "unread/aws.sqs.*"
	text := engagementCells(t, in)
	if n := strings.Count(text, "Counts, but MATCHES NO EXCEPTION"); n != 2 {
		t.Errorf("the sheet says %d times that nothing matches:\n%s", n, text)
	}
	in.Engagement.AcceptedGaps[0].Pattern = "unread/aws.efs.*" // what a line says was not looked at
	if n := strings.Count(engagementCells(t, in), "MATCHES NO EXCEPTION"); n != 1 {
		t.Errorf("an accepted gap of what was not looked at is said to match nothing (%d)", n)
	}
	in.Waivers[0], in.Engagement.AcceptedGaps[0] = waived, gap
	in.Waivers[0].Control = "EDS-RES-99" // the item fails another control
	if !strings.Contains(engagementCells(t, in), "Counts, but MATCHES NO EXCEPTION") {
		t.Error("a waiver of another control matches")
	}
	if got := unmet(styled{value: "NO: HAS LAPSED"}, false); got.value != "NO: HAS LAPSED, and MATCHES NO EXCEPTION" {
		t.Errorf("%v", got.value)
	}
	if got := unmet(styled{value: "Yes, approved after the snapshot"}, false); got.value != "Counts, approved after the snapshot, but MATCHES NO EXCEPTION" {
		t.Errorf("%v", got.value)
	}
}

// Whatever does not count says so in capitals.
func TestNotYet(t *testing.T) {
	in, _ := sample(t, nil)
	in.Waivers[0].Approved = engagement.Date{Time: in.Judgement.AsOf.Add(24 * time.Hour)}
	if text := engagementCells(t, in); !strings.Contains(text, "NO: NOT YET APPROVED") {
		t.Error(text)
	}
}

// What was approved after the snapshot counts, and is marked.
func TestLate(t *testing.T) {
	in, _ := sample(t, nil)
	in.Judgement.AsOf = in.Run.AsOf.Add(48 * time.Hour)
	in.Waivers[0].Approved = engagement.Date{Time: in.Run.AsOf.Add(24 * time.Hour)}
	if text := engagementCells(t, in); !strings.Contains(text, "Yes, approved after the snapshot") {
		t.Error(text)
	}
	late := &controls.Acceptance{ID: "W-1", By: "DPO", Counts: true, Late: true}
	if text := acceptedLong(late); !strings.Contains(text, "; approved after the snapshot") {
		t.Error(text)
	}
}

func engagementCells(t *testing.T, in Input) string {
	t.Helper()
	rows, err := opened(t, made(t, in, maxRows)).GetRows(engagementSheet)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, r := range rows {
		text.WriteString(strings.Join(r, "\t") + "\n")
	}
	return text.String()
}
