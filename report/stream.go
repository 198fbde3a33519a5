package report

import (
	"iter"

	"github.com/trefoil-audit/trefoil/controls"
)

// each opens a stream; nil is an empty one.
func each[T any](open func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	if open == nil {
		return func(func(T, error) bool) {}
	}
	return open()
}

// items opens the stream of items that keep wants; nil is an empty one.
func (in *Input) items(keep func(place int) bool) iter.Seq2[controls.Item, error] {
	if in.Items == nil {
		return func(func(controls.Item, error) bool) {}
	}
	return in.Items(keep)
}
