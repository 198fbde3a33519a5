package evidence

import (
	"math"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// slow is the canonical form as the library has it.
func slow(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = Canonicalize(b); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The short way writes the same bytes as the library, or leaves the work to it.
func TestAppendCanonical(t *testing.T) {
	short := 0
	for _, v := range []any{nil, true, "", "a\"\\\n\u0001\u007f\u2028é<&>\U0001F600", 0.0, math.Copysign(0, -1), 1.0, -1.5, 1e-6, 1e-7, 1e20, 1e21, 1e300, 0.1, 123456789.125,
		7, -7, 1 << 53, []string{}, []string(nil), []string{"b", "a"}, []any{}, []any{nil, 1.0, []any{"x"}}, map[string]any{}, map[string]any(nil),
		map[string]any{"b": 1.0, "a": map[string]any{"z": nil, "": "x"}, "\ufb33": 1.0, "\U0001F600": 2.0}, map[string]any{"b": []any{true}, "B": "", "é": "ü", "a\"": 1.0},
		map[string]string{"k": "v", "a": "b"}, int64(5), []int{1}} {
		got, ok := AppendCanonical([]byte("before"), v)
		if !ok {
			continue
		}
		short++
		if want := "before" + slow(t, v); string(got) != want {
			t.Errorf("%#v: %s, want %s", v, got, want)
		}
	}
	if short < 20 {
		t.Errorf("only %d values went the short way", short)
	}
	if _, ok := AppendCanonical(nil, "\xff"); ok {
		t.Error("bad UTF-8 was written")
	}
	if _, ok := AppendCanonical(nil, math.NaN()); ok {
		t.Error("NaN was written")
	}
}

// FuzzAppendCanonical compares the two ways on whatever JSON there is.
func FuzzAppendCanonical(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.5,{"b":null}],"c":"\u20ac"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var v any
		if json.Unmarshal(text, &v) != nil {
			return
		}
		if got, ok := AppendCanonical(nil, v); ok && string(got) != slow(t, v) {
			t.Errorf("%s, want %s", got, slow(t, v))
		}
	})
}

// A fact that is read for judging says the same as one that is decoded whole, and writes the same line.
func TestReadFact(t *testing.T) {
	line := []byte(`{"attrs":{"n":1,"o\u0041":[{"x":null}]},"from":["x:1"],"id":"a\"b","kind":"k","located":["eu-west-1"],"name":"n","provider":"p","region":"r","schema":1,"seen":"2026-01-01T00:00:00Z","tags":{"a":"b"},"target":"t","unknown":{"/copies":"row"}}`)
	whole, err := DecodeFact(line)
	if err != nil {
		t.Fatal(err)
	}
	reader := NewLineReader()
	read, err := reader.Fact(line)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := read.Get("/attrs/oA/0/x"); v != nil || !ok {
		t.Errorf("%v %v", v, ok)
	}
	if _, ok := read.Get("/copies"); ok {
		t.Error("a field that is not there")
	}
	want, _ := whole.Encode()
	if got, _ := read.Clone().Encode(); string(got) != string(want) {
		t.Errorf("%s\nwant %s", got, want)
	}
	amended, _ := read.Amend("attrs").Set("/attrs/more", true).Unknown("c", "/x").Encode()
	if again, _ := read.Encode(); string(again) != string(want) || string(amended) != strings.NewReplacer(`{"n":1`, `{"more":true,"n":1`, `"row"`, `"row","/x":"c"`).Replace(string(want)) {
		t.Errorf("%s\n%s", again, amended)
	}
	for _, bad := range []string{"", "[]", `{"id":1}`, `{"id":"a","id":"b"}`, `{"attrs":{"a":1,"a":2}}`, `{"id":"a"} {}`, `{"id":"a"`, "{\"id\":\"\xff\"}", `{"from":"x"}`, `{"unknown":["a","b"]}`, `{"tags":{"a":1}}`, `{"from":["a",["b"]]}`} {
		_, err1 := DecodeFact([]byte(bad))
		_, err2 := reader.Fact([]byte(bad))
		if err1 == nil || err2 == nil {
			t.Errorf("%s: %v, %v", bad, err1, err2)
		}
	}
}
