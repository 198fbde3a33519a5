package bundle

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/klauspost/compress/flate"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Reader reads one part. Opening checks the zip profile and the manifest against the directory;
// [Reader.VerifyContents] checks every byte.
type Reader struct {
	file     string
	r        io.ReaderAt
	close    func() error
	entries  []entry // sorted by name
	manifest *Manifest
	listed   []entry   // of the manifest, in its order
	raw      []byte    // manifest.json
	digest   string    // of raw
	sig      []byte    // manifest.sigstore.json
	buffer   int       // of an inflater: no more than the largest entry needs
	idle     sync.Pool // of *inflater
}

// Open opens a part from a file.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &FormatError{File: path, Cause: "no regular file"}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r, err := NewReader(f, info.Size(), path)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.close = f.Close
	return r, nil
}

// NewReader opens a part of size bytes; file names it in errors. Errors are *FormatError or
// *DigestError, or what the system says where it cannot read.
func NewReader(from io.ReaderAt, size int64, file string) (*Reader, error) {
	r := &Reader{file: file, r: from, close: func() error { return nil }}
	if err := r.directory(size); err != nil {
		return nil, err
	}
	var err error
	if r.raw, r.digest, err = r.small(ManifestName); err != nil {
		return nil, err
	}
	if r.sig, _, err = r.small(SignatureName); err != nil {
		return nil, err
	}
	if r.manifest, err = parseManifest(file, r.raw); err != nil {
		return nil, r.at(err, ManifestName)
	}
	return r, r.compare()
}

// fail is a fault of form, unless one of the arguments says that the system could not read.
func (r *Reader) fail(entry, format string, args ...any) error {
	if err := unread(args); err != nil {
		return fmt.Errorf("read %s: %w", r.file, err)
	}
	return &FormatError{File: r.file, Entry: entry, Cause: fmt.Sprintf(format, args...)}
}

// failAt is fail for bytes of the file that are known.
func (r *Reader) failAt(at evidence.Range, entry, format string, args ...any) error {
	if err := unread(args); err != nil {
		return fmt.Errorf("read %s: %w", r.file, err)
	}
	return &FormatError{File: r.file, Entry: entry, Cause: fmt.Sprintf(format, args...), Bytes: at}
}

// unread gives what the system refused, among arguments.
func unread(args []any) error {
	for _, a := range args {
		var refused syscall.Errno
		if err, ok := a.(error); ok && errors.As(err, &refused) {
			return err
		}
	}
	return nil
}

// at gives a fault of an entry's contents the place of the entry.
func (r *Reader) at(err error, entry string) error {
	var format *FormatError
	if e, ok := r.find(entry); ok && errors.As(err, &format) {
		format.Bytes = e.data()
	}
	return err
}

// directory reads the end record and the central directory, and builds every header again: any
// byte that the profile does not allow makes them differ. An entry's local header is held against it
// when the entry is read.
func (r *Reader) directory(size int64) error {
	if size < endSize || size > MaxPart+2*MaxManifest {
		return r.failAt(evidence.Range{Length: size}, "", "a size of %d bytes is none of a bundle's", size)
	}
	tail := make([]byte, endSize)
	if _, err := r.r.ReadAt(tail, size-endSize); err != nil {
		return r.fail("", "read the end record: %v", err)
	}
	le := binary.LittleEndian
	n, length, offset := int(le.Uint16(tail[8:])), int64(le.Uint32(tail[12:])), int64(le.Uint32(tail[16:]))
	if !bytes.Equal(tail, end(n, uint32(length), uint32(offset))) || offset+length+endSize != size || n > MaxEntries {
		return r.failAt(evidence.Range{Offset: size - endSize, Length: endSize}, "", "no end record of the profile stands at the end of the file")
	}
	if length > int64(n)*int64(centralSize+maxName) {
		return r.failAt(evidence.Range{Offset: offset, Length: length}, "", "a directory of %d bytes is none of %d entries", length, n)
	}
	central := make([]byte, length)
	if _, err := r.r.ReadAt(central, offset); err != nil {
		return r.fail("", "read the directory: %v", err)
	}
	at, header := int64(0), offset
	for i := range n {
		e, used, err := r.header(central, i, header)
		if err != nil {
			return err
		}
		if int64(e.offset) != at {
			return r.failAt(evidence.Range{Offset: header, Length: int64(used)}, e.name, "does not begin where the entry before it ends")
		}
		at += localSize + int64(len(e.name)) + int64(e.packed)
		central, header = central[used:], header+int64(used)
		r.entries = append(r.entries, e)
		r.buffer = max(r.buffer, localSize+len(e.name)+int(min(max(e.packed, e.size), readBuffer)))
	}
	if len(central) != 0 || at != offset {
		return r.failAt(evidence.Range{Offset: min(at, offset), Length: max(offset-at, int64(len(central)))}, "", "bytes stand between the entries and the end that belong to none")
	}
	return nil
}

// header reads the central header that stands at the begin of b, which begins at a byte of the file.
func (r *Reader) header(b []byte, i int, at int64) (entry, int, error) {
	here := evidence.Range{Offset: at, Length: int64(len(b))}
	if len(b) < centralSize {
		return entry{}, 0, r.failAt(here, "", "the directory is cut off")
	}
	le := binary.LittleEndian
	long := int(le.Uint16(b[28:]))
	if len(b) < centralSize+long {
		return entry{}, 0, r.failAt(here, "", "the directory is cut off")
	}
	here.Length = int64(centralSize + long)
	e := entry{name: string(b[centralSize : centralSize+long]), crc: le.Uint32(b[16:]), packed: le.Uint32(b[20:]), size: le.Uint32(b[24:]), offset: le.Uint32(b[42:])}
	if !bytes.Equal(e.central(), b[:centralSize+long]) {
		return entry{}, 0, r.failAt(here, e.name, "its directory header is not of the profile")
	}
	if !allowedName(e.name) {
		return entry{}, 0, r.failAt(here, "", "entry %q has no place in a bundle", e.name)
	}
	if i > 0 && r.entries[i-1].name >= e.name {
		return entry{}, 0, r.failAt(here, e.name, "entries are not sorted, or stand twice")
	}
	if limit := limitOf(e.name); int64(e.size) > limit {
		return entry{}, 0, r.failAt(here, e.name, "has %d bytes, over %d", e.size, limit)
	}
	return e, centralSize + long, nil
}

// limitOf bounds the uncompressed bytes of an entry: what is held in memory by less than what is
// streamed.
func limitOf(name string) int64 {
	switch {
	case name == ManifestName, name == SignatureName:
		return MaxManifest
	case isBody(name):
		return MaxBody
	}
	return MaxEntry
}

func (r *Reader) find(name string) (entry, bool) {
	i := sort.Search(len(r.entries), func(i int) bool { return r.entries[i].name >= name })
	if i < len(r.entries) && r.entries[i].name == name {
		return r.entries[i], true
	}
	return entry{}, false
}

// small reads manifest or signature whole.
func (r *Reader) small(name string) (text []byte, digest string, err error) {
	e, ok := r.find(name)
	if !ok {
		return nil, "", r.fail(name, "is missing")
	}
	var b bytes.Buffer
	b.Grow(int(e.size))
	digest, err = r.copy(&b, e)
	return b.Bytes(), digest, err
}

// compare holds the directory against the manifest: the same entries with the same sizes.
func (r *Reader) compare() error {
	i := 0
	r.listed = make([]entry, 0, len(r.entries))
	for _, e := range r.entries {
		if e.name == ManifestName || e.name == SignatureName {
			continue
		}
		if i >= len(r.manifest.Entries) || r.manifest.Entries[i].Path != e.name {
			return r.failAt(e.data(), e.name, "is in the zip and not in the manifest, or the other way round")
		}
		if r.manifest.Entries[i].Size != int64(e.size) {
			return r.failAt(e.data(), e.name, "has %d bytes, the manifest says %d", e.size, r.manifest.Entries[i].Size)
		}
		r.listed = append(r.listed, e)
		i++
	}
	if i != len(r.manifest.Entries) {
		return r.at(r.fail(r.manifest.Entries[i].Path, "is in the manifest and not in the zip"), ManifestName)
	}
	return nil
}

// inflater is what reading an entry needs, used again for each: made anew it costs more than most
// answers take to read.
type inflater struct {
	packed *bufio.Reader
	z      io.ReadCloser
	sum    hash.Hash
	buffer []byte
}

// readBuffer bounds the buffers of an inflater; those of a small part are smaller, as clearing them would take longer
// than to read it.
const readBuffer = 256 << 10

func (r *Reader) inflater() *inflater {
	if in, ok := r.idle.Get().(*inflater); ok {
		return in
	}
	packed := bufio.NewReaderSize(nil, r.buffer)
	return &inflater{packed: packed, z: flate.NewReader(packed), sum: sha256.New(), buffer: make([]byte, r.buffer)}
}

// copy inflates an entry into w, bounded by its declared size, and checks that exactly that
// came, with the right checksum, from exactly the packed bytes.
func (r *Reader) copy(w io.Writer, e entry) (sha string, err error) {
	in := r.inflater()
	defer r.idle.Put(in)
	local := localSize + len(e.name)
	in.packed.Reset(io.NewSectionReader(r.r, int64(e.offset), int64(local)+int64(e.packed)))
	if got, err := in.packed.Peek(local); err != nil && !errors.Is(err, io.EOF) {
		return "", r.fail(e.name, "its local header: %v", err)
	} else if err != nil || !bytes.Equal(got, e.local()) {
		return "", r.fail(e.name, "its local header differs from the directory")
	}
	if _, err := in.packed.Discard(local); err != nil {
		return "", r.fail(e.name, "inflate: %v", err)
	}
	if err := in.z.(flate.Resetter).Reset(in.packed, nil); err != nil {
		return "", r.failAt(e.data(), e.name, "inflate: %v", err)
	}
	in.sum.Reset()
	n, crc := int64(0), uint32(0)
	for n <= int64(e.size) {
		got, err := in.z.Read(in.buffer)
		chunk := in.buffer[:got]
		n += int64(got)
		crc = crc32.Update(crc, crc32.IEEETable, chunk)
		in.sum.Write(chunk)
		if w != nil && n <= int64(e.size) {
			if _, err := w.Write(chunk); err != nil {
				return "", err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", r.failAt(e.data(), e.name, "inflate: %v", err)
		}
	}
	if _, more := in.packed.ReadByte(); n != int64(e.size) || crc != e.crc || !errors.Is(more, io.EOF) {
		return "", r.failAt(e.data(), e.name, "is not what its header says: %d bytes inflated", n)
	}
	return hex.EncodeToString(in.sum.Sum(nil)), nil
}

// Manifest is what the part says that it holds.
func (r *Reader) Manifest() *Manifest { return r.manifest }

// File is the name that the part was opened by.
func (r *Reader) File() string { return r.file }

// ManifestBytes are the bytes that are signed.
func (r *Reader) ManifestBytes() []byte { return r.raw }

// ManifestDigest is their SHA-256, in hexadecimal digits.
func (r *Reader) ManifestDigest() string { return r.digest }

// SignatureBytes is the Sigstore bundle over the manifest.
func (r *Reader) SignatureBytes() []byte { return r.sig }

// Close closes the file.
func (r *Reader) Close() error { return r.close() }

// VerifyContents inflates and hashes every entry, with some workers at a time, and compares with
// the manifest. Lines, where it has a function for an entry, gets that entry's lines on the way: they
// count only where VerifyContents finds no fault. The error is a *FormatError or *DigestError that
// names the entry; of several, the first by name.
func (r *Reader) VerifyContents(workers int, lines map[string]func(line []byte) error) error {
	// The largest first, so that no worker is left alone with one at the end.
	order := make([]int, len(r.manifest.Entries))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.manifest.Entries[b].Size, r.manifest.Entries[a].Size) })
	faults := make([]error, len(order))
	var next atomic.Int64
	var g sync.WaitGroup
	for range max(1, workers) {
		g.Go(func() {
			for at := next.Add(1) - 1; at < int64(len(order)); at = next.Add(1) - 1 {
				faults[order[at]] = r.verifyLines(order[at], lines[r.listed[order[at]].name])
			}
		})
	}
	g.Wait()
	return cmp.Or(faults...)
}

// verifyLines checks the entry that stands i-th in the manifest.
func (r *Reader) verifyLines(i int, each func([]byte) error) error {
	e, want := r.listed[i], r.manifest.Entries[i].SHA256
	if each == nil {
		return r.verify(e, want, nil)
	}
	split := &splitter{each: each}
	return r.lineError(e.name, split, cmp.Or(r.verify(e, want, split), split.end()))
}

// verify inflates an entry into w and holds it against a digest.
func (r *Reader) verify(e entry, want string, w io.Writer) error {
	got, err := r.copy(w, e)
	if err == nil && got != want {
		err = &DigestError{File: r.file, Entry: e.name, Want: want, Got: got, Bytes: e.data()}
	}
	return err
}

// Body gives the bytes of an answer, checked; ok is false where this part does not hold it.
func (r *Reader) Body(digest string) (body []byte, ok bool, err error) {
	e, ok := r.find(bodyPrefix + digest)
	if !ok {
		return nil, false, nil
	}
	var b bytes.Buffer
	err = r.verify(e, digest, &b)
	return b.Bytes(), true, err
}
