package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/run"
)

// The run, what took it and its judgement name the program by the digest of its own bytes.
func TestOwnDigestIsRecorded(t *testing.T) {
	made, err := demonstration()
	if err != nil {
		t.Fatal(err)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	judgements, err := fs.Glob(made, "demo/run/judgements/*/judgement.json")
	if err != nil || len(judgements) != 1 {
		t.Fatal(judgements, err)
	}
	for _, name := range []string{"demo/run/run.json", "demo/run/inputs/collector.json", judgements[0]} {
		text, err := fs.ReadFile(made, name)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf(`"binary":"%x"`, sha256.Sum256(program)); !strings.Contains(string(text), want) {
			t.Errorf("%s does not say %s", name, want)
		}
	}
}

// What a build says of itself names no path of the machine that built it.
func TestStamped(t *testing.T) {
	tool := run.Tool{Version: "v1", Go: "go1.26", Binary: "aa"}
	got := stamped(tool, &debug.BuildInfo{
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}, {Key: "GOOS", Value: "linux"}, {Key: "-ldflags", Value: "-X main.release=v1 -extldflags=/home/somebody"}, {Key: "CGO_CFLAGS", Value: "-I/home/somebody"}},
		Deps:     []*debug.Module{{Path: "b", Version: "v2", Sum: "h1:b"}, {Path: "a", Version: "v1", Replace: &debug.Module{Path: "a/fork", Version: "v3", Sum: "h1:f"}}}})
	want := run.Build{Version: "v1", Go: "go1.26", Binary: "aa", Commit: "abc", Modified: "no", Settings: map[string]string{"GOOS": "linux"},
		Modules: []run.Module{{Path: "a/fork", Version: "v3", Sum: "h1:f"}, {Path: "b", Version: "v2", Sum: "h1:b"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	for value, modified := range map[string]string{"true": "yes", "false": "no", "": "unknown"} {
		if got := stamped(tool, &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.modified", Value: value}}}); got.Modified != modified {
			t.Errorf("vcs.modified %q: %s", value, got.Modified)
		}
	}
	if got := buildOf(tool); len(got.Modules) < 50 {
		t.Errorf("this program links %d modules", len(got.Modules))
	}
}
