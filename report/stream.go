package report

import "iter"

// each opens a stream; nil is an empty one.
func each[T any](open func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	if open == nil {
		return func(func(T, error) bool) {}
	}
	return open()
}
