package controls

import (
	"iter"
	"sync"
)

// inOrder has workers do the parts of a stream, several at a time, and yields what they make in the
// stream's order, so that how many there are changes nothing but the time it takes. Each worker has one
// part at a time. The first error, of the stream or of a worker, ends it.
func inOrder[A, B any](parts iter.Seq2[A, error], workers []func(A) (B, error)) iter.Seq2[B, error] {
	type job struct {
		part A
		made B
		err  error
		done chan struct{}
	}
	return func(yield func(B, error) bool) {
		todo, order, stop := make(chan *job), make(chan *job, 2*len(workers)), make(chan struct{})
		var g sync.WaitGroup
		defer g.Wait()
		defer close(stop)
		g.Go(func() {
			defer close(order)
			defer close(todo)
			for part, err := range parts {
				j := &job{part: part, err: err, done: make(chan struct{})}
				select {
				case order <- j:
				case <-stop:
					return
				}
				if err != nil {
					close(j.done)
					return
				}
				select {
				case todo <- j:
				case <-stop:
					return
				}
			}
		})
		for _, work := range workers {
			g.Go(func() {
				for j := range todo {
					j.made, j.err = work(j.part)
					close(j.done)
				}
			})
		}
		for j := range order {
			<-j.done
			if !yield(j.made, j.err) || j.err != nil {
				return
			}
		}
	}
}

// chunk is some lines, one behind the other.
type chunk struct {
	text []byte
	ends []int
}

// chunkBytes is how much text a worker is handed at a time.
const chunkBytes = 64 << 10

// chunks gathers lines, of which each is valid until the next one.
func chunks(lines iter.Seq2[[]byte, error]) iter.Seq2[*chunk, error] {
	return func(yield func(*chunk, error) bool) {
		c := &chunk{}
		for line, err := range lines {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(c.text) > 0 && len(c.text)+len(line) > chunkBytes {
				if !yield(c, nil) {
					return
				}
				c = &chunk{text: make([]byte, 0, chunkBytes), ends: make([]int, 0, len(c.ends)+16)}
			}
			c.add(line)
		}
		if len(c.text) > 0 {
			yield(c, nil)
		}
	}
}

// add puts a line at the end of a chunk.
func (c *chunk) add(line []byte) {
	c.text = append(c.text, line...)
	c.ends = append(c.ends, len(c.text))
}

// lines gives the lines of a chunk.
func (c *chunk) lines() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		from := 0
		for _, to := range c.ends {
			if !yield(c.text[from:to:to]) {
				return
			}
			from = to
		}
	}
}
