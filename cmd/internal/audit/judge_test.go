package audit

import (
	"maps"
	"reflect"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// A judgement that is read back where it was made says the same; its catalogue is read anew only where it is another
// one, or of other kinds.
func TestRecordedWhereItWasMade(t *testing.T) {
	_, r, j, _ := clover(t)
	want, err := Recorded(r, j.Digest)
	if err != nil {
		t.Fatal(err)
	}
	got, err := j.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	if got.world.catalogue != j.world.catalogue || !reflect.DeepEqual(got.world.catalogue.Controls, want.world.catalogue.Controls) {
		t.Error("the same catalogue is read anew")
	}
	if got.Digest != want.Digest || !maps.Equal(got.Inputs, want.Inputs) || !reflect.DeepEqual(got.Results.Lines, want.Results.Lines) || !reflect.DeepEqual(got.world.rows, want.world.rows) {
		t.Error("what is read back where it was made says something else")
	}
	files := maps.Clone(j.world.files)
	for name, text := range files {
		files[name] = text + "\n# another\n"
		break
	}
	kinds := maps.Clone(j.world.kinds)
	for name := range kinds {
		delete(kinds, name)
		break
	}
	for name, c := range map[string]struct {
		files map[string]string
		kinds evidence.Kinds
	}{"files": {files, j.world.kinds}, "kinds": {j.world.files, kinds}} {
		if other, err := j.world.readAgain(c.files, c.kinds); err != nil || other == j.world.catalogue {
			t.Errorf("other %s: %v, taken for the same catalogue", name, err)
		}
	}
}
