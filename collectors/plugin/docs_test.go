package plugin

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The examples of docs/plugins.md are what this build takes.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/plugins.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d examples", len(blocks))
	}
	m, err := ParseManifest(blocks[1][1])
	if err != nil {
		t.Fatal(err)
	}
	body := strings.ReplaceAll(string(blocks[0][1]), "\n   ", "")
	out, err := m.Read(Origin{Target: "plugin-shed", Exchange: "x:1", Seen: origin.Seen, Inputs: map[string]InputFile{"volumes.csv": {SHA256: "a", Lines: 2}}}, []byte(body))
	if err != nil || len(out.Facts) != 1 || len(out.Missed) != 1 {
		t.Errorf("%+v %v", out, err)
	}
	for _, bound := range []string{"64 MiB", "1 MiB a line", "200,000 facts", "10,000 missed"} {
		if !strings.Contains(string(page), bound) {
			t.Errorf("the page lacks the bound %q", bound)
		}
	}
	if MaxOutput != 64<<20 || MaxLine != 1<<20 || MaxFacts != 200_000 || MaxMissed != 10_000 {
		t.Error("the bounds are others than the page says")
	}
}
