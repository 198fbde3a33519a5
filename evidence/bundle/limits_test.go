package bundle

import (
	"fmt"
	"strings"
	"testing"
)

// The manifest of a part that is as full as it can be is one that is read again.
func TestFullManifestIsRead(t *testing.T) {
	m := &Manifest{Schema: Schema, Target: strings.Repeat("t", 255), Part: MaxEntries, Parts: MaxEntries}
	for i := range MaxEntries {
		digest := fmt.Sprintf("%064x", i)
		m.Entries = append(m.Entries, Entry{Path: bodyPrefix + digest, Size: MaxEntry, SHA256: digest})
	}
	text, err := m.canonical()
	if err != nil || len(text) > MaxManifest {
		t.Fatalf("%d bytes, over %d: %v", len(text), MaxManifest, err)
	}
	again, err := parseManifest("x", text)
	if err != nil || len(again.Entries) != MaxEntries {
		t.Errorf("%v", err)
	}
}
