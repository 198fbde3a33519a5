package plugin

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// The inventory's manifest is sound, and what the program wrote of its sample (recorded; the
// integration part runs it anew and wants the same bytes) is taken, whole.
func TestInventorySample(t *testing.T) {
	text, err := os.ReadFile("inventory/inventory.py.manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	p := &Plugin{Manifest: m, Inputs: map[string][]byte{}}
	for _, in := range m.Inputs {
		if p.Inputs[in.Name], err = os.ReadFile(filepath.Join("inventory/sample", in.Name)); err != nil {
			t.Fatal(err)
		}
	}
	body, err := os.ReadFile("inventory/sample/output.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Read(Origin{Target: "plugin-inventory", Exchange: "x:1", Seen: origin.Seen, Inputs: p.files()}, body)
	if err != nil || len(out.Missed) > 0 {
		t.Fatal(out, err)
	}
	counts := map[string]int{}
	for _, f := range out.Facts {
		counts[f.Kind]++
		if f.ID == "dc:volume/hamar-san-1/messages" {
			located, _ := f.Get("/located/0")
			to, _ := f.Get("/copies/0/to")
			if located != "site:hamar-1" || to != "dc:volume/dublin-san-1/messages-copy" || !slices.Contains(f.From, "i:"+evidence.Digest(p.Inputs["volumes.csv"])+"#2") {
				t.Errorf("%+v", f)
			}
		}
	}
	if counts["dc.site"] != 2 || counts["dc.rack"] != 2 || counts["dc.device"] != 2 || counts["dc.volume"] != 2 || counts["dc.link"] != 1 {
		t.Errorf("%v", counts)
	}
}

// The engagement of the recorded world pins the program as it is: who changes it pins it anew and
// records the world anew.
func TestInventoryIsPinned(t *testing.T) {
	text, err := os.ReadFile("../../fixtures/engagement/engagement.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := engagement.ParseFile("engagement.yaml", text)
	if err != nil || len(f.Plugins) != 1 {
		t.Fatal(f, err)
	}
	for name, pin := range map[string]string{"inventory.py": f.Plugins[0].SHA256, "inventory.py.manifest.json": f.Plugins[0].ManifestSHA256} {
		b, err := os.ReadFile(filepath.Join("inventory", name))
		if err != nil {
			t.Fatal(err)
		}
		if got := evidence.Digest(b); got != pin {
			t.Errorf("%s has the SHA-256 %s; fixtures/engagement/engagement.yaml pins %s", name, got, pin)
		}
	}
}
