package audit

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// A run of an older build is judged by the catalogue of this one: what is newer than the run is unknown.
func TestOlderRunIsJudged(t *testing.T) {
	r, j := seen(t)
	older := retold(t, r, func(*run.Record) {}, func(name string, text []byte) []byte {
		if name != kindsName {
			return text
		}
		var kinds evidence.Kinds
		if err := json.Unmarshal(text, &kinds); err != nil {
			t.Fatal(err)
		}
		delete(kinds, "aws.dynamodb.table") // named by controls, and of a facet of others
		facets := kinds["aws.s3.bucket"].Facets
		kinds["aws.s3.bucket"].Facets = slices.DeleteFunc(slices.Clone(facets), func(f string) bool { return f == "copies" })
		if len(kinds["aws.s3.bucket"].Facets) == len(facets) {
			t.Fatal("aws.s3.bucket carries no copies")
		}
		text, err := evidence.Canonical(kinds)
		if err != nil {
			t.Fatal(err)
		}
		return text
	})
	if _, there := j.Inputs[newerName]; there {
		t.Error("a run of this build is judged by newer kinds")
	}
	got, err := Judge(context.Background(), Judging{Run: older, JudgedAsOf: j.JudgedAsOf})
	if err != nil {
		t.Fatal(err)
	}
	newer, err := parseKinds(newerName, []byte(got.Inputs[newerName]))
	if want := []string{"aws.dynamodb.table", "aws.s3.bucket"}; err != nil || !slices.Equal(slices.Sorted(maps.Keys(newer)), want) {
		t.Errorf("%v, %v", slices.Sorted(maps.Keys(newer)), err)
	}
	for i, l := range got.Results.Lines { // facts and rows are all there: what is read of them is the same
		if !reflect.DeepEqual(l, j.Results.Lines[i]) {
			t.Errorf("%s: %+v, was %+v", l.Control, l, j.Results.Lines[i])
		}
	}
	// A judgement by this build's catalogue that leaves them out is not this build's.
	without := maps.Clone(got.Inputs)
	delete(without, newerName)
	for want, inputs := range map[int]map[string]string{0: got.Inputs, 1: without} {
		report := &run.Report{Judgements: []string{forged(t, older, j, inputs, run.Tool{})}}
		if err := otherTables(older, report); err != nil || len(report.Checks) != want || want == 1 && !strings.Contains(report.Checks[0].Detail, "newer kinds") {
			t.Errorf("%v, %+v", err, report.Checks)
		}
	}
}

// aNewControl is about a kind that no older build knows.
const aNewControl = `id: EDS-TST-01
title: A new thing
objective: It is good.
procedure: Its field is read.
severity: high
tests: [{kinds: [aws.new.shelf], test: fact.protection.versioned == true}]
says: {pass: Good., fail: Bad.}
not_asked: {gcp: [nothing]}
cases:
  good: [{name: g, kind: aws.new.shelf, set: {/protection/versioned: true}}]
  bad: [{name: b, kind: aws.new.shelf, set: {/protection/versioned: false}}]
  unknown: [{name: u, kind: aws.new.shelf}]
`

// A kind that the run's build did not collect is in no population as if it were empty: neither pass nor not
// applicable.
func TestNewerKindIsNotCollected(t *testing.T) {
	r, j := seen(t)
	inputs := maps.Clone(j.Inputs)
	inputs["catalogue/EDS-TST-01.yaml"] = aNewControl
	inputs[newerName] = `{"aws.new.shelf":{"name":"aws.new.shelf","schema":1,"facets":["store","located","copies","encryption","exposure","protection"]}}`
	w, err := judge(context.Background(), r, inputs, j.JudgedAsOf)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, l := range w.results.Lines {
		if l.Control != "EDS-TST-01" && l.Control != "EDS-RES-01" {
			continue
		}
		seen++
		if l.Control == "EDS-TST-01" && l.Verdict != controls.Insufficient || l.OpenGaps == 0 || !slices.Contains(l.NotLooked, "aws.new.shelf") || !strings.Contains(l.Reason, "the build that took the run did not collect aws.new.shelf") {
			t.Errorf("%s: %s, %d open, %q: %s", l.Control, l.Verdict, l.OpenGaps, l.NotLooked, l.Reason)
		}
	}
	if seen != 2 {
		t.Errorf("%d lines were seen", seen)
	}
	for _, bad := range []string{`{"a":null}`, `{`, `{"a":{"name":"a","schema":1,"facets":["shape"]}}`, `[]`} {
		inputs[newerName] = bad
		if _, err := judge(context.Background(), r, inputs, j.JudgedAsOf); err == nil || !strings.Contains(err.Error(), newerName) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
