package controls

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

// auditLogs says of each AWS account and Google project of the run whether a trail, or a sink from
// above, records its administration. That none does counts only where every list of such logs was
// whole: those of the organisation lie in another target.
func auditLogs(j *joins) []*evidence.Fact {
	var all []*recorded
	for _, t := range j.in.Targets {
		source := "aws.cloudtrail.trail"
		if t.Provider == "gcp" {
			source = "gcp.logging.sink"
		}
		if !t.account() {
			continue
		}
		id := t.Provider + ":" + t.Account
		f := derived(kindAuditLog, "audit_log:"+id, t.Account, t.ID, "").Because("c:" + t.ID)
		all = append(all, &recorded{target: t, fact: f, source: source, unclear: j.listGap(source), logs: []string{}})
	}
	intercepting := j.intercepting()
	for source, fields := range map[string][]string{"aws.cloudtrail.trail": trailFields, "gcp.logging.sink": sinkFields} {
		for log := range j.each(source) {
			lacks, unseen := lacksOf(log, fields, j.in.AsOf)
			for _, r := range all {
				if r.source == source {
					r.by(j, log, lacks, unseen, intercepting)
				}
			}
		}
	}
	out := make([]*evidence.Fact, 0, len(all))
	for _, r := range all {
		slices.Sort(r.logs)
		slices.Sort(r.lacks)
		r.unclear = cmp.Or(r.kept, r.unclear)
		switch r.fact.Set("/attrs/logs", r.logs); {
		case r.covered:
			r.fact.Set("/attrs/covered", true).None(kindAuditLog, "/attrs/lacks")
		case r.unclear != "":
			r.fact.Set("/attrs/lacks", strings0(r.lacks)).Unknown(r.unclear, "/attrs/covered", "/attrs/lacks/-")
		case len(r.logs) == 0:
			r.fact.Set("/attrs/covered", false).Set("/attrs/lacks", []string{noLog[r.source]})
		default:
			r.fact.Set("/attrs/covered", false).Set("/attrs/lacks", r.lacks)
		}
		out = append(out, r.fact)
	}
	return out
}

// recorded gathers, for one account or project, the logs that record its administration.
type recorded struct {
	target  Target
	fact    *evidence.Fact
	source  string // kind of logs
	covered bool
	unclear string // why it is not known that none covers it
	kept    string // why one that covers it may get nothing
	logs    []string
	lacks   []string // what was seen to keep each from recording all
}

// by holds one log against it; lacks says what keeps the log from recording all that it covers, unseen why
// that is not known. A sink may get nothing where one above it intercepts.
func (r *recorded) by(j *joins, log *evidence.Fact, lacks []string, unseen string, intercepting []*evidence.Fact) {
	covers, why := j.covers(log, r.target)
	if !covers && why == "" {
		return
	}
	r.logs = append(r.logs, log.ID)
	r.fact.Because("f:" + log.ID)
	switch {
	case len(lacks) > 0:
		r.lacks = append(r.lacks, log.ID+" "+strings.Join(lacks, ", "))
	case unseen != "":
		r.unclear = unseen
	case covers:
		above := slices.IndexFunc(intercepting, func(other *evidence.Fact) bool { return j.height(other, r.target) > j.height(log, r.target) })
		if above < 0 {
			r.covered = true
			return
		}
		r.kept = "a sink above may keep entries from those below it: " + intercepting[above].ID
		r.fact.Because("f:" + intercepting[above].ID)
	default:
		r.unclear = why
	}
}

// intercepting lists the Google sinks of which it was not seen that they leave to the sinks below them what
// they take, or take nothing. One that is seen to take all administration covers what lies below itself.
func (j *joins) intercepting() []*evidence.Fact {
	var out []*evidence.Fact
	for log := range j.each("gcp.logging.sink") {
		if !slices.ContainsFunc([]string{"/log/enabled", "/log/management", "/attrs/include_children", "/attrs/intercept_children"}, func(ptr string) bool {
			v, _ := log.Get(ptr)
			return v == false
		}) {
			out = append(out, log.Clone())
		}
	}
	return out
}

// height says how high above a target a sink lies: -1 where it does not, more the nearer to the root.
func (j *joins) height(log *evidence.Fact, t Target) int {
	accounts, known := texts(log, "/log/accounts")
	parents := j.parents[t.Provider+":"+t.Account]
	switch {
	case t.Provider != "gcp":
		return -1
	case slices.Contains(accounts, "*"):
		if log.Target != t.ID && j.organizationOf(log.Target) != t.Parent {
			return -1
		}
		return len(parents)
	case !known:
		return len(parents)
	}
	return slices.IndexFunc(parents, func(above string) bool { return slices.Contains(accounts, above) })
}

// listGap names the first row that kept a kind from being enumerated, or its provider's targets
// from being discovered.
func (j *joins) listGap(kind string) string {
	of := map[string]string{}
	for _, t := range j.in.Targets {
		of[t.ID] = t.Provider
	}
	for _, r := range j.in.Coverage {
		if gates(r, func(k string) bool { return k == kind }) || r.Discovery && !r.Status.Seen() && of[r.Target] == providerOf(kind) {
			return r.ID
		}
	}
	return j.onlySecond("", func(k string) bool { return k == kind })
}

// covers says whether a log takes what happens in a target. "*" is the organisation that the log
// was read in, and no other: an engagement may name several. A Google sink counts where it takes
// what lies below it. Why is the cause where that was not seen.
func (j *joins) covers(log *evidence.Fact, t Target) (covers bool, why string) {
	accounts, known := texts(log, "/log/accounts")
	if !known {
		return false, reasonOf(log, "/log/accounts")
	}
	if log.Provider == "gcp" {
		switch below, ok := log.Get("/attrs/include_children"); {
		case !ok:
			return false, reasonOf(log, "/attrs/include_children")
		case below != true:
			return false, ""
		}
	}
	if slices.Contains(accounts, "*") {
		return log.Target == t.ID || t.Parent != "" && j.organizationOf(log.Target) == t.Parent, ""
	}
	for _, above := range append([]string{t.Provider + ":" + t.Account}, j.parents[t.Provider+":"+t.Account]...) {
		if slices.Contains(accounts, above) {
			return true, ""
		}
	}
	return false, ""
}

// organizationOf gives the target of the organisation that a target belongs to, or is.
func (j *joins) organizationOf(target string) string {
	for _, t := range j.in.Targets {
		if t.ID == target && t.Parent != "" {
			return t.Parent
		}
	}
	return target
}

// The fields that must be true of a log that records all administration.
var (
	trailFields = []string{"/log/enabled", "/log/management", "/log/validated", "/attrs/global_events", "/attrs/multi_region"}
	sinkFields  = []string{"/log/enabled", "/log/management"}
)

// noLog says that nothing records, by the kind that was looked for.
var noLog = map[string]string{"aws.cloudtrail.trail": "no trail covers it", "gcp.logging.sink": "no sink above it takes what lies below"}

// lackWords say what it means that a field has not the value that it should have.
var lackWords = map[string]string{"/log/enabled": "is switched off", "/log/management": "does not take all management events", "/log/validated": "does not sign its files",
	"/attrs/global_events": "leaves out global services", "/attrs/multi_region": "is of one region", "/attrs/delivery_error": "failed at its last delivery"}

// lacksOf says what of a log is not as these fields should be, all true, and, of a trail, that it has not delivered or
// that its last delivery failed; unseen is why the first field that was not seen is not known.
func lacksOf(log *evidence.Fact, fields []string, asOf time.Time) (lacks []string, unseen string) {
	wants := map[string]any{}
	for _, ptr := range fields {
		wants[ptr] = true
	}
	trail := log.Kind == "aws.cloudtrail.trail"
	if trail {
		fields, wants["/attrs/delivery_error"] = append(slices.Clone(fields), "/attrs/delivery_error"), nil
	}
	for _, ptr := range fields {
		switch v, ok := log.Get(ptr); {
		case !ok:
			unseen = cmp.Or(unseen, reasonOf(log, ptr))
		case v != wants[ptr]:
			lacks = append(lacks, lackWords[ptr])
		}
	}
	if trail {
		lack, why := delivered(log, asOf)
		if unseen = cmp.Or(unseen, why); lack != "" {
			lacks = append(lacks, lack)
		}
	}
	return lacks, unseen
}

// maxSilence is how long before a run a trail may have delivered last. A trail delivers within minutes of an event; one
// that was silent for longer belongs to an account in which nothing happened, or delivers no more: nothing says which.
const maxSilence = 24 * time.Hour

// delivered says what is wrong with a trail's deliveries: lack where there was none, unseen where it is not known
// whether they go on.
func delivered(trail *evidence.Fact, asOf time.Time) (lack, unseen string) {
	const ptr = "/attrs/last_delivery"
	v, ok := trail.Get(ptr)
	switch {
	case !ok:
		return "", reasonOf(trail, ptr)
	case v == nil:
		return "has delivered nothing yet", ""
	}
	text, _ := v.(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	switch {
	case err != nil:
		return "", "no time of a last delivery: " + trail.ID
	case asOf.Sub(at) > maxSilence:
		return "", "nothing was delivered since " + text + ": " + trail.ID
	}
	return "", ""
}
