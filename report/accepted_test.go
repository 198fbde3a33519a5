package report

import (
	"slices"
	"strings"
	"testing"
)

// A waiver or an accepted gap that has nothing to accept does not say plainly that it counts.
func TestUnmet(t *testing.T) {
	in, _ := sample(t, nil)
	if met, err := metWaivers(&in); err != nil || !slices.Equal(met, []bool{true}) {
		t.Errorf("waivers: %v %v", met, err)
	}
	if met, err := metGaps(&in); err != nil || !slices.Equal(met, []bool{true}) {
		t.Errorf("gaps: %v %v", met, err)
	}
	if text := engagementCells(t, in); strings.Contains(text, "matches no") {
		t.Error("what matches is said to match nothing")
	}
	waived, gap := in.Waivers[0], in.Engagement.AcceptedGaps[0]
	in.Waivers[0].Items = "arn:aws:s3:::none"
	in.Engagement.AcceptedGaps[0].Pattern = "unread/aws.sqs.*"
	text := engagementCells(t, in)
	for _, want := range []string{"Yes, matches no fail here", "Yes, matches nothing here"} {
		if !strings.Contains(text, want) {
			t.Errorf("the sheet does not say %q", want)
		}
	}
	in.Waivers[0], in.Engagement.AcceptedGaps[0] = waived, gap
	in.Waivers[0].Control = "EDS-RES-99" // the item fails another control
	if !strings.Contains(engagementCells(t, in), "Yes, matches no fail here") {
		t.Error("a waiver of another control matches")
	}
	if got := unmet(styled{value: "NO: HAS LAPSED"}, false, "nothing here"); got.value != "NO: HAS LAPSED" {
		t.Errorf("%v", got.value)
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
