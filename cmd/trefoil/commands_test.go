package main

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/fixtures"
)

// exits CODE COMMAND... runs a command and wants that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	} else if err != nil {
		got = -1
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// unclover DIR writes the recorded world to a folder.
func unclover(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), fixtures.Clover()))
}

// Every command has a usage, an example, and help that works.
func TestEveryCommandHasAnExample(t *testing.T) {
	var walk func(prefix []string, cs []*cli.Command)
	walk = func(prefix []string, cs []*cli.Command) {
		for _, c := range cs {
			args := append(append([]string{}, prefix...), c.Name)
			if c.Usage == "" || !strings.Contains(c.Description, "Example:\n   trefoil "+args[1]) {
				t.Errorf("%v has no usage or no example", args[1:])
			}
			var out, errs strings.Builder
			if code := trefoil(context.Background(), append(args, "--help"), strings.NewReader(""), &out, &errs); code != 0 || !strings.Contains(out.String(), "Example:") {
				t.Errorf("%v --help: code %d, %s %s", args[1:], code, out.String(), errs.String())
			}
			walk(args, c.Subcommands)
		}
	}
	walk([]string{"trefoil"}, commands())
}

// CONTROLS.md is what the program prints.
func TestControlsFileIsCurrent(t *testing.T) {
	want, err := os.ReadFile("../../CONTROLS.md")
	if err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	if code := trefoil(context.Background(), []string{"trefoil", "controls", "doc"}, strings.NewReader(""), &out, &errs); code != 0 || out.String() != string(want) {
		t.Errorf("CONTROLS.md is not current: go run ./cmd/trefoil controls doc > CONTROLS.md (code %d) %s", code, errs.String())
	}
}
