package controls

import (
	"testing"
	"time"

	"cel.dev/cel-go/common/types"
)

// What is older than a bound by any time is not within it: a day that has begun counts.
func TestDaysThatHaveBegunCount(t *testing.T) {
	const day = 24 * time.Hour
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	e := &environment{world: &world{asOf: at}}
	for span, want := range map[time.Duration]int{0: 0, time.Nanosecond: 1, day - time.Hour: 1, day: 1, 7 * day: 7, 7*day + time.Second: 8, 89*day + 23*time.Hour: 90, 90*day + time.Minute: 91, -time.Hour: 0, -day: -1} {
		if got := daysBegun(span); got != want {
			t.Errorf("%v: %d, want %d", span, got, want)
		}
		if got := e.daysSince(types.Timestamp{Time: at.Add(-span)}); got != types.Int(want) {
			t.Errorf("days since %v ago: %v, want %d", span, got, want)
		}
	}
}

// A collection is of the age that its first exchange has at the judgement; a judgement from before the run is of nothing.
func TestAgeOfACollection(t *testing.T) {
	const day = 24 * time.Hour
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		first, judged time.Duration // after as_of
		want          string
	}{
		"as of the run":            {5 * time.Minute, 0, "0"},
		"a minute later":           {5 * time.Minute, 6 * time.Minute, "1"},
		"seven days":               {0, 7 * day, "7"},
		"seven days and an hour":   {0, 7*day + time.Hour, "8"},
		"an hour before":           {time.Minute, -time.Hour, "-1"},
		"days before":              {time.Minute, -3 * day, "-4"},
		"within the same second":   {time.Minute, -time.Nanosecond, "0"},
		"before, and seen earlier": {-2 * time.Hour, -time.Hour, "1"},
	} {
		in := world1(t)
		in.AsOf = at.Add(time.Millisecond)
		in.Targets[0].First, in.Targets[0].Last, in.JudgedAsOf = in.AsOf.Add(c.first), in.AsOf.Add(c.first), in.AsOf.Add(c.judged)
		if got := attr(collections(indexed(t, in))[0], "age_days"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
