package run

import (
	"fmt"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// CollectorName is the input in which a run says what took it. It is written by Trefoil, not by the
// engagement.
const CollectorName = "collector.json"

// CollectorSchema is the version of collector.json.
const CollectorSchema = 1

// Collector says with what, as whom and on what kind of machine a run was taken. It is the
// collector's own statement, signed with the run: a program that lies about itself can lie here. What
// holds it is that the same commit builds to the same binary (ci/reproduce), so that whoever has the
// source can tell whether Build is what it says.
//
// No name of a machine, no path and no user stands in it.
type Collector struct {
	Schema    int           `json:"schema"`
	Build     Build         `json:"build"`
	Catalogue string        `json:"catalogue"` // SHA-256 of the canonical JSON of the build's catalogue: name → text
	Host      Host          `json:"host"`
	Callers   []string      `json:"callers"`         // who the providers said was asking, sorted
	Grants    []Grant       `json:"grants,omitzero"` // what those may, as far as the recorded policies say; sorted by caller
	Clocks    []seal.Offset `json:"clocks"`          // before anything was asked; empty where no authority is named
}

// Grant names the recorded policies of who asked.
type Grant struct {
	Caller     string   `json:"caller"`
	Role       string   `json:"role"`         // that the caller used; empty: none
	Statements []string `json:"statements"`   // ids of the facts: statements of the role's own policies and of its boundary, sorted
	Why        string   `json:"why,omitzero"` // why the statements were not seen; empty: they were
}

// Build is how the program was built, as Go stamped it (debug.BuildInfo).
type Build struct {
	Version  string            `json:"version"`
	Go       string            `json:"go"`
	Binary   string            `json:"binary"`   // SHA-256 of the executable
	Commit   string            `json:"commit"`   // empty where Go stamped none
	Modified string            `json:"modified"` // yes, no, or unknown: were there changes beside the commit
	Settings map[string]string `json:"settings"` // those that change the binary: GOOS, -trimpath, …
	Modules  []Module          `json:"modules"`  // sorted by path
}

// Module is a module that the program links.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum"` // as go.sum has it
}

// Host is the kind of machine.
type Host struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
}

// Collector reads what took the run; nil where the run does not say.
func (r *Run) Collector() (*Collector, error) {
	text, ok, err := r.Input(CollectorName)
	if err != nil || !ok {
		return nil, err
	}
	c := &Collector{}
	if err := decode(inputsDir+"/"+CollectorName, text, c); err != nil {
		return nil, err
	}
	if c.Schema != CollectorSchema {
		return nil, layoutError(inputsDir+"/"+CollectorName, fmt.Sprintf("schema %d; this build reads %d", c.Schema, CollectorSchema))
	}
	return c, nil
}

// maxOffset is how far a clock may be from an authority's before verification warns.
const maxOffset = time.Minute

// collector shows what took the run, and holds it against run.json.
func (v *verification) collector() error {
	const name, what = inputsDir + "/" + CollectorName, "what took the run"
	c, err := v.run.Collector()
	switch {
	case err != nil:
		return v.fail(name, what, err)
	case c == nil:
		v.warn(recordName, what, recordName, "the run does not say")
		return nil
	case c.Build.Binary != v.run.Record.Tool.Binary || c.Build.Version != v.run.Record.Tool.Version:
		return v.fail(name, what, fmt.Errorf("it names binary %s (%s), run.json names %s (%s)", c.Build.Binary, c.Build.Version, v.run.Record.Tool.Binary, v.run.Record.Tool.Version))
	}
	detail := fmt.Sprintf("trefoil %s, %s, %s/%s, %d modules, binary %s", c.Build.Version, c.Build.Go, c.Host.OS, c.Host.Arch, len(c.Build.Modules), c.Build.Binary)
	if c.Build.Commit == "" || c.Build.Modified != "no" {
		v.warn(name, what, recordName, "built from no clean commit, so nobody can rebuild it: "+detail)
	} else {
		v.ok(name, what, recordName, "commit "+c.Build.Commit+", "+detail)
	}
	if len(c.Callers) > 0 {
		v.ok(name, "who asked", "the providers' answers", strings.Join(c.Callers, ", "))
	}
	for _, g := range c.Grants {
		if g.Why != "" {
			v.warn(name, "what the asker may", recordName, g.Caller+": "+g.Why)
		} else {
			v.ok(name, "what the asker may", "the recorded policies", fmt.Sprintf("%s: %d statements of the policies of %s", g.Caller, len(g.Statements), g.Role))
		}
	}
	for _, o := range c.Clocks {
		ahead := time.Duration(o.Ahead) * time.Millisecond
		detail := fmt.Sprintf("the authority was %s ahead of the collector", ahead)
		if ahead.Abs() > maxOffset {
			v.warn(name, "clock", o.Authority, detail)
		} else {
			v.ok(name, "clock", o.Authority, detail)
		}
	}
	return nil
}
