package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var exitNote = regexp.MustCompile(`\s+# exit (\d)$`)

// TestReadme runs the README's console blocks, in their order, in an empty folder.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, must := range []string{"go run ./cmd/trefoil demo --out demo\n", "go test ./...\n"} {
		if !strings.Contains(string(text), must) {
			t.Errorf("the README lacks %q", must)
		}
	}
	if ran := runBlocks(t, string(text)); ran < 7 {
		t.Errorf("only %d commands were run", ran)
	}
	for _, f := range exitTable {
		if !strings.Contains(string(text), "| "+strconv.Itoa(f.code)+" | ") {
			t.Errorf("the README does not say what exit code %d means", f.code)
		}
	}
}

// TestGuides runs the console blocks of guides that need nothing but the program.
func TestGuides(t *testing.T) {
	for name, least := range map[string]int{"stores.md": 5, "collector.md": 2} {
		text, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			if ran := runBlocks(t, string(text)); ran < least {
				t.Errorf("only %d commands were run", ran)
			}
		})
	}
}

// runBlocks runs the commands of console blocks in an empty folder and says how many there were.
func runBlocks(t *testing.T, text string) int {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if err := os.WriteFile("passphrase", []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ran, inside := 0, false
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "```console":
			inside = true
		case strings.HasPrefix(line, "```"):
			inside = false
		case inside && strings.HasPrefix(line, "$ trefoil "):
			want := 0
			if m := exitNote.FindStringSubmatch(line); m != nil {
				want, _ = strconv.Atoi(m[1])
			}
			command := exitNote.ReplaceAllString(strings.TrimPrefix(line, "$ "), "")
			var out, errs strings.Builder
			if code := trefoil(context.Background(), strings.Fields(command), strings.NewReader(""), &out, &errs); code != want {
				t.Errorf("%s: exit %d, want %d: %s", command, code, want, errs.String())
			}
			ran++
		}
	}
	return ran
}

var shownCommand = regexp.MustCompile(`trefoil[ ,\[]+(audit|push|pull|attest|collect|countersign|gap|test|report|verify|drift|explain|coverage|permissions|controls|init|demo)\b([^\n|#` + "`" + `]*)`)

var shownFlag = regexp.MustCompile(`(?:^|[\s,\[])(--?[a-z][a-z-]*)`)

// TestShownCommands holds that each command that the guides and the templates for CI show has
// the flags that they show.
func TestShownCommands(t *testing.T) {
	app := newApp(strings.NewReader(""), io.Discard, io.Discard)
	found := 0
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../ci/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files (%v)", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range shownCommand.FindAllStringSubmatch(string(text), -1) {
				command := app.Command(m[1])
				if command == nil {
					t.Errorf("%s: there is no command %q", file, m[1])
					continue
				}
				var names []string
				for _, f := range command.Flags {
					names = append(names, f.Names()...)
				}
				for _, flag := range shownFlag.FindAllStringSubmatch(m[2], -1) {
					found++
					if !slices.Contains(names, strings.TrimLeft(flag[1], "-")) {
						t.Errorf("%s: %s has no flag %s", filepath.Base(file), m[1], flag[1])
					}
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d flags were looked at", found)
	}
}
