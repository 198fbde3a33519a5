package evidence

import (
	"math"
	"strings"
	"testing"
	"time"
)

// Integers that doubles make others of are refused where they are written; what is exact stays what it is.
func TestNumbersStayWhatTheyAre(t *testing.T) {
	for text, want := range map[string]string{
		`0`: `0`, `-0`: `0`, `1.50`: `1.5`, `1e3`: `1000`, `1e300`: `1e+300`, `9007199254740991`: `9007199254740991`, `-9007199254740991`: `-9007199254740991`,
		`0.1000000000000000055511151231257827`: `0.1`, `{"9007199254740993":"9223372036854775808 \"9007199254740993"}`: `{"9007199254740993":"9223372036854775808 \"9007199254740993"}`,
		`9007199254740992`: `9007199254740992`, `100000000000000000000`: `100000000000000000000`, `-1000000000000000000000`: `-1e+21`,
		`9007199254740993`: "", `-9007199254740993`: "", `9223372036854775807`: "", `9223372036854775808`: "", `18446744073709551616`: "",
		`[1,{"a":9007199254740993}]`: "", `[ 9007199254740993 ]`: "", `1e400`: "", `-1e400`: "", `{"a":[1E999]}`: "", `123456789012345678901234567890`: "",
	} {
		got, err := Canonicalize([]byte(text))
		if want == "" && (err == nil || !strings.Contains(err.Error(), "beyond what a JSON number holds")) || want != "" && (err != nil || string(got) != want) {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, v := range []any{int64(math.MaxInt64), uint64(1 << 63), int64(9007199254740993), struct{ N int64 }{-9007199254740993}, map[string]any{"n": 9007199254740993}} {
		if b, err := Canonical(v); err == nil {
			t.Errorf("%v was written as %s", v, b)
		}
	}
}

// Two integers that one double stands for must not look equal in facts: neither gets in.
func TestFactsHoldExactIntegers(t *testing.T) {
	for n, want := range map[int64]bool{0: true, -1: true, 1 << 52: true, maxExact: true, -maxExact: true, maxExact + 1: false, maxExact + 2: false, math.MaxInt64: false, math.MinInt64: false, -maxExact - 1: false} {
		_, err := normal(n)
		_, again := normal([]map[string]any{{"n": int(n)}})
		if (err == nil) != want || (again == nil) != want {
			t.Errorf("%d: %v, %v", n, err, again)
		}
		if err := fits(Field{Name: "n", Type: Int}, float64(n)); (err == nil) != want {
			t.Errorf("%d as it is read: %v", n, err)
		}
	}
	for _, v := range []any{0.5, 1e300, math.Inf(1), math.Inf(-1), math.NaN(), "1", nil, true, 1 << 10} {
		if n, ok := Whole(v); ok {
			t.Errorf("%v is the whole number %d", v, n)
		}
		if err := fits(Field{Name: "n", Type: Int}, v); err == nil {
			t.Errorf("%v fits", v)
		}
	}
}

// A number that no double holds makes the field unknown, and a line that is all of it malformed; nothing wraps.
func TestHugeNumbersInLines(t *testing.T) {
	for text, said := range map[string]bool{"1e400": false, "-1e400": false, "9223372036854775808": true, "9007199254740993": true} {
		f, err := NewLineReader().Fact([]byte(`{"id":"a","kind":"k","attrs":{"n":` + text + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		v, ok := f.Get("/attrs/n")
		if _, whole := Whole(v); ok != said || whole {
			t.Errorf("%s: %v, %t", text, v, ok)
		}
	}
	for _, text := range []string{`9223372036854775808`, `1e400`, `1.5`, `31622400000001`, `9223372036854775807`} {
		if _, _, _, err := NewLineReader().Span([]byte(`{"id":"x:1","start":"2026-01-01T00:00:00Z","duration":` + text + `}`)); err == nil {
			t.Errorf("a duration of %s was taken", text)
		}
	}
}

// No duration puts the end of an exchange before its begin: the timestamp must come after the last one.
func TestExchangesEndAfterTheyBegin(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for micros, want := range map[int64]time.Duration{0: 0, 1: time.Microsecond, -1: 0, math.MinInt64: 0, 1e6: time.Second, math.MaxInt64: 366 * 24 * time.Hour} {
		if got := (&Exchange{Start: start, Duration: micros}).End(); !got.Equal(start.Add(want)) {
			t.Errorf("%d: %s", micros, got)
		}
	}
	_, begin, end, err := NewLineReader().Span([]byte(`{"id":"x:1","start":"2026-01-01T00:00:00Z","duration":-9223372036854775808}`))
	if err != nil || !end.Equal(begin) {
		t.Errorf("%s to %s: %v", begin, end, err)
	}
}
