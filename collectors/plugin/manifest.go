package plugin

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
)

// Bounds of a manifest.
const (
	MaxManifest = 1 << 20
	maxKinds    = 100
	maxDepth    = 4 // of records in records in attrs
)

// Protocol is the version of manifest and output that this build speaks.
const Protocol = 1

// Manifest is what a plug-in declares: one JSON file beside it.
type Manifest struct {
	Protocol   int              `json:"protocol"`
	Name       string           `json:"name"`
	Version    string           `json:"version"`
	Provider   string           `json:"provider"` // first part of its kinds and ids, such as dc
	Doc        string           `json:"doc"`
	Inputs     []Input          `json:"inputs"`
	Operations []Operation      `json:"operations"`
	Kinds      []*evidence.Kind `json:"kinds"`
}

// Input is a file that the plug-in reads, at inputs/NAME of its working folder.
type Input struct {
	Name     string `json:"name"`
	Optional bool   `json:"optional,omitzero"`
	Doc      string `json:"doc"`
}

// Operation is one row of coverage that the plug-in answers for.
type Operation struct {
	Name   string   `json:"name"`             // provider:Operation
	Kinds  []string `json:"kinds,omitzero"`   // the kinds that it lists; none: it fills fields of what its parent lists
	Parent string   `json:"parent,omitempty"` // for one without kinds
	Doc    string   `json:"doc"`
}

// ManifestError says what is wrong with a manifest.
type ManifestError struct{ Cause string }

func (e *ManifestError) Error() string { return "manifest: " + e.Cause }

// A form that counts to dozens is dear to compile: that is done once it is asked for, not at each start of the program.
var (
	pluginName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`) })
	provider   = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)
	kindName   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z][a-z0-9_]{0,40}){1,3}$`) })
	inputName  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`) })
	opName     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9]*:[A-Z][A-Za-z0-9]{0,60}$`) })
	attrName   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`) })
)

// reserved are providers whose facts no plug-in may state.
var reserved = []string{"aws", "gcp", "trefoil", "plugin", "arn", "site", "country"}

// ParseManifest reads a manifest strictly. Errors are *ManifestError.
func ParseManifest(text []byte) (*Manifest, error) {
	if len(text) > MaxManifest {
		return nil, &ManifestError{fmt.Sprintf("over %d bytes", MaxManifest)}
	}
	m := &Manifest{}
	if err := json.Unmarshal(text, m, json.RejectUnknownMembers(true)); err != nil {
		return nil, &ManifestError{err.Error()}
	}
	if err := errors.Join(m.head(), m.checkInputs(), m.checkKinds(), m.checkOperations()); err != nil {
		return nil, &ManifestError{strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	return m, nil
}

func (m *Manifest) head() error {
	switch {
	case m.Protocol != Protocol:
		return fmt.Errorf("protocol %d; this build speaks %d", m.Protocol, Protocol)
	case !pluginName().MatchString(m.Name) || m.Version == "" || len(m.Version) > 100:
		return errors.New("name (lower-case letters, digits and -) and version must be said")
	case !provider.MatchString(m.Provider) || slices.Contains(reserved, m.Provider):
		return fmt.Errorf("provider %q is no short lower-case name, or is reserved", m.Provider)
	case len(m.Kinds) == 0 || len(m.Kinds) > maxKinds || len(m.Operations) > maxKinds || len(m.Inputs) > maxKinds:
		return fmt.Errorf("kinds, operations and inputs are at most %d each, and there is at least one kind", maxKinds)
	}
	return nil
}

func (m *Manifest) checkInputs() error {
	for i, in := range m.Inputs {
		if !inputName().MatchString(in.Name) || in.Name == "manifest.json" {
			return fmt.Errorf("input %q is no plain file name", in.Name)
		}
		if slices.ContainsFunc(m.Inputs[:i], func(o Input) bool { return o.Name == in.Name }) {
			return fmt.Errorf("input %s stands twice", in.Name)
		}
	}
	return nil
}

func (m *Manifest) checkKinds() error {
	for i, k := range m.Kinds {
		switch {
		case k == nil || !kindName().MatchString(k.Name) || !strings.HasPrefix(k.Name, m.Provider+"."):
			return fmt.Errorf("kind %d: its name must be %s.thing", i+1, m.Provider)
		case k.Derived:
			return fmt.Errorf("kind %s: only Trefoil derives", k.Name)
		case slices.ContainsFunc(m.Kinds[:i], func(o *evidence.Kind) bool { return o.Name == k.Name }):
			return fmt.Errorf("kind %s stands twice", k.Name)
		case len(slices.Compact(slices.Sorted(slices.Values(k.Facets)))) != len(k.Facets):
			return fmt.Errorf("kind %s: a facet stands twice", k.Name)
		}
		if err := k.Check(); err != nil {
			return err
		}
		if err := checkAttrs(k.Attrs, 1); err != nil {
			return fmt.Errorf("kind %s: %w", k.Name, err)
		}
	}
	return nil
}

func checkAttrs(fields []evidence.Field, depth int) error {
	if len(fields) > maxKinds || depth > maxDepth {
		return fmt.Errorf("attrs: more than %d fields in a record, or records more than %d deep", maxKinds, maxDepth)
	}
	for i, f := range fields {
		switch {
		case !attrName().MatchString(f.Name):
			return fmt.Errorf("attr %q: use lower-case letters, digits and _", f.Name)
		case slices.ContainsFunc(fields[:i], func(o evidence.Field) bool { return o.Name == f.Name }):
			return fmt.Errorf("attr %s stands twice", f.Name)
		case f.Derived || f.Join:
			return fmt.Errorf("attr %s: no derivation fills it", f.Name)
		}
		if err := checkAttrs(f.Fields, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manifest) checkOperations() error {
	listed := map[string]bool{}
	for i, op := range m.Operations {
		if !opName().MatchString(op.Name) || !strings.HasPrefix(op.Name, m.Provider+":") {
			return fmt.Errorf("operation %q is not of the form %s:ListThings", op.Name, m.Provider)
		}
		if slices.ContainsFunc(m.Operations[:i], func(o Operation) bool { return o.Name == op.Name }) {
			return fmt.Errorf("operation %s stands twice", op.Name)
		}
		if (len(op.Kinds) == 0) == (op.Parent == "") {
			return fmt.Errorf("operation %s must either list kinds or have a parent", op.Name)
		}
		if op.Parent != "" && !slices.ContainsFunc(m.Operations, func(o Operation) bool { return o.Name == op.Parent && len(o.Kinds) > 0 }) {
			return fmt.Errorf("operation %s: its parent %q lists nothing", op.Name, op.Parent)
		}
		for _, name := range op.Kinds {
			if _, ok := m.kind(name); !ok || listed[name] {
				return fmt.Errorf("operation %s: kind %s is not declared, or listed by another", op.Name, name)
			}
			listed[name] = true
		}
	}
	for _, k := range m.Kinds {
		if !listed[k.Name] {
			return fmt.Errorf("kind %s: no operation lists it", k.Name)
		}
	}
	return nil
}

func (m *Manifest) kind(name string) (*evidence.Kind, bool) {
	i := slices.IndexFunc(m.Kinds, func(k *evidence.Kind) bool { return k.Name == name })
	if i < 0 {
		return nil, false
	}
	return m.Kinds[i], true
}

func (m *Manifest) operation(name string) (Operation, bool) {
	i := slices.IndexFunc(m.Operations, func(o Operation) bool { return o.Name == name })
	if i < 0 {
		return Operation{}, false
	}
	return m.Operations[i], true
}
