package bundle

import (
	"bytes"
	"errors"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// What is taken for a manifest has one form: it comes out byte for byte as it was read.
func FuzzManifest(f *testing.F) {
	for _, p := range part(f, usual()) {
		if p.name == ManifestName {
			f.Add(p.content)
		}
	}
	f.Add([]byte(`{"entries":[],"part":1,"parts":1,"schema":1,"target":"a"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseManifest("a.zip", b)
		var format *FormatError
		if err != nil {
			if !errors.As(err, &format) || format.File != "a.zip" || format.Entry != ManifestName {
				t.Fatalf("an error of no known type: %v", err)
			}
			return
		}
		if again, err := evidence.Canonical(m); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%s\n%s\n%v", b, again, err)
		}
	})
}
