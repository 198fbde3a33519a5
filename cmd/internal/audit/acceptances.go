package audit

import (
	"fmt"
	"time"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// Acceptances says of waivers and accepted gaps, one sentence each, what a reader of the results must know: that one
// matches no exception, that it does not count, or that it was approved after the snapshot.
func (j *Judged) Acceptances() ([]string, error) {
	e, r := j.world.engagement, j.world.run
	if len(e.Waivers)+len(e.File.AcceptedGaps) == 0 {
		return []string{}, nil
	}
	waived, accepted, err := controls.Matched(e.Waivers, e.File.AcceptedGaps, j.Results.Lines, j.Results.Items(), j.world.coverage())
	if err != nil {
		return nil, err
	}
	out := []string{}
	note := func(what string, matches bool, pattern string, approved, until engagement.Date) {
		day := func(d engagement.Date) string { return d.Format(time.DateOnly) }
		switch {
		case !matches:
			out = append(out, fmt.Sprintf("%s matches no exception: %s", what, pattern))
		case approved.After(j.JudgedAsOf):
			out = append(out, fmt.Sprintf("%s does not count: it is approved from %s on", what, day(approved)))
		case !j.JudgedAsOf.Before(until.Time):
			out = append(out, fmt.Sprintf("%s does not count: it ran until %s", what, day(until)))
		case approved.After(r.Record.AsOf):
			out = append(out, fmt.Sprintf("%s was approved after the snapshot: on %s", what, day(approved)))
		}
	}
	for i, w := range e.Waivers {
		note("waiver "+w.ID, waived[i], "no fail of "+w.Control+" is like "+w.Items, w.Approved, w.Until)
	}
	for i, g := range e.File.AcceptedGaps {
		note("accepted gap "+g.ID, accepted[i], "nothing that could not be judged is like "+g.Pattern, g.Approved, g.Until)
	}
	return out, nil
}
