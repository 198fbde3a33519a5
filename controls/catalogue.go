package controls

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

//go:embed catalogue/*.yaml
var embedded embed.FS

// maxFile bounds one file of a catalogue.
const maxFile = 1 << 20

// Control is one control of the catalogue, as its YAML file has it.
type Control struct {
	ID         string              `yaml:"id"`
	Title      string              `yaml:"title"`
	Objective  string              `yaml:"objective"`
	Procedure  string              `yaml:"procedure"` // what the test does, for people
	Severity   string              `yaml:"severity"`  // critical, high, medium, low
	Basis      Basis               `yaml:"basis"`     // default automated
	Parameters []string            `yaml:"parameters"`
	Tests      []Test              `yaml:"tests"`
	NotTested  string              `yaml:"not_tested"` // why there is no test yet; excludes tests
	NotAsked   map[string][]string `yaml:"not_asked"`  // provider → operations that the objective needs and no collector asks yet
	Says       Says                `yaml:"says"`
	Limits     string              `yaml:"limits"` // what a pass does not show
	Mappings   map[string][]string `yaml:"mappings"`
	Cases      Cases               `yaml:"cases"`
}

// Test is one CEL test over one population. A control fails where any of its tests does.
type Test struct {
	Kinds  []string          `yaml:"kinds"`  // names of kinds; or
	Facet  string            `yaml:"facet"`  // every kind that carries the facet
	Where  string            `yaml:"where"`  // CEL; what is false is not in the population
	Scope  string            `yaml:"scope"`  // in (default) or any
	Exempt map[string]string `yaml:"exempt"` // kinds of the facet that the test is not about, and why
	Test   string            `yaml:"test"`   // CEL; true passes
	Says   Says              `yaml:"says"`   // in place of the control's, where one sentence is not true of all tests
}

// Says are the sentences of an item's reason. {attrs.lacks} stands for what the fact says in that field.
type Says struct {
	Pass string `yaml:"pass"`
	Fail string `yaml:"fail"`
}

// Cases prove, in the tests and in each run, that a control can tell good from bad.
type Cases struct {
	Good    []Case `yaml:"good"`
	Bad     []Case `yaml:"bad"`
	Unknown []Case `yaml:"unknown"`
}

// Case is a fact and what stands around it. What Set does not say is unknown.
type Case struct {
	Name      string         `yaml:"name"`
	Kind      string         `yaml:"kind"`
	ID        string         `yaml:"id"`                 // default: case:<name>
	Set       map[string]any `yaml:"set"`                // pointer → value; null = none
	Providers []string       `yaml:"identity_providers"` // of the parameters; the others are the defaults
	CutAt     []string       `yaml:"cut_at"`             // pointers of lists that were cut off
	With      []Case         `yaml:"with"`               // other facts of the same world
}

// Catalogue is a set of controls for a set of kinds.
type Catalogue struct {
	Controls []*Control // by id
	kinds    evidence.Kinds
	unread   []Unread
	tests    map[string][]*compiled // by control id
	env      *environment
	loaded   bool // its tests are compiled: see Load
}

// Unread is a kind of store that no collector reads yet.
type Unread struct {
	Kind  string `yaml:"kind"`
	What  string `yaml:"what"`
	Class string `yaml:"class"` // of its store facet
}

// CatalogueError says what is wrong with a file of the catalogue.
type CatalogueError struct {
	File    string
	Line    int // from 1; 0 where the fault has no line
	Control string
	Cause   string
}

func (e *CatalogueError) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Control == "" {
		return fmt.Sprintf("%s: %s", at, e.Cause)
	}
	return fmt.Sprintf("%s: control %s: %s", at, e.Control, e.Cause)
}

// Default gives the files of this build's catalogue: name → text.
func Default() map[string]string {
	files := map[string]string{}
	// The walk cannot fail: the file system is in the binary.
	_ = fs.WalkDir(embedded, "catalogue", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := embedded.ReadFile(name)
		files[name] = string(text)
		return err
	})
	return files
}

// IDs lists the controls of this build's catalogue, sorted: each has a file of its name.
func IDs() []string {
	var ids []string
	for name := range Default() {
		if name != unreadFile {
			ids = append(ids, strings.TrimSuffix(path.Base(name), ".yaml"))
		}
	}
	slices.Sort(ids)
	return ids
}

// unreadFile lists kinds of stores that no collector reads.
const unreadFile = "catalogue/unread.yaml"

// Load reads and checks a catalogue against the kinds that its tests may read. The derived
// kinds of this package are added. All faults of a catalogue are reported, joined; each is a
// *CatalogueError.
func Load(files map[string]string, kinds evidence.Kinds) (*Catalogue, error) {
	c, all, errs := read(files, kinds)
	var err error
	if c.env, err = newEnvironment(); err != nil {
		return nil, err
	}
	for _, w := range all {
		if at, err := c.add(w.control); err != nil {
			errs = append(errs, &CatalogueError{w.file, strict.Line(w.tree, at), w.control.ID, err.Error()})
		}
	}
	c.loaded = true
	return c, errors.Join(errs...)
}

// Read reads a catalogue for what its controls say, as that of a judgement that was made: its tests are not
// compiled, so it judges nothing. Errors are those of Load, of faults in the files' form.
func Read(files map[string]string, kinds evidence.Kinds) (*Catalogue, error) {
	c, _, errs := read(files, kinds)
	return c, errors.Join(errs...)
}

// written is a control as its file writes it.
type written struct {
	file    string
	tree    *ast.File
	control *Control
}

func read(files map[string]string, kinds evidence.Kinds) (c *Catalogue, all []written, errs []error) {
	c = &Catalogue{kinds: maps.Clone(kinds), tests: map[string][]*compiled{}}
	for _, k := range Kinds() {
		c.kinds[k.Name] = k
	}
	where := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name == unreadFile {
			if _, err := decode(name, files[name], &c.unread); err != nil {
				errs = append(errs, err)
			}
			continue
		}
		control := &Control{}
		tree, err := decode(name, files[name], control)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if other, twice := where[control.ID]; twice {
			errs = append(errs, &CatalogueError{name, strict.Line(tree, "$.id"), control.ID, "duplicate id: also in " + other})
			continue
		}
		if where[control.ID] = name; control.Basis == "" {
			control.Basis = Automated
		}
		all = append(all, written{name, tree, control})
		c.Controls = append(c.Controls, control)
	}
	slices.SortFunc(c.Controls, func(a, b *Control) int { return cmp.Compare(a.ID, b.ID) })
	if len(c.Controls) == 0 && len(errs) == 0 {
		errs = append(errs, &CatalogueError{File: "catalogue", Cause: "it holds no control"})
	}
	return c, all, errs
}

// decode reads YAML strictly.
func decode(name, text string, into any) (*ast.File, error) {
	if strings.TrimSpace(text) == "" {
		return nil, &CatalogueError{File: name, Cause: "is empty"}
	}
	tree, err := strict.YAML(name, []byte(text), maxFile, into)
	var fault *strict.FileError
	if errors.As(err, &fault) {
		return nil, &CatalogueError{File: fault.File, Line: fault.Line, Cause: fault.Cause}
	}
	return tree, err
}

var controlID = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,7}-[A-Z][A-Z0-9]{1,7}-[0-9]{2}$`)

// add checks a control. Of what it refuses it gives the place in the file.
func (c *Catalogue) add(control *Control) (at string, err error) {
	switch {
	case !controlID.MatchString(control.ID):
		return "$.id", fmt.Errorf("id %q is not of the form ABC-DEF-01", control.ID)
	case control.Title == "" || control.Objective == "" || control.Procedure == "":
		return "$.id", errors.New("title, objective and procedure must be said")
	case !slices.Contains([]string{"critical", "high", "medium", "low"}, control.Severity):
		return "$.severity", fmt.Errorf("severity %q is none of critical, high, medium, low", control.Severity)
	case (control.NotTested == "") == (len(control.Tests) == 0):
		return "$.tests", errors.New("it must have tests, or say why it is not tested")
	case !knownProviders(control.NotAsked):
		return "$.not_asked", errors.New("not_asked: providers are aws and gcp, each with at least one operation")
	case len(control.Tests) > 0 && (control.Says.Pass == "" || control.Says.Fail == ""):
		return "$.says", errors.New("says: pass and fail must be said")
	case len(control.Tests) > 0 && (len(control.Cases.Good) == 0 || len(control.Cases.Bad) == 0 || len(control.Cases.Unknown) == 0):
		return "$.cases", errors.New("cases: it needs known-good, known-bad and known-unknown facts")
	}
	for i := range control.Tests {
		t, err := c.compile(control, &control.Tests[i])
		if err != nil {
			return fmt.Sprintf("$.tests[%d]", i), fmt.Errorf("test %d: %w", i+1, err)
		}
		c.tests[control.ID] = append(c.tests[control.ID], t)
	}
	for n, set := range [][]Case{control.Cases.Good, control.Cases.Bad, control.Cases.Unknown} {
		for i := range set {
			if _, err := set[i].fact(c.kinds); err != nil {
				return fmt.Sprintf("$.cases.%s[%d]", []string{"good", "bad", "unknown"}[n], i), fmt.Errorf("case %q: %w", set[i].Name, err)
			}
		}
	}
	return "", nil
}

func knownProviders(m map[string][]string) bool {
	for provider, operations := range m {
		if !slices.Contains(clouds, provider) || len(operations) == 0 {
			return false
		}
	}
	return true
}

// population resolves a test's kinds, sorted, without the exempt ones.
func (c *Catalogue) population(t *Test) ([]*evidence.Kind, error) {
	var names []string
	switch {
	case (t.Facet == "") == (len(t.Kinds) == 0):
		return nil, errors.New("it must name kinds or a facet")
	case t.Facet != "":
		for name, k := range c.kinds {
			if _, exempt := t.Exempt[name]; slices.Contains(k.Facets, t.Facet) && !exempt {
				names = append(names, name)
			}
		}
	default:
		names = slices.Clone(t.Kinds)
	}
	for name, why := range t.Exempt {
		if k, ok := c.kinds[name]; why == "" || ok && !slices.Contains(k.Facets, t.Facet) {
			return nil, fmt.Errorf("exempt kind %s gives no reason, or does not carry %q", name, t.Facet)
		}
	}
	slices.Sort(names)
	var kinds []*evidence.Kind
	for _, name := range slices.Compact(names) {
		k, ok := c.kinds[name]
		if !ok {
			return nil, fmt.Errorf("there is no kind %q", name)
		}
		kinds = append(kinds, k)
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("no kind carries %q", t.Facet)
	}
	return kinds, nil
}

// NotLookedAt lists, sorted, what a control may name as not looked at: kinds, those that no collector
// reads among them, and operations that nobody asks.
func (c *Catalogue) NotLookedAt() []string {
	out := slices.Collect(maps.Keys(c.kinds))
	for _, u := range c.unread {
		out = append(out, u.Kind)
	}
	for _, control := range c.Controls {
		for _, operations := range control.NotAsked {
			out = append(out, operations...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Control gives the control of an id.
func (c *Catalogue) Control(id string) (*Control, bool) {
	i, ok := slices.BinarySearchFunc(c.Controls, id, func(c *Control, id string) int { return cmp.Compare(c.ID, id) })
	if !ok {
		return nil, false
	}
	return c.Controls[i], true
}
