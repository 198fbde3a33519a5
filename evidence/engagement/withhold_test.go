package engagement

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// External ids are used, and are not in what a run keeps, however they are written.
func TestExternalIDIsNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		refused  bool
	}{
		"plain":     {"    role: TrefoilAudit", "    role: TrefoilAudit\n    external_id: seeded-id", false},
		"quoted":    {"    role: TrefoilAudit", "    role: TrefoilAudit\n    external_id: \"seeded-id\" # seeded-id is what they gave us", false},
		"flow":      {"  - management: \"123456789012\"\n    role: TrefoilAudit\n", "  - {management: \"123456789012\", external_id: 'seeded-id', role: TrefoilAudit}\n", false},
		"two":       {"    role: TrefoilAudit", "    role: TrefoilAudit\n    external_id: seeded-id\n  - {accounts: [\"111122223333\"], external_id: other-id}", false},
		"escaped":   {"    role: TrefoilAudit", "    role: TrefoilAudit\n    external_id: \"seeded\\x2did\"", true},
		"next line": {"    role: TrefoilAudit", "    role: TrefoilAudit\n    external_id:\n      seeded-id", true},
		"comments": {"    role: TrefoilAudit", "    role: TrefoilAudit # seeded-id, and was ExternalId = old-id, of 2024\n    # external_id: old-id\n    #external-id:\n    #   old-id\n" +
			"    external_id: seeded-id # before: \"external_id\": 'old-id'}\r\n# - {management: \"123456789012\", external_id: old-id}\n#external_id=old-id", false},
		"longer":     {"    role: TrefoilAudit", "    role: TrefoilAudit # seeded-id, seeded-id-other-id\n    external_id: seeded-id\n  - {accounts: [\"111122223333\"], external_id: seeded-id-other-id}", false},
		"in a value": {"    role: TrefoilAudit", "    role: TrefoilAudit\n    external_id: seeded-id\nstore: {url: \"a #seeded-id\"}", true},
		"no such id": {"    role: TrefoilAudit", "    role: TrefoilAudit\n    external_id: \"seeded id\"", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if !strings.Contains(good, c.old) {
				t.Fatal("nothing to replace")
			}
			for file, text := range map[string]string{"engagement.yaml": strings.Replace(good, c.old, c.new, 1), "register.yaml": register + "\n# seeded-id opens it; external_id: old-id\n", "roster.csv": roster, "waivers.yaml": waivers + "\n# external_id: old-id\n"} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			l, err := Load(filepath.Join(dir, "engagement.yaml"))
			if c.refused {
				if err == nil || strings.Contains(err.Error(), "seeded") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || l.File.AWS[0].ExternalID != "seeded-id" {
				t.Fatal(err)
			}
			for file, kept := range l.Raw {
				for _, id := range []string{"seeded-id", "other-id", "old-id"} {
					if strings.Contains(string(kept), id) || file != RosterName && !strings.Contains(string(kept), NotKept) {
						t.Errorf("%s: %s", file, kept)
					}
				}
			}
			if again, err := Parse(l.Raw); err != nil || again.File.AWS[0].ExternalID != NotKept {
				t.Errorf("the kept copy: %v", err)
			}
		})
	}
}

// An external id that stands anywhere else in what is kept is refused with its file and line, and is not said.
func TestExternalIDElsewhereIsRefused(t *testing.T) {
	const id = "trefoil-7Qx93kV"
	for name, c := range map[string]struct {
		file, old, new string
		line           int // -1: taken
	}{
		"nowhere else":            {FileName, "reason: sold", "reason: sold on", -1},
		"in a reason":             {FileName, "reason: sold", "reason: \"sold; entered with " + id + "\"", 12},
		"as a role":               {FileName, "role: TrefoilAudit", "role: " + id, 9},
		"in the register":         {RegisterName, "because: labelled", "because: \"labelled; " + id + "\"", 2},
		"spelt otherwise":         {RegisterName, "because: labelled", `because: "labelled; trefoil\x2d7Qx93kV"`, 0},
		"in a waiver":             {WaiversName, "reason: moving", "reason: entered by " + id, 2},
		"in the roster":           {RosterName, "Other,", id + ",", 3},
		"a part of it":            {RosterName, "Other,", "trefoil-7Qx,", -1},
		"in a comment":            {RegisterName, "trusted_accounts:", "# " + id + "\ntrusted_accounts:", -1},
		"an old one in a comment": {RegisterName, "trusted_accounts:", "# the external id was trefoil-OLD\ntrusted_accounts:", -1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			texts := map[string]string{FileName: good, RegisterName: register, RosterName: roster, WaiversName: waivers}
			if strings.Count(texts[c.file], c.old) != 1 {
				t.Fatal("nothing to replace")
			}
			texts[c.file] = strings.Replace(texts[c.file], c.old, c.new, 1)
			texts[FileName] = strings.Replace(texts[FileName], "aws:\n", "aws:\n  - {accounts: [\"111122223333\"], external_id: "+id+"}\n", 1)
			for file, text := range texts {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			l, err := Load(filepath.Join(dir, FileName))
			if c.line < 0 {
				if err != nil {
					t.Fatal(err)
				}
				for file, kept := range l.Raw {
					if strings.Contains(string(kept), id) || strings.Contains(string(kept), "trefoil-OLD") {
						t.Errorf("%s: %s", file, kept)
					}
				}
				return
			}
			line := c.line
			if c.file == FileName {
				line++ // that of the entry with the id
			}
			var f *FileError
			if !errors.As(err, &f) || f.File != filepath.Join(dir, c.file) || c.line > 0 && f.Line != line || f.Hint == "" || strings.Contains(err.Error()+f.Hint, id) {
				t.Errorf("got %v (%#v)", err, f)
			}
		})
	}
}

// What is shorter than eight characters stands in words, and is cut only where it is said.
func TestShortExternalIDs(t *testing.T) {
	dir := t.TempDir()
	for file, text := range map[string]string{FileName: strings.Replace(good, "    role: TrefoilAudit", "    role: TrefoilAudit\n    external_id: sold", 1), RegisterName: register, RosterName: roster, WaiversName: waivers} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Load(filepath.Join(dir, FileName))
	if err != nil || strings.Contains(string(l.Raw[FileName]), "external_id: sold") {
		t.Fatal(err)
	}
}

// Rules that keep values out are checked as far as a file can be by itself.
func TestWithholdingRules(t *testing.T) {
	rule := func(text string) string { return good + "\nwithhold:\n  - " + text + "\n" }
	if f, err := ParseFile("e.yaml", []byte(rule(`{id: a, operations: ["s3:*"], fields: ["/TagSet/Tag[Key=owner]/Value"], because: b}`))); err != nil || len(f.Withhold) != 1 {
		t.Fatal(err)
	}
	for text, says := range map[string]string{
		`{id: A, operations: [x], fields: [/a], because: b}`:                                                         "withhold[0].id",
		`{id: a, operations: [x], fields: [/a]}`:                                                                     "because is missing",
		`{id: a, fields: [/a], because: b}`:                                                                          "operations must be said",
		`{id: a, operations: [x], fields: [a], because: b}`:                                                          "does not begin with /",
		`{id: a, operation: [x], fields: [/a], because: b}`:                                                          "unknown field",
		"{id: a, operations: [x], fields: [/a], because: b}\n  - {id: a, operations: [x], fields: [/a], because: b}": "stands twice",
	} {
		_, err := ParseFile("e.yaml", []byte(rule(text)))
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "e.yaml:") {
			t.Errorf("%s: %v, want %s", text, err, says)
		}
	}
}
