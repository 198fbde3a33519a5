package bundle

import (
	"bytes"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"

	"github.com/trefoil-audit/trefoil/evidence"
)

// forged is an entry of a zip that keeps to the profile in all but what Change does to it.
type forged struct {
	name    string
	content []byte
	packed  []byte // nil: content, deflated
	change  func(*entry)
}

// forge writes a zip of the profile from entries in the order given.
func forge(t testing.TB, entries []forged) []byte {
	t.Helper()
	var out, central []byte
	for _, f := range entries {
		packed := f.packed
		if packed == nil {
			w := &Writer{packers: packers()}
			if err := w.pack(f.content, func(p []byte) error { packed = p; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		e := entry{name: f.name, crc: crc32.ChecksumIEEE(f.content), packed: uint32(len(packed)), size: uint32(len(f.content)), offset: uint32(len(out))}
		if f.change != nil {
			f.change(&e)
		}
		out = append(append(out, e.local()...), packed...)
		central = append(central, e.central()...)
	}
	return slices.Concat(out, central, end(len(entries), uint32(len(central)), uint32(len(out))))
}

// part is the entries of a bundle with a manifest that fits them.
func part(t testing.TB, contents map[string][]byte) []forged {
	t.Helper()
	m := Manifest{Schema: Schema, Target: "aws-1", Part: 1, Parts: 1, Entries: []Entry{}}
	var out []forged
	for name, content := range contents {
		m.Entries = append(m.Entries, Entry{Path: name, Size: int64(len(content)), SHA256: evidence.Digest(content)})
		out = append(out, forged{name: name, content: content})
	}
	slices.SortFunc(m.Entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return sorted(append(out, manifestOf(t, m)...))
}

func manifestOf(t testing.TB, m Manifest) []forged {
	t.Helper()
	text, err := evidence.Canonical(m)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := sign(text)
	if err != nil {
		t.Fatal(err)
	}
	return []forged{{name: ManifestName, content: text}, {name: SignatureName, content: signature}}
}

func sorted(f []forged) []forged {
	slices.SortStableFunc(f, func(a, b forged) int { return strings.Compare(a.name, b.name) })
	return f
}

func body(content string) string { return bodyPrefix + evidence.Digest([]byte(content)) }

func usual() map[string][]byte {
	return map[string][]byte{CoverageName: nil, ExchangesName: []byte("{}\n"), FactsName: nil, body("one"): []byte("one")}
}

// Whoever can make each header fit cannot make a bundle that leaves its folder, holds more or less
// than its manifest, or says other sizes than it has.
func TestForgedZips(t *testing.T) {
	if err := check(forge(t, part(t, usual()))); err != nil {
		t.Fatalf("what fits is refused: %v", err)
	}
	with := func(extra ...forged) []forged { return sorted(append(part(t, usual()), extra...)) }
	edit := func(name string, change func(*entry)) []forged {
		out := part(t, usual())
		for i := range out {
			if out[i].name == name {
				out[i].change = change
			}
		}
		return out
	}
	listed := func(e Entry) []forged {
		m := Manifest{Schema: Schema, Target: "aws-1", Part: 1, Parts: 1, Entries: []Entry{e}}
		return sorted(append(manifestOf(t, m), forged{name: e.Path, content: []byte("x")}))
	}
	x := evidence.Digest([]byte("x"))
	for name, entries := range map[string][]forged{
		"path traversal":            with(forged{name: "../../etc/passwd"}),
		"absolute path":             with(forged{name: "/etc/passwd"}),
		"drive":                     with(forged{name: `C:\x`}),
		"traversal in a body":       with(forged{name: "bodies/../../x"}),
		"traversal in the manifest": listed(Entry{Path: "../x", Size: 1, SHA256: x}),
		"body under another digest": listed(Entry{Path: body("y"), Size: 1, SHA256: x}),
		"manifest lists itself":     listed(Entry{Path: ManifestName, Size: 1, SHA256: x}),
		"negative size":             listed(Entry{Path: body("x"), Size: -1, SHA256: x}),
		"extra entry":               with(forged{name: body("two"), content: []byte("two")}),
		"missing entry":             slices.DeleteFunc(part(t, usual()), func(f forged) bool { return f.name == FactsName }),
		"no manifest":               slices.DeleteFunc(part(t, usual()), func(f forged) bool { return f.name == ManifestName }),
		"no signature":              slices.DeleteFunc(part(t, usual()), func(f forged) bool { return f.name == SignatureName }),
		"duplicate":                 with(forged{name: FactsName}),
		"duplicate but for case":    with(forged{name: "FACTS.JSONL"}),
		"not sorted":                func() []forged { p := part(t, usual()); slices.Reverse(p); return p }(),
		"size too small":            edit(body("one"), func(e *entry) { e.size = 2 }),
		"size too large":            edit(body("one"), func(e *entry) { e.size = 4 }),
		"size at its limit":         edit(body("one"), func(e *entry) { e.size = 1<<32 - 1 }),
		"packed too small":          edit(body("one"), func(e *entry) { e.packed-- }),
		"packed past the end":       edit(body("one"), func(e *entry) { e.packed = 1 << 31 }),
		"offset of another":         edit(body("one"), func(e *entry) { e.offset = 7 }),
		"other checksum":            edit(body("one"), func(e *entry) { e.crc++ }),
		"huge manifest":             edit(ManifestName, func(e *entry) { e.size = MaxManifest + 1 }),
		"huge body":                 edit(body("one"), func(e *entry) { e.size = MaxBody + 1 }),
	} {
		t.Run(name, func(t *testing.T) { refusedAlways(t, name, forge(t, entries)) })
	}
}

// A link in a zip is an entry with Unix attributes; the profile has none.
func TestNoLinks(t *testing.T) {
	good := forge(t, part(t, usual()))
	at := bytes.LastIndex(good, []byte("PK\x01\x02"))
	for _, field := range []int{4, 36, 38} { // made by, internal and external attributes
		bad := bytes.Clone(good)
		bad[at+field] = 3
		refusedAlways(t, "attributes", bad)
	}
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "a.zip"), good, 0o644), os.Mkdir(filepath.Join(dir, "b.zip"), 0o755)); err != nil {
		t.Fatal(err)
	}
	var format *FormatError
	if _, err := Open(filepath.Join(dir, "b.zip")); !errors.As(err, &format) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "c.zip")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

// zeros is n megabytes of zero bytes, deflated: one of them, as often as that.
func zeros(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, 9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = z.Write(make([]byte, 1<<20)); err == nil {
		err = z.Flush() // to a whole byte
	}
	one := b.Len()
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return append(bytes.Repeat(b.Bytes()[:one], n), b.Bytes()[one:]...)
}

// allocated says how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What unpacks to far more than it says is cut off where it says; what says so is streamed, or
// refused where it would be held; a line without an end ends at its bound; and a directory of
// nothing is not read. Each within a few megabytes.
func TestBombs(t *testing.T) {
	bomb := zeros(t, 256)
	lie := part(t, usual())
	long := part(t, usual())
	for i := range lie {
		if lie[i].name == body("one") {
			lie[i].packed = bomb
		}
		if long[i].name == ExchangesName {
			long[i].packed = bomb
			long[i].change = func(e *entry) { e.size = 256 << 20 }
		}
	}
	m := Manifest{Schema: Schema, Target: "aws-1", Part: 1, Parts: 1}
	for name, content := range usual() {
		e := Entry{Path: name, Size: int64(len(content)), SHA256: evidence.Digest(content)}
		if name == ExchangesName {
			e.Size = 256 << 20
		}
		m.Entries = append(m.Entries, e)
	}
	slices.SortFunc(m.Entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	for i, f := range long {
		for _, of := range manifestOf(t, m) {
			if f.name == of.name {
				long[i].content = of.content
			}
		}
	}
	empty := slices.Concat(make([]byte, 64<<20), end(0, 64<<20, 0))
	lieZip, longZip := forge(t, lie), forge(t, long)
	for name, c := range map[string]struct {
		most uint64
		run  func()
	}{
		"unpacks to more than it says": {8 << 20, func() { refusedAlways(t, "bomb", lieZip) }},
		"a directory of nothing":       {1 << 20, func() { refusedAlways(t, "directory", empty) }},
		"a line without an end": {200 << 20, func() { // a slice that grows to 32 MB copies itself a few times
			r, err := NewReader(bytes.NewReader(longZip), int64(len(longZip)), "aws-1.zip")
			if err != nil {
				t.Errorf("%v", err)
				return
			}
			for _, err = range r.Lines(ExchangesName) {
				if err != nil {
					break
				}
			}
			var format *FormatError
			if !errors.As(err, &format) || !strings.Contains(err.Error(), "line 1: over") {
				t.Errorf("got %v", err)
			}
		}},
	} {
		if got := allocated(c.run); got > c.most {
			t.Errorf("%s: %d MB were allocated, want at most %d", name, got>>20, c.most>>20)
		}
	}
}

// What the writer refuses: an answer or a line over its bound.
func TestWriterBounds(t *testing.T) {
	w, err := Create(t.TempDir(), "aws-1")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.keep(body("x"), "", 0, MaxBody+1, nil); err == nil {
		t.Error("an answer over its bound was kept")
	}
	r := records()
	r.Facts = lines(string(make([]byte, MaxLine+1)))
	if _, err := w.Finish(r, sign); err == nil || !strings.Contains(err.Error(), FactsName) {
		t.Errorf("a line over its bound: %v", err)
	}
}
