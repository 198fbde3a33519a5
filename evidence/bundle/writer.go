package bundle

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Writer takes a target's answers as they come, each compressed beside its caller and kept in a
// nameless file, so that memory stays flat. It is safe for concurrent use.
type Writer struct {
	dir, target string

	mu     sync.Mutex
	spill  *os.File
	at     int64
	bodies map[string]stored // one that is being packed has no name yet
	fault  error             // the first one of packing
	part   partLimits

	packing sync.WaitGroup
	slots   chan struct{} // bounds the answers that wait to be packed

	packers chan *packer // as many as may pack at a time
}

// packer compresses. Made anew, one costs more than most answers take to pack.
type packer struct {
	z   *flate.Writer
	out bytes.Buffer
}

type partLimits struct {
	bytes   int64
	entries int
}

// stored is an entry's compressed bytes in the spill file.
type stored struct {
	entry
	sha256 string
	from   int64
}

// Records are the JSON lines of a bundle, already in their order; an error ends the bundle.
type Records struct {
	Exchanges, Coverage, Facts iter.Seq2[[]byte, error]
}

// Part says what was written.
type Part struct {
	Name     string // file name
	Manifest []byte
}

// Create starts a bundle of a target in dir, which must exist.
func Create(dir, target string) (*Writer, error) {
	if target == "" || strings.ContainsAny(target, `/\:`) || strings.HasPrefix(target, ".") {
		return nil, fmt.Errorf("target %q cannot name a file", target)
	}
	f, err := os.CreateTemp(dir, ".spill-*")
	if err != nil {
		return nil, fmt.Errorf("create bundle %s: %w", target, err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Writer{dir: dir, target: target, spill: f, bodies: map[string]stored{}, part: partLimits{MaxPart, MaxEntries}, slots: make(chan struct{}, maxWaiting), packers: packers()}, nil
}

// maxWaiting is how many answers may wait to be packed; the caller of the next one waits.
const maxWaiting = 32

// AddBody keeps the bytes of an answer and gives their SHA-256; equal bytes are kept once. It packs them
// while the caller goes on: body must stay as it is, and that it could not be kept is the error of the
// next AddBody, or of Finish, which then makes no bundle.
func (w *Writer) AddBody(body []byte) (string, error) {
	digest := evidence.Digest(body)
	w.mu.Lock()
	_, have := w.bodies[digest]
	fault := w.fault
	if !have && fault == nil {
		w.bodies[digest] = stored{}
	}
	w.mu.Unlock()
	if have || fault != nil {
		return digest, fault
	}
	w.slots <- struct{}{}
	w.packing.Go(func() {
		defer func() { <-w.slots }()
		var s stored
		err := w.pack(body, func(packed []byte) (err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			s, err = w.keep(bodyPrefix+digest, digest, crc32.ChecksumIEEE(body), int64(len(body)), packed)
			return err
		})
		w.mu.Lock()
		defer w.mu.Unlock()
		w.bodies[digest], w.fault = s, cmp.Or(w.fault, err)
	})
	return digest, nil
}

// maxPacking is how many answers are packed at a time, each by about a megabyte of memory.
const maxPacking = 4

func packers() chan *packer {
	c := make(chan *packer, maxPacking)
	for range maxPacking {
		c <- &packer{}
	}
	return c
}

// pack gives the compressed bytes of b to keep; they are valid no longer than that takes.
func (w *Writer) pack(b []byte, keep func(packed []byte) error) error {
	p := <-w.packers
	defer func() { w.packers <- p }()
	if p.out.Cap() > maxKept {
		p.out = bytes.Buffer{}
	}
	p.out.Reset()
	if err := p.to(&p.out); err != nil {
		return err
	}
	if _, err := p.z.Write(b); err != nil {
		return err
	}
	if err := p.z.Close(); err != nil { // flushes: only then are the bytes whole
		return err
	}
	return keep(p.out.Bytes())
}

// maxKept bounds the buffer that a packer uses again.
const maxKept = 1 << 20

// to has a packer write to out. One that was used before writes the same bytes as a new one.
func (p *packer) to(out io.Writer) (err error) {
	if p.z != nil {
		p.z.Reset(out)
		return nil
	}
	p.z, err = flate.NewWriter(out, level)
	return err
}

// level is the deflate level of everything in a bundle. Answers are small: of those of the world "clover"
// the slowest levels make 3 % less, for a third more time.
const level = 4

// keep writes packed bytes to the spill; w.mu is held.
func (w *Writer) keep(name, digest string, crc uint32, size int64, packed []byte) (stored, error) {
	if limit := limitOf(name); size > limit || int64(len(packed)) > limit {
		return stored{}, fmt.Errorf("%s of %s: over %d bytes", name, w.target, limit)
	}
	s := stored{entry: entry{name: name, crc: crc, packed: uint32(len(packed)), size: uint32(size)}, sha256: digest, from: w.at}
	if _, err := w.spill.WriteAt(packed, w.at); err != nil {
		return stored{}, fmt.Errorf("keep %s: %w", name, err)
	}
	w.at += int64(len(packed))
	return s, nil
}

// Abort drops everything.
func (w *Writer) Abort() error {
	w.packing.Wait()
	return w.spill.Close()
}

// Finish writes the parts. Sign makes the Sigstore bundle over a manifest's bytes.
func (w *Writer) Finish(r Records, sign func(manifest []byte) ([]byte, error)) (parts []Part, err error) {
	w.packing.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { err = errors.Join(err, w.spill.Close()) }()
	if w.fault != nil {
		return nil, fmt.Errorf("bundle %s: %w", w.target, w.fault)
	}
	var head []stored
	for _, list := range []struct {
		name  string
		lines iter.Seq2[[]byte, error]
	}{{CoverageName, r.Coverage}, {ExchangesName, r.Exchanges}, {FactsName, r.Facts}} {
		s, err := w.lines(list.name, list.lines)
		if err != nil {
			return nil, fmt.Errorf("bundle %s: %w", w.target, err)
		}
		head = append(head, s)
	}
	cut := w.cut(head)
	for i, entries := range cut {
		p, err := w.writePart(i+1, len(cut), entries, sign)
		if err != nil {
			return nil, fmt.Errorf("bundle %s, part %d: %w", w.target, i+1, err)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// spillWriter appends to the spill file and counts.
type spillWriter struct {
	w *Writer
	n int64
}

func (s *spillWriter) Write(p []byte) (int, error) {
	n, err := s.w.spill.WriteAt(p, s.w.at)
	s.w.at += int64(n)
	s.n += int64(n)
	return n, err
}

// lines packs JSON lines as one entry, without holding them in memory.
func (w *Writer) lines(name string, lines iter.Seq2[[]byte, error]) (stored, error) {
	s := stored{entry: entry{name: name}, from: w.at}
	out := &spillWriter{w: w}
	p := <-w.packers
	defer func() { w.packers <- p }()
	if err := p.to(out); err != nil {
		return s, err
	}
	sum, crc, size := sha256.New(), crc32.NewIEEE(), int64(0)
	to := io.MultiWriter(p.z, sum, crc)
	for line, err := range lines {
		if err != nil {
			return s, fmt.Errorf("%s: %w", name, err)
		}
		if len(line) > MaxLine || bytes.IndexByte(line, '\n') >= 0 {
			return s, fmt.Errorf("%s: a line of %d bytes, or with a line end in it", name, len(line))
		}
		if _, err := to.Write(append(line[:len(line):len(line)], '\n')); err != nil {
			return s, err
		}
		size += int64(len(line)) + 1
	}
	if err := p.z.Close(); err != nil {
		return s, err
	}
	if size > MaxEntry || out.n > MaxEntry {
		return s, fmt.Errorf("%s: over %d bytes", name, int64(MaxEntry))
	}
	s.crc, s.packed, s.size, s.sha256 = crc.Sum32(), uint32(out.n), uint32(size), hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// cut shares the bodies out over parts; the first holds the records.
func (w *Writer) cut(head []stored) [][]stored {
	bodies := make([]stored, 0, len(w.bodies))
	for _, s := range w.bodies {
		bodies = append(bodies, s)
	}
	slices.SortFunc(bodies, func(a, b stored) int { return strings.Compare(a.name, b.name) })
	const each = 512 // headers, names and the entry's line in the manifest
	parts, at := [][]stored{nil}, int64(0)
	for _, s := range head {
		at += int64(s.packed) + each
	}
	n := len(head)
	for _, s := range bodies {
		cost := int64(s.packed) + each
		if n > 0 && (at+cost > w.part.bytes || n+3 > w.part.entries) {
			parts, at, n = append(parts, nil), 0, 0
		}
		last := len(parts) - 1
		parts[last], at, n = append(parts[last], s), at+cost, n+1
	}
	parts[0] = append(parts[0], head...)
	return parts
}

// partName is the file name of a part.
func partName(target string, part int) string {
	if part == 1 {
		return target + ".zip"
	}
	return fmt.Sprintf("%s.%d.zip", target, part)
}

func (w *Writer) writePart(part, parts int, entries []stored, sign func([]byte) ([]byte, error)) (p Part, err error) {
	slices.SortFunc(entries, func(a, b stored) int { return strings.Compare(a.name, b.name) })
	m := Manifest{Schema: Schema, Target: w.target, Part: part, Parts: parts, Entries: []Entry{}}
	for _, e := range entries {
		m.Entries = append(m.Entries, Entry{Path: e.name, Size: int64(e.size), SHA256: e.sha256})
	}
	p.Name = partName(w.target, part)
	if p.Manifest, err = m.canonical(); err != nil {
		return p, err
	}
	signature, err := sign(p.Manifest)
	if err != nil {
		return p, fmt.Errorf("sign the manifest: %w", err)
	}
	for name, b := range map[string][]byte{ManifestName: p.Manifest, SignatureName: signature} {
		err := w.pack(b, func(packed []byte) error {
			s, err := w.keep(name, "", crc32.ChecksumIEEE(b), int64(len(b)), packed)
			entries = append(entries, s)
			return err
		})
		if err != nil {
			return p, err
		}
	}
	slices.SortFunc(entries, func(a, b stored) int { return strings.Compare(a.name, b.name) })
	return p, w.writeFile(p.Name, entries)
}

func (w *Writer) writeFile(name string, entries []stored) (err error) {
	f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var at int64
	var central []byte
	for _, e := range entries {
		e.offset = uint32(at)
		local := e.local()
		if _, err := f.Write(local); err != nil {
			return err
		}
		if _, err := io.Copy(f, io.NewSectionReader(w.spill, e.from, int64(e.packed))); err != nil {
			return err
		}
		at += int64(len(local)) + int64(e.packed)
		central = append(central, e.central()...)
		if at > MaxPart+MaxManifest {
			return fmt.Errorf("%s: over %d bytes", name, int64(MaxPart))
		}
	}
	if _, err := f.Write(append(central, end(len(entries), uint32(len(central)), uint32(at))...)); err != nil {
		return err
	}
	return f.Sync()
}
