package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

const coverageSheet = "Coverage"

// statuses lists the coverage statuses, gravest gap first.
var statuses = []evidence.Status{evidence.Failed, evidence.Denied, evidence.Throttled, evidence.Unsupported,
	evidence.Disabled, evidence.NotAttempted, evidence.NotEnabled, evidence.OK, evidence.Empty}

// outcome is what rows of coverage have in common that stand in one row of the sheet.
type outcome struct {
	target, operation, reason, kinds, role, gap string
	withheld                                    string // the rules that kept values out of its answers
	status                                      evidence.Status
}

// outcomes gathers rows of coverage.
type outcomes struct {
	of    map[outcome]*regions
	order []outcome
	names map[string]string // one copy of each region's name
}

// regions are those in which an operation ended alike, with the calls that were made.
type regions struct {
	names      []string
	calls      map[evidence.Status]int
	withheld   int      // values
	operations []string // several where a service's operations were not asked in the same regions
}

// writeCoverage writes one row an operation of a target and an outcome: gaps by gravity, then what
// was seen. Each row names or counts its regions; the sets that it counts are listed below.
func writeCoverage(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 3, []column{
		{headRef, 14, refText}, {"Status", 13, plainText}, {headOperation, 40, plainText}, {headTarget, 21, plainText}, {"Role", 10, plainText},
		{"Regions", 28, plainText}, {"Rows", 8, count}, {"Calls", 17, plainText}, {"Provider's reason", 26, plainText}, {"Enumerates", 24, faintText}, {"Accepted gap", 22, plainText},
	})
	if err != nil {
		return err
	}
	all, err := b.outcomes(ctx)
	if err != nil {
		return err
	}
	var sets regionSets
	for _, o := range all.order {
		r := all.of[o]
		var ids []string
		for _, operation := range r.operations {
			for _, name := range r.names {
				ids = append(ids, evidence.RowID(o.target, name, operation))
			}
		}
		before := t.wrote
		if err := t.add(Subject{Rows: ids}, styled{look: statusStyle(o.status), value: statusWord(o.status)}, operationsText(r.operations), o.target, o.role,
			sets.text(r.names, o.status), len(ids), calls(r.calls), withheldText(o, r), o.kinds, o.gap); err != nil {
			return err
		}
		if t.wrote > before {
			b.made[counted{s.name, "rows", ""}] += len(ids)
		}
	}
	if err := t.finish("No operation was planned."); err != nil {
		return err
	}
	if err := sets.write(t); err != nil {
		return err
	}
	if err := b.meanings(t); err != nil {
		return err
	}
	return t.close()
}

// outcomes gathers the rows of coverage; what differs in nothing but its region stands together.
func (b *book) outcomes(ctx context.Context) (*outcomes, error) {
	all := &outcomes{of: map[outcome]*regions{}, names: map[string]string{}}
	for r, err := range each(b.in.Coverage) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read coverage: %w", err)
		}
		b.made[counted{"coverage.jsonl", "rows", ""}]++
		key := outcome{r.Target, r.Operation, r.Reason, strings.Join(r.Kinds, "\n"), rowRole(r), b.gapText(r), strings.Join(slices.Sorted(maps.Keys(r.Withheld)), ", "), r.Status}
		group := all.of[key]
		if group == nil {
			group = &regions{calls: map[evidence.Status]int{}, operations: []string{r.Operation}}
			all.of[key] = group
			all.order = append(all.order, key)
		}
		name, ok := all.names[r.Region]
		if !ok {
			name = strings.Clone(r.Region)
			all.names[name] = name
		}
		group.names = append(group.names, name)
		for status, n := range r.Calls {
			group.calls[status] += n
		}
		for _, n := range r.Withheld {
			group.withheld += n
		}
	}
	slices.SortStableFunc(all.order, func(x, y outcome) int { return gravity(x.status) - gravity(y.status) })
	all.together()
	return all, nil
}

// together puts operations of a service into one row that were asked nowhere in the same regions:
// there is nothing else to say of them.
func (all *outcomes) together() {
	type alike struct{ target, service, reason, gap, regions string }
	first := map[alike]*regions{}
	all.order = slices.DeleteFunc(all.order, func(o outcome) bool {
		if o.status != evidence.NotEnabled {
			return false
		}
		service, _, _ := strings.Cut(o.operation, ":")
		r := all.of[o]
		key := alike{o.target, service, o.reason, o.gap, strings.Join(r.names, " ")}
		if first[key] == nil {
			first[key] = r
			return false
		}
		first[key].operations = append(first[key].operations, r.operations...)
		return true
	})
	for i, o := range all.order {
		if r := all.of[o]; len(r.operations) > 1 {
			o.kinds, o.role = "", "All"
			all.order[i], all.of[o] = o, r
		}
	}
}

// withheldText is the provider's reason, and what rules of the engagement kept out of the answers.
func withheldText(o outcome, r *regions) string {
	if o.withheld == "" {
		return o.reason
	}
	return strings.TrimPrefix(fmt.Sprintf("%s\nWITHHELD: %s values, by %s", o.reason, group(r.withheld), o.withheld), "\n")
}

// operationsText names operations, and their service once.
func operationsText(operations []string) string {
	if len(operations) == 1 {
		return operations[0]
	}
	service, _, _ := strings.Cut(operations[0], ":")
	names := make([]string, len(operations))
	for i, o := range operations {
		names[i] = strings.TrimPrefix(o, service+":")
	}
	return service + ": " + strings.Join(names, ", ")
}

// gravity orders statuses for readers; one that this build does not know comes first.
func gravity(s evidence.Status) int { return slices.Index(statuses, s) }

func rowRole(r evidence.Row) string {
	switch {
	case r.Discovery:
		return "Discovery"
	case r.List:
		return "List"
	}
	return "Item"
}

// calls writes how many calls ended how.
func calls(m map[evidence.Status]int) string {
	var parts []string
	for _, s := range statuses {
		if n := m[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", group(n), strings.ToLower(statusWord(s))))
		}
	}
	return strings.Join(parts, "\n")
}

// gapText says who accepted a gap; nothing where the row is no gap.
func (b *book) gapText(r evidence.Row) string {
	if b.in.Gap == nil || r.Status.Seen() {
		return ""
	}
	a := b.in.Gap(r.ID)
	if a == nil {
		return ""
	}
	return acceptedLong(a)
}

// regionSets names sets of regions that many rows share.
type regionSets struct {
	letters map[string]string
	order   []string
}

// namedInRow is how many regions a row names before it counts them; a gap names all of its own.
const namedInRow = 3

// text names regions, or gives the set that holds them.
func (s *regionSets) text(names []string, status evidence.Status) string {
	list := strings.Join(names, ", ")
	if len(names) <= namedInRow || !status.Seen() && status != evidence.NotEnabled {
		return list
	}
	if s.letters == nil {
		s.letters = map[string]string{}
	}
	if s.letters[list] == "" {
		s.order = append(s.order, list)
		s.letters[list] = letters(len(s.order))
	}
	return fmt.Sprintf("Set %s: %d regions", s.letters[list], len(names))
}

// letters counts A, B, … Z, AA, AB.
func letters(n int) string {
	if n <= 0 {
		return ""
	}
	return letters((n-1)/26) + string(rune('A'+(n-1)%26))
}

// write lists the sets.
func (s *regionSets) write(t *table) error {
	if len(s.order) == 0 {
		return nil
	}
	if err := t.section("Sets of regions"); err != nil {
		return err
	}
	for _, list := range s.order {
		cells := t.across(plainText, "")
		cells[0] = styled{look: label, value: "Set " + s.letters[list]}
		cells[1].value = list
		wide := 0.0
		for _, w := range t.widths[1:] {
			wide += w
		}
		if err := t.write(rowHeight(points(list, wide, plainText)), cells); err != nil {
			return err
		}
		if err := t.merge(2, len(t.widths)); err != nil {
			return err
		}
	}
	return nil
}

// meanings says what the statuses mean, and where the whole list is.
func (b *book) meanings(t *table) error {
	if err := t.section("What a status means"); err != nil {
		return err
	}
	g, err := t.grid([]int{2, 9}, []style{label, plainText}, "Status", "Meaning")
	if err != nil {
		return err
	}
	for _, s := range statuses {
		if err := g.row(styled{look: statusStyle(s), value: statusWord(s)}, statusMeaning(s)); err != nil {
			return err
		}
	}
	var files []string
	for _, f := range b.in.Run.Bundles {
		files = append(files, f.File)
	}
	if err := t.gap(6); err != nil {
		return err
	}
	return t.text(fmt.Sprintf("The complete list, one line a region, is coverage.jsonl in each bundle (%s rows in all): unzip -p RUN/bundles/BUNDLE coverage.jsonl, or trefoil coverage --all RUN. Bundles: %s.",
		group(b.made[counted{"coverage.jsonl", "rows", ""}]), strings.Join(files, ", ")), faintText)
}
