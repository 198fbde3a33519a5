package report

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"regexp"
	"slices"

	"github.com/klauspost/compress/flate"
)

// contentTypes is the part that lists the others; OPC wants it first.
const contentTypes = "[Content_Types].xml"

// packer is a zip writer that gives equal bytes for equal parts, in whatever order they come:
// each part is deflated as it arrives, by one pinned library, and all are written at Close in
// canonical order, without times or data descriptors. It implements excelize.ZipWriter.
type packer struct {
	w     io.Writer
	parts []*part
}

// part is one entry, deflated.
type part struct {
	name string
	raw  *bytes.Buffer // content types only: sorted before it is deflated
	zip  bytes.Buffer
	fl   *flate.Writer
	sum  hash.Hash32
	size uint64
}

func (p *packer) Create(name string) (io.Writer, error) {
	e := &part{name: name, sum: crc32.NewIEEE()}
	if name == contentTypes {
		e.raw = &bytes.Buffer{}
	}
	var err error
	if e.fl, err = flate.NewWriter(&e.zip, 5); err != nil {
		return nil, fmt.Errorf("deflate %s: %w", name, err)
	}
	p.parts = append(p.parts, e)
	return e, nil
}

// AddFS is not needed: a workbook has no files of its own.
func (p *packer) AddFS(fs.FS) error { return errors.New("a workbook takes no folder") }

func (e *part) Write(b []byte) (int, error) {
	if e.raw != nil {
		return e.raw.Write(b)
	}
	return e.deflate(b)
}

func (e *part) deflate(b []byte) (int, error) {
	e.sum.Write(b)
	e.size += uint64(len(b))
	return e.fl.Write(b)
}

// Close writes the zip.
func (p *packer) Close() error {
	slices.SortFunc(p.parts, func(a, b *part) int {
		return cmp.Or(cmp.Compare(partRank(a.name), partRank(b.name)), cmp.Compare(a.name, b.name))
	})
	zw := zip.NewWriter(p.w)
	for _, e := range p.parts {
		if e.raw != nil {
			if _, err := e.deflate(sortTypes(e.raw.Bytes())); err != nil {
				return fmt.Errorf("deflate %s: %w", e.name, err)
			}
		}
		if err := e.fl.Close(); err != nil {
			return fmt.Errorf("deflate %s: %w", e.name, err)
		}
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, CRC32: e.sum.Sum32(),
			CompressedSize64: uint64(e.zip.Len()), UncompressedSize64: e.size,
			//lint:ignore SA1019 a raw entry takes its date from here; Modified would add an extra field
			ModifiedDate: 1<<5 | 1, // 1980-01-01
		}
		w, err := zw.CreateRaw(h)
		if err != nil {
			return fmt.Errorf("write %s: %w", e.name, err)
		}
		if _, err := e.zip.WriteTo(w); err != nil {
			return fmt.Errorf("write %s: %w", e.name, err)
		}
	}
	return zw.Close()
}

// partRank puts the parts first that readers look for first.
func partRank(name string) int {
	switch name {
	case contentTypes:
		return 0
	case "_rels/.rels":
		return 1
	}
	return 2
}

var typeEntry = regexp.MustCompile(`<(Default|Override) [^>]*(/>|></(Default|Override)>)`)

// sortTypes sorts the entries of [Content_Types].xml, which excelize writes in map order.
func sortTypes(b []byte) []byte {
	entries := typeEntry.FindAll(b, -1)
	if len(entries) == 0 {
		return b
	}
	start := bytes.Index(b, entries[0])
	end := bytes.LastIndex(b, entries[len(entries)-1]) + len(entries[len(entries)-1])
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, bytes.Compare)
	return slices.Concat(b[:start], bytes.Join(sorted, nil), b[end:])
}
