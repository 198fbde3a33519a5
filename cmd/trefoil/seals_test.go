package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// trust OUT HEAD FILE... writes a trust.yaml: the lines of HEAD, and the keys of those files.
func trust(ts *testscript.TestScript, neg bool, args []string) {
	out := strings.ReplaceAll(args[1], `\n`, "\n") + "keys:\n"
	for _, file := range args[2:] {
		_, keys, ok := strings.Cut(ts.ReadFile(file), "\nkeys:\n")
		if !ok {
			ts.Fatalf("%s has no keys", file)
		}
		keys, _, _ = strings.Cut(keys, "\n# Signers without")
		out += keys
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(out), 0o644))
}

// auditor FILE makes the second key of a trust.yaml an auditor's.
func auditor(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	first, second, _ := strings.Cut(text, "- name: auditor")
	second = strings.Replace(second, "roles: [collector]", "roles: [auditor]", 1)
	second = strings.Replace(second, "may_sign: [run,", "may_sign: [countersignature, run,", 1)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(first+"- name: auditor"+second), 0o644))
}

// replace FILE OLD NEW replaces text that must be there once.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	if strings.Count(text, args[1]) != 1 {
		ts.Fatalf("%s holds %q %d times", args[0], args[1], strings.Count(text, args[1]))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], strings.ReplaceAll(args[2], `\n`, "\n"), 1)), 0o644))
}

// droppedverdict RUN removes the verdict that is a test result.
func droppedVerdict(ts *testscript.TestScript, neg bool, args []string) {
	all, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "seals", "*"))
	ts.Check(err)
	for _, path := range all {
		if bytes.Contains(payload(ts, path), []byte(seal.TestResultType)) {
			ts.Check(os.Remove(path))
			return
		}
	}
	ts.Fatalf("no test result among %v", all)
}

// countersigner RUN wants a countersignature that says by which build of the program the run was verified.
func countersigner(ts *testscript.TestScript, neg bool, args []string) {
	all, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "seals", "*"))
	ts.Check(err)
	for _, path := range all {
		var statement struct {
			Predicate struct {
				Verifier struct {
					ID      string   `json:"id"`
					Version run.Tool `json:"version"`
				} `json:"verifier"`
			} `json:"predicate"`
		}
		ts.Check(json.Unmarshal(payload(ts, path), &statement))
		if v := statement.Predicate.Verifier; v.ID == seal.CountersignVerifier && len(v.Version.Binary) == 64 && v.Version.Version != "" {
			return
		}
	}
	ts.Fatalf("no countersignature among %v says which build verified", all)
}

// payload is the statement inside a signature file.
func payload(ts *testscript.TestScript, path string) []byte {
	text, err := os.ReadFile(path)
	ts.Check(err)
	var b struct {
		Envelope struct {
			Payload []byte `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	ts.Check(json.Unmarshal(text, &b))
	return b.Envelope.Payload
}
