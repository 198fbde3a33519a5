package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// The examples of parameters in the template, without their #, are taken, and match what they are about.
func TestParametersOfTemplate(t *testing.T) {
	files, err := templateFiles("key")
	if err != nil {
		t.Fatal(err)
	}
	before, parameters, ok := strings.Cut(files["engagement.yaml"], "\nparameters:\n")
	said := regexp.MustCompile(`(?m)^  # ([a-z_]+: \[.*\])$`).ReplaceAllString(parameters, "  $1")
	if !ok || said == parameters {
		t.Fatal("the template has no examples of parameters")
	}
	files["engagement.yaml"] = before + "\nparameters:\n" + said
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := engagement.Load(filepath.Join(dir, "engagement.yaml"))
	if err == nil {
		err = audit.Sound(loaded)
	}
	if err != nil {
		t.Fatal(err)
	}
	for what, patterns := range map[string][]string{
		"arn:aws:iam::222233334444:saml-provider/staff": loaded.File.Parameters.IdentityProviders, "is:C0123abc": loaded.File.Parameters.IdentityProviders,
		"arn:aws:iam::222233334444:oidc-provider/token.actions.githubusercontent.com": loaded.File.Parameters.IdentityProviders,
		"arn:aws:iam::111122223333:role/auditor":                                      loaded.File.Parameters.AuditorPrincipals,
	} {
		if !slices.ContainsFunc(patterns, func(p string) bool { return engagement.Match(p, what) }) {
			t.Errorf("%q: none matches %s", patterns, what)
		}
	}
}
