package evidence

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// straightForms are texts, and whether each is straight.
var straightForms = map[string]bool{
	`{}`: true,
	`{"a":1,"b":[{"c":-0.5,"d":[]},null,true,false,"é\n\"\\"]}`: true,
	`{"a":{"z":1},"b":{"z":1}}`:                                 true,
	`{"a":"","ab":"","b":""}`:                                   true,
	`{"A":0,"a":0,"é":0}`:                                       true,
	`{"a":1}{`:                                                  false,
	`{"a":1} `:                                                  false,
	` {"a":1}`:                                                  false,
	`{"a": 1}`:                                                  false,
	`{"a":1,}`:                                                  false,
	`{"a":1,"a":2}`:                                             false,
	`{"a":{"b":1,"b":2}}`:                                       false,
	`{"b":1,"a":2,"c":[{"d":1,"b":2,"a":{"a":1}}]}`: true,
	`{"b":1,"a":2,"b":3}`:                           false,
	`{"b":1,"a":2,"ab":3,"ab":4}`:                   false,
	`{"b":1,"a":{"c":1,"b":2,"b":3}}`:               false,
	`{"\n":1}`:                                      false,
	`{"a":"\u0041"}`:                                false,
	`{"a":"\ud800"}`:                                false,
	`{"a":"\x"}`:                                    false,
	`{"a":"` + "\x01" + `"}`:                        false,
	`{"a":"` + "\xff" + `"}`:                        false,
	`{"` + "\xff" + `":1}`:                          false,
	`{"a":"` + "\xed\xa0\x80" + `"}`:                false,
	`{"a":01}`:                                      false,
	`{"a":-}`:                                       false,
	`{"a":1.}`:                                      false,
	`{"a":.5}`:                                      false,
	`{"a":+1}`:                                      false,
	`{"a":1e3}`:                                     false,
	`{"a":nul}`:                                     false,
	`{"a":nulll}`:                                   false,
	`{"a":[1,]}`:                                    false,
	`{"a":[}`:                                       false,
	`{"a"}`:                                         false,
	`{"a":`:                                         false,
	`{"a":"`:                                        false,
	`{"a":"\`:                                       false,
	`{a:1}`:                                         false,
	`[1]`:                                           false,
	`{`:                                             false,
	``:                                              false,
}

// Text that is taken straight is valid JSON, and has the members that a walk of checked text finds.
func TestStraight(t *testing.T) {
	for text, want := range straightForms {
		if got := agreeStraight(t, []byte(text)); got != want {
			t.Errorf("%s is straight: %v", text, got)
		}
	}
	deep := slices.Concat([]byte(`{"a":`), slices.Repeat([]byte("["), 1000), slices.Repeat([]byte("]"), 1000), []byte("}"))
	if agreeStraight(t, deep) {
		t.Error("followed 1000 deep")
	}
}

func agreeStraight(t *testing.T, text []byte) bool {
	t.Helper()
	var got [][2]string
	var s straight
	if !s.members(text, func(name, value span) {
		got = append(got, [2]string{`"` + string(s.of(name)) + `"`, string(s.of(value))})
	}) {
		return false
	}
	if !jsontext.Value(text).IsValid() {
		t.Fatalf("taken: %q", text)
	}
	i := 0
	p := plain{text: text}
	err := p.eachMember(func(name, value jsontext.Value) error {
		if i >= len(got) || got[i] != [2]string{string(name), string(value)} {
			t.Fatalf("%s: member %d is %s: %s", text, i, name, value)
		}
		i++
		return nil
	})
	if err != nil || i != len(got) {
		t.Fatalf("%s: %d members, want %d; %v", text, len(got), i, err)
	}
	return true
}

// Of eight bytes the first special one is found, whatever stands before and behind it.
func TestSpecial(t *testing.T) {
	const others = "abz ~\x7f\"\\\x00\x1f\x80\xff\xa2\xdc!#[]"
	for at := range 8 {
		for c := range 256 {
			for _, other := range []byte(others) {
				eight := slices.Repeat([]byte{other}, 8)
				eight[at] = byte(c)
				want := slices.IndexFunc(eight, func(c byte) bool { return c < ' ' || c >= 0x80 || c == '"' || c == '\\' })
				if want < 0 {
					want = 8
				}
				if got := special(binary.LittleEndian.Uint64(eight)); got != want {
					t.Fatalf("%q: %d, want %d", eight, got, want)
				}
			}
		}
	}
}

// No text is taken straight that jsontext's check would not take.
func FuzzStraight(f *testing.F) {
	for text := range straightForms {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { agreeStraight(t, text) })
}
