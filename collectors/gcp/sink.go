package gcp

import (
	"net/url"
	"regexp"
	"strings"

	"google.golang.org/api/logging/v2"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// The logs in which Cloud Audit Logs are written.
const (
	activityLog = "cloudaudit.googleapis.com/activity"
	accessLog   = "cloudaudit.googleapis.com/data_access"
)

// sinkFact makes the fact of a sink; row is that of the list.
func sinkFact(node, parent string, sink *logging.LogSink, row string) *evidence.Fact {
	f := evidence.NewFact(kindSink, "//logging.googleapis.com/"+parent+"/sinks/"+sink.Name, sink.Name)
	f.Region = collectors.Global
	accounts := []string{node}
	if sink.IncludeChildren && strings.HasPrefix(parent, "organizations/") {
		accounts = []string{"*"}
	}
	f.Set("/log/accounts", accounts).Set("/log/regions", []string{"*"}).Set("/log/to", "//"+sink.Destination).Set("/log/enabled", !sink.Disabled)
	f.Set("/flow/from", node).Set("/flow/to", "//"+sink.Destination).Set("/flow/what", "log entries").Set("/flow/active", !sink.Disabled)
	exclusions := []string{}
	for _, e := range sink.Exclusions {
		if !e.Disabled {
			exclusions = append(exclusions, e.Filter)
		}
	}
	of := parent
	if sink.IncludeChildren {
		of = "" // a log that is named with its parent is of one node alone
	}
	activity, access, known := routed(of, sink.Filter, exclusions)
	if known {
		f.Set("/log/management", activity).Set("/log/data_read", access).Set("/log/data_write", access)
	} else {
		f.Unknown(row, "/log/management", "/log/data_read", "/log/data_write")
	}
	setText(f, kindSink, "/attrs/filter", sink.Filter)
	setText(f, kindSink, "/attrs/writer", sink.WriterIdentity)
	return f.Set("/attrs/exclusions", sorted(exclusions)).Set("/attrs/include_children", sink.IncludeChildren).
		Set("/attrs/intercept_children", sink.InterceptChildren)
}

var (
	logID     = regexp.MustCompile(`^(?:LOG_ID|log_id)\("([^"]+)"\)$`)
	logName   = regexp.MustCompile(`^logName\s*=\s*"?([a-z]+/[^/"]+)/logs/([^"\s/]+)"?$`)
	logHas    = regexp.MustCompile(`^logName\s*:\s*"?([^"\s()]+)"?$`)
	negations = []string{"NOT ", "-"}
)

// routed says whether a sink takes the logs of administration and of access to data, where its
// filter is in one of three normal forms: none, a choice of logs joined by OR, or the exclusion
// of logs joined by AND, as _Default has it. Exclusions in any form that could touch audit logs
// make it unknown. Of names of logs, those of one parent alone count: what lies below it writes
// logs of its own name.
func routed(parent, filter string, exclusions []string) (activity, access, known bool) {
	for _, e := range exclusions {
		left, ok := onlyLogs(parent, e)
		if !ok || left.has(activityLog) || left.has(accessLog) {
			return false, false, false
		}
	}
	filter = strings.Join(strings.Fields(filter), " ")
	if filter == "" {
		return true, true, true
	}
	if chosen, ok := onlyLogs(parent, filter); ok {
		return chosen.has(activityLog), chosen.has(accessLog), true
	}
	var refused logSet
	for term := range strings.SplitSeq(filter, " AND ") {
		rest, negated := strings.TrimSpace(term), false
		for _, n := range negations {
			if after, ok := strings.CutPrefix(rest, n); ok && !negated {
				rest, negated = strings.TrimSpace(after), true
			}
		}
		one, ok := onlyLogs(parent, rest)
		if !ok || !negated || len(one) != 1 { // NOT binds closer than OR
			return false, false, false
		}
		refused = append(refused, one...)
	}
	return !refused.has(activityLog), !refused.has(accessLog), true
}

// logSet is a set of logs, in lower case, as the query language compares without regard to it:
// names, or, ending in *, texts that names contain.
type logSet []string

func (s logSet) has(log string) bool {
	for _, name := range s {
		if part, ok := strings.CutSuffix(name, "*"); name == log || ok && strings.Contains(fullName(log), part) {
			return true
		}
	}
	return false
}

// fullName is what is known of the name of a log in an entry: its parent stands before it.
func fullName(log string) string { return "/logs/" + strings.ToLower(url.PathEscape(log)) }

// onlyLogs reads a filter that names logs, joined by OR, and nothing else; false where it does not, or
// where what it names cannot be told.
func onlyLogs(parent, filter string) (logSet, bool) {
	var out logSet
	for term := range strings.SplitSeq(strings.TrimSpace(filter), " OR ") {
		name, ok := oneLog(parent, strings.TrimSpace(term))
		if !ok {
			return nil, false
		}
		out = append(out, name)
	}
	return out, true
}

func oneLog(parent, term string) (name string, ok bool) {
	if m := logHas.FindStringSubmatch(term); m != nil {
		return partOfLog(strings.ToLower(m[1]))
	}
	written := ""
	if m := logID.FindStringSubmatch(term); m != nil {
		written = m[1]
	} else if m := logName.FindStringSubmatch(term); m != nil && m[1] == parent {
		written = m[2]
	}
	name, err := url.PathUnescape(written)
	return strings.ToLower(name), err == nil && name != "" && !strings.Contains(name, "*")
}

// partOfLog reads a text that names of logs contain. It must be a part of the audit logs' own names, or
// one that neither they nor the parent before them can contain: any other might be in the parent.
func partOfLog(text string) (name string, ok bool) {
	in := func(log string) bool { return strings.Contains(fullName(log), text) }
	elsewhere := strings.Contains(text, ".googleapis.com") && !strings.Contains(text, "/")
	return text + "*", !strings.Contains(text, "*") && (in(activityLog) && in(accessLog) || elsewhere)
}
