package store

import (
	"context"
	"iter"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// liar is a store that lists sizes as it likes; nothing else of it may be asked.
type liar struct {
	Bucket
	sizes []int64
}

func (l liar) List(context.Context, string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for i, size := range l.sizes {
			if !yield(Info{Name: "r/bundles/" + string(rune('a'+i)) + ".zip", Size: size}, nil) {
				return
			}
		}
	}
}

// However large the sizes that a store lists, and whatever bound is said, nothing is read beyond one that bounds.
func TestSizesCannotOverflow(t *testing.T) {
	for _, c := range []struct {
		most  int64
		sizes []int64
		says  string
	}{
		{100, []int64{60, math.MaxInt64}, "over 100 bytes"},
		{100, []int64{60, math.MaxInt64, math.MaxInt64 - 58}, "over 100 bytes"},
		{MaxBound, []int64{1, math.MaxInt64}, "more than is taken"},
		{MaxBound, []int64{-1}, "with -1 bytes"},
		{0, []int64{1}, "a bound of 0 bytes is none"},
		{-1, []int64{1}, "a bound of -1 bytes is none"},
		{math.MaxInt64, []int64{math.MaxInt64}, "is none: say one from 1 to"},
	} {
		_, err := Pull(t.Context(), liar{sizes: c.sizes}, Download{Name: "r", To: filepath.Join(t.TempDir(), "x"), MaxBytes: c.most})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d, %v: %v", c.most, c.sizes, err)
		}
	}
}
