package bundle

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

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

// canonical is the manifest as it is signed: canonical JSON, written member by member, since it may list
// tens of thousands of entries.
func (m *Manifest) canonical() (b []byte, err error) {
	quote := func(text string) {
		out, fault := jsontext.AppendQuote(b, text)
		b, err = out, cmp.Or(err, fault)
	}
	b = append(make([]byte, 0, 200*len(m.Entries)), `{"entries":[`...)
	for i, e := range m.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"path":`...)
		quote(e.Path)
		b = append(b, `,"sha256":`...)
		quote(e.SHA256)
		b = strconv.AppendInt(append(b, `,"size":`...), e.Size, 10)
		b = append(b, '}')
	}
	b = fmt.Appendf(b, `],"part":%d,"parts":%d,"schema":%d,"target":`, m.Part, m.Parts, m.Schema)
	quote(m.Target)
	return append(b, '}'), err
}

// parseManifest reads a manifest strictly: canonical bytes, no unknown member.
func parseManifest(file string, b []byte) (*Manifest, error) {
	fail := func(cause string) error { return &FormatError{File: file, Entry: ManifestName, Cause: cause} }
	m, ok := cutManifest(b)
	if !ok {
		m = &Manifest{}
		if err := json.Unmarshal(b, m, json.RejectUnknownMembers(true)); err != nil {
			return nil, fail(err.Error())
		}
		if again, err := m.canonical(); err != nil || !bytes.Equal(again, b) {
			return nil, fail(fmt.Sprintf("not in canonical form, from its byte %d on", evidence.Differ(again, b)))
		}
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

// cutManifest cuts a manifest as the writer puts it into its parts. What gives these very bytes when it is
// written is what they say, so that nothing need be known of JSON; what does not is not ok, and to be parsed.
func cutManifest(b []byte) (m *Manifest, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte(`{"entries":[`))
	m = &Manifest{Entries: make([]Entry, 0, len(rest)/180)}
	between := func(before, end string) (text []byte) {
		if rest, ok = bytes.CutPrefix(rest, []byte(before)); ok {
			text, rest, ok = bytes.Cut(rest, []byte(end))
		}
		return text
	}
	number := func(text []byte) int64 {
		n, err := strconv.ParseInt(string(text), 10, 64)
		ok = ok && err == nil
		return n
	}
	for next := ""; ok && !bytes.HasPrefix(rest, []byte("]")); next = "," {
		e := Entry{Path: string(between(next+`{"path":"`, `"`))}
		if sha := between(`,"sha256":"`, `"`); e.Path == bodyPrefix+string(sha) {
			e.SHA256 = e.Path[len(bodyPrefix):]
		} else {
			e.SHA256 = string(sha)
		}
		e.Size = number(between(`,"size":`, "}"))
		m.Entries = append(m.Entries, e)
	}
	m.Part = int(number(between(`],"part":`, ",")))
	m.Parts = int(number(between(`"parts":`, ",")))
	m.Schema = int(number(between(`"schema":`, ",")))
	m.Target = string(between(`"target":"`, `"`))
	if !ok {
		return nil, false
	}
	again, err := m.canonical()
	return m, err == nil && bytes.Equal(again, b)
}
