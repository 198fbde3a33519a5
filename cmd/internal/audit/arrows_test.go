package audit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/trefoil-audit/trefoil/"

// arrows say which of our folders a folder may import, and what of the standard library it may not.
var arrows = map[string]struct {
	ours      []string
	forbidden []string
}{
	"evidence":   {ours: []string{"evidence"}},
	"collectors": {ours: []string{"collectors", "evidence"}},
	"controls":   {ours: []string{"controls", "evidence"}, forbidden: []string{"net", "net/http", "os", "os/exec", "math/rand", "math/rand/v2", "crypto/rand"}},
	"report":     {ours: []string{"report", "controls", "evidence"}, forbidden: []string{"net", "net/http", "os", "os/exec", "math/rand", "math/rand/v2", "crypto/rand"}},
}

// TestArrows holds the arrows of the design on direct imports, and that the pure parts read no
// clock.
func TestArrows(t *testing.T) {
	for folder, rule := range arrows {
		files := 0
		err := filepath.WalkDir("../../../"+folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/internal/gen/") {
				return err
			}
			files++
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			for _, i := range f.Imports {
				name, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					return err
				}
				if rest, ours := strings.CutPrefix(name, module); ours {
					top, _, _ := strings.Cut(rest, "/")
					if !contains(rule.ours, top) {
						t.Errorf("%s imports %s", path, name)
					}
				} else if contains(rule.forbidden, name) {
					t.Errorf("%s imports %s", path, name)
				}
			}
			if folder == "controls" || folder == "report" {
				ast.Inspect(f, func(n ast.Node) bool {
					if s, ok := n.(*ast.SelectorExpr); ok && (s.Sel.Name == "Now" || s.Sel.Name == "Since" || s.Sel.Name == "Until") {
						if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" {
							t.Errorf("%s reads the clock", path)
						}
					}
					return true
				})
			}
			return nil
		})
		if err != nil || files == 0 {
			t.Errorf("%s: %d files, %v", folder, files, err)
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// TestOnePackageStartsProcesses holds that of all our code only collectors/plugin can.
func TestOnePackageStartsProcesses(t *testing.T) {
	starts := map[string]bool{}
	for _, folder := range []string{"cmd", "collectors", "controls", "evidence", "fixtures", "report"} {
		err := filepath.WalkDir("../../../"+folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/internal/gen/") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			for _, i := range f.Imports {
				if i.Path.Value == `"os/exec"` {
					starts[filepath.Dir(path)] = true
				}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && contains([]string{"StartProcess", "ForkExec", "Exec"}, s.Sel.Name) {
					if x, ok := s.X.(*ast.Ident); ok && contains([]string{"os", "syscall", "unix"}, x.Name) {
						starts[filepath.Dir(path)] = true
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(starts) != 1 || !starts["../../../collectors/plugin"] {
		t.Errorf("these start processes: %v", starts)
	}
}

// TestNoGRPC holds that nobody of us speaks gRPC: the store's client for Google links it, and one
// call would use it.
func TestNoGRPC(t *testing.T) {
	files := 0
	err := filepath.WalkDir("../../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && !strings.HasPrefix(d.Name(), "..") {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			if strings.HasPrefix(i.Path.Value, `"google.golang.org/grpc`) {
				t.Errorf("%s imports %s", path, i.Path.Value)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "NewGRPCClient" {
				t.Errorf("%s calls NewGRPCClient", path)
			}
			return true
		})
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files, %v", files, err)
	}
}
