package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/trefoil-audit/trefoil/evidence"
)

// probeName is the one object that a probe leaves in a store, however often it is done: in a store
// that retains objects, nobody could take it away.
const probeName = "trefoil.probe"

// Probe finds out whether the store creates only what is absent. Some that speak a provider's
// protocol take the condition and write over what is there; they are refused (*UnsafeError).
func Probe(ctx context.Context, b Bucket, url string) error {
	first := bytesObject([]byte("Written once by trefoil. A second write of this object must be refused.\n"))
	second := bytesObject([]byte("This store wrote over an object that was there.\n"))
	if err := b.Put(ctx, probeName, first); err != nil && !errors.Is(err, ErrExists) && !errors.Is(err, ErrBusy) {
		return fmt.Errorf("store %s: probe: %w", url, err)
	}
	switch err := b.Put(ctx, probeName, second); {
	case errors.Is(err, ErrExists), errors.Is(err, ErrBusy):
		return nil
	case err != nil:
		return fmt.Errorf("store %s: probe: %w", url, err)
	}
	return &UnsafeError{url, "it writes over objects that exist, though asked to create only; evidence could be replaced there"}
}

func bytesObject(b []byte) Object {
	return Object{Size: int64(len(b)), SHA256: evidence.Digest(b), Open: func() (io.ReadSeekCloser, error) {
		return struct {
			io.ReadSeeker
			io.Closer
		}{bytes.NewReader(b), io.NopCloser(nil)}, nil
	}}
}
