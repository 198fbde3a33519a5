package controls

import (
	"slices"
	"strings"
	"unicode"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// lookalikes finds, of each legacy copy of the register, the ids of the run that it may have been meant to name: they
// are of its service and account, and differ by letter case or by one typing error. A misspelt id is looked for in
// vain, so that its row would pass.
type lookalikes struct {
	rows  []string       // folded ids of the legacy copies
	ids   []string       // the same as the register writes them, bare
	own   map[string]int // bare id → its row
	parts map[likePart][]int
	found [][]string // by row: sorted, at most maxAlike
}

// likePart is how an id of some length begins, or how it ends. One typing error leaves one of the two as it is, so
// that a fact is compared with few rows.
type likePart struct {
	size int
	end  bool
	text string
}

// lookalike is an id and the row that it is like.
type lookalike struct {
	row int
	id  string
}

// maxAlike bounds what is kept of a row; all but the last are named. endSize is how long ends are.
const (
	maxAlike = 5
	endSize  = 6
)

func newLookalikes(legacy []engagement.Legacy) *lookalikes {
	l := &lookalikes{own: map[string]int{}, parts: map[likePart][]int{}, found: make([][]string, len(legacy))}
	for row, copied := range legacy {
		id := bare(copied.ID)
		folded := foldID(id)
		l.rows, l.ids, l.own[id] = append(l.rows, folded), append(l.ids, id), row
		for _, p := range likeParts(folded, len(folded)) {
			l.parts[p] = append(l.parts[p], row)
		}
	}
	return l
}

// foldID puts an id into small letters; letters beyond ASCII become one, so that each is one byte.
func foldID(id string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return unicode.MaxASCII
		}
		return unicode.ToLower(r)
	}, id)
}

// likeParts gives the parts of an id by which rows of some length are found; they differ by one at most. A letter lies
// between the two, so that two letters in the wrong order do not touch both.
func likeParts(folded string, size int) [2]likePart {
	cut := max(size-endSize, 1)
	return [2]likePart{{size, false, folded[:max(cut-1, 0)]}, {size, true, folded[len(folded)-max(size-cut, 0):]}}
}

// rest is what an id has beside the part: of two that share it, this alone need be compared.
func (p likePart) rest(folded string) string {
	if p.end {
		return folded[:len(folded)-len(p.text)]
	}
	return folded[len(p.text):]
}

// of gives the rows that an id of the run is like. One that the register lists too was meant as it stands there.
func (l *lookalikes) of(id string) (out []lookalike) {
	if len(l.rows) == 0 || id == "" {
		return nil
	}
	plain := bare(id)
	if _, own := l.own[plain]; own {
		return nil
	}
	folded := foldID(plain)
	for size := len(folded) - 1; size <= len(folded)+1; size++ {
		for _, p := range likeParts(folded, size) {
			for _, row := range l.parts[p] {
				like := lookalike{row, id}
				if oneEdit(p.rest(l.rows[row]), p.rest(folded)) && !slices.Contains(out, like) && serviceIn(l.ids[row]) == serviceIn(plain) && engagement.OwnerIn(l.ids[row]) == engagement.OwnerIn(plain) {
					out = append(out, like)
				}
			}
		}
	}
	return out
}

// add keeps the first ones of each row by their order, so that it does not matter in which they come.
func (l *lookalikes) add(some []lookalike) {
	for _, s := range some {
		found := l.found[s.row]
		at, twice := slices.BinarySearch(found, s.id)
		if !twice && at < maxAlike {
			found = slices.Insert(found, at, s.id)
			l.found[s.row] = found[:min(len(found), maxAlike)]
		}
	}
}

// doubt says that a row's id may be misspelt; "" where nothing of the run is like it.
func (l *lookalikes) doubt(id string) string {
	row, ok := l.own[bare(id)]
	if !ok || len(l.found[row]) == 0 {
		return ""
	}
	found, more := l.found[row], ""
	if len(found) == maxAlike {
		found, more = found[:maxAlike-1], " and others"
	}
	return "misspelt? the register's id " + id + " was not found, and near it the run has " + strings.Join(found, ", ") + more +
		": correct the id, or, where it is meant so, list what is near it among the legacy copies too, with its own state"
}

// oneEdit reports whether two texts are the same but for one letter that is wrong, missing or too many, or for two
// neighbours in the wrong order.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	same := 0
	for same < len(a) && a[same] == b[same] {
		same++
	}
	a, b = a[same:], b[same:]
	switch {
	case len(a)+1 == len(b):
		return a == b[1:]
	case len(a) != len(b):
		return false
	case a == "" || a[1:] == b[1:]:
		return true
	}
	return a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
}
