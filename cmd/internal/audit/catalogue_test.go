package audit

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/place"
)

// The catalogue of this build loads against the kinds of this build's collectors, and each
// control tells good from bad.
func TestCatalogueTellsGoodFromBad(t *testing.T) {
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	c, err := controls.Load(controls.Default(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	table, err := place.Load(place.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, control := range c.Controls {
		faults, err := c.Prove(context.Background(), control, table)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			t.Errorf("%s: %s", control.ID, f)
		}
	}
}

// What the catalogue says that nobody asks, or that nobody reads, is so.
func TestNotAskedIsNotAsked(t *testing.T) {
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	c, err := controls.Load(controls.Default(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, collector := range declared() {
		for _, op := range collector.Info().Operations {
			asked[op.Name] = true
		}
	}
	named := 0
	for _, control := range c.Controls {
		for _, operations := range control.NotAsked {
			for _, op := range operations {
				named++
				if asked[op] {
					t.Errorf("%s: %s is asked now: test what it answers", control.ID, op)
				}
			}
		}
	}
	if named == 0 || len(asked) < 50 {
		t.Errorf("%d not asked, %d asked", named, len(asked))
	}
}

// factField finds the fields that a test reads.
var factField = regexp.MustCompile(`\bfact((?:\.[a-z_]+)+)`)

// fieldsOf lists the pointers of the fields that a test's population and test read, but for those that every fact says.
func fieldsOf(t *controls.Test) []string {
	var out []string
	for _, m := range factField.FindAllStringSubmatch(t.Where+" "+t.Test, -1) {
		name := m[1]
		for _, method := range []string{".all", ".exists", ".startsWith", ".matches", ".contains"} {
			name = strings.TrimSuffix(name, method)
		}
		if ptr := strings.ReplaceAll(name, ".", "/"); ptr != "/id" {
			out = append(out, ptr)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Of each field that a test reads there is a known-unknown case in which it was not seen, whole or in part: without one, nobody
// would notice that the test passes what it does not know.
func TestUnknownCasesOfEachField(t *testing.T) {
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	c, err := controls.Load(controls.Default(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, control := range c.Controls {
		for i := range control.Tests {
			test := &control.Tests[i]
			for _, ptr := range fieldsOf(test) {
				looked++
				if !slices.ContainsFunc(control.Cases.Unknown, func(cs controls.Case) bool { return leavesOpen(&cs, kinds, test, ptr) }) {
					t.Errorf("%s: no known-unknown case of test %d leaves %s open", control.ID, i+1, ptr)
				}
			}
		}
	}
	if looked < 60 {
		t.Errorf("only %d fields were looked at", looked)
	}
}

// leavesOpen says whether a case is of a test's population and does not say a field, or not all of it.
func leavesOpen(cs *controls.Case, kinds evidence.Kinds, test *controls.Test, ptr string) bool {
	of := slices.Contains(test.Kinds, cs.Kind)
	if k := kinds[cs.Kind]; k != nil && test.Facet != "" {
		_, exempt := test.Exempt[cs.Kind]
		of = slices.Contains(k.Facets, test.Facet) && !exempt
	}
	v, said := cs.Set[ptr]
	list, _ := v.([]any)
	return of && (!said || slices.Contains(cs.CutAt, ptr) || len(list) > 0)
}

// unneeded are the fields that a known-good case passes without: nothing of what its test asks hangs on them there.
var unneeded = []string{
	"EDS-CFG-01: bucket with both /attrs/account_block_public", "EDS-GOV-01: the auditor alone /attrs/assumable_by",
	"EDS-IAM-01: a sister account and a service /binding/condition", "EDS-IAM-01: a sister account and a service /binding/condition_keys",
	"EDS-IAM-06: root without a password /attrs/root_mfa", "EDS-KEY-02: in Ireland alone /attrs/replicas", "EDS-KEY-02: replica in Sweden /key/multi_region",
	"EDS-MIG-02: gone /attrs/overdue", "EDS-MIG-02: has time yet /attrs/found", "EDS-MIG-02: has time yet /attrs/remains",
}

// A known-good case of which any one field was not seen could not be judged.
func TestNothingUnseenPasses(t *testing.T) {
	kinds, err := Kinds()
	if err != nil {
		t.Fatal(err)
	}
	c, err := controls.Load(controls.Default(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	table, err := place.Load(place.Default())
	if err != nil {
		t.Fatal(err)
	}
	var passed []string
	tried := 0
	for _, control := range c.Controls {
		for _, good := range control.Cases.Good {
			for _, ptr := range slices.Sorted(maps.Keys(good.Set)) {
				less := good
				less.Set = maps.Clone(good.Set)
				delete(less.Set, ptr)
				one := *control
				one.Cases = controls.Cases{Unknown: []controls.Case{less}}
				faults, err := c.Prove(context.Background(), &one, table)
				if err != nil {
					t.Fatal(err)
				}
				if tried++; len(faults) > 0 {
					passed = append(passed, control.ID+": "+good.Name+" "+ptr)
				}
			}
		}
	}
	if !slices.Equal(passed, unneeded) || tried < 90 {
		t.Errorf("of %d, these were judged:\n%s\nwant\n%s", tried, strings.Join(passed, "\n"), strings.Join(unneeded, "\n"))
	}
}
