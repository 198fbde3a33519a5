package run

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// What run.json says of its source and of the run before it must not contradict itself, whoever signed it: a
// demonstration is a live one or a replay, and a run that follows another names it.
func TestRecordsThatContradictThemselves(t *testing.T) {
	k := newKey(t)
	text := "timestamp: optional\nkeys:\n" + keyEntry(t, "k", "collector, replay, demo", "run, bundle, judgement", k)
	trust := parseTrust(t, text, nil)
	some := strings.Repeat("0", 64)
	live, none := Source{Kind: "live"}, Previous{Verified: "absent"}
	for name, c := range map[string]struct {
		source   Source
		previous Previous
		words    string
	}{
		"live":                             {live, none, ""},
		"a replay":                         {Source{Kind: "replay", Of: some}, none, ""},
		"a demonstration":                  {Source{Kind: "replay", Of: some, Demo: true}, none, ""},
		"a demonstration of no kind":       {Source{Demo: true}, none, "neither live nor replay"},
		"a replay of nothing":              {Source{Kind: "replay"}, none, "a replay names the run"},
		"live, of another":                 {Source{Kind: "live", Of: some}, none, "a replay names the run"},
		"after a run":                      {live, Previous{Digest: some, Verified: "yes"}, ""},
		"after one that did not verify":    {live, Previous{Digest: some, Verified: "no"}, ""},
		"after a run that is said absent":  {live, Previous{Digest: some, Verified: "absent"}, `previous.verified is "absent"`},
		"after no run, and that verified":  {live, Previous{Verified: "yes"}, `previous.verified is "yes"`},
		"after a run that nobody said how": {live, Previous{Digest: some}, `previous.verified is ""`},
	} {
		path := filepath.Join(t.TempDir(), "run")
		b, err := Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Commit(Record{Engagement: "x", Source: c.source, AsOf: asOf, Plan: jsontext.Value(`[]`), Overrides: []string{}, Previous: c.previous}, nil, func(digest string) ([]byte, error) {
			return (&seal.Signer{Key: k}).Sign(context.Background(), seal.Run, recordName, digest, nil)
		}); err != nil {
			t.Fatal(err)
		}
		file, text := finding(t, path, trust)
		if (text == "") != (c.words == "") || c.words != "" && (file != recordName || !strings.Contains(text, c.words)) {
			t.Errorf("%s: %s: %s, want %q", name, file, text, c.words)
		}
	}
}
