package run

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Schema is the version of run.json and judgement.json.
const Schema = 1

// Record is run.json.
type Record struct {
	Schema     int            `json:"schema"`
	Engagement string         `json:"engagement"` // its name
	Source     Source         `json:"source"`
	AsOf       time.Time      `json:"as_of"`
	Plan       jsontext.Value `json:"plan"` // the targets and their regions
	Tool       Tool           `json:"tool"`
	Overrides  []string       `json:"overrides"` // endpoints, proxies and authorities that engagement.yaml names
	Inputs     []File         `json:"inputs"`    // sorted by path
	Bundles    []BundleFile   `json:"bundles"`   // sorted by path
	Previous   Previous       `json:"previous"`
}

// Source says where the answers came from.
type Source struct {
	Kind string `json:"kind"` // live, replay
	Of   string `json:"of"`   // digest of the run that was played; empty where live
	Demo bool   `json:"demo"`
	// Stopped says that the collection was stopped before its end, as by a signal: what it did not
	// ask is not_attempted in coverage.
	Stopped bool `json:"stopped,omitzero"`
}

// Tool identifies the build that made something.
type Tool struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	Binary  string `json:"binary"` // sha256 of the executable
}

// File is one file of the run.
type File struct {
	Path   string `json:"path"` // relative to the run, with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// BundleFile is one part of a target's bundle.
type BundleFile struct {
	File
	Target   string `json:"target"`
	Manifest string `json:"manifest"` // sha256 of manifest.json
}

// Previous names the run before this one.
type Previous struct {
	Digest   string `json:"digest"`
	Verified string `json:"verified"` // yes, no, absent
}

// Judgement is judgement.json: whole copies of all that a judgement rests on beside the run.
type Judgement struct {
	Schema     int               `json:"schema"`
	Run        string            `json:"run"` // run digest
	JudgedAsOf time.Time         `json:"judged_as_of"`
	Inputs     map[string]string `json:"inputs"` // name → text: catalogue, tables, parameters, register, roster, waivers
	Tool       Tool              `json:"tool"`
	Results    File              `json:"results"` // results.jsonl
	Before     []string          `json:"before"`  // digests of the judgements that were there, sorted
}

// decode reads a canonical JSON file strictly.
func decode(name string, b []byte, into any) error {
	if err := json.Unmarshal(b, into, json.RejectUnknownMembers(true)); err != nil {
		return layoutError(name, err.Error())
	}
	again, err := evidence.Canonical(into)
	if err != nil || string(again) != string(b) {
		at := int64(evidence.Differ(again, b))
		return &LayoutError{File: name, Cause: "not in canonical form", Bytes: evidence.Range{Offset: at, Length: int64(len(b)) - at}}
	}
	return nil
}
