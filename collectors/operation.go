package collectors

import (
	"context"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Collector asks one service of one provider and emits facts. It gets its HTTP transport from
// the session, so everything it asks is recorded, or answered from a recording.
type Collector interface {
	Info() Info
	Collect(ctx context.Context, s *Session) error // an error only where the run must stop
}

// Info declares what a collector asks and emits. The guard, the coverage plan, the policies
// that `trefoil permissions` prints and the tests all read this one declaration.
type Info struct {
	Name       string // provider/service
	Provider   string // aws, gcp, …
	Runs       Level  // on which targets
	Discovery  bool   // runs first; the plan of the rest depends on it
	Kinds      []*evidence.Kind
	Operations []Operation
}

// Level says on which sort of target a collector runs.
type Level string

// The levels.
const (
	Organization Level = "organization"
	Account      Level = "account" // an AWS account or a Google project
	Plugin       Level = "plugin"  // an executable of the engagement
)

// Operation declares one API operation.
type Operation struct {
	Name       string   // service:Operation, the service by its IAM prefix: s3:ListBuckets
	Permission string   // the IAM permission it needs, such as s3:ListAllMyBuckets
	List       bool     // it emits facts (also when asked once a parent); an item operation only adds fields
	Kinds      []string // kinds that a list operation enumerates
	Parent     string   // the operation whose answers this one asks about; its own, or a global one of discovery
	Global     bool     // asked once, in the pseudo-region "global"
	Empty      []string // exact error codes that mean: there is none
	Disabled   []string // exact error codes that mean: the feature is switched off
	Genuine    Genuine  // what a genuine answer looks like
	Scrub      Scrub    // takes secrets out of an answer before anything is kept; nil where answers carry none
}

// Genuine says what a genuine answer of an operation looks like. Measured: an HTML page, {} or
// no body at all decode to "0 buckets, no error", so this is checked before the SDK decodes.
type Genuine struct {
	Root     string // XML: the root element's local name; several are written A|B, for S3 look-alikes that name it otherwise
	Holds    string // XML: an element in the root, or in its result, that the answer always carries; "": none
	Member   string // JSON: a member of the object that the answer always carries
	Types    string // JSON: what the member may be: array, object, string or boolean, several written A|B; null is never genuine
	Object   bool   // JSON: any object
	Bodyless bool   // no body is expected, as for HEAD
}

// Scrub returns the body without its secrets, and what was taken out.
type Scrub func(body []byte) (clean []byte, what []string)

// Operation finds a declared operation by name.
func (i Info) Operation(name string) (Operation, bool) {
	for _, op := range i.Operations {
		if op.Name == name {
			return op, true
		}
	}
	return Operation{}, false
}

// Target is the unit of work: one account, project, organisation or plug-in. Its result is one
// bundle.
type Target struct {
	ID       string `json:"id"` // aws-111122223333, aws-org-123456789012, gcp-my-project, plugin-inventory
	Provider string `json:"provider"`
	Level    Level  `json:"level"`
	Account  string `json:"account"` // the provider's own id
	Name     string `json:"name"`
	Parent   string `json:"parent,omitempty"` // id of the organisation's target that discovered it
}

// Global is the pseudo-region of global services.
const Global = "global"
