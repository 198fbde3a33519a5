package bundle

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

func canonicalManifest(tb testing.TB, entries ...Entry) []byte {
	tb.Helper()
	m := &Manifest{Schema: Schema, Target: "aws-1", Part: 1, Parts: 2, Entries: entries}
	b, err := m.canonical()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// agreeManifest holds what is cut against what is parsed.
func agreeManifest(t *testing.T, b []byte) bool {
	t.Helper()
	cut, ok := cutManifest(b)
	if !ok {
		return false
	}
	parsed := &Manifest{}
	if err := json.Unmarshal(b, parsed, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("taken, and parsed: %v: %q", err, b)
	}
	if !reflect.DeepEqual(cut, parsed) {
		t.Fatalf("%q: cut %v, parsed %v", b, cut, parsed)
	}
	return true
}

// A manifest as the writer puts it is cut, and says what it says when it is parsed; any other is left to be parsed.
func TestManifestCut(t *testing.T) {
	digest := strings.Repeat("ab", 32)
	for _, entries := range [][]Entry{{}, {{Path: FactsName, Size: 3, SHA256: digest}}, {{Path: bodyPrefix + digest, Size: 1, SHA256: digest}, {Path: ExchangesName, SHA256: digest}}} {
		b := canonicalManifest(t, entries...)
		if !agreeManifest(t, b) {
			t.Errorf("not cut: %s", b)
		}
		for _, change := range [][2]string{{`"size"`, ` "size"`}, {`"part":1`, `"part":01`}, {`"part":1`, `"part":+1`}, {`"part":1`, `"part":1.0`}, {`aws-1`, `aws\u002d1`}, {`}`, `} `},
			{`"schema":1,`, ``}, {`"schema":1`, `"schema":1,"schema":1`}, {`],`, `],"a":1,`}, {`"path"`, `"a":1,"path"`}, {`{"entries":[`, `{"entries":[,`}} {
			changed := bytes.Replace(b, []byte(change[0]), []byte(change[1]), 1)
			if !bytes.Equal(changed, b) && agreeManifest(t, changed) {
				t.Errorf("cut: %s", changed)
			}
		}
	}
	if b := canonicalManifest(t, Entry{Path: `a"b`}); agreeManifest(t, b) {
		t.Errorf("cut: %s", b)
	}
}

// No text is cut that would be parsed to something else.
func FuzzManifestCut(f *testing.F) {
	b := canonicalManifest(f, Entry{Path: FactsName, Size: 3, SHA256: "0a"}, Entry{Path: "x", SHA256: "y"})
	for i := range b {
		f.Add(append(bytes.Clone(b[:i]), b[i+1:]...))
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, text []byte) { agreeManifest(t, text) })
}
