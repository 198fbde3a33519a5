package audit

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/collectors/gcp"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// A project of a domain is a target whose name can be a file's, and which the engagement can name.
func TestProjectOfADomainIsATarget(t *testing.T) {
	const id, target = "example.com:mail-store", "gcp-example.com_mail-store"
	file := &engagement.File{GCP: []engagement.GCP{{Organization: "1"}}}
	g := &gatherer{file: file}
	jobs := g.gcpProjects(gcp.ReplayAccess(gcp.Settings{}), map[string]foundAccount{id: {id: id, state: "active", wanted: true}})
	if len(jobs) != 1 || jobs[0].target.ID != target || jobs[0].target.Account != id || jobs[0].refused != "" {
		t.Fatalf("%+v", jobs)
	}
	w, err := bundle.Create(t.TempDir(), jobs[0].target.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Abort(); err != nil {
		t.Error(err)
	}
	names := targetNames{file: file}
	if !names.possible(target) || !targetForm().MatchString(target) {
		t.Errorf("%s can be no target", target)
	}
	file = &engagement.File{GCP: []engagement.GCP{{Projects: []string{id}}}}
	if sure := (targetNames{file: file}).sure(); strings.Join(sure, " ") != target {
		t.Errorf("sure are %v", sure)
	}
	if got := engagement.OwnerIn("//bigquery.googleapis.com/projects/" + id + "/datasets/d"); got != target {
		t.Errorf("its dataset is of %s", got)
	}
}
