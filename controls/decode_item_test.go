package controls

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// What is read straight is what the decoder makes of it, and what the decoder refuses is refused.
func FuzzDecodeItem(f *testing.F) {
	line, err := appendItem(nil, &Item{Record: "item", Control: "EDS-RES-01", Fact: "a\"\u2028<>\\", Kind: "k", Target: "t", Region: "r", Name: "=1+1\n\x7f", Scope: In, ScopeRule: "graph:x",
		Verdict: Fail, Basis: Automated, Reason: "é", Missing: []string{}, Observed: `{"a":"\\"}`, From: []string{"x:1", "x:2\\"}})
	if err != nil {
		f.Fatal(err)
	}
	if !readItem(line, &Item{}) {
		f.Fatalf("it is not read straight: %s", line)
	}
	accepted, err := appendItem(nil, &Item{Record: "item", From: []string{}, Missing: []string{}, Accepted: &Acceptance{ID: "w", Approved: time.Unix(0, 0).UTC(), Until: time.Unix(0, 0).UTC()}})
	if err != nil {
		f.Fatal(err)
	}
	for _, edit := range [][2]string{{"", ""}, {`"t"`, `"\ud800"`}, {`"t"`, "\"\xff\""}, {`"t"`, "\"\t\""}, {`"t"`, `"\q"`}, {`"t"`, `null`}, {`"t"`, ` "t"`}, {`"x:1",`, `"x:1" ,`}, {`"x:2\\"`, ``}, {`[]`, `null`},
		{`"target"`, `"name"`}, {`}`, `,"more":1}`}, {`}`, `} `}, {`}`, `}}`}, {`"t"`, `"t`}, {`"t"`, `"\u0074"`}} {
		f.Add([]byte(strings.Replace(string(line), edit[0], edit[1], 1)))
	}
	f.Add(accepted)
	f.Fuzz(func(t *testing.T, line []byte) {
		var got, want Item
		gotErr, wantErr := decodeItem(line, &got), decodeRecord(line, &want)
		if (gotErr == nil) != (wantErr == nil) || wantErr == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; the decoder: %+v, %v", line, got, gotErr, want, wantErr)
		}
	})
}
