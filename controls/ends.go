package controls

import (
	"crypto/sha256"
	"fmt"

	"github.com/trefoil-audit/trefoil/evidence"
)

// ends is the index of a run's facts by id. A run has millions of facts and few kinds, targets,
// rulings and places, and few combinations of these: each is kept once. An entry holds the number of
// its combination, under the digest of the id: two ids of one digest nobody can make. See bare for which ids are one.
type ends struct {
	by      map[idDigest]uint32
	packed  numbered[packed]
	rulings numbered[ruling]
	texts   numbered[string] // kinds, targets, managers, keys, reasons
	located numbered[string] // lists of places, as canonical JSON
	lists   [][]any          // those lists, by their number
}

// packed is an end by the numbers of its parts.
type packed struct {
	ruling, kind, target, why, manager, key, located uint32
	data, ghost, placed, placeless                   bool
}

// idDigest is the first 24 bytes of an id's SHA-256: to make two ids of one digest takes 2^96 tries.
type idDigest [24]byte

func digestOf(id string) idDigest {
	sum := sha256.Sum256([]byte(id))
	return idDigest(sum[:24])
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

func newEnds() *ends { return &ends{by: map[idDigest]uint32{}} }

// noLocation is why it is not known where a thing without a location lies. It names the thing, so
// that it is made when it is asked for.
func noLocation(id string) string { return "has no location: " + id }

func (x *ends) put(id string, e end) { x.set(digestOf(bare(id)), e) }

func (x *ends) set(as idDigest, e end) {
	p := packed{ruling: x.rulings.number(e.ruling), kind: x.texts.number(e.kind), target: x.texts.number(e.target),
		manager: x.texts.number(e.manager), key: x.texts.number(e.key), data: e.data, ghost: e.ghost}
	if p.placeless = e.placeless; !p.placeless {
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
	x.by[as] = x.packed.number(p)
}

func (x *ends) get(id string) (end, bool) { return x.at(digestOf(bare(id))) }

func (x *ends) at(as idDigest) (end, bool) {
	at, ok := x.by[as]
	if !ok {
		return end{}, false
	}
	p := x.packed.all[at]
	e := end{ruling: x.rulings.all[p.ruling], kind: x.texts.all[p.kind], target: x.texts.all[p.target], manager: x.texts.all[p.manager], key: x.texts.all[p.key], data: p.data, ghost: p.ghost}
	if e.placeless = p.placeless; !p.placeless {
		e.why = x.texts.all[p.why]
	}
	if p.placed {
		e.located = x.lists[p.located]
	}
	return e, true
}
