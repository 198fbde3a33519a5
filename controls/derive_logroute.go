package controls

import (
	"cmp"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// logRoutes says of each sink of Google that is on, of a project, a folder or the organisation, and of each trail of
// AWS that is, where it hands entries to: where that lies, and whose it is.
func logRoutes(j *joins) []*evidence.Fact {
	var out []*evidence.Fact
	seen := map[string]bool{} // a trail of the organisation may be listed in each of its accounts
	for _, kind := range []string{"aws.cloudtrail.trail", "gcp.logging.sink"} {
		for log := range j.each(kind) {
			if on, ok := log.Get("/log/enabled"); ok && on == false || seen[log.ID] {
				continue
			}
			if f := j.logRoute(log); f != nil {
				seen[log.ID], out = true, append(out, f)
			}
		}
	}
	return out
}

// logRoute makes the fact of one; nil where it is out of scope.
func (j *joins) logRoute(log *evidence.Fact) *evidence.Fact {
	e, _ := j.ends.get(log.ID)
	scope := j.rulingOf(log.ID, e)
	if scope.scope == Out {
		return nil
	}
	f := derived(kindLogRoute, "log_route:"+log.ID, log.Name, log.Target, log.Region).Because("f:"+log.ID).Set("/attrs/sink", log.ID)
	v, _ := log.Get("/log/to")
	to, _ := v.(string)
	switch {
	case scope.scope == ScopeUnknown:
		return f.Unknown("scope: "+scope.why, "/attrs/to", "/attrs/located", "/attrs/owner")
	case to == "":
		return f.Unknown(reasonOf(log, "/log/to"), "/attrs/to", "/attrs/located", "/attrs/owner")
	}
	j.route(f, to)
	return f
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
