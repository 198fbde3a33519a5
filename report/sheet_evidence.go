package report

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

const evidenceSheet = "Evidence index"

// writeEvidence writes, for each fact that another sheet states something of, one row a source:
// the call, and where its recorded answer lies. Facts and exchanges are walked side by side, by
// target; only one target's calls are held.
func writeEvidence(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 2, []column{
		{headRef, 14, refText}, {"Fact", 50, plainText}, {"Kind", 20, plainText}, {"Made from", 19, lineText}, {"Call", 30, plainText}, {headRegion, 12, plainText},
		{"When (UTC)", 17, plainText}, {"Answer", 15, plainText}, {"SHA-256 of the answer (whole in the cell): its entry is bodies/ and this", 36, lineText}, {"Bundle", 26, plainText},
	})
	if err != nil {
		return err
	}
	calls := newCallIndex(b.in.Exchanges)
	defer calls.stop()
	x := &indexer{book: b, t: t, calls: calls, done: map[uint64]bool{}}
	for f, err := range each(b.in.Facts) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			b.made[counted{"facts.jsonl", "facts", ""}]++
			if b.holds(f) {
				b.made[counted{"facts.jsonl", "stores and keys", ""}]++
			}
			err = x.fact(f.ID, f.Kind, f.Target, f.From)
		}
		if err != nil {
			return fmt.Errorf("index facts: %w", err)
		}
	}
	for it, err := range b.in.items(nil) { // derived facts stand in no bundle
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			x.derived = true
			err = x.fact(it.Fact, it.Kind, it.Target, it.From)
		}
		if err != nil {
			return fmt.Errorf("index results: %w", err)
		}
	}
	b.made[counted{s.name, "facts", ""}] = len(x.done)
	return t.end("No sheet states a fact.")
}

// indexer writes the rows of the index.
type indexer struct {
	*book
	t     *table
	calls *callIndex
	done  map[uint64]bool // facts that have their rows

	derived bool // the bundles' facts are done: calls can no longer be looked up
}

// fact writes one row a source of a fact that is cited and not yet indexed.
func (x *indexer) fact(id, kind, target string, from []string) error {
	h := hashOf(id)
	if !x.cited[h] && x.wanted == "" || x.done[h] { // Resolve writes this sheet alone: it takes all
		return nil
	}
	x.done[h] = true
	for _, source := range from {
		if err := x.source(id, kind, target, source); err != nil {
			return err
		}
	}
	return nil
}

func (x *indexer) source(id, kind, target, source string) error {
	about := Subject{Item: id, Source: source}
	switch sort, name, _ := strings.Cut(source, ":"); sort {
	case "x":
		if x.derived {
			return x.t.add(about, id, kind, source, "(a call; trefoil explain shows it)", "", "", "", "exchanges.jsonl", bundleFile(target))
		}
		c, ok, err := x.calls.of(target, source)
		if err != nil {
			return err
		}
		if !ok {
			x.made[counted{evidenceSheet, "sources not found", ""}]++
			return x.t.add(about, id, kind, source, styled{look: failCell, value: "NOT IN THE RUN"})
		}
		file, entry := "", "(no answer)"
		if c.body != "" {
			entry = c.body
			if x.in.BodyFile != nil {
				if file, err = x.in.BodyFile(target, c.body); err != nil {
					return err
				}
			}
		}
		return x.t.add(about, id, kind, source, c.operation, c.region, c.start.UTC().Format("2006-01-02 15:04:05"), c.answer, entry, orElse(file, bundleFile(target)))
	case "i":
		return x.input(about, id, kind, source, name)
	case "c":
		of, _, _ := strings.Cut(name, "/")
		return x.t.add(about, id, kind, source, "(a row of coverage)", "", "", "", "coverage.jsonl", bundleFile(of))
	case "f":
		return x.t.add(about, id, kind, source, "(another fact; see its rows)")
	}
	return x.t.add(about, id, kind, source, styled{look: errorCell, value: "A sort of source that this build does not know"})
}

// input says of which file a source is: one of the engagement's by its name, or by its digest and
// line one that was given to a plug-in.
func (x *indexer) input(about Subject, id, kind, source, name string) error {
	digest, line, isLine := strings.Cut(name, "#")
	if !isLine {
		return x.t.add(about, id, kind, source, "(an input of the engagement)", "", "", "", "as copied into the judgement", "inputs/"+name)
	}
	for _, f := range x.in.Run.Inputs {
		if f.SHA256 == digest {
			return x.t.add(about, id, kind, source, "(an input of a plug-in)", "", "", "", "line "+line, "inputs/"+f.Name)
		}
	}
	x.made[counted{evidenceSheet, "sources not found", ""}]++
	return x.t.add(about, id, kind, source, styled{look: failCell, value: "NOT IN THE RUN"})
}

func bundleFile(target string) string { return "bundles/" + target + ".zip" }

// call is what the index says of an exchange.
type call struct {
	operation, region, answer, body string
	start                           time.Time
}

// callIndex holds the calls of one target at a time.
type callIndex struct {
	next   func() (evidence.Exchange, error, bool)
	stop   func()
	target string
	byID   map[string]call
	ahead  *evidence.Exchange // read, and of a later target
	ended  bool
}

func newCallIndex(open func() iter.Seq2[evidence.Exchange, error]) *callIndex {
	c := &callIndex{}
	c.next, c.stop = iter.Pull2(each(open))
	return c
}

// of finds an exchange of a target. Targets must be asked for in the order of the stream.
func (c *callIndex) of(target, id string) (call, bool, error) {
	for !c.ended && c.target != target && (c.ahead == nil || c.ahead.Target <= target) {
		if err := c.load(); err != nil {
			return call{}, false, err
		}
	}
	if c.target != target {
		return call{}, false, nil
	}
	found, ok := c.byID[id]
	return found, ok, nil
}

// load reads the next target's calls.
func (c *callIndex) load() error {
	c.byID = map[string]call{}
	if c.ahead != nil {
		c.target = c.ahead.Target
		c.byID[c.ahead.ID] = callOf(c.ahead)
		c.ahead = nil
	} else {
		c.target = ""
	}
	for {
		x, err, more := c.next()
		if err != nil {
			return fmt.Errorf("read exchanges: %w", err)
		}
		if !more {
			c.ended = true
			return nil
		}
		if c.target == "" {
			c.target = x.Target
		}
		if x.Target != c.target {
			c.ahead = &x
			return nil
		}
		c.byID[x.ID] = callOf(&x)
	}
}

func callOf(x *evidence.Exchange) call {
	answer := statusWord(x.Outcome)
	if x.Status != 0 {
		answer = "HTTP " + strconv.Itoa(x.Status) + ", " + answer
	}
	return call{x.Operation, x.Region, answer, x.Body, x.Start}
}
