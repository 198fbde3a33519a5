package controls

import (
	"fmt"
	"iter"

	"github.com/trefoil-audit/trefoil/evidence"
)

// ends is the index of a run's facts by id. A run has millions of facts and few kinds, targets,
// rulings and places, so each of those is kept once and an entry holds their numbers.
type ends struct {
	by      map[string]packed
	rulings numbered[ruling]
	texts   numbered[string] // kinds, targets, managers, reasons
	located numbered[string] // lists of places, as canonical JSON
	lists   [][]any          // those lists, by their number
}

// packed is an end by the numbers of its parts.
type packed struct {
	ruling, kind, target, why, manager, located uint32
	data, ghost, placed, placeless              bool
}

// numbered gives each value a number, from 0.
type numbered[T comparable] struct {
	of  map[T]uint32
	all []T
}

func (n *numbered[T]) number(v T) uint32 {
	at, ok := n.of[v]
	if !ok {
		if n.of == nil {
			n.of = map[T]uint32{}
		}
		at = uint32(len(n.all))
		n.of[v] = at
		n.all = append(n.all, v)
	}
	return at
}

func newEnds() *ends { return &ends{by: map[string]packed{}} }

// noLocation is why it is not known where a thing without a location lies. It names the thing, so
// that it is made when it is asked for.
func noLocation(id string) string { return "has no location: " + id }

func (x *ends) put(id string, e end) {
	p := packed{ruling: x.rulings.number(e.ruling), kind: x.texts.number(e.kind), target: x.texts.number(e.target),
		manager: x.texts.number(e.manager), data: e.data, ghost: e.ghost}
	if p.placeless = e.why == noLocation(id); !p.placeless {
		p.why = x.texts.number(e.why)
	}
	if p.placed = e.located != nil; p.placed {
		key, ok := evidence.AppendCanonical(nil, e.located)
		if !ok { // of no form that repeats: it stays by itself
			key = fmt.Append(nil, "list ", len(x.lists))
		}
		if p.located = x.located.number(string(key)); int(p.located) == len(x.lists) {
			x.lists = append(x.lists, e.located)
		}
	}
	x.by[id] = p
}

func (x *ends) get(id string) (end, bool) {
	p, ok := x.by[id]
	if !ok {
		return end{}, false
	}
	return x.unpack(id, p), true
}

func (x *ends) unpack(id string, p packed) end {
	e := end{ruling: x.rulings.all[p.ruling], kind: x.texts.all[p.kind], target: x.texts.all[p.target], manager: x.texts.all[p.manager], data: p.data, ghost: p.ghost}
	if p.placeless {
		e.why = noLocation(id)
	} else {
		e.why = x.texts.all[p.why]
	}
	if p.placed {
		e.located = x.lists[p.located]
	}
	return e
}

// all gives every end, in no order.
func (x *ends) all() iter.Seq2[string, end] {
	return func(yield func(string, end) bool) {
		for id, p := range x.by {
			if !yield(id, x.unpack(id, p)) {
				return
			}
		}
	}
}
