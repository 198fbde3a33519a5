package report

import (
	"iter"
	"time"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// Input is all that an output is made of. The streams may be nil (nothing to show) and are walked
// more than once, so each call must start anew and give the same order. What may be long is a
// stream: no sheet holds its rows in memory.
type Input struct {
	Engagement engagement.File
	Register   engagement.Register
	Holders    map[string][]string // principal → people of the roster who hold it; nil: there is no roster
	Waivers    []engagement.Waiver
	Kinds      evidence.Kinds

	Run       Run
	Judgement Judgement
	Catalogue []Entry         // texts of the controls, by id
	Lines     []controls.Line // by control

	// Items, by control and then by fact, of which keep wants the place (0 is the first; nil wants all).
	Items     func(keep func(place int) bool) iter.Seq2[controls.Item, error]
	Out       func() iter.Seq2[controls.Ruled, error] // by fact
	Coverage  func() iter.Seq2[evidence.Row, error]   // by target
	Facts     func() iter.Seq2[*evidence.Fact, error] // by target; joined, as the tests read them
	Exchanges func() iter.Seq2[evidence.Exchange, error]

	// Place says what the dated table of places knows of a provider's token; nil: nothing.
	Place func(provider, token string) Territory
	// Gap says which accepted gap covers a coverage row; nil: none does.
	Gap func(row string) *controls.Acceptance
	// Scope says whether a fact is in scope and by which rule; nil: it is not said.
	Scope func(*evidence.Fact) (controls.Scope, string)
	// Standing says how somebody whom a fact names stands, as the controls judge it of that fact; nil:
	// it is not said.
	Standing func(f *evidence.Fact, who string) controls.Standing
	// BodyFile names the bundle's file that holds an answer, inside the run; nil: it is not said.
	BodyFile func(target, digest string) (string, error)
}

// Source says where a run's answers came from.
type Source string

// The sources. Only Live is audit evidence without a banner.
const (
	Live          Source = "live"
	Replay        Source = "replay"
	Demonstration Source = "demo"
)

// Run describes the recording.
type Run struct {
	Digest    string // sha256 of run.json
	AsOf      time.Time
	Source    Source
	ReplayOf  string // run digest of the recording that was played, if any
	Tool      Tool   // what collected
	Stopped   bool   // collection was stopped before its end
	Untimed   bool   // signed without a trusted timestamp: all times are the collector's claim
	Overrides []Setting
	Withheld  map[string]int // values that rules of the engagement kept out of the answers, by rule
	NotFound  []string       // what the engagement names and the plan shows not to be there
	Inputs    []File
	Bundles   []Bundle
	Targets   []Target
	Previous  Previous
}

// Target is one target of the plan.
type Target struct {
	ID, Provider, Level, Account, Name, Parent string
	Regions                                    int    // that were planned
	Refused                                    string // why nothing was asked; empty where it was
}

// Judgement describes what the results are a function of, beside the run.
type Judgement struct {
	AsOf     time.Time
	Digest   string // sha256 of judgement.json; empty where the results were not recorded
	Tool     Tool   // what judged
	Inputs   []File // catalogue, tables, register, roster, waivers as copied into the judgement
	Siblings int    // judgements of the same run that are known, this one included
}

// Tool identifies a build of Trefoil.
type Tool struct {
	Version string
	Binary  string // sha256 of the executable
}

// File is one input with its digest.
type File struct {
	Name   string
	SHA256 string
	Size   int64
	Note   string // what it is for, for people
}

// Bundle is one zip of evidence.
type Bundle struct {
	File      string
	Target    string
	SHA256    string // of the whole file
	Manifest  string // sha256 of manifest.json, the subject of its signature
	Size      int64
	Exchanges int
	Facts     int
	Rows      int // coverage rows
}

// Previous is the run that this one is chained to.
type Previous struct {
	Digest   string
	Verified string // yes, no, absent
}

// Setting is a name and its value as text.
type Setting struct {
	Name, Value string
}

// Entry is a control of the catalogue, in words.
type Entry struct {
	ID         string
	Title      string
	Objective  string
	Procedure  string
	Severity   string // critical, high, medium, low
	Population string
	Parameters []Setting
	Mappings   []Setting // framework and ids
}

// Territory is where a place token lies by the table of places.
type Territory struct {
	Country string // name; several, separated by commas, for a multi-region; empty = not in the table
	Group   string // EU, EEA, adequate, third country
}
