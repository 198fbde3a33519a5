package controls

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trefoil-audit/trefoil/evidence"
)

// shelf is what the index keeps of a store that logs may be delivered to.
type shelf struct {
	target string
	mode   string // of its lock; "" for none
	days   int
	why    string // why the lock is not known; "" where it is
}

// packedShelf is a shelf by the numbers of its texts: a run may have a million of them.
type packedShelf struct {
	target, mode, why uint32
	days              int
}

// putShelf keeps what the index knows of a store's lock.
func (j *joins) putShelf(id string, s shelf) {
	if old, twice := j.shelf(id); twice && old != s {
		s = shelf{target: s.target, why: "said twice, with differences: " + id}
	}
	n := j.ends.texts.number
	j.shelves[digestOf(id)] = packedShelf{n(s.target), n(s.mode), n(s.why), s.days}
}

// shelf gives it back; found is false where the store was not collected.
func (j *joins) shelf(id string) (s shelf, found bool) {
	p, found := j.shelves[digestOf(id)]
	if !found {
		return shelf{}, false
	}
	all := j.ends.texts.all
	return shelf{all[p.target], all[p.mode], p.days, all[p.why]}, true
}

// shelfOf reads a store's lock.
func shelfOf(f *evidence.Fact) shelf {
	s := shelf{target: f.Target}
	v, ok := f.Get("/protection/lock")
	lock, _ := v.(map[string]any)
	mode, hasMode := f.Get("/protection/lock/mode")
	days, hasDays := f.Get("/protection/lock/days")
	switch {
	case !ok:
		s.why = reasonOf(f, "/protection/lock")
	case lock == nil: // seen, and there is none
	case !hasMode || !hasDays:
		s.why = reasonOf(f, "/protection/lock/mode")
	default:
		s.mode, _ = mode.(string)
		s.days, s.why = wholeDays(days, f.ID)
	}
	return s
}

func wholeDays(v any, id string) (int, string) {
	switch n := v.(type) {
	case int:
		return n, ""
	case int64:
		return int(n), ""
	default:
		if n, ok := evidence.Whole(v); ok {
			return int(n), ""
		}
	}
	return 0, "the days of the lock are no whole number: " + id
}

// delivering is a trail or sink, and the target that it was read in.
type delivering struct{ id, target string }

// logStores says of each store that records of administration are delivered to whether it is
// locked, and who else works where it lies.
func logStores(j *joins) []*evidence.Fact {
	sources := map[string][]delivering{}
	unclear := map[string]string{}
	for _, kind := range []string{"aws.cloudtrail.trail", "gcp.logging.sink"} {
		for log := range j.each(kind) {
			if below, _ := log.Get("/attrs/include_children"); log.Provider == "gcp" && below == false {
				continue // a project's own sink, which is not its audit trail
			}
			v, ok := log.Get("/log/to")
			to, _ := v.(string)
			if !ok || to == "" {
				to = "the store of " + log.ID
				unclear[to] = reasonOf(log, "/log/to")
			}
			to = j.byProjectID(to)
			sources[to] = append(sources[to], delivering{log.ID, log.Target})
		}
	}
	beside := j.dataStores(sources)
	var out []*evidence.Fact
	for _, to := range slices.Sorted(maps.Keys(sources)) {
		f := derived(kindLogStore, "log_store:"+to, to, "", "")
		logs := []string{}
		for _, log := range sources[to] {
			logs = append(logs, log.id)
			f.Because("f:" + log.id)
		}
		slices.Sort(logs)
		f.Set("/attrs/logs", slices.Compact(logs))
		s, found := j.shelf(to)
		if !found {
			f.Unknown(cmp.Or(unclear[to], "the store was not collected: "+to), "/attrs/owner", "/attrs/lock_mode", "/attrs/lock_days", "/attrs/own_account", "/attrs/beside")
			out = append(out, f)
			continue
		}
		f.Target = s.target
		f.Because("f:"+to).Set("/attrs/owner", s.target)
		switch {
		case s.why != "":
			f.Unknown(s.why, "/attrs/lock_mode", "/attrs/lock_days")
		case s.mode == "":
			f.None(kindLogStore, "/attrs/lock_mode").Set("/attrs/lock_days", 0)
		default:
			f.Set("/attrs/lock_mode", s.mode).Set("/attrs/lock_days", s.days)
		}
		f.Set("/attrs/own_account", slices.ContainsFunc(sources[to], func(log delivering) bool { return log.target == s.target }))
		j.setBeside(f, s.target, beside)
		out = append(out, f)
	}
	return out
}

// setBeside names the first few in-scope stores that lie in the account of a log store and keep
// no logs: whoever administers them there can reach the logs too.
func (j *joins) setBeside(f *evidence.Fact, target string, beside map[string][]string) {
	const few = 5
	f.Set("/attrs/beside", strings0(beside[target][:min(few, len(beside[target]))]))
	if gap := j.storesGap(target, func(kind string) bool { return j.carries(kind, "store") }); gap != "" {
		f.Unknown(gap, "/attrs/beside/-")
	}
}

// dataStores lists, by target, the in-scope stores that keep no logs, sorted.
func (j *joins) dataStores(logStores map[string][]delivering) map[string][]string {
	out := map[string][]string{}
	for _, id := range j.stores {
		if e, _ := j.ends.get(id); e.data && !e.ghost && j.rulingOf(id, e).scope != Out && logStores[id] == nil {
			out[e.target] = append(out[e.target], id)
		}
	}
	for target, ids := range out {
		slices.Sort(ids)
		out[target] = slices.Compact(ids)
	}
	return out
}
