package evidence

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
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

// A member that is put into an object makes what the canonical form of both is, and cutting it gives the object back.
func TestPutAndCutMember(t *testing.T) {
	for _, object := range []string{`{}`, `{"a":1}`, `{"n":1}`, `{"a":1,"n":{"m":2}}`, `{"a":{"m":1}}`, `{"l":"\"m\":1,","na":[]}`, `{"ma":0}`, `{"é":0}`} {
		agreeMember(t, []byte(object))
	}
	for _, object := range []string{`{"m":1}`, `{"a": 1}`, `[]`, `{"a":1`} {
		if out, ok := PutMember([]byte(object), "m", []byte("2")); ok {
			t.Errorf("%s: %s", object, out)
		}
	}
	if value, rest, ok := CutMember([]byte(`{"a":{"m":1}}`), "m"); !ok || value != nil || string(rest) != `{"a":{"m":1}}` {
		t.Errorf("%s of %s, %v", value, rest, ok)
	}
}

func agreeMember(t *testing.T, object []byte) {
	t.Helper()
	members := map[string]jsontext.Value{}
	if again, err := Canonicalize(object); err != nil || !bytes.Equal(again, object) || json.Unmarshal(object, &members) != nil || members == nil || members["m"] != nil {
		return
	}
	out, ok := PutMember(object, "m", []byte(`{"x":1}`))
	if !ok {
		return
	}
	members["m"] = jsontext.Value(`{"x":1}`)
	if want, err := Canonical(members); err != nil || !bytes.Equal(out, want) {
		t.Fatalf("%s, want %s (%v)", out, want, err)
	}
	if value, rest, ok := CutMember(out, "m"); !ok || string(value) != `{"x":1}` || !bytes.Equal(rest, object) {
		t.Fatalf("%s of %s, %v", value, rest, ok)
	}
}

// No text is taken straight that jsontext's check would not take.
func FuzzStraight(f *testing.F) {
	for text := range straightForms {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		agreeStraight(t, text)
		agreeMember(t, text)
	})
}
