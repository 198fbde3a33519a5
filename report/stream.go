package report

import "iter"

// collect reads a whole stream; nil is an empty one.
func collect[T any](open func() iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for v, err := range each(open) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// each opens a stream; nil is an empty one.
func each[T any](open func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	if open == nil {
		return func(func(T, error) bool) {}
	}
	return open()
}
