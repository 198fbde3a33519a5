package bundle

import (
	"encoding/binary"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Limits of one part. They keep a part below what needs zip64 and below what common object
// stores and mail filters refuse.
const (
	MaxPart     = 2 << 30 // bytes of a file
	MaxEntries  = 60_000
	MaxEntry    = 4<<30 - 1 // bytes of one entry, uncompressed
	MaxManifest = 16 << 20  // of a manifest of MaxEntries, and more; it is held in memory
	MaxBody     = 256 << 20 // bytes of one answer, which is held in memory
	MaxLine     = 32 << 20  // bytes of one JSON line
)

// The entries that a part may hold beside bodies.
const (
	ManifestName  = "manifest.json"
	SignatureName = "manifest.sigstore.json"
	ExchangesName = "exchanges.jsonl"
	CoverageName  = "coverage.jsonl"
	FactsName     = "facts.jsonl"
	bodyPrefix    = "bodies/"
)

// isBody says whether a name is that of an answer: bodies/ and 64 hexadecimal digits.
func isBody(name string) bool {
	digest, ok := strings.CutPrefix(name, bodyPrefix)
	return ok && len(digest) == 64 && strings.Trim(digest, "0123456789abcdef") == ""
}

func allowedName(name string) bool {
	switch name {
	case ManifestName, SignatureName, ExchangesName, CoverageName, FactsName:
		return true
	}
	return isBody(name)
}

// entry is one zip entry of the profile: all that its headers can say.
type entry struct {
	name   string
	crc    uint32
	packed uint32
	size   uint32
	offset uint32 // of the local header
}

// maxName is the longest name that an entry can have: a body's.
const maxName = len(bodyPrefix) + 64

const (
	localSize   = 30
	centralSize = 46
	endSize     = 22
	dosDate     = 0x21 // 1980-01-01
	deflated    = 8
	needs       = 20 // version 2.0: deflate
)

// data is where the packed bytes lie.
func (e *entry) data() evidence.Range {
	return evidence.Range{Offset: int64(e.offset) + localSize + int64(len(e.name)), Length: int64(e.packed)}
}

// fields are those that local and central headers share, from "version needed" on.
func (e *entry) fields(b []byte) {
	le := binary.LittleEndian
	le.PutUint16(b[0:], needs)
	le.PutUint16(b[4:], deflated)
	le.PutUint16(b[8:], dosDate)
	le.PutUint32(b[10:], e.crc)
	le.PutUint32(b[14:], e.packed)
	le.PutUint32(b[18:], e.size)
	le.PutUint16(b[22:], uint16(len(e.name)))
}

func (e *entry) local() []byte {
	b := make([]byte, localSize, localSize+len(e.name))
	copy(b, "PK\x03\x04")
	e.fields(b[4:])
	return append(b, e.name...)
}

func (e *entry) central() []byte {
	b := make([]byte, centralSize, centralSize+len(e.name))
	copy(b, "PK\x01\x02")
	binary.LittleEndian.PutUint16(b[4:], needs)
	e.fields(b[6:])
	binary.LittleEndian.PutUint32(b[42:], e.offset)
	return append(b, e.name...)
}

// end is the end-of-central-directory record.
func end(entries int, size, offset uint32) []byte {
	b := make([]byte, endSize)
	copy(b, "PK\x05\x06")
	le := binary.LittleEndian
	le.PutUint16(b[8:], uint16(entries))
	le.PutUint16(b[10:], uint16(entries))
	le.PutUint32(b[12:], size)
	le.PutUint32(b[16:], offset)
	return b
}
