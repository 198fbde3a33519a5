package gcp

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors"
)

// No answer that could hold a credential keeps it, whole JSON or not.
func TestScrub(t *testing.T) {
	instances := (&instances{}).Info().Operations[0]
	for member, op := range map[string]collectors.Operation{"secretAccessKey": transferJobs(), "sasToken": transferJobs(), "rootPassword": instances, "clientKey": instances} {
		escaped := `\u00` + map[bool]string{true: "73", false: "00"}[member[0] == 's'] + member[1:]
		for name, body := range map[string]string{
			"whole":          `{"items":[{"a":{"MEMBER":"s3cr3t"}}]}`,
			"a member twice": `{"kind":"a","kind":"b","MEMBER":"s3cr3t"}`,
			"cut off":        `{"items":[{"MEMBER":"s3cr3t"`,
			"no UTF-8":       "{\"x\":\"\xff\",\"MEMBER\":\"s3cr3t\"}",
			"escaped, cut":   `{"` + escaped + `":"s3cr3t"`,
		} {
			clean, what := op.Scrub([]byte(strings.ReplaceAll(body, "MEMBER", member)))
			if strings.Contains(string(clean), "s3cr3t") || len(what) == 0 {
				t.Errorf("%s, %s: %s (%v)", member, name, clean, what)
			}
		}
		const page = "<html>busy</html>"
		if clean, what := op.Scrub([]byte(page)); string(clean) != page || what != nil {
			t.Errorf("a page that holds nothing: %s, %v", clean, what)
		}
	}
}
