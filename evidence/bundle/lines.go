package bundle

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"sort"
)

// Lines streams the lines of a record file, without line ends; a line is valid until the next one.
// The digest of the whole is checked when the last line was read: a stream that was damaged ends in
// an error.
func (r *Reader) Lines(name string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		i := sort.Search(len(r.manifest.Entries), func(i int) bool { return r.manifest.Entries[i].Path >= name })
		if i == len(r.manifest.Entries) || r.manifest.Entries[i].Path != name {
			yield(nil, r.fail(name, "is missing"))
			return
		}
		stopped := false
		split := &splitter{each: func(line []byte) error {
			if stopped = !yield(line, nil); stopped {
				return errStopped
			}
			return nil
		}}
		err := cmp.Or(r.verify(r.listed[i], r.manifest.Entries[i].SHA256, split), split.end())
		if err != nil && !stopped {
			yield(nil, r.lineError(name, split, err))
		}
	}
}

// lineError gives a fault its line; one that says more is left as it is.
func (r *Reader) lineError(name string, at *splitter, err error) error {
	var format *FormatError
	var digest *DigestError
	if err == nil || errors.As(err, &format) || errors.As(err, &digest) || unread([]any{err}) != nil {
		return err
	}
	e, _ := r.find(name)
	return &FormatError{File: r.file, Entry: name, Cause: err.Error(), Bytes: e.data(), Line: at.n + 1}
}

// errStopped says that the caller wants no more lines.
var errStopped = errors.New("stopped")

var lineEnd = []byte{'\n'}

// splitter cuts what is written to it into bounded lines.
type splitter struct {
	each func(line []byte) error
	rest []byte // of a line that is not whole yet
	n    int    // lines so far
}

// Write implements io.Writer.
func (s *splitter) Write(p []byte) (int, error) {
	all := len(p)
	for {
		line, more, whole := bytes.Cut(p, lineEnd)
		if len(s.rest)+len(line) > MaxLine {
			return 0, fmt.Errorf("over %d bytes", MaxLine)
		}
		if !whole {
			s.rest = append(s.rest, line...)
			return all, nil
		}
		if len(s.rest) > 0 {
			s.rest = append(s.rest, line...)
			line = s.rest
		}
		if err := s.each(line); err != nil {
			return 0, err
		}
		s.n++
		s.rest, p = s.rest[:0], more
	}
}

// end refuses a last line without its end.
func (s *splitter) end() error {
	if len(s.rest) > 0 {
		return errors.New("the last line has no end")
	}
	return nil
}
