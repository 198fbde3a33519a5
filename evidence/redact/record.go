package redact

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
)

// Schema is the version of copy.json.
const Schema = 1

// Names in a copy.
const (
	RecordName      = "copy.json"
	SignatureName   = "copy.sigstore.json"
	CommitmentsName = "commitments.jsonl"
	filesDir        = "files"
)

// kindOfCopy says in copy.json what it is.
const kindOfCopy = "REDACTED COPY"

// Record is copy.json.
type Record struct {
	Schema  int        `json:"schema"`
	Kind    string     `json:"kind"`
	Run     string     `json:"run"` // digest of the run that it is a copy of
	Source  run.Source `json:"source"`
	AsOf    time.Time  `json:"as_of"` // of the run
	Made    time.Time  `json:"made"`
	Tool    run.Tool   `json:"tool"`
	Tag     string     `json:"tag"`    // in every token
	Values  int        `json:"values"` // lines of commitments.jsonl
	Rules   []Applied  `json:"rules"`  // in their order
	LeftOut []string   `json:"left_out"`
	Files   []run.File `json:"files"` // sorted by path
	// Overrides are those of the run, as they stand in the copy's run.json. Copies without any, and those that were
	// made by earlier builds, do not have the member: [Copy.Overrides] tells.
	Overrides []string `json:"overrides,omitzero"`
	// Times says who vouches for the run's times. Copies that were made by earlier builds do not have the member.
	Times Times `json:"times,omitzero"`
}

// Times says who vouches for the times of a run.
type Times string

// The values of [Times]; empty, it is not said.
const (
	Claimed Times = "claimed" // nobody but its collector
	Vouched Times = "vouched" // an authority that its engagement names, whose tokens the copy does not have
)

// Applied is a rule and how many values it names, each counted once; rules may name the same.
type Applied struct {
	ID      string `json:"id"`
	Because string `json:"because"`
	Values  int    `json:"values"`
}

// Commitment is one line of commitments.jsonl.
type Commitment struct {
	ID         string  `json:"id"` // the token
	Rule       string  `json:"rule"`
	Commitment string  `json:"commitment"`
	Places     []Place `json:"places"` // sorted by file
}

// Place says how often a token stands in a file, or in an entry of a bundle (bundles/x.zip/facts.jsonl).
type Place struct {
	File  string `json:"file"`
	Count int    `json:"count"`
}

// CopyError says that a copy does not verify.
type CopyError struct {
	File string
	Err  error
}

func (e *CopyError) Error() string { return e.File + ": " + e.Err.Error() }
func (e *CopyError) Unwrap() error { return e.Err }

func failed(file, format string, args ...any) error {
	return &CopyError{file, fmt.Errorf(format, args...)}
}

// strictly reads canonical JSON.
func strictly(file string, b []byte, into any) error {
	if err := json.Unmarshal(b, into, json.RejectUnknownMembers(true)); err != nil {
		return failed(file, "%w", err)
	}
	again, err := evidence.Canonical(into)
	if err != nil || !bytes.Equal(again, b) {
		return failed(file, "not in canonical form")
	}
	return nil
}

// ParseCommitments reads commitments.jsonl; errors are *CopyError.
func ParseCommitments(text []byte, tag string) ([]Commitment, error) {
	var out []Commitment
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		return nil, failed(CommitmentsName, "the last line has no end")
	}
	seen := map[string]bool{}
	for line := range bytes.Lines(text) {
		var c Commitment
		if err := strictly(CommitmentsName, bytes.TrimSuffix(line, []byte("\n")), &c); err != nil {
			return nil, err
		}
		switch want := fmt.Sprintf("withheld-%s-%07d", tag, len(out)+1); {
		case c.ID != want:
			return nil, failed(CommitmentsName, "line %d has id %q, want %s", len(out)+1, c.ID, want)
		case !isDigest(c.Commitment) || seen[c.Commitment]:
			return nil, failed(CommitmentsName, "line %d: its commitment is none, or stands twice", len(out)+1)
		}
		for i, p := range c.Places {
			if p.Count < 1 || i > 0 && c.Places[i-1].File >= p.File {
				return nil, failed(CommitmentsName, "line %d: its places are not sorted, or count nothing", len(out)+1)
			}
		}
		seen[c.Commitment] = true
		out = append(out, c)
	}
	return out, nil
}
