package controls

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

func scratch(t *testing.T) func() (Scratch, error) {
	return func() (Scratch, error) { return os.CreateTemp(t.TempDir(), "scratch") }
}

// Whether lines fit in memory or not, they come out in one order, as often as they are asked for.
func TestSorter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	type in struct {
		group     int
		key, line string
	}
	var all []in
	for n := range 3000 {
		all = append(all, in{random.IntN(4), fmt.Sprint("arn:", random.IntN(500)), fmt.Sprint(n, strings.Repeat("x", random.IntN(200)))})
	}
	want := slices.Clone(all)
	slices.SortStableFunc(want, func(a, b in) int { return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.key, b.key)) })
	for _, limit := range []int{1, 300, 10_000, 1 << 30} {
		s := &sorter{limit: limit, scratch: scratch(t)}
		for _, l := range all {
			if err := s.add(l.group, l.key, []byte(l.line)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.finish(); err != nil {
			t.Fatal(err)
		}
		if spilled := s.file != nil; spilled != (limit < 1<<30) {
			t.Errorf("limit %d: spilled %v", limit, spilled)
		}
		for range 2 {
			n := 0
			for l, err := range s.all() {
				if err != nil {
					t.Fatal(err)
				}
				if w := want[n]; l.group != w.group || l.key != w.key || string(l.line) != w.line {
					t.Fatalf("limit %d, line %d: %d %s %s, want %v", limit, n, l.group, l.key, l.line, w)
				}
				n++
			}
			if n != len(want) {
				t.Errorf("limit %d: %d lines, want %d", limit, n, len(want))
			}
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

// A record that was cut off in the file is an error, never the end of the results.
func TestSorterCutOff(t *testing.T) {
	s := &sorter{limit: 1, scratch: scratch(t)}
	for n := range 3 {
		if err := s.add(0, fmt.Sprint(n), []byte("a line")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.finish(); err != nil {
		t.Fatal(err)
	}
	if err := s.file.(*os.File).Truncate(s.at - 1); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range s.all() {
		last = err
	}
	if last == nil {
		t.Error("a cut file was read to its end")
	}
}

// The line of an item is its canonical JSON, whatever is in it.
func TestAppendItem(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	for _, i := range []Item{{Record: "item", From: []string{}, Missing: []string{}},
		{Record: "item", Control: "C", Fact: "a\"\u2028<>", Kind: "k", Target: "t", Region: "r", Name: "=1+1\n", Scope: In, ScopeRule: "graph:x", Verdict: Fail, Basis: Automated,
			Reason: "r", Missing: []string{"m"}, Observed: `{"a":1}`, From: []string{"x:1", "x:2"}, Accepted: &Acceptance{ID: "w", Counts: true, Reason: "é", By: "b", Approved: at, Until: at}}} {
		want, err := evidence.Canonical(i)
		if err != nil {
			t.Fatal(err)
		}
		got, err := appendItem(nil, &i)
		if err != nil || string(got) != string(want) {
			t.Errorf("%v: %s\nwant %s", err, got, want)
		}
	}
	if _, err := appendItem(nil, &Item{Name: "\xff", From: []string{}, Missing: []string{}}); err == nil {
		t.Error("bad UTF-8 was written")
	}
}
