package controls

import (
	"cmp"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// logRoutes says of each sink of Google that is on, of a project, a folder or the organisation, where it hands
// entries to: where that lies, and whose it is.
func logRoutes(j *joins) []*evidence.Fact {
	var out []*evidence.Fact
	for sink := range j.each("gcp.logging.sink") {
		e, _ := j.ends.get(sink.ID)
		scope := j.rulingOf(sink.ID, e)
		if on, ok := sink.Get("/log/enabled"); ok && on == false || scope.scope == Out {
			continue
		}
		f := derived(kindLogRoute, "log_route:"+sink.ID, sink.Name, sink.Target, sink.Region).Because("f:"+sink.ID).Set("/attrs/sink", sink.ID)
		v, _ := sink.Get("/log/to")
		to, _ := v.(string)
		switch {
		case scope.scope == ScopeUnknown:
			f.Unknown("scope: "+scope.why, "/attrs/to", "/attrs/located", "/attrs/owner")
		case to == "":
			f.Unknown(reasonOf(sink, "/log/to"), "/attrs/to", "/attrs/located", "/attrs/owner")
		default:
			j.route(f, to)
		}
		out = append(out, f)
	}
	return out
}

// route sets where a destination lies and whose it is. The name of a log bucket says both itself; that of any
// other leaves the place, and of a storage bucket also the owner, to the store's own fact.
func (j *joins) route(f *evidence.Fact, to string) {
	to = j.byProjectID(to)
	f.Set("/attrs/to", to)
	e, collected := j.ends.get(to)
	if collected {
		f.Because("f:" + to)
	}
	switch place := logPlace(to); {
	case collected && e.located != nil:
		f.Set("/attrs/located", e.located)
	case place != "":
		f.Set("/attrs/located", []string{place})
	case collected:
		f.Unknown(cmp.Or(e.why, noLocation(to)), "/attrs/located")
	default:
		f.Unknown("the destination was not collected: "+to, "/attrs/located")
	}
	if owner, ok := ownerOf(to); ok {
		f.Set("/attrs/owner", owner)
		return
	}
	for _, t := range j.in.Targets {
		if collected && t.ID == e.target && t.account() {
			f.Set("/attrs/owner", t.Provider+":"+t.Account)
			return
		}
	}
	f.Unknown("the destination was not collected, and its name does not say whose it is: "+to, "/attrs/owner")
}

// logPlace is the place that the name of a log bucket says, as tables of places write it; "" where it is none.
func logPlace(id string) string {
	rest, ok := strings.CutPrefix(id, "//logging.googleapis.com/")
	parts := strings.Split(rest, "/") // projects/p/locations/place/buckets/name
	if !ok || len(parts) != 6 || parts[2] != "locations" || parts[4] != "buckets" {
		return ""
	}
	if token := strings.ToLower(parts[3]); token == "global" || strings.Contains(token, "-") {
		return token
	}
	return strings.ToUpper(parts[3])
}

// byProjectID writes a full resource name with its project's id, where it has the number of a project of the run.
func (j *joins) byProjectID(name string) string {
	before, rest, ok := strings.Cut(name, ".googleapis.com/projects/")
	number, after, _ := strings.Cut(rest, "/")
	id := j.numbers[number]
	if !ok || id == "" {
		return name
	}
	return strings.TrimSuffix(before+".googleapis.com/projects/"+id+"/"+after, "/")
}
