package plugin

import (
	"errors"
	"strings"
	"testing"
)

// Nothing that a plug-in writes lies in a country that the register does not say.
func TestPlacesAreTheRegistersToSay(t *testing.T) {
	text := strings.Replace(manifest, `"facets":["located"]`, `"facets":["copies","guardrail","located"]`, 1)
	m, err := ParseManifest([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	const other = `{"fact":{"id":"dc:other/1","kind":"dc.other","name":"o","fields":{"located":["site:a"],
"copies":[{"how":"replica","to":"dc:thing/9","active":true,"owner":null,"located":["site:b"]}],
"guardrail":{"kind":"boundary","attached_to":[],"effect":"allow_only","locations":["site:c"],"exempt":[]}}}}`
	end := "\n" + `{"end":{"counts":{"dc.thing":0,"dc.other":1}}}` + "\n"
	good := strings.ReplaceAll(other, "\n", "") + end
	for _, site := range []string{`"site:a"`, `"site:b"`, `"site:c"`} {
		for places, want := range map[string]string{
			site: "", ``: "", site + `,"country:IE"`: "", `"country:IE",` + site: "", site + `,"site:d"`: "",
			`"country:IE"`: "country:IE without a site:", `"country:IE","country:NO"`: "country:IE without a site:",
			`"eu-west-1"`: "eu-west-1 is no place", site + `,"eu-west-1"`: "eu-west-1 is no place", `"EU"`: "is no place",
			`"Site:a"`: "is no place", `" country:IE",` + site: "is no place", site + `,""`: "is no place",
		} {
			out, err := m.Read(origin, []byte(strings.Replace(good, site, places, 1)))
			var fault *OutputError
			switch {
			case want == "" && (err != nil || len(out.Facts) != 1):
				t.Errorf("%s: %v", places, err)
			case want != "" && (!errors.As(err, &fault) || fault.Line != 1 || out != nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%s: %v, want %q", places, err, want)
			}
		}
	}
}
