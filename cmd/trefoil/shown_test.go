package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v2"
)

var shownFlag = regexp.MustCompile(`(?:^|[\s,\[])(--?[a-z][a-z-]*)`)

// inCode finds, in code spans and blocks, what stands where a command of trefoil stands.
var inCode = regexp.MustCompile("(?m)(?:`|^\\$ |^)trefoil ([a-z][a-z-]*)")

// TestShownCommands holds that each command that the guides, the templates for CI and for an engagement,
// and the commands' own help show is there and has the flags that they show.
func TestShownCommands(t *testing.T) {
	app := newApp(strings.NewReader(""), io.Discard, io.Discard)
	texts := map[string]string{}
	for _, pattern := range []string{"../../README.md", "../../CONTRIBUTING.md", "../../docs/*.md", "../../ci/*", "templates/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files (%v)", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts[filepath.Base(file)] = strings.ReplaceAll(string(text), "\\\n", " ")
		}
	}
	var names []string
	for _, c := range app.Commands {
		names = append(names, c.Name)
		texts[c.Name+" --help"] = c.Description
	}
	shown := regexp.MustCompile(`trefoil[ ,\[]+(` + strings.Join(names, "|") + `)\b([^\n|#` + "`" + `]*)`)
	// As an argument list of a container: args: [audit, -c, …]
	args := regexp.MustCompile(`args: \[(` + strings.Join(names, "|") + `)\b([^\n\]]*)`)
	found, commands := 0, map[string]bool{}
	for file, text := range texts {
		for _, m := range inCode.FindAllStringSubmatch(text, -1) {
			if strings.HasSuffix(file, ".md") && !slices.Contains(names, m[1]) {
				t.Errorf("%s: there is no command %q", file, m[1])
			}
		}
		for _, m := range append(shown.FindAllStringSubmatch(text, -1), args.FindAllStringSubmatch(text, -1)...) {
			commands[m[1]] = true
			has := flagNames(app, m[1], strings.Fields(m[2]))
			for _, flag := range shownFlag.FindAllStringSubmatch(m[2], -1) {
				found++
				if !slices.Contains(has, strings.TrimLeft(flag[1], "-")) {
					t.Errorf("%s: %s has no flag %s", file, m[1], flag[1])
				}
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d flags were looked at", found)
	}
	for _, name := range names {
		if !commands[name] {
			t.Errorf("no guide shows the command %s", name)
		}
	}
}

// flagNames are the names of a command's flags, and of its subcommand's where one is named.
func flagNames(app *cli.App, name string, rest []string) []string {
	command := app.Command(name)
	out := []string{"help", "h"}
	for _, flags := range [][]cli.Flag{command.Flags, app.Flags} {
		for _, f := range flags {
			out = append(out, f.Names()...)
		}
	}
	if len(rest) > 0 {
		for _, sub := range command.Subcommands {
			if sub.HasName(rest[0]) {
				for _, f := range sub.Flags {
					out = append(out, f.Names()...)
				}
			}
		}
	}
	return out
}

// TestTemplatesForCI holds that the templates, and the README's block, are YAML, and that what they give a
// shell is what a shell reads.
func TestTemplatesForCI(t *testing.T) {
	files, err := filepath.Glob("../../ci/*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("templates: %v %v", files, err)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(file)] = string(text)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range strings.Split(string(readme), "```yaml\n")[1:] {
		texts["README.md "+string(rune('a'+i))], _, _ = strings.Cut(block, "```")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Log("bash is not here: no script was read by it")
	}
	for name, text := range texts {
		var tree any
		if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		scripts := scriptsOf("", tree)
		if !slices.ContainsFunc(scripts, func(s string) bool { return strings.Contains(s, "trefoil audit ") }) {
			t.Errorf("%s: no step runs trefoil audit: %q", name, scripts)
		}
		for _, script := range scripts {
			if bash == "" {
				break
			}
			check := exec.Command(bash, "-n")
			check.Stdin = strings.NewReader(script)
			if said, err := check.CombinedOutput(); err != nil || len(said) > 0 {
				t.Errorf("%s: bash -n: %v %s in %q", name, err, said, script)
			}
		}
	}
}

// scriptsOf lists what a pipeline's description gives a shell: run (GitHub), script (GitLab).
func scriptsOf(key string, node any) []string {
	var out []string
	switch n := node.(type) {
	case map[string]any:
		for k, v := range n {
			out = append(out, scriptsOf(k, v)...)
		}
	case []any:
		for _, v := range n {
			out = append(out, scriptsOf(key, v)...)
		}
	case string:
		if key == "run" || strings.HasSuffix(key, "script") {
			out = append(out, n)
		}
	}
	return out
}
