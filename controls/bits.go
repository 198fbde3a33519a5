package controls

import "iter"

// bits are yes or no, of each line of a run's facts in their order.
type bits struct {
	words []uint64
	n     int
}

func (b *bits) add(yes bool) {
	if b.n%64 == 0 {
		b.words = append(b.words, 0)
	}
	if yes {
		b.words[b.n/64] |= 1 << (b.n % 64)
	}
	b.n++
}

// pick yields the lines of which they say yes, and those of which they say nothing.
func (b *bits) pick(lines iter.Seq2[[]byte, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		i := 0
		for line, err := range lines {
			no := i < b.n && b.words[i/64]&(1<<(i%64)) == 0
			i++
			if no && err == nil {
				continue
			}
			if !yield(line, err) {
				return
			}
		}
	}
}
