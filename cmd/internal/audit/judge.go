package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/place"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Judging is one judgement to be made.
type Judging struct {
	Run        *run.Run
	Engagement *engagement.Loaded // nil: the run's own inputs
	JudgedAsOf time.Time
	Tool       run.Tool
	Signer     *seal.Signer // nil: the judgement is not recorded
}

// Judged is a judgement's outcome with all that it is a function of.
type Judged struct {
	Digest     string // of judgement.json; empty where it was not recorded
	Inputs     map[string]string
	JudgedAsOf time.Time
	Tool       run.Tool
	Results    *controls.Results
	world      *world
}

// Judge judges a run by this build's catalogue and table, and by the engagement's files. With a
// signer it adds the judgement to the run.
func Judge(ctx context.Context, j Judging) (*Judged, error) {
	loaded := j.Engagement
	if loaded == nil {
		var err error
		if loaded, err = EngagementOf(j.Run); err != nil {
			return nil, err
		}
	}
	if j.Signer != nil {
		if err := j.Signer.WaitFor(ctx, "the run is to be judged as of", j.JudgedAsOf); err != nil {
			return nil, err
		}
	}
	inputs := controls.Default()
	inputs[placesName] = string(place.Default())
	for name, text := range loaded.Raw {
		inputs[name] = string(text)
	}
	newer, err := newerKinds(j.Run)
	if err != nil {
		return nil, err
	}
	if newer != "" {
		inputs[newerName] = newer
	}
	out := &Judged{Inputs: inputs, JudgedAsOf: j.JudgedAsOf, Tool: j.Tool}
	if out.world, err = judge(ctx, j.Run, inputs, j.JudgedAsOf); err != nil {
		return nil, err
	}
	out.Results = out.world.results
	if j.Signer == nil {
		return out, nil
	}
	out.Digest, err = j.Run.AddJudgement(run.Judgement{JudgedAsOf: j.JudgedAsOf, Inputs: inputs, Tool: j.Tool}, out.Results.Encoded(),
		func(digest string) ([]byte, error) {
			return j.Signer.Sign(ctx, seal.Judgement, "judgement.json", digest, map[string]string{"run": j.Run.Digest})
		})
	return out, err
}

// EngagementOf reads the engagement's files as they were at collection.
func EngagementOf(r *run.Run) (*engagement.Loaded, error) {
	raw := map[string][]byte{}
	for _, name := range []string{engagement.FileName, engagement.RegisterName, engagement.RosterName, engagement.WaiversName} {
		text, ok, err := r.Input(name)
		if err != nil {
			return nil, err
		}
		if ok {
			raw[name] = text
		}
	}
	return engagement.Parse(raw)
}

// world is a run with a judgement's inputs, read.
type world struct {
	run        *run.Run
	kinds      evidence.Kinds
	newer      []string // kinds among them that the run's build did not know, sorted
	catalogue  *controls.Catalogue
	files      map[string]string // that the catalogue was read from
	engagement *engagement.Loaded
	table      *place.Table
	plan       []Planned
	rows       []evidence.Row
	digests    map[string]string // of the engagement's files, by name
	results    *controls.Results
}

// judge is the pure function: a run and a judgement's inputs in, results out.
func judge(ctx context.Context, r *run.Run, inputs map[string]string, judgedAsOf time.Time) (*world, error) {
	if judgedAsOf.Before(r.Record.AsOf.Truncate(time.Second)) {
		return nil, fmt.Errorf("judged as of %s, before the run's as_of %s: waivers and ages would be those of another day; name a later instant", judgedAsOf.Format(time.RFC3339), r.Record.AsOf.Format(time.RFC3339))
	}
	w := &world{run: r}
	if err := w.read(inputs, controls.Load); err != nil {
		return nil, err
	}
	in := controls.Input{AsOf: r.Record.AsOf, JudgedAsOf: judgedAsOf, Facts: w.factLines, Coverage: w.rows, Table: w.table, Register: w.engagement.Register, Roster: w.engagement.Roster, Files: w.digests,
		Waivers: w.engagement.Waivers, Gaps: w.engagement.File.AcceptedGaps, Parameters: w.engagement.File.Parameters, Selected: w.engagement.File.Controls,
		Newer: w.newer, Scratch: scratchFile}
	var err error
	if in.Targets, err = w.targets(); err != nil {
		return nil, err
	}
	w.results, err = w.catalogue.Judge(ctx, in)
	return w, err
}

// scratchFile makes a file without a name: what is in it goes when it is closed, or with the process.
func scratchFile() (controls.Scratch, error) {
	f, err := os.CreateTemp("", "trefoil-results-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// read parses a judgement's inputs and the run's plan, kinds and coverage; the catalogue as load does.
func (w *world) read(inputs map[string]string, load func(map[string]string, evidence.Kinds) (*controls.Catalogue, error)) error {
	raw, files := map[string][]byte{}, map[string]string{}
	for name, text := range inputs {
		if strings.HasPrefix(name, "catalogue/") {
			files[name] = text
		} else if name != placesName && name != newerName {
			raw[name] = []byte(text)
		}
	}
	w.digests = map[string]string{}
	for name, text := range raw {
		w.digests[name] = evidence.Digest(text)
	}
	var err error
	if w.kinds, err = kindsOf(w.run); err != nil {
		return err
	}
	if err := w.addNewer(inputs[newerName]); err != nil {
		return err
	}
	if w.engagement, err = engagement.Parse(raw); err != nil {
		return err
	}
	if w.table, err = place.Load([]byte(inputs[placesName])); err != nil {
		return err
	}
	if w.table, err = w.table.Extend(w.engagement.Register.Countries()); err != nil {
		return fmt.Errorf("%s: sites: %w", engagement.RegisterName, err)
	}
	if w.catalogue, err = load(files, w.kinds); err != nil {
		return err
	}
	w.files = files
	if err := planned(w.run); err != nil {
		return err
	}
	if err := json.Unmarshal(w.run.Record.Plan, &w.plan, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("run.json: plan: %w", err)
	}
	for row, err := range w.coverage() {
		if err != nil {
			return err
		}
		w.rows = append(w.rows, row)
	}
	return nil
}

// targets says of each planned target when it answered.
func (w *world) targets() ([]controls.Target, error) {
	times := map[string]*controls.Target{}
	var out []controls.Target
	for x, err := range w.exchanges() {
		if err != nil {
			return nil, err
		}
		if !x.Outcome.Seen() {
			continue // what was refused is no evidence, whenever that was
		}
		t := times[x.Target]
		if t == nil {
			t = &controls.Target{First: x.Start}
			times[x.Target] = t
		}
		if x.Start.Before(t.First) {
			t.First = x.Start
		}
		if end := x.End(); end.After(t.Last) {
			t.Last = end
		}
	}
	for _, p := range w.plan {
		t := controls.Target{ID: p.ID, Provider: p.Provider, Account: p.Account, Parent: p.Parent}
		if p.Level == "organization" && p.Provider == "gcp" {
			t.Account = ""
		}
		if seen := times[p.ID]; seen != nil {
			t.First, t.Last = seen.First, seen.Last
		}
		out = append(out, t)
	}
	return out, nil
}

// coverage streams the run's coverage rows; from the bundles where they were not read yet.
func (w *world) coverage() iter.Seq2[evidence.Row, error] {
	if rows := w.rows; rows != nil {
		return func(yield func(evidence.Row, error) bool) {
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
	return records[evidence.Row](w.run, bundle.CoverageName)
}
func (w *world) exchanges() iter.Seq2[evidence.Exchange, error] {
	return records[evidence.Exchange](w.run, bundle.ExchangesName)
}

// factLines streams the run's facts, encoded.
func (w *world) factLines() iter.Seq2[[]byte, error] { return linesOf(w.run, bundle.FactsName) }

// facts streams the run's facts.
func (w *world) facts() iter.Seq2[*evidence.Fact, error] {
	return func(yield func(*evidence.Fact, error) bool) {
		for line, err := range w.factLines() {
			var f *evidence.Fact
			if err == nil {
				f, err = evidence.DecodeFact(line)
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// records streams one sort of record of all bundles, by target.
func records[T any](r *run.Run, name string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for line, err := range linesOf(r, name) {
			var v T
			if err == nil {
				err = json.Unmarshal(line, &v, json.RejectUnknownMembers(true))
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

func linesOf(r *run.Run, name string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, target := range r.Targets() {
			if !targetLines(r, target, name, yield) {
				return
			}
		}
	}
}

func targetLines(r *run.Run, target, name string, yield func([]byte, error) bool) bool {
	parts, err := r.Bundle(target)
	if err != nil {
		yield(nil, err)
		return false
	}
	defer func() {
		for _, p := range parts {
			_ = p.Close() // read only: nothing can be lost
		}
	}()
	for line, err := range parts[0].Lines(name) {
		if !yield(line, err) || err != nil {
			return false
		}
	}
	return true
}

// readAgain reads a catalogue for its texts; where it is the one that the world has, to the byte and of the same
// kinds, that is not done twice.
func (w *world) readAgain(files map[string]string, kinds evidence.Kinds) (*controls.Catalogue, error) {
	if maps.Equal(files, w.files) && reflect.DeepEqual(kinds, w.kinds) {
		return w.catalogue, nil
	}
	return controls.Read(files, kinds)
}

// Recorded reads a judgement of the run back: its inputs and results.
func Recorded(r *run.Run, digest string) (*Judged, error) { return recorded(r, digest, controls.Read) }

// Recorded reads the judgement back that was just added to its run, as [Recorded] does.
func (j *Judged) Recorded() (*Judged, error) {
	return recorded(j.world.run, j.Digest, j.world.readAgain)
}

func recorded(r *run.Run, digest string, load func(map[string]string, evidence.Kinds) (*controls.Catalogue, error)) (*Judged, error) {
	j, err := r.Judgement(digest)
	if err != nil {
		return nil, err
	}
	out := &Judged{Digest: j.Digest, Inputs: j.Inputs, JudgedAsOf: j.JudgedAsOf, Tool: j.Tool, world: &world{run: r}}
	if err := out.world.read(j.Inputs, load); err != nil {
		return nil, err
	}
	if out.Results, err = readResults(j, len(out.world.catalogue.Controls)); err != nil {
		return nil, fmt.Errorf("judgement %s: results: %w", j.Digest, err)
	}
	out.world.results = out.Results
	return out, nil
}

// readResults reads the controls of a judgement, of which its catalogue has so many; its items are streamed from
// its file.
func readResults(j *run.Judged, most int) (*controls.Results, error) {
	var all []controls.Line
	for line, err := range j.Lines() {
		var of string
		if err == nil {
			of, err = controls.RecordOf(line)
		}
		if err == nil && of != "control" {
			break
		}
		if err == nil && len(all) == most {
			err = fmt.Errorf("it has more lines of controls than its catalogue has controls, %d", most)
		}
		var l controls.Line
		if err == nil {
			err = json.Unmarshal(line, &l, json.RejectUnknownMembers(true))
		}
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return controls.NewResults(j.JudgedAsOf, all, func() iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			n := 0
			for line, err := range j.Lines() {
				if n++; n <= len(all) {
					continue
				}
				if !yield(line, err) || err != nil {
					return
				}
			}
		}
	}), nil
}
