package bundle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"syscall"
	"testing"
)

// holed is a bundle whose disk gives a read error for some bytes of it.
type holed struct {
	bytes    []byte
	from, to int64
}

func (h holed) ReadAt(p []byte, at int64) (int, error) {
	if at < h.to && at+int64(len(p)) > h.from {
		return 0, &fs.PathError{Op: "read", Path: "aws-1.zip", Err: syscall.EIO}
	}
	return bytes.NewReader(h.bytes).ReadAt(p, at)
}

// A disk's read error is no fault of the bundle, wherever it comes.
func TestReadErrorIsNoFault(t *testing.T) {
	whole := forge(t, part(t, map[string][]byte{ExchangesName: []byte("{}\n"), FactsName: {}, CoverageName: {}}))
	size := int64(len(whole))
	good, err := NewReader(bytes.NewReader(whole), size, "aws-1.zip")
	if err != nil {
		t.Fatal(err)
	}
	directory := int64(binary.LittleEndian.Uint32(whole[size-6:]))
	check := func(at string, err error) {
		t.Helper()
		var refused syscall.Errno
		var format *FormatError
		var digest *DigestError
		if !errors.As(err, &refused) || errors.As(err, &format) || errors.As(err, &digest) {
			t.Errorf("%s: %v", at, err)
		}
	}
	for name, hole := range map[string]holed{"end record": {whole, size - 1, size}, "directory": {whole, directory, directory + 1}, "entries": {whole, 0, directory}} {
		_, err := NewReader(hole, size, "aws-1.zip")
		check(name, err)
	}
	good.r = holed{whole, 0, directory}
	check("contents", good.VerifyContents(1, map[string]func([]byte) error{ExchangesName: func([]byte) error { return nil }}))
	found := false
	for _, err := range good.Lines(ExchangesName) {
		check("lines", err)
		found = true
	}
	if !found {
		t.Error("lines: no error")
	}
}
