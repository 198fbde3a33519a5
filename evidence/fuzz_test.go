package evidence

import (
	"bytes"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// What is taken for a line of facts.jsonl comes out the same, however often it is written and read.
func FuzzFactLine(f *testing.F) {
	line, err := sample().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	whole, err := os.ReadFile("testdata/fact.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"id":"a","located":null,"unknown":{"/x/-":"r"},"tags":{}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		first, err := DecodeFact(line)
		read, readErr := NewLineReader().Fact(line)
		if err != nil {
			return
		}
		once, err := first.Encode()
		if err != nil {
			return // read, and refused when it is written: such as a time that RFC 3339 lacks
		}
		if readErr == nil { // it takes no null for a text
			if same, err := read.Encode(); err != nil || !bytes.Equal(once, same) {
				t.Fatalf("decoded it is %s, read %s (%v)", once, same, err)
			}
			again, err := NewLineReader().FactAgain(line)
			if err != nil {
				t.Fatal(err)
			}
			if same, err := again.Encode(); err != nil || !bytes.Equal(once, same) {
				t.Fatalf("decoded it is %s, read again %s (%v)", once, same, err)
			}
		}
		second, err := DecodeFact(once)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v: %s", err, once)
		}
		if twice, err := second.Encode(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s\n%s\n%v", once, twice, err)
		}
		_ = first.Check(bucketKind) // never a panic
		first.Clone()
	})
}

// What is read again without a check is never a panic, and what is JSON is decoded as the library does.
func FuzzPlain(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,"x\u00e9\n",null,true,{}],"b":{"c":[[]]}, "d" : "" }`))
	f.Add([]byte(`{"id":"\`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if f, err := NewLineReader().FactAgain(text); err == nil {
			f.Clone()
		}
		got, ok := decodePlain(text, func(b []byte) string { return string(b) })
		var want any
		if json.Unmarshal(text, &want) != nil {
			return
		}
		if !ok || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %#v, %v; want %#v", text, got, ok, want)
		}
	})
}

// The same holds of coverage rows and exchanges.
func FuzzRecordLines(f *testing.F) {
	for _, v := range []any{
		Row{ID: "a/b/c:D", Collector: "c", Target: "a", Region: "b", Operation: "c:D", List: true, Kinds: []string{"k"}, Status: OK, Calls: map[Status]int{OK: 2}},
		Exchange{ID: "x:1", Target: "a", Method: "GET", Host: "h", Status: 200, Body: Digest(nil), Outcome: OK, Start: time.Unix(0, 0).UTC()},
	} {
		line, err := Canonical(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		same[Row](t, line)
		same[Exchange](t, line)
	})
}

func same[T any](t *testing.T, line []byte) {
	t.Helper()
	var first, second T
	if json.Unmarshal(line, &first, json.RejectUnknownMembers(true)) != nil {
		return
	}
	once, err := Canonical(first)
	if err != nil {
		return
	}
	if err := json.Unmarshal(once, &second, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("what was written cannot be read: %v: %s", err, once)
	}
	if twice, err := Canonical(second); err != nil || !bytes.Equal(once, twice) {
		t.Fatalf("%s\n%s\n%v", once, twice, err)
	}
}
