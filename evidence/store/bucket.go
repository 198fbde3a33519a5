package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Bucket is a place that keeps objects under names with slashes. Every implementation passes the
// suite of package storetest. All methods may be called at once by several goroutines.
type Bucket interface {
	// Put writes an object only if none of that name exists, whole or not at all. ErrExists says that
	// one is there; ErrBusy that another writer is at it just now. Bytes that are not those that the
	// object promises are an error, and nothing is left.
	Put(ctx context.Context, name string, o Object) error
	// Get opens an object; ErrAbsent says that there is none. The caller closes it.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// List gives the objects whose names begin with under, in any order.
	List(ctx context.Context, under string) iter.Seq2[Info, error]
	// Held says until when the store keeps an object from being deleted or written over; the zero
	// value where it does not.
	Held(ctx context.Context, name string) (Lock, error)
	// Describe asks the store about itself.
	Describe(ctx context.Context) (*Description, error)
}

// Object is what shall be written.
type Object struct {
	Size   int64
	SHA256 string // hexadecimal
	Open   func() (io.ReadSeekCloser, error)
	Lock   *Lock // nil: none is asked for
}

// Info is one object as a list shows it.
type Info struct {
	Name string
	Size int64
}

// Modes of retention.
const (
	Compliance = "compliance" // nobody can shorten it
	Governance = "governance" // who has a special permission can
)

// Lock is the retention of one object.
type Lock struct {
	Mode  string
	Until time.Time
}

// covers says why a lock is less than another; nil where it is not.
func (l Lock) covers(want Lock) error {
	switch {
	case l.Mode == "":
		return errors.New("the store keeps no retention on it")
	case want.Mode == Compliance && l.Mode != Compliance:
		return fmt.Errorf("its retention is in mode %s, wanted %s", l.Mode, want.Mode)
	case l.Until.Before(want.Until):
		return fmt.Errorf("it is retained until %s, wanted until %s", l.Until.UTC().Format(time.RFC3339), want.Until.UTC().Format(time.RFC3339))
	}
	return nil
}

// Description is what a store says of itself.
type Description struct {
	URL       string
	Provider  bool     // the answers come from the provider's own endpoint
	Where     []string // place tokens, as the provider writes them; empty where it has no answer
	CopiesTo  []string // other buckets that it copies to by its own rule
	NotSeen   []string // what could not be asked, and why
	Retention *Rule    // nil: objects of this store cannot be retained
}

// Rule is what a bucket can retain, and what it retains by itself.
type Rule struct {
	Mode string // of objects that say nothing; empty: they are not retained
	Days int
	Each bool // an object can be given a retention of its own
}

// Errors that a caller decides on.
var (
	ErrExists = errors.New("an object of this name exists")
	ErrBusy   = errors.New("another writer is at this object")
	ErrAbsent = errors.New("there is no such object")
	ErrNoRun  = errors.New("no run")
)

// UnsafeError says that a store does not keep what evidence needs; nothing was uploaded to it.
type UnsafeError struct {
	URL, Cause string
}

func (e *UnsafeError) Error() string { return fmt.Sprintf("store %s: %s", e.URL, e.Cause) }

// OtherError says that an object in the store has other bytes than the run.
type OtherError struct {
	Name, Want, Got string // digests
}

func (e *OtherError) Error() string {
	return fmt.Sprintf("%s: the store holds other bytes (sha256 %s) than the run (%s)", e.Name, e.Got, e.Want)
}
