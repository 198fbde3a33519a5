package gcp

import (
	"testing"

	"google.golang.org/api/logging/v2"
)

// What a filter takes is known only where no reading of it could take less.
func TestRouted(t *testing.T) {
	const activity, access = `cloudaudit.googleapis.com%2Factivity`, `cloudaudit.googleapis.com%2Fdata_access`
	for name, c := range map[string]struct {
		filter    string
		exclusion string
		children  bool
		want      any // of /log/management; nil: unknown
	}{
		"everything":                          {"", "", false, true},
		"the log by its id":                   {`LOG_ID("cloudaudit.googleapis.com/activity")`, "", true, true},
		"another log":                         {`LOG_ID("compute.googleapis.com/firewall")`, "", true, false},
		"all but it":                          {`NOT LOG_ID("cloudaudit.googleapis.com/activity") AND NOT LOG_ID("x")`, "", false, false},
		"by its name":                         {`logName="organizations/1/logs/` + activity + `"`, "", false, true},
		"by its name, of those below too":     {`logName="organizations/1/logs/` + activity + `"`, "", true, nil},
		"by the name of another parent":       {`logName="projects/other/logs/` + activity + `"`, "", false, nil},
		"by a name that is not escaped":       {`logName="organizations/1/logs/cloudaudit.googleapis.com/activity"`, "", false, nil},
		"by a part of its name":               {`logName:"cloudaudit.googleapis.com"`, "", true, true},
		"by a part, in capitals":              {`logName:"CLOUDAUDIT.googleapis.com"`, "", true, true},
		"by a part that has its parent":       {`logName:"projects/p/logs/` + activity + `"`, "", true, nil},
		"excluded by its id":                  {"", `LOG_ID("cloudaudit.googleapis.com/activity")`, true, nil},
		"excluded by its name, of one parent": {"", `logName="projects/p/logs/` + activity + `"`, true, nil},
		"excluded by a part with its parent":  {"", `logName:"projects/p/logs/` + activity + `"`, true, nil},
		"excluded by a part with logs/":       {"", `logName:"logs/cloudaudit"`, true, nil},
		"excluded by a part of the parent":    {"", `logName:"prod"`, true, nil},
		"excluded in capitals":                {"", `logName:"CLOUDAUDIT"`, true, nil},
		"another log excluded":                {"", `logName:"compute.googleapis.com"`, true, true},
		"access excluded":                     {"", `logName:"` + access + `"`, true, nil},
		"not of this, or that":                {`NOT LOG_ID("x") OR LOG_ID("y")`, "", true, nil},
		"not of a part with logs/":            {`NOT logName:"logs/cloudaudit"`, "", true, false},
	} {
		sink := &logging.LogSink{Name: "s", Destination: "storage.googleapis.com/b", Filter: c.filter, IncludeChildren: c.children}
		if c.exclusion != "" {
			sink.Exclusions = []*logging.LogExclusion{{Filter: c.exclusion}}
		}
		f := sinkFact("gcp:organizations/1", "organizations/1", sink, "c:row")
		got, ok := f.Get("/log/management")
		if ok != (c.want != nil) || ok && got != c.want {
			t.Errorf("%s: management %v (known: %v), want %v", name, got, ok, c.want)
		}
	}
}

// A sink says whether it keeps what it takes from the sinks below it.
func TestSinkIntercepts(t *testing.T) {
	for _, want := range []bool{true, false} {
		f := sinkFact("gcp:folders/7", "folders/7", &logging.LogSink{Name: "s", Destination: "logging.googleapis.com/projects/p", IncludeChildren: true, InterceptChildren: want}, "c:row")
		if got, _ := f.Get("/attrs/intercept_children"); got != want {
			t.Errorf("intercepts: %v, want %v", got, want)
		}
	}
}
