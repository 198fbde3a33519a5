package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/xrash/smetrics"
)

// near gathers, of the names that it is shown, those that a word was probably meant to be: the same ones, in whatever
// order it is shown them.
type near struct {
	word  string // in lower case
	found []nearName
}

type nearName struct {
	rank int
	name string
}

// maxNear bounds what is offered; minNear is the least of a word that can be looked for inside of names.
const (
	maxNear = 5
	minNear = 3
)

func newNear(word string) *near { return &near{word: strings.ToLower(strings.TrimSpace(word))} }

// show lets it look at a name.
func (n *near) show(name string) {
	if n.word == "" {
		return
	}
	rank, ok := n.rank(strings.ToLower(name))
	if !ok {
		return
	}
	at, twice := slices.BinarySearchFunc(n.found, nearName{rank, name}, func(a, b nearName) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name))
	})
	if !twice && at < maxNear {
		n.found = slices.Insert(n.found, at, nearName{rank, name})
		n.found = n.found[:min(len(n.found), maxNear)]
	}
}

// maxTypos are the letters that may be wrong, missing or too many in a last part of minTyped to maxTyped bytes.
const (
	maxTypos = 2
	minTyped = 6
	maxTyped = 200
)

// rank says how near a name is: the same but for case, the same last part, the same beginning, within, around, the
// same but for typing errors.
func (n *near) rank(name string) (rank int, ok bool) {
	last := func(s string) string { return s[strings.LastIndexAny(strings.TrimRight(s, "/:"), "/:")+1:] }
	switch {
	case n.word == "":
		return 0, false
	case name == n.word:
		return 0, true
	case last(name) == n.word, last(name) == last(n.word):
		return 1, true
	case len(n.word) < minNear:
		return 0, false
	case strings.HasPrefix(name, n.word):
		return 2, true
	case strings.Contains(name, n.word):
		return 3, true
	case len(name) >= minNear && strings.Contains(n.word, name):
		return 4, true
	}
	mine, its := last(n.word), last(name)
	if len(mine) < minTyped || len(mine) > maxTyped || max(len(mine)-len(its), len(its)-len(mine)) > maxTypos {
		return 0, false
	}
	typos := smetrics.WagnerFischer(mine, its, 1, 1, 1)
	return 4 + typos, typos <= maxTypos
}

// names are the nearest ones, sorted; never nil.
func (n *near) names() []string {
	out := []string{}
	for _, f := range n.found {
		out = append(out, f.name)
	}
	slices.Sort(out)
	return out
}
