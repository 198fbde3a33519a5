package gcp

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/api/cloudasset/v1"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// maxPages bounds a list that names a next page for ever.
const maxPages = 10_000

// Errors that a list ends with in coverage.
var (
	errLoop    = errors.New("the answer names a next page that was read before")
	errPartial = errors.New("the answer says itself that it is not whole: ")
	errBare    = errors.New("an answer without any member, and no second source that was read to its end shows that there is none")
	errNone    = errors.New("an empty list of what is never none")
)

// page is one page of a list: its items, the token of the next, and what the answer says that
// it could not reach.
type page[T any] struct {
	items   []T
	next    string
	missing string
	total   int // what the answer says there is in all; 0 where it does not say
}

// listed is how a list ended.
type listed struct {
	whole bool // read to its end, and nothing said to be missing
	items int
	ended bool // the last page had items
	total int
	from  []string
	row   string
}

// bare reports a list whose last answer says no more than {}: a stub's end of a list hides what
// follows as well as a stub's only answer does.
func (l listed) bare() bool { return l.whole && !l.ended && l.total == 0 }

// list reads an operation that enumerates things of kind k to its end and hands on each item,
// with the exchanges that it comes from.
func list[T any](ctx context.Context, s *collectors.Session, region, operation string, k *evidence.Kind,
	get func(ctx context.Context, token string) (page[T], error), each func(item T, from []string)) listed {
	l := listed{row: evidence.RowID(s.Target().ID, region, operation)}
	seen := map[string]bool{}
	for token := ""; ; {
		a := collectors.Ask(ctx, s, region, operation, func(ctx context.Context) (page[T], error) { return get(ctx, token) })
		l.from = append(l.from, a.From...)
		if !a.OK() {
			l.whole = a.Empty()
			return l
		}
		l.items, l.ended = l.items+len(a.Value.items), len(a.Value.items) > 0
		l.total = max(l.total, a.Value.total)
		for _, item := range a.Value.items {
			each(item, a.From)
		}
		if a.Value.missing != "" {
			s.Spoil(k, region, errors.New(errPartial.Error()+a.Value.missing))
			return l
		}
		if token = a.Value.next; token == "" {
			l.whole = true
			return l
		}
		if seen[token] || len(seen) == maxPages {
			s.Spoil(k, region, errLoop)
			return l
		}
		seen[token] = true
	}
}

// vouch accepts an answer that says no more than {} only where the second source was read to its
// end and lists nothing of that type there beyond as many as were listed before. The same two bytes come from a stub that knows
// nothing: without the second source, or against it, the operation is an error in coverage.
func (a *Access) vouch(s *collectors.Session, l listed, assetType string, there func(*cloudasset.Asset) bool) bool {
	if !l.bare() {
		return l.whole
	}
	i := a.inventoryOf(s.Target().ID)
	if i == nil || !i.whole {
		s.Fault(l.row, errBare)
		return false
	}
	if name := i.beyond(l.items, assetType, there); name != "" {
		s.Fault(l.row, fmt.Errorf("an answer without any member, and Cloud Asset Inventory lists %s", name))
		return false
	}
	return true
}

// never says that a list which always has items, such as a project's log buckets, came without any.
func never(s *collectors.Session, l listed) {
	if l.whole && l.items == 0 {
		s.Fault(l.row, errNone)
	}
}

// ask makes one call that has no pages.
func ask[T any](ctx context.Context, s *collectors.Session, region, operation string, do func(context.Context) (*T, error)) collectors.Answer[*T] {
	return collectors.Ask(ctx, s, region, operation, do)
}

// disabled are the codes of a service that is switched off in a project.
var disabled = []string{"SERVICE_DISABLED", "accessNotConfigured"}

// marked declares an operation whose answer always carries a member of given types; bare one whose empty
// answer is {}, which counts only where it is vouched for.
func marked(name, permission, member, types string) collectors.Operation {
	return collectors.Operation{Name: name, Permission: permission, Global: true, Disabled: disabled, Genuine: collectors.Genuine{Member: member, Types: types}}
}

func bare(name, permission string) collectors.Operation {
	return collectors.Operation{Name: name, Permission: permission, Global: true, Disabled: disabled, Genuine: collectors.Genuine{Object: true}}
}

// lists makes an operation enumerate kinds.
func lists(op collectors.Operation, kinds ...*evidence.Kind) collectors.Operation {
	op.List = true
	for _, k := range kinds {
		op.Kinds = append(op.Kinds, k.Name)
	}
	return op
}

// under makes an operation ask about what another one lists.
func under(op collectors.Operation, parent string) collectors.Operation {
	op.Parent = parent
	return op
}

// inLocation makes an operation's requests belong to the location that they name.
func inLocation(op collectors.Operation) collectors.Operation {
	op.Global = false
	return op
}
