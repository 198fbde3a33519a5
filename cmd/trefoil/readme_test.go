package main

import (
	"context"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var exitNote = regexp.MustCompile(`\s+# exit (\d)$`)

// notRun are lines of blocks that the test does not run, and why.
var notRun = map[string]string{
	"go test ./...":            "this is it",
	"go install ./cmd/trefoil": "the program is in this test",
	"(umask 077; openssl rand -base64 24 > passphrase)":                "a test needs Go alone; runBlocks writes the file",
	"git clone https://github.com/trefoil-audit/trefoil && cd trefoil": "it needs the network",
	"ci/reproduce COMMIT trefoil-rebuilt":                              "it needs a commit and git; .ci/integration runs it",
}

// TestReadme runs the README from top to bottom, in an empty folder: each line of its sh and console
// blocks. Where it says to edit the engagement, one account is named, at an endpoint where nobody answers.
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
	edited := "trefoil audit -c engagement/engagement.yaml"
	if ran := runBlocks(t, string(text), nil, map[string]func() int{edited: func() int {
		file, err := os.ReadFile("engagement/engagement.yaml")
		if err != nil {
			t.Fatal(err)
		}
		local := strings.Replace(strings.Replace(string(file), `management: "123456789012"`, `accounts: ["123456789012"]`, 1), "# overrides:", "overrides: {aws_endpoint: \"http://127.0.0.1:9\"} #", 1)
		if err := os.WriteFile("engagement/engagement.yaml", []byte(local), 0o644); err != nil || local == string(file) {
			t.Fatalf("the engagement was not edited: %v", err)
		}
		return exitUnjudged // nobody answers, and no control passes on that
	}, "trefoil redact ": guideMinimisation(t)["trefoil redact "]}); ran < 14 {
		t.Errorf("only %d commands were run", ran)
	}
	for _, left := range []string{"demo/run/run.json", "demo/report.xlsx", "demo/trust.yaml", "engagement/run-1/run.json", "engagement/run-1.xlsx", "engagement/run-1.xlsx.sigstore.json"} {
		if _, err := os.Stat(left); err != nil {
			t.Errorf("the README says that there is a %s: %v", left, err)
		}
	}
	for _, f := range exitTable {
		if !strings.Contains(string(text), "| "+strconv.Itoa(f.code)+" | ") {
			t.Errorf("the README does not say what exit code %d means", f.code)
		}
	}
}

// TestGuides runs the console blocks of guides that need nothing but the program and a demonstration.
func TestGuides(t *testing.T) {
	demo, err := demonstration()
	if err != nil {
		t.Fatal(err)
	}
	for name, least := range map[string]int{"stores.md": 5, "collector.md": 2, "minimisation.md": 4} {
		text, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		before := guideMinimisation(t)
		t.Run(name, func(t *testing.T) {
			if ran := runBlocks(t, string(text), demo, before); ran < least {
				t.Errorf("only %d commands were run", ran)
			}
		})
	}
}

// runBlocks runs the commands of sh and console blocks, one after the other, in an empty folder, and says
// how many there were. Demo is what its `trefoil demo` leaves; nil: it is run. Before is what is done before
// a command that begins so, and gives its exit code.
func runBlocks(t *testing.T, text string, demo fs.FS, before map[string]func() int) int {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if name == "HOME" || strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "SSL_CERT_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			t.Setenv(name, "") // collect stops at what redirects, and nobody's credentials are for a test
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if err := os.WriteFile("passphrase", []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ran, inside := 0, false
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "```") {
			inside = !inside && (line == "```console" || line == "```sh")
			continue
		}
		if !inside || line == "" || notRun[line] != "" {
			continue
		}
		want := 0
		if m := exitNote.FindStringSubmatch(line); m != nil {
			want, _ = strconv.Atoi(m[1])
		}
		command := strings.TrimPrefix(exitNote.ReplaceAllString(line, ""), "$ ")
		command = strings.Replace(command, "go run ./cmd/trefoil ", "trefoil ", 1)
		if !strings.HasPrefix(command, "trefoil ") {
			t.Errorf("a line that nobody runs: %s", line)
			continue
		}
		for prefix, do := range before {
			if strings.HasPrefix(command, prefix) {
				want = do()
			}
		}
		ran++
		if command == "trefoil demo --out demo" && demo != nil {
			if err := os.CopyFS(".", demo); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var out, errs strings.Builder
		if code := trefoil(context.Background(), words(command), strings.NewReader(""), &out, &errs); code != want {
			t.Errorf("%s: exit %d, want %d: %s", command, code, want, errs.String())
		}
	}
	return ran
}

// guideMinimisation writes, before the commands that need them, the redact.yaml and the copy.yaml that
// docs/minimisation.md shows; in the latter, the key that the guide's commands made.
func guideMinimisation(t *testing.T) map[string]func() int {
	t.Helper()
	guide, err := os.ReadFile("../../docs/minimisation.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := func(name string) string {
		_, rest, ok := strings.Cut(string(guide), "```yaml\n# "+name+"\n")
		text, _, end := strings.Cut(rest, "```")
		if !ok || !end {
			t.Fatalf("docs/minimisation.md shows no %s", name)
		}
		return text
	}
	rules, trust := shown("redact.yaml"), shown("copy.yaml")
	written := func(name string, text []byte, err error) int {
		if err == nil {
			err = os.WriteFile(name, text, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
		return exitDone
	}
	return map[string]func() int{
		"trefoil redact ": func() int { return written("redact.yaml", []byte(rules), nil) },
		"trefoil verify --trust copy.yaml": func() int {
			public, err := os.ReadFile("office/office.pub")
			key, indent := strings.Split(strings.TrimSpace(string(public)), "\n"), "\n      "
			lines := strings.Join(key[min(1, len(key)):max(1, len(key)-1)], indent)
			if !strings.Contains(trust, indent+"…"+indent) {
				t.Error("docs/minimisation.md: copy.yaml shows no place for the key")
			}
			return written("copy.yaml", []byte(strings.Replace(trust, "…", lines, 1)), err)
		},
	}
}

// words splits a command line as a shell does where nothing but single quotes is special.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}
