package bundle

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Schema is the version of the manifest.
const Schema = 1

// Manifest lists what a part holds.
type Manifest struct {
	Schema  int     `json:"schema"`
	Target  string  `json:"target"`
	Part    int     `json:"part"`  // from 1
	Parts   int     `json:"parts"` // of the bundle
	Entries []Entry `json:"entries"`
}

// Entry is one line of a manifest; size and digest are of the uncompressed bytes.
type Entry struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// parseManifest reads a manifest strictly: canonical bytes, no unknown member.
func parseManifest(file string, b []byte) (*Manifest, error) {
	m := &Manifest{}
	fail := func(cause string) error { return &FormatError{File: file, Entry: ManifestName, Cause: cause} }
	if err := json.Unmarshal(b, m, json.RejectUnknownMembers(true)); err != nil {
		return nil, fail(err.Error())
	}
	again, err := evidence.Canonical(m)
	if err != nil || string(again) != string(b) {
		return nil, fail(fmt.Sprintf("not in canonical form, from its byte %d on", evidence.Differ(again, b)))
	}
	if m.Schema != Schema {
		return nil, fail(fmt.Sprintf("schema %d; this build reads %d", m.Schema, Schema))
	}
	if m.Target == "" || m.Part < 1 || m.Part > m.Parts {
		return nil, fail("target or part number is wrong")
	}
	for i, e := range m.Entries {
		switch {
		case !allowedName(e.Path) || e.Path == ManifestName || e.Path == SignatureName:
			return nil, fail(fmt.Sprintf("entry %q has no place in a bundle", e.Path))
		case i > 0 && m.Entries[i-1].Path >= e.Path:
			return nil, fail("entries are not sorted, or stand twice")
		case e.Size < 0 || e.Size > MaxEntry:
			return nil, fail(fmt.Sprintf("entry %s has size %d", e.Path, e.Size))
		case isBody(e.Path) && e.Path != bodyPrefix+e.SHA256:
			return nil, fail(fmt.Sprintf("entry %s is listed with another digest", e.Path))
		}
	}
	return m, nil
}
