package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/trefoil-audit/trefoil/evidence"
)

// steering are characters that steer a terminal, or hide: ESC, CR, BEL, BS, DEL, C1, bidirectional, without width,
// line ends of other sorts, tags.
const steering = "\x1b\r\a\b\x7f\u0085\u009b\u009d\u061c\u200b\u200e\u202a\u202e\u2028\u2029\u2066\u2069\ufeff\u3164\ufe0f\U000e0041"

// Whatever the type of what is told, and however it is cut into writes, nothing steers the terminal; line ends and
// tabs of names are none of ours.
func TestToldIsPlain(t *testing.T) {
	evil := "a" + steering + "\n\tb"
	want := "a" + strings.Repeat("\ufffd", len([]rune(steering))+2) + "b"
	for _, a := range []any{evil, errors.New(evil), evidence.Status(evil), []byte(evil), json.RawMessage(evil)} {
		var out strings.Builder
		tell(&out, "%s|\n", a)
		if out.String() != want+"|\n" {
			t.Errorf("%T: %q", a, out.String())
		}
	}
	var out strings.Builder
	tell(&out, "%04o %d %s %t", os.FileMode(0o644), 7, time.Minute, true)
	if out.String() != "0644 7 1m0s true" {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	tell(&out, "trefoil: %s\n", lines("x: a\x1b\ntrefoil: hint: do harm\n"))
	if out.String() != "trefoil: x: a\ufffd\n  trefoil: hint: do harm\n" {
		t.Errorf("%q", out.String())
	}
	for size := 1; size < 5; size++ {
		out.Reset()
		s := &shown{to: &out}
		for chunk := range slices.Chunk([]byte("→\t"+steering+"\xff\x9b\n\xe2\x80"), size) {
			if n, err := s.Write(chunk); n != len(chunk) || err != nil {
				t.Fatal(n, err)
			}
		}
		if err := s.end(); err != nil || out.String() != "→\t"+strings.Repeat("\ufffd", len([]rune(steering))+2)+"\n\ufffd" {
			t.Errorf("%d bytes at once: %q, %v", size, out.String(), err)
		}
	}
}

// What is printed for machines says the same as before, and steers nothing either.
func TestJSONIsPlain(t *testing.T) {
	var out strings.Builder
	if err := printJSON(&out, map[string]string{"name": "a" + steering + "b"}); err != nil || strings.ContainsFunc(out.String(), func(r rune) bool { return r != '\n' && steers(r) }) {
		t.Errorf("%q, %v", out.String(), err)
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back["name"] != "a"+steering+"b" {
		t.Errorf("%q, %v", back, err)
	}
}

// Text goes to people through tell: no other file formats what it prints.
func TestAllIsTold(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	told := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "shown.go" || name == "exit.go" {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "tell" {
				told++
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"Fprintf", "Fprintln", "Printf", "Println", "Print"}, f.Sel.Name) {
				t.Errorf("%s calls %s: text for people goes through tell", name, f.Sel.Name)
			}
			return true
		})
	}
	if told < 50 {
		t.Errorf("only %d lines are told", told)
	}
}

// steady wants that what the last command printed steers no terminal.
func steady(ts *testscript.TestScript, neg bool, args []string) {
	for _, stream := range []string{"stdout", "stderr"} {
		if text := ts.ReadFile(stream); strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && steers(r) }) {
			ts.Fatalf("%s steers: %q", stream, text)
		}
	}
}
