package audit

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// A waiver and an accepted gap that were approved after the snapshot count, and are said to be late. The day is one
// that a recording made today has not reached, so the judgement is made here, where no clock is read.
func TestAcceptedAfterTheSnapshot(t *testing.T) {
	r, _ := seen(t)
	loaded, err := EngagementOf(r)
	if err != nil {
		t.Fatal(err)
	}
	raw := maps.Clone(loaded.Raw)
	const term = ", reason: r, by: DPO, approved: 2035-06-01, until: 2036-01-01}\n"
	raw[engagement.WaiversName] = []byte("waivers:\n  - {id: W-late, control: EDS-KEY-01, items: \"arn:aws:s3:::clover-london\"" + term)
	raw[engagement.FileName] = []byte(strings.Replace(string(raw[engagement.FileName]), "accepted_gaps:\n", "accepted_gaps:\n  - {id: gap-late, pattern: \"unread/aws.efs.*\""+term, 1))
	if loaded, err = engagement.Parse(raw); err != nil {
		t.Fatal(err)
	}
	j, err := Judge(context.Background(), Judging{Run: r, Engagement: loaded, JudgedAsOf: time.Date(2035, 6, 2, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := j.Acceptances()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"waiver W-late was approved after the snapshot: on 2035-06-01", "accepted gap gap-late was approved after the snapshot: on 2035-06-01"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not said: %q", want, got)
		}
	}
	late := 0
	for it, err := range j.Results.Items() {
		if err != nil {
			t.Fatal(err)
		}
		if it.Control == "EDS-KEY-01" && it.Fact == "arn:aws:s3:::clover-london" && it.Accepted != nil && it.Accepted.Counts && it.Accepted.Late {
			late++
		}
	}
	if late != 1 {
		t.Errorf("%d items are accepted late, want 1", late)
	}
}
