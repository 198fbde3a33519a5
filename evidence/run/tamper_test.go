package run

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// errLayout is the class of what is no matter of signatures: layout, digests, format.
var errLayout = errors.New("layout")

// classes are the reasons for which a run is refused.
var classes = map[string]error{"format": seal.ErrFormat, "signature": seal.ErrSignature, "untrusted": seal.ErrUntrusted, "time": seal.ErrTime, "layout": errLayout}

// classOf gives the class of an error by its type; the words of an error are nobody's reason.
func classOf(err error) string {
	var layout *LayoutError
	var format *bundle.FormatError
	var digest *bundle.DigestError
	switch {
	case errors.As(err, &layout), errors.As(err, &format), errors.As(err, &digest):
		return "layout"
	}
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		if errors.Is(err, classes[name]) {
			return name
		}
	}
	return "none"
}

// tampering is one thing that a forger does to a run.
type tampering struct {
	sort   string   // of the matrix
	name   string   // what was done
	files  []string // of which one is named
	class  []string // of which one is the reason
	words  string   // that the error holds
	change func(t *testing.T, path string)
	trust  string   // lines before the keys of trust.yaml
	expect []string // digests
}

// scene is a run of every sort of file, twice: what can be swapped is there twice, and what can be
// replayed comes from the other run.
type scene struct {
	*office
	path, other string
	judgements  []string
	files       []string               // of the run
	sealed      string                 // the countersignature's file
	kept        string                 // a folder in which the cases stay; empty: none does
	made        int                    // cases so far
	used        string                 // the folder of those that do not stay
	was         map[string]fs.FileInfo // what is in the run, folders too
	trusts      map[string]*seal.Trust // by text and root: most cases share one
}

func newScene(t *testing.T) *scene {
	s := &scene{office: open(t), kept: os.Getenv("TREFOIL_TAMPERED"), was: map[string]fs.FileInfo{}, trusts: map[string]*seal.Trust{}}
	at := ended.Add(time.Minute)
	s.Now = func() time.Time { return at }
	firm := s.signer(s.collector)
	for _, name := range []string{"a run", "another run"} {
		r := sampled(t, sampling{signer: firm, bundles: firm, name: name, asOf: asOf, targets: []string{"aws-1", "aws-2"}})
		j := []string{judgedAs(t, r, firm, `{"record":"item"}`), judgedAs(t, r, firm, `{"record":"line"}`)}
		sealed := countersigned(t, r, s.signer(s.auditor))
		if name == "another run" {
			s.other = r.Path
		} else {
			s.path, s.judgements, s.files, s.sealed = r.Path, j, files(t, r.Path), sealName(sealed)
		}
	}
	walk(t, s.path, func(_, name string, info fs.FileInfo) error { s.was[name] = info; return nil })
	return s
}

// signatureClasses are why a damaged signature file is refused; one whose change the token's slack
// hides is missed by the countersignature, which names its digest.
var signatureClasses = []string{"format", "signature", "untrusted", "time", "layout"}

func (s *scene) classesOf(name string) []string {
	if strings.HasSuffix(name, ".sigstore.json") && !strings.HasPrefix(name, sealsDir) {
		return signatureClasses
	}
	return []string{"layout"}
}

func read(t *testing.T, path, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path, name string, b []byte) {
	t.Helper()
	file := filepath.Join(path, filepath.FromSlash(name))
	err := os.Remove(file) // never through a link
	if errors.Is(err, fs.ErrNotExist) {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err := errors.Join(err, os.WriteFile(file, b, 0o644)); err != nil {
		t.Fatal(err)
	}
}

// linked makes a run of links to another's files: a copy would be most of the work.
func linked(t *testing.T, from, path string, names []string) {
	t.Helper()
	for _, name := range names {
		to := filepath.Join(path, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Link(filepath.Join(from, filepath.FromSlash(name)), to)); err != nil {
			t.Fatal(err)
		}
	}
}

// place gives a folder with the run for one case: one that stays, where TREFOIL_TAMPERED names a folder for them,
// or else that of the last case.
func (s *scene) place(t *testing.T) (dir, path string) {
	t.Helper()
	s.made++
	switch {
	case s.kept != "":
		dir = filepath.Join(s.kept, fmt.Sprintf("%04d", s.made))
	case s.used == "":
		s.used = t.TempDir()
		dir = s.used
	default:
		path = filepath.Join(s.used, "run")
		s.restore(t, path)
		return s.used, path
	}
	path = filepath.Join(dir, "run")
	linked(t, s.path, path, s.files)
	return dir, path
}

// walk shows all that is in a run, by its name there.
func walk(t *testing.T, path string, each func(at, name string, info fs.FileInfo) error) {
	t.Helper()
	err := filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
		if err != nil || at == path {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return each(at, filepath.ToSlash(strings.TrimPrefix(at, path+string(filepath.Separator))), info)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// restore undoes what a case did: what is no link to a file of the run goes, and what is missing is linked again.
func (s *scene) restore(t *testing.T, path string) {
	t.Helper()
	there := map[string]bool{}
	walk(t, path, func(at, name string, info fs.FileInfo) error {
		switch was := s.was[name]; {
		case was != nil && info.IsDir() && was.IsDir():
		case was != nil && os.SameFile(was, info):
			there[name] = true
		case info.IsDir():
			if err := os.RemoveAll(at); err != nil {
				return err
			}
			return fs.SkipDir
		default:
			return os.Remove(at)
		}
		return nil
	})
	linked(t, s.path, path, slices.DeleteFunc(slices.Clone(s.files), func(name string) bool { return there[name] }))
}

// keep writes what else .ci/tampered.py needs to do the case over with the program.
func keep(t *testing.T, dir string, c tampering, text string, root []byte) {
	t.Helper()
	files := c.files
	if c.class == nil {
		files = []string{"inputs/engagement.yaml"} // all that is signed holds, and this run's engagement is a stub
	}
	about, err := evidence.Canonical(map[string]any{"sort": c.sort, "name": c.name, "expect": append([]string{}, c.expect...), "files": files})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "trust.yaml", []byte(text))
	write(t, dir, "root.json", root)
	write(t, dir, "case.json", about)
}

// TestTamperMatrix makes the matrix of all that, and wants each refused: by a *VerifyError, which is
// exit code 4, that names the file and is of the right class. None may crash.
func TestTamperMatrix(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	counts := map[string]int{}
	total := 0
	for _, of := range []func(*testing.T) []tampering{s.bytesOf, s.swaps, s.wholes, s.resigned, s.dropped, s.tokens, s.forms, s.manifests, s.windows, s.certificates} {
		made := of(t)
		if len(made) == 0 {
			t.Fatal("a part of the matrix is empty")
		}
		for _, c := range made {
			s.try(t, c)
			counts[c.sort]++
			total++
		}
	}
	whole := s.path
	if s.kept == "" {
		_, whole = s.place(t) // links to the same files: no case was left undone either
	}
	if at, text := finding(t, whole, s.trust(t, "")); text != "" {
		t.Errorf("what nothing was done to does not verify: %s: %s", at, text)
	}
	t.Logf("tamper matrix: %d cases, each refused with its file and reason: %v", total, counts)
	if total < 400 {
		t.Errorf("only %d cases", total)
	}
}

// try does one thing to a copy of the run.
func (s *scene) try(t *testing.T, c tampering) {
	t.Helper()
	dir, path := s.place(t)
	if c.change != nil {
		c.change(t, path)
	}
	text, root := s.policy(t, c.trust)
	if s.kept != "" {
		keep(t, dir, c, text, root)
	}
	key := text + string(root)
	if s.trusts[key] == nil {
		s.trusts[key] = parseTrust(t, text, root)
	}
	_, report, err := Verify(path, s.trusts[key], c.expect, 1)
	var bad *VerifyError
	switch {
	case c.class == nil && err == nil:
		return // the case that shows that the others are refused for their reason
	case !errors.As(err, &bad):
		t.Errorf("%s: %s: got %v", c.sort, c.name, err)
		return
	}
	named := slices.ContainsFunc(c.files, func(want string) bool {
		ok, err := filepath.Match(want, bad.File)
		return bad.File == want || err == nil && ok
	})
	switch last := report.Checks[len(report.Checks)-1]; {
	case !named:
		t.Errorf("%s: %s: %s was named, want %v: %v", c.sort, c.name, bad.File, c.files, err)
	case !slices.Contains(c.class, classOf(err)):
		t.Errorf("%s: %s: refused as %s, want %v: %v", c.sort, c.name, classOf(err), c.class, err)
	case !strings.Contains(err.Error(), c.words):
		t.Errorf("%s: %s: %v, want %q", c.sort, c.name, err, c.words)
	case last.Result != "failed" || last.File != bad.File:
		t.Errorf("%s: %s: the report ends with %+v", c.sort, c.name, last)
	case classOf(err) == "untrusted" && strings.Contains(err.Error(), "allowed") && (last.Fault == nil || last.Fault.Found == ""):
		t.Errorf("%s: %s: the report does not say who signed: %+v", c.sort, c.name, last)
	}
}

// policy is the office's trust.yaml with other lines, and its trusted root; lines that begin with # change it elsewhere.
func (s *scene) policy(t *testing.T, lines string) (text string, root []byte) {
	t.Helper()
	s.Ended = time.Time{}
	if rest, ok := strings.CutPrefix(lines, "#ended "); ok {
		s.Ended, lines = asOf.Add(-time.Hour), rest
		defer func() { s.Ended = time.Time{} }()
	}
	if window, ok := strings.CutPrefix(lines, "#window "); ok {
		return s.trustText(t, "", strings.TrimSpace(window), ""), s.Root()
	}
	if rest, ok := strings.CutPrefix(lines, "#optional "); ok {
		return strings.Replace(s.trustText(t, strings.TrimSpace(rest), "", ""), "timestamp: required", "timestamp: optional", 1), s.Root()
	}
	head, identity, _ := strings.Cut(lines, "#identity ")
	return s.trustText(t, head, "", identity), s.Root()
}
