package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// Bounds of the files of a plug-in.
const (
	MaxExecutable = 512 << 20
	MaxInput      = 64 << 20
)

// Plugin is a plug-in of an engagement with the bytes of its files. Executable is nil in a replay.
type Plugin struct {
	Spec         engagement.Plugin
	Manifest     *Manifest
	ManifestText []byte
	Executable   []byte
	Inputs       map[string][]byte
}

// PinError says that a file is not the one that the engagement pins. Nothing of it was run.
type PinError struct {
	Plugin, Field, File string // Field of engagement.yaml: sha256, manifest_sha256, interpreter.sha256
	Want, Got           string
}

func (e *PinError) Error() string {
	return fmt.Sprintf("plug-in %s: %s has the SHA-256 %s, and engagement.yaml pins %s (%s): nothing was run", e.Plugin, e.File, e.Got, e.Want, e.Field)
}

// Load reads the files of a plug-in, each once, and compares them with their pins; paths are
// relative to dir. Errors: *PinError, *ManifestError, or what keeps a file from being read.
func Load(dir string, spec engagement.Plugin) (*Plugin, error) {
	fail := func(err error) (*Plugin, error) { return nil, fmt.Errorf("plug-in %s: %w", spec.Name, err) }
	p := &Plugin{Spec: spec, Inputs: map[string][]byte{}}
	var err error
	if p.Executable, err = readFile(dir, spec.Path, MaxExecutable); err != nil {
		return fail(err)
	}
	if got := evidence.Digest(p.Executable); got != spec.SHA256 {
		return nil, &PinError{spec.Name, "sha256", spec.Path, spec.SHA256, got}
	}
	if spec.Interpreter == nil && bytes.HasPrefix(p.Executable, []byte("#!")) {
		return fail(fmt.Errorf("%s is a script: name what runs it, as interpreter: {path: /usr/bin/python3}", spec.Path))
	}
	if spec.Interpreter != nil {
		if _, err := p.interpreter(); err != nil {
			return nil, err
		}
	}
	text, err := readFile(dir, spec.Manifest, MaxManifest)
	if err != nil {
		return fail(err)
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Inputs)) {
		if p.Inputs[name], err = readFile(dir, spec.Inputs[name], MaxInput); err != nil {
			return fail(fmt.Errorf("input %s: %w", name, err))
		}
	}
	return p, p.declare(text)
}

// Recorded is a plug-in as a run keeps it: its manifest and inputs, and nothing that could run.
// Input gives a kept file by the names of [Plugin.Kept].
func Recorded(spec engagement.Plugin, input func(name string) (text []byte, ok bool, err error)) (*Plugin, error) {
	p := &Plugin{Spec: spec, Inputs: map[string][]byte{}}
	text, err := kept(spec, manifestInput, input)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Inputs)) {
		if p.Inputs[name], err = kept(spec, name, input); err != nil {
			return nil, err
		}
	}
	return p, p.declare(text)
}

func kept(spec engagement.Plugin, name string, input func(string) ([]byte, bool, error)) ([]byte, error) {
	text, ok, err := input(keptName(spec, name))
	if err == nil && !ok {
		err = fmt.Errorf("the recording has no input %s", keptName(spec, name))
	}
	if err != nil {
		return nil, fmt.Errorf("plug-in %s: %w", spec.Name, err)
	}
	return text, nil
}

// manifestInput is the name of the manifest among the kept inputs; no input may be called so.
const manifestInput = "manifest.json"

func keptName(spec engagement.Plugin, name string) string {
	return "plugin-" + spec.Name + "." + name
}

// Kept gives the files that a run keeps as its inputs, by their names there.
func (p *Plugin) Kept() map[string][]byte {
	out := map[string][]byte{keptName(p.Spec, manifestInput): p.ManifestText}
	for name, text := range p.Inputs {
		out[keptName(p.Spec, name)] = text
	}
	return out
}

// declare reads the manifest and holds it against the engagement.
func (p *Plugin) declare(text []byte) error {
	fail := func(err error) error { return fmt.Errorf("plug-in %s: %w", p.Spec.Name, err) }
	if got := evidence.Digest(text); got != p.Spec.ManifestSHA256 {
		return &PinError{p.Spec.Name, "manifest_sha256", p.Spec.Manifest, p.Spec.ManifestSHA256, got}
	}
	m, err := ParseManifest(text)
	if err != nil {
		return fail(err)
	}
	if m.Name != p.Spec.Name {
		return fail(fmt.Errorf("its manifest is of %q", m.Name))
	}
	for _, in := range m.Inputs {
		if _, ok := p.Inputs[in.Name]; !ok && !in.Optional {
			return fail(fmt.Errorf("input %s is not named; add it to inputs: in engagement.yaml", in.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Inputs)) {
		if !slices.ContainsFunc(m.Inputs, func(in Input) bool { return in.Name == name }) {
			return fail(fmt.Errorf("its manifest declares no input %s", name))
		}
	}
	p.Manifest, p.ManifestText = m, text
	return nil
}

// files identifies the inputs.
func (p *Plugin) files() map[string]InputFile {
	out := map[string]InputFile{}
	for name, text := range p.Inputs {
		lines := bytes.Count(text, []byte("\n"))
		if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
			lines++
		}
		out[name] = InputFile{SHA256: evidence.Digest(text), Size: len(text), Lines: lines}
	}
	return out
}

// readFile reads a regular file, bounded.
func readFile(dir, path string, most int64) ([]byte, error) {
	full := path
	if !filepath.IsAbs(path) {
		full = filepath.Join(dir, path)
	}
	info, err := os.Stat(full) // before it is opened: to open a pipe would wait for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(full)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = errors.New(path + ": over " + fmt.Sprint(most) + " bytes")
	}
	return b, err
}
