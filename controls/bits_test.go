package controls

import (
	"errors"
	"iter"
	"slices"
	"testing"
)

// What nothing judges is skipped; of what nothing is known, and an error, is not.
func TestBits(t *testing.T) {
	var b bits
	for i := range 130 {
		b.add(i%3 == 0)
	}
	end := errors.New("end")
	lines := func(n int) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			for i := range n {
				if !yield([]byte{byte(i)}, nil) {
					return
				}
			}
			yield(nil, end)
		}
	}
	var got, want []byte
	var last error
	for line, err := range b.pick(lines(135)) {
		got, last = append(got, line...), err
	}
	for i := range 135 {
		if i%3 == 0 || i >= 130 {
			want = append(want, byte(i))
		}
	}
	if !slices.Equal(got, want) || !errors.Is(last, end) {
		t.Errorf("%v %v", got, last)
	}
	last = nil
	for _, err := range b.pick(lines(1)) { // the error stands where a line that nothing judges stood
		last = err
	}
	if !errors.Is(last, end) {
		t.Errorf("an error is skipped: %v", last)
	}
	for range b.pick(lines(9)) {
		break
	}
}
