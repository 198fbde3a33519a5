package main

import (
	"context"
	"os"
	"regexp"
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
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if err := os.WriteFile("passphrase", []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ran, inside := 0, false
	for line := range strings.SplitSeq(string(text), "\n") {
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
	if ran < 7 {
		t.Errorf("only %d commands were run", ran)
	}
	for _, f := range exitTable {
		if !strings.Contains(string(text), "| "+strconv.Itoa(f.code)+" | ") {
			t.Errorf("the README does not say what exit code %d means", f.code)
		}
	}
}
