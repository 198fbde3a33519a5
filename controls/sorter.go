package controls

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// Scratch is a file for what does not fit in memory. Close removes it.
type Scratch interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// sorter puts lines in order by group and key; equal ones stay as they came. What does not fit in
// its memory is written, sorted, to a scratch file, and merged when the lines are read: an external
// merge sort, so that the number of results does not count in memory.
type sorter struct {
	limit   int                     // bytes of lines held in memory
	scratch func() (Scratch, error) // nil: everything is held in memory
	held    int
	entries []entry
	file    Scratch
	at      int64
	runs    []span
}

// entry is a line in memory. Of equal ones, the order says which came first.
type entry struct {
	group, order int
	key          string
	line         []byte
}

// span is a sorted run in the file.
type span struct{ from, to int64 }

// add takes a line, which must stay as it is.
func (s *sorter) add(group int, key string, line []byte) error {
	if s.scratch != nil && s.held > 0 && s.held+len(line) > s.limit {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.held += len(line)
	s.entries = append(s.entries, entry{group, len(s.entries), key, line})
	return nil
}

func (s *sorter) sort() {
	slices.SortFunc(s.entries, func(a, b entry) int {
		if a.group != b.group {
			return cmp.Compare(a.group, b.group)
		}
		if c := strings.Compare(a.key, b.key); c != 0 {
			return c
		}
		return cmp.Compare(a.order, b.order)
	})
}

// spill writes what is in memory as one run.
func (s *sorter) spill() (err error) {
	if s.file == nil {
		if s.file, err = s.scratch(); err != nil {
			return fmt.Errorf("results: %w", err)
		}
	}
	s.sort()
	w := bufio.NewWriterSize(s.file, 1<<18)
	var head []byte
	begin := s.at
	for _, e := range s.entries {
		head = binary.AppendUvarint(head[:0], uint64(e.group))
		head = binary.AppendUvarint(head, uint64(len(e.key)))
		head = append(head, e.key...)
		head = binary.AppendUvarint(head, uint64(len(e.line)))
		// A buffered writer keeps its first error for Flush.
		_, _ = w.Write(head)
		_, _ = w.Write(e.line)
		s.at += int64(len(head) + len(e.line))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	s.runs = append(s.runs, span{begin, s.at})
	clear(s.entries)
	s.held, s.entries = 0, s.entries[:0]
	return nil
}

// finish ends adding.
func (s *sorter) finish() error {
	if s.file == nil {
		s.sort()
		return nil
	}
	err := s.spill()
	s.entries = nil
	return err
}

// close frees the file.
func (s *sorter) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// sortedLine is a line with what it is sorted by. It is valid until the next one.
type sortedLine struct {
	group int
	key   string
	line  []byte
}

// all streams the lines in order, after finish; each call starts anew.
func (s *sorter) all() iter.Seq2[sortedLine, error] {
	if s.file == nil {
		return func(yield func(sortedLine, error) bool) {
			for _, e := range s.entries {
				if !yield(sortedLine{e.group, e.key, e.line}, nil) {
					return
				}
			}
		}
	}
	return s.merge
}

func (s *sorter) merge(yield func(sortedLine, error) bool) {
	const buffers = 32 << 20 // for all runs together
	var heads merging
	for i, r := range s.runs {
		h := &head{order: i, from: bufio.NewReaderSize(io.NewSectionReader(s.file, r.from, r.to-r.from), max(4<<10, buffers/len(s.runs)))}
		switch err := h.next(); {
		case errors.Is(err, io.EOF):
		case err != nil:
			yield(sortedLine{}, fmt.Errorf("results: %w", err))
			return
		default:
			heads = append(heads, h)
		}
	}
	heap.Init(&heads)
	for len(heads) > 0 {
		h := heads[0]
		if !yield(h.sortedLine, nil) {
			return
		}
		switch err := h.next(); {
		case errors.Is(err, io.EOF):
			heap.Pop(&heads)
		case err != nil:
			yield(sortedLine{}, fmt.Errorf("results: %w", err))
			return
		default:
			heap.Fix(&heads, 0)
		}
	}
}

// head is the next line of a run.
type head struct {
	sortedLine
	order int
	from  *bufio.Reader
	key   []byte
}

func (h *head) next() error {
	group, err := binary.ReadUvarint(h.from)
	if err != nil {
		return err // io.EOF only where the run has ended
	}
	h.group = int(group)
	if h.key, err = readSized(h.from, h.key); err != nil {
		return err
	}
	h.sortedLine.key = string(h.key)
	h.line, err = readSized(h.from, h.line)
	return err
}

func readSized(r *bufio.Reader, into []byte) ([]byte, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	into = slices.Grow(into[:0], int(n))[:n]
	if _, err := io.ReadFull(r, into); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return into, nil
}

// merging is a heap of runs by their next line.
type merging []*head

func (m merging) Len() int { return len(m) }
func (m merging) Less(i, j int) bool {
	a, b := m[i], m[j]
	if a.group != b.group {
		return a.group < b.group
	}
	if c := strings.Compare(a.sortedLine.key, b.sortedLine.key); c != 0 {
		return c < 0
	}
	return a.order < b.order
}
func (m merging) Swap(i, j int) { m[i], m[j] = m[j], m[i] }

// Push is not called: runs are there from the start.
func (m *merging) Push(x any) { *m = append(*m, x.(*head)) }

// Pop takes the last one out.
func (m *merging) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
