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
	activity, access, known := routed(sink.Filter, exclusions)
	if known {
		f.Set("/log/management", activity).Set("/log/data_read", access).Set("/log/data_write", access)
	} else {
		f.Unknown(row, "/log/management", "/log/data_read", "/log/data_write")
	}
	setText(f, kindSink, "/attrs/filter", sink.Filter)
	setText(f, kindSink, "/attrs/writer", sink.WriterIdentity)
	return f.Set("/attrs/exclusions", sorted(exclusions)).Set("/attrs/include_children", sink.IncludeChildren)
}

var (
	logID     = regexp.MustCompile(`^(?:LOG_ID|log_id)\("([^"]+)"\)$`)
	logName   = regexp.MustCompile(`^logName\s*=\s*"?[a-z]+/[^/"]+/logs/([^"\s]+)"?$`)
	logHas    = regexp.MustCompile(`^logName\s*:\s*"?([^"\s()]+)"?$`)
	negations = []string{"NOT ", "-"}
)

// routed says whether a sink takes the logs of administration and of access to data, where its
// filter is in one of three normal forms: none, a choice of logs joined by OR, or the exclusion
// of logs joined by AND, as _Default has it. Exclusions in any form that could touch audit logs
// make it unknown.
func routed(filter string, exclusions []string) (activity, access, known bool) {
	for _, e := range exclusions {
		left, ok := onlyLogs(e, " OR ")
		if !ok || left.has(activityLog) || left.has(accessLog) {
			return false, false, false
		}
	}
	filter = strings.Join(strings.Fields(filter), " ")
	if filter == "" {
		return true, true, true
	}
	if chosen, ok := onlyLogs(filter, " OR "); ok {
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
		one, ok := onlyLogs(rest, " OR ")
		if !ok || !negated {
			return false, false, false
		}
		refused = append(refused, one...)
	}
	return !refused.has(activityLog), !refused.has(accessLog), true
}

// logSet is a set of logs: names, or, ending in *, texts that names contain.
type logSet []string

func (s logSet) has(log string) bool {
	for _, name := range s {
		if part, ok := strings.CutSuffix(name, "*"); name == log || ok && strings.Contains(log, part) {
			return true
		}
	}
	return false
}

// onlyLogs reads a filter that names logs and nothing else.
func onlyLogs(filter, joint string) (logSet, bool) {
	var out logSet
	for term := range strings.SplitSeq(strings.TrimSpace(filter), joint) {
		term = strings.TrimSpace(term)
		suffix := ""
		m := logID.FindStringSubmatch(term)
		if m == nil {
			m = logName.FindStringSubmatch(term)
		}
		if m == nil {
			m, suffix = logHas.FindStringSubmatch(term), "*"
		}
		if m == nil {
			return nil, false
		}
		name, err := url.PathUnescape(m[1])
		if err != nil || strings.Contains(name, "*") {
			return nil, false
		}
		out = append(out, name+suffix)
	}
	return out, true
}
