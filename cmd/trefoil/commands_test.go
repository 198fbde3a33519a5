package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	var exit *exec.ExitError
	if errors.As(err, &exit) {
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

// Of every command, an unknown flag, a flag that stands twice or lacks its value, and an argument
// too many are refused with exit code 1 and a hint; where --json is asked for, the error is JSON, and
// nothing else is printed.
func TestEveryCommandIsStrict(t *testing.T) {
	run := func(args ...string) (code int, out, errs string) {
		var o, e strings.Builder
		code = trefoil(context.Background(), args, strings.NewReader(""), &o, &e)
		return code, o.String(), e.String()
	}
	refused := func(args ...string) {
		t.Helper()
		code, out, errs := run(args...)
		if code != exitCould || out != "" || !strings.Contains(errs, "\ntrefoil: hint: ") || strings.Contains(errs, "panic") {
			t.Errorf("%v: code %d, printed %q, %q", args, code, out, errs)
		}
	}
	machines := 0
	var walk func(prefix []string, cs []*cli.Command)
	walk = func(prefix []string, cs []*cli.Command) {
		for _, c := range cs {
			args := append(append([]string{}, prefix...), c.Name)
			more := func(extra ...string) []string { return append(append([]string{}, args...), extra...) }
			refused(more("--no-such-flag")...)
			refused(more("a", "b", "c")...)
			for _, f := range c.Flags {
				name := "--" + f.Names()[0]
				switch f.(type) {
				case *cli.StringFlag:
					refused(more(name)...)
					refused(more(name, "a", name, "b")...)
					refused(more(name+"=a", "x", name+"=b")...)
				case *cli.BoolFlag:
					if f != jsonFlag { // see below: it prints its refusal
						refused(more(name, name)...)
					}
				}
				if f == jsonFlag {
					machines++
					for _, bad := range [][]string{more("--json", "--no-such-flag"), more("/nowhere", "--json"), more("--json", "a", "b", "c"), more("--json", "--json"), more("--json=true", "--no-such-flag"), more("--json", "/nowhere", "--no-value", "--"+c.Flags[0].Names()[0])} {
						code, out, errs := run(bad...)
						var got struct {
							Error string `json:"error"`
							Code  int    `json:"exit_code"`
						}
						if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitCould || got.Code != code || got.Error == "" || errs == "" {
							t.Errorf("%v: code %d, printed %q, %q", bad, code, out, errs)
						}
					}
				}
			}
			walk(args, c.Subcommands)
		}
	}
	walk([]string{"trefoil"}, commands())
	if machines < 4 {
		t.Errorf("%d commands speak JSON", machines)
	}
	refused("trefoil", "colect")
	refused("trefoil", "controls", "lst")
	refused("trefoil", "--no-such-flag")
	refused("trefoil", "completion", "tcsh")
}

// What a run's names say does not steer the terminal that shows an error.
func TestErrorsArePlain(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "\x1b]0;owned\x07"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"trefoil", "coverage", dir}, {"trefoil", "coverage", "--json", dir}, {"trefoil", "coverage", "\x1b[2J"}} {
		var out, errs strings.Builder
		if code := trefoil(context.Background(), args, strings.NewReader(""), &out, &errs); code == exitDone || strings.ContainsAny(out.String()+errs.String(), "\x1b\x07") {
			t.Errorf("%v: code %d, %q %q", args, code, out.String(), errs.String())
		}
	}
}

// The shell asks the program what could follow.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		args string
		want []string
	}{
		{"", []string{"verify", "collect", "demo"}}, {"controls", []string{"list", "show", "doc"}},
		{"verify --re", []string{"--reperform", "--report"}}, {"verify run --tr", []string{"--trust"}},
	} {
		var out, errs strings.Builder
		args := append(append([]string{"trefoil"}, strings.Fields(c.args)...), "--generate-bash-completion")
		if code := trefoil(context.Background(), args, strings.NewReader(""), &out, &errs); code != exitDone {
			t.Errorf("%v: code %d, %s", args, code, errs.String())
		}
		for _, word := range c.want {
			if !slices.Contains(strings.Fields(out.String()), word) {
				t.Errorf("%v: %q lacks %s", args, out.String(), word)
			}
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		var out, errs strings.Builder
		if code := trefoil(context.Background(), []string{"trefoil", "completion", shell}, strings.NewReader(""), &out, &errs); code != exitDone || !strings.Contains(out.String(), "trefoil") {
			t.Errorf("%s: code %d, %s", shell, code, errs.String())
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s is not here: its script was not read by it", shell)
			continue
		}
		check := exec.Command(path, "-n")
		check.Stdin = strings.NewReader(out.String())
		if said, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s -n: %v %s", shell, err, said)
		}
	}
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
