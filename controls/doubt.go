package controls

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// unseenEdge says that the copies of a store, or where an export went, were not all seen, since a call of the
// run was not answered, or a rule of the engagement withholds it: the coverage row, or the rule with it.
type unseenEdge struct{ from, row string }

// doubtful says whether a cause of not having seen edges casts doubt. Where every call was answered and the answer
// says nothing of them, no answer of another day would: such kinds are named as not asked, and cast none.
func (j *joins) doubtful(cause string) bool {
	if j.unanswered == nil {
		j.unanswered = map[string]bool{}
		for _, r := range j.in.Coverage {
			j.unanswered[r.ID] = !r.Status.Seen() && r.Status != evidence.NotEnabled && r.Status != evidence.Disabled
		}
	}
	row := evidence.RowOf(cause)
	withheld := row != cause
	return withheld || j.unanswered[row]
}

// unseenCopies says why the copies of a store were not all seen, or where one of them is; "" where they were.
func unseenCopies(f *evidence.Fact) string {
	first := ""
	for ptr := range f.Unknowns {
		whole := ptr == "/copies" || ptr == "/copies/-" || strings.HasPrefix(ptr, "/copies/") && strings.HasSuffix(ptr, "/to")
		if whole && (first == "" || ptr < first) {
			first = ptr
		}
	}
	return f.Unknowns[first]
}

// doubt adds those of all unseen edges that lead from what may be in scope, and takes the label's word from what
// they may reach, so that its copies follow: what is ruled out, and is of a kind that the copy can be of, is
// of unknown scope. It reports whether it added any: what they reach may have unseen edges of its own. The
// index lists no ids; what has no copies itself is told by rulingOf, when it is asked.
func (j *joins) doubt(all map[string][]unseenEdge) (added bool) {
	counted := map[string][]unseenEdge{}
	for kind, edges := range all {
		for _, edge := range edges {
			if from, _ := j.ends.get(edge.from); j.rulingOf(edge.from, from).scope != Out {
				counted[kind] = append(counted[kind], edge)
			}
		}
		slices.SortFunc(counted[kind], func(a, b unseenEdge) int { return cmp.Compare(a.from, b.from) })
		added = added || len(counted[kind]) > len(j.unseen[kind])
	}
	j.unseen = counted
	for _, sources := range []map[string][]string{j.edges, j.opens} {
		for id := range sources {
			if e, ok := j.ends.get(id); ok {
				e.ruling = j.rulingOf(id, e)
				j.ends.put(id, e)
			}
		}
	}
	return added
}

// rulingOf gives the scope of what the index holds under an id.
func (j *joins) rulingOf(id string, e end) ruling {
	if e.ruling.scope != Out {
		return e.ruling
	}
	if by := j.mayReach(id, e.kind); by != nil {
		return ruling{scope: ScopeUnknown, rule: "graph:" + by.from, why: by.row}
	}
	if use := j.keys[id]; use != nil {
		for _, kind := range slices.Sorted(maps.Keys(use.out)) {
			for _, from := range use.out[kind] {
				if by := j.mayReach(from, kind); by != nil {
					return ruling{scope: ScopeUnknown, rule: "graph:" + from, why: by.row}
				}
			}
		}
	}
	return e.ruling
}

// exports are the kinds whose copies lie in buckets.
var exports = []string{"aws.dynamodb.export", "aws.rds.export"}

// namedTables is the kind whose copies have the name of what they are copies of.
const namedTables = "aws.dynamodb.table"

// mayReach gives the first unseen edge that can end in a thing: from one of its own kind, an export to it, or from
// what a key may encrypt.
// The replicas of a table have its name. Where log groups are sent on lies nothing that is collected.
func (j *joins) mayReach(id, kind string) *unseenEdge {
	if kind != "aws.logs.group" {
		for i, e := range j.unseen[kind] {
			if e.from != id && (kind != namedTables || tableName(e.from) == tableName(id)) {
				return &j.unseen[kind][i]
			}
		}
	}
	if unseen := j.unseen[keyless(providerOf(kind))]; len(unseen) > 0 && j.carries(kind, "key") {
		return &unseen[0]
	}
	for _, from := range exports {
		if kind == "aws.s3.bucket" && len(j.unseen[from]) > 0 {
			return &j.unseen[from][0]
		}
	}
	return nil
}

func tableName(arn string) string {
	_, name, _ := strings.Cut(arn, ":table/")
	return name
}
