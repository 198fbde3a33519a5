package engagement

import (
	"errors"
	"strings"
	"testing"
)

const withPlugin = `name: n
auditor: a
auditee: b
period: {from: 2026-01-01, to: 2026-12-31}
signing: {timestamp: none}
plugins:
  - name: inventory
    path: p/inventory.py
    sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    manifest_sha256: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    interpreter: {path: /usr/bin/python3, args: [-I]}
    inputs: {sites.csv: dc/sites.csv}
`

func TestPluginsOfAnEngagement(t *testing.T) {
	f, err := ParseFile("engagement.yaml", []byte(withPlugin))
	if err != nil {
		t.Fatal(err)
	}
	if p := f.Plugins[0]; p.Manifest != "p/inventory.py.manifest.json" || p.LimitSeconds != 60 {
		t.Errorf("defaults: %+v", p)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"no pin":                 {"    sha256: aaaa", "    sha256: AAAA", "plugins[0].sha256"},
		"no pin of the manifest": {"    manifest_sha256: bbbb", "    manifest_sha256: b", "plugins[0].manifest_sha256"},
		"searched for":           {"/usr/bin/python3", "python3", "no absolute path"},
		"runner's pin":           {"args: [-I]}", "sha256: x}", "interpreter.sha256"},
		"path as a name":         {"sites.csv: dc", "../sites.csv: dc", "no name of an input"},
		"reserved name":          {"sites.csv: dc", "manifest.json: dc", "no name of an input"},
		"no file":                {"dc/sites.csv", `""`, "names no file"},
		"for ever":               {"    inputs:", "    time_limit_s: 100000\n    inputs:", "time_limit_s"},
		"name":                   {"name: inventory", "name: In/ventory", "is no name"},
		"misspelt":               {"interpreter:", "interpeter:", "unknown field"},
	} {
		text := strings.Replace(withPlugin, c.old, c.new, 1)
		_, err := ParseFile("engagement.yaml", []byte(text))
		var fault *FileError
		if text == withPlugin || !errors.As(err, &fault) || fault.Line == 0 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestSitesOfTheRegister(t *testing.T) {
	const sites = "sites:\n  - {id: \"site:hamar-1\", country: NO, because: lease}\n  - {id: \"site:dublin-1\", country: \"IE\", because: visit}\n"
	r, err := ParseRegister("register.yaml", []byte(sites))
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Countries(); len(c) != 2 || c["site:hamar-1"] != "NO" {
		t.Errorf("%v", c)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"a region":   {"site:hamar-1", "eu-west-2", "is no site"},
		"no country": {"country: NO", "country: Norway", "no ISO 3166-1 code"},
		"no source":  {"because: lease", "because: \"\"", "because: is missing"},
		"twice":      {"site:dublin-1", "site:hamar-1", "stands twice"},
	} {
		if _, err := ParseRegister("register.yaml", []byte(strings.Replace(sites, c.old, c.new, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
