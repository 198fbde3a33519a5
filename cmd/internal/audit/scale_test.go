package audit

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
	"github.com/trefoil-audit/trefoil/fixtures"
)

// scaled is the recorded world, many times over: every thing stands there again under other ids, in
// the same targets and with the same mix of kinds. Ids are renamed wherever they are named, so that
// copies lead to stores, keys to keys and statements to roles as they do in the recording.
type scaled struct {
	run   *run.Run
	trust *seal.Trust
	facts int
	bytes int64 // of facts.jsonl, all targets
}

// scale makes a run with at least so many facts, and with answers of about so many bytes: each exchange
// stands there up to a hundred times, and beyond that answers grow, as pages of long lists do.
func scale(tb testing.TB, facts int, answers int64) *scaled {
	tb.Helper()
	dir := tb.TempDir()
	recording := filepath.Join(dir, "recording")
	if err := os.CopyFS(recording, fixtures.Clover()); err != nil {
		tb.Fatal(err)
	}
	source, err := run.Open(recording)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := seal.EphemeralKey()
	if err != nil {
		tb.Fatal(err)
	}
	m := &multiplier{tb: tb, source: source, signer: &seal.Signer{Key: key}, out: &scaled{}, files: map[string]run.BundleFile{}}
	m.read()
	m.copies = (facts + len(m.ids) - 1) / len(m.ids)
	m.exchanges = int(min(100, max(1, answers/m.answers)))
	all := m.answers * int64(m.exchanges)
	m.longer = int(max(1, (answers+all-1)/all))
	m.write(filepath.Join(dir, "run"))
	public, err := key.PublicPEM()
	if err != nil {
		tb.Fatal(err)
	}
	text, err := yaml.Marshal(map[string]any{"timestamp": "optional", "keys": []any{map[string]any{"name": "k", "roles": []string{"demo"},
		"may_sign": []string{"run", "bundle", "judgement", "report"}, "public_key": public}}})
	if err != nil {
		tb.Fatal(err)
	}
	if m.out.trust, err = seal.ParseTrust("trust.yaml", text, nil); err != nil {
		tb.Fatal(err)
	}
	if m.out.run, err = run.Open(filepath.Join(dir, "run")); err != nil {
		tb.Fatal(err)
	}
	return m.out
}

type multiplier struct {
	tb        testing.TB
	source    *run.Run
	signer    *seal.Signer
	out       *scaled
	ids       []string // of facts, sorted
	answers   int64    // bytes of the recorded answers
	copies    int
	exchanges int // copies of each
	longer    int // times that an answer is repeated in itself
	files     map[string]run.BundleFile
}

func (m *multiplier) fatal(err error) {
	m.tb.Helper()
	if err != nil {
		m.tb.Fatal(err)
	}
}

func (m *multiplier) read() {
	for line, err := range linesOf(m.source, bundle.FactsName) {
		m.fatal(err)
		f, err := evidence.DecodeFact(line)
		m.fatal(err)
		m.ids = append(m.ids, f.ID)
	}
	slices.Sort(m.ids)
	m.ids = slices.Compact(m.ids)
	for x, err := range records[evidence.Exchange](m.source, bundle.ExchangesName) {
		m.fatal(err)
		m.answers += x.BodySize
	}
}

// rename gives the replacer of one copy; the first copy is the recording itself.
func (m *multiplier) rename(n int) *strings.Replacer {
	if n == 0 {
		return strings.NewReplacer()
	}
	pairs := make([]string, 0, 2*len(m.ids))
	for _, id := range m.ids {
		pairs = append(pairs, quoted(id), quoted(fmt.Sprintf("%s~%07d", id, n)))
	}
	return strings.NewReplacer(pairs...)
}

func quoted(s string) string {
	b, _ := evidence.Canonical(s)
	return string(b)
}

func (m *multiplier) write(path string) {
	b, err := run.Create(path)
	m.fatal(err)
	defer b.Abort()
	for _, in := range m.source.Record.Inputs {
		name := strings.TrimPrefix(in.Path, "inputs/")
		text, _, err := m.source.Input(name)
		m.fatal(err)
		m.fatal(b.AddInput(name, text))
	}
	for _, target := range m.source.Targets() {
		m.bundle(b.Bundles(), target)
	}
	record := m.source.Record
	record.Source = run.Source{Kind: "replay", Of: m.source.Digest, Demo: true}
	_, err = b.Commit(record, m.files, func(digest string) ([]byte, error) {
		return m.signer.Sign(context.Background(), seal.Run, "run.json", digest, nil)
	})
	m.fatal(err)
}

func (m *multiplier) bundle(dir, target string) {
	parts, err := m.source.Bundle(target)
	m.fatal(err)
	w, err := bundle.Create(dir, target)
	m.fatal(err)
	exchanges := m.answered(parts, w)
	written, err := w.Finish(bundle.Records{Exchanges: lines(exchanges), Coverage: parts[0].Lines(bundle.CoverageName), Facts: m.factsOf(parts[0])},
		func(manifest []byte) ([]byte, error) {
			return m.signer.Sign(context.Background(), seal.Bundle, bundle.ManifestName, evidence.Digest(manifest), nil)
		})
	m.fatal(err)
	for _, p := range written {
		m.files[p.Name] = run.BundleFile{Target: target, Manifest: evidence.Digest(p.Manifest)}
	}
	for _, p := range parts {
		m.fatal(p.Close())
	}
}

// answered repeats each exchange; each copy's answer has bytes of its own.
func (m *multiplier) answered(parts []*bundle.Reader, w *bundle.Writer) []evidence.Exchange {
	var out []evidence.Exchange
	for line, err := range parts[0].Lines(bundle.ExchangesName) {
		m.fatal(err)
		var x evidence.Exchange
		m.fatal(json.Unmarshal(line, &x))
		var body []byte
		if x.Body != "" {
			body, err = bodyOf(parts, x.Body)
			m.fatal(err)
			body = bytes.Repeat(body, m.longer)
		}
		for n := range m.exchanges {
			again := x
			if n > 0 {
				again.Seq += 1000 * n
				again.Identify()
			}
			if x.Body != "" {
				again.Body, err = w.AddBody(append(slices.Clip(body), strings.Repeat(" ", n)...))
				m.fatal(err)
				again.BodySize = int64(len(body) + n)
			}
			out = append(out, again)
		}
	}
	return out
}

// factsOf streams the facts of a target and their copies, by kind and id.
func (m *multiplier) factsOf(part *bundle.Reader) iter.Seq2[[]byte, error] {
	type base struct{ kind, id, line string }
	var facts []base
	for line, err := range part.Lines(bundle.FactsName) {
		m.fatal(err)
		f, err := evidence.DecodeFact(line)
		m.fatal(err)
		facts = append(facts, base{f.Kind, f.ID, string(line)})
	}
	return func(yield func([]byte, error) bool) {
		type at struct {
			fact *base
			id   string
			copy int
		}
		var all []at
		for n := range m.copies {
			for i := range facts {
				id := facts[i].id
				if n > 0 {
					id = fmt.Sprintf("%s~%07d", id, n)
				}
				all = append(all, at{&facts[i], id, n})
			}
		}
		slices.SortFunc(all, func(a, b at) int { return cmp.Or(cmp.Compare(a.fact.kind, b.fact.kind), cmp.Compare(a.id, b.id)) })
		names := make([]*strings.Replacer, m.copies)
		for _, a := range all {
			if names[a.copy] == nil {
				names[a.copy] = m.rename(a.copy)
			}
			line := names[a.copy].Replace(a.fact.line)
			m.out.facts++
			m.out.bytes += int64(len(line))
			if !yield([]byte(line), nil) {
				return
			}
		}
	}
}
