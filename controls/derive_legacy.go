package controls

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// legacyRows holds the register's legacy copies against what was seen. That a store is gone
// counts only where every list of stores of its owner was whole and nothing is named almost as it was, and that no
// copy of it remains where all that is a copy of its service says of what.
func legacyRows(j *joins) []*evidence.Fact {
	var out []*evidence.Fact
	copied := func(kind string) bool { return j.carries(kind, "store", "origin") }
	for _, l := range j.in.Register.Legacy {
		f := derived(kindLegacy, legacyFact(l), l.ID, l.Owner, "").Because(j.line(engagement.RegisterName, l.Line)).Set("/attrs/state", l.State).
			Set("/attrs/overdue", !l.By.IsZero() && !j.in.JudgedAsOf.Before(l.By.Time))
		e, found := j.ends.get(l.ID)
		var remains []string
		for _, id := range j.edges[bare(l.ID)] {
			if e, ok := j.ends.get(id); ok && !e.ghost { // storesGap speaks of ghosts
				remains = append(remains, id)
			}
		}
		slices.Sort(remains)
		f.Set("/attrs/remains", strings0(slices.Compact(remains)))
		switch gap, doubt := j.ownerGap(l), j.alike.doubt(l.ID); {
		case found && e.ghost:
			f.Unknown(ghostCause(l.ID), "/attrs/found")
		case found:
			f.Set("/attrs/found", true).Because("f:" + l.ID)
		case doubt != "": // before a list that was not whole: to accept that gap accepts no misspelling
			f.Unknown(doubt, "/attrs/found")
		case gap != "":
			f.Unknown(gap, "/attrs/found")
		default:
			f.Set("/attrs/found", false)
		}
		if all := j.storesGap("", copied); all != "" {
			f.Unknown(all, "/attrs/remains/-")
		} else if lost, ok := j.rootless[serviceIn(l.ID)]; ok {
			f.Unknown(lost.why, "/attrs/remains/-").Because("f:" + lost.id)
		}
		out = append(out, f)
	}
	return out
}

// legacyFact gives the id of the fact of a legacy copy.
func legacyFact(l engagement.Legacy) string { return "legacy:" + l.ID }

// exemptRule is what puts a legacy copy out that the programme exempts: not a rule of scope, but the row's own state.
const exemptRule = "state: exempt"

// ownerGap says why it is not known that a legacy store is gone, should it not have been seen.
func (j *joins) ownerGap(l engagement.Legacy) string {
	if gap := j.storesGap(l.Owner, func(kind string) bool { return j.carries(kind, "store") }); gap != "" {
		return gap
	}
	if why, _ := engagement.StoreFault(l.ID); why != "" {
		return "the register's id " + why + ": " + l.ID
	}
	if !engagement.ASCII(l.ID) { // a plug-in may name things so
		return "the register's id holds letters that look like others, by which it may have been missed: " + l.ID
	}
	if of := engagement.OwnerIn(l.ID); of != "" && of != l.Owner {
		return "the register says that " + l.Owner + " held it, and its id that " + of + " did: " + l.ID
	}
	if partition := j.partitionOf(l.Owner); partition != "" && strings.HasPrefix(l.ID, "arn:") && !strings.HasPrefix(l.ID, "arn:"+partition+":") {
		return "the register's id is of another partition of AWS than its owner, which is of " + partition + ": " + l.ID
	}
	if !j.listed(l.Owner, l.ID) {
		return "nothing of this run lists stores of the service and region of " + l.ID
	}
	return ""
}

// partitionOf gives the partition of AWS that an account is of, as the regions say in which it was asked; "" where
// none does.
func (j *joins) partitionOf(target string) string {
	if j.in.Table == nil || !strings.HasPrefix(target, "aws-") {
		return ""
	}
	for _, r := range j.in.Coverage {
		if r.Target != target {
			continue
		}
		for _, partition := range engagement.Partitions {
			if slices.Contains(j.in.Table.Regions(partition), r.Region) {
				return partition
			}
		}
	}
	return ""
}

// carries says whether a kind has one of these facets.
func (j *joins) carries(kind string, facets ...string) bool {
	k, ok := j.in.kinds[kind]
	return ok && slices.ContainsFunc(facets, func(facet string) bool { return slices.Contains(k.Facets, facet) })
}

// storesGap names the first list of such kinds of a target (of all targets, where it is empty) that
// was not whole; an owner that is no target of the run is itself a gap.
func (j *joins) storesGap(target string, of func(kind string) bool) string {
	asked := false
	for _, r := range j.in.Coverage {
		if target != "" && r.Target != target {
			continue
		}
		asked = true
		if gates(r, of) || r.Discovery && !r.Status.Seen() {
			return r.ID
		}
	}
	if !asked {
		return "the owner is no target of this run: " + target
	}
	return j.onlySecond(target, of)
}

// listed says whether any list of the run could have shown a store of that id in a target: that
// a store of a service, or of a region, which nobody asks was not seen proves nothing.
func (j *joins) listed(target, id string) bool {
	prefix, region := serviceIn(id), regionIn(id)
	return prefix != "" && slices.ContainsFunc(j.in.Coverage, func(r evidence.Row) bool {
		return r.List && r.Target == target && (region == "" || r.Region == region || r.Region == "global") && slices.ContainsFunc(r.Kinds, func(kind string) bool {
			return strings.HasPrefix(kind, prefix) && j.carries(kind, "store")
		})
	})
}

// regionIn gives the region that an ARN names; "" where an id names none.
func regionIn(id string) string {
	if parts := strings.SplitN(id, ":", 5); len(parts) == 5 && parts[0] == "arn" {
		return parts[3]
	}
	return ""
}

// serviceIn gives how the kinds of the service begin that an id is of, such as aws.rds. with its dot; "" where it
// does not say.
func serviceIn(id string) string {
	if parts := strings.SplitN(id, ":", 4); len(parts) == 4 && parts[0] == "arn" {
		return "aws." + parts[2] + "."
	}
	if host, _, ok := strings.Cut(strings.TrimPrefix(id, "//"), ".googleapis.com/"); ok {
		return "gcp." + strings.TrimPrefix(host, "cloud") + "."
	}
	if provider, _, ok := strings.Cut(id, ":"); ok && provider != "aws" && provider != "gcp" && provider != "arn" {
		return provider + "." // a plug-in's
	}
	return ""
}

// serviceOf gives the same of a kind.
func serviceOf(kind string) string {
	parts := strings.SplitAfterN(kind, ".", 3)
	if parts[0] == "aws." || parts[0] == "gcp." {
		return strings.Join(parts[:min(2, len(parts))], "")
	}
	return parts[0]
}

// rootless is a copy, and why it is not known of what.
type rootless struct{ id, why string }

// addRootless keeps the first copy of each service of which it is not known of what it is one, and, under "", the
// first of all.
func (j *joins) addRootless(kind string, r rootless) {
	for _, service := range []string{serviceOf(kind), ""} {
		if _, ok := j.rootless[service]; !ok {
			j.rootless[service] = r
		}
	}
}

// lose finds the copies of snapshots and images that were not collected: of what those were copies is not known. An
// RDS snapshot that was carried from another account or region is then out by no label. Where a volume was made of
// such a snapshot, as all are that begin as a provider's image, the label has the last word.
func (j *joins) lose() {
	first := map[string]rootless{}
	for _, from := range slices.Sorted(maps.Keys(j.edges)) { // in order: where a copy has several sources, one is named
		copies := j.edges[from]
		if !snapshotID.MatchString(from) {
			continue
		}
		if _, ok := j.ends.get(from); ok {
			continue
		}
		why := "what it is a copy of was not collected: " + from
		for _, id := range copies {
			e, ok := j.ends.get(id)
			if !ok {
				continue
			}
			if service := serviceOf(e.kind); first[service].id == "" || id < first[service].id {
				first[service] = rootless{id, why}
			}
			if e.ruling.scope == Out && strings.HasPrefix(e.kind, "aws.rds.") {
				e.ruling = ruling{scope: ScopeUnknown, rule: e.ruling.rule, why: why}
				j.use(e.key, id, &e)
				j.ends.put(id, e)
			}
		}
	}
	for _, service := range slices.Sorted(maps.Keys(first)) {
		j.addRootless(service, first[service])
	}
}

// snapshotID is that of a snapshot of EC2 or RDS, or of an image: what is itself a copy.
var snapshotID = regexp.MustCompile(`^arn:[^:]*:(ec2:[^:]*:[^:]*:(snapshot|image)/|rds:[^:]*:[^:]*:(cluster-)?snapshot:)`)
