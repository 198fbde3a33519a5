package gcp

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/api/bigquery/v2"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// datasets says of each BigQuery dataset where it lies, how new tables are encrypted and who is
// on its access list.
type datasets struct{ access *Access }

func (c *datasets) Info() collectors.Info {
	return collectors.Info{Name: "gcp/bigquery", Provider: "gcp", Runs: collectors.Account, Kinds: []*evidence.Kind{kindDataset},
		Operations: []collectors.Operation{
			lists(marked("bigquery:datasets.list", "bigquery.datasets.get", "kind", "string"), kindDataset),
			under(marked("bigquery:datasets.get", "bigquery.datasets.get", "datasetReference", "object"), "bigquery:datasets.list"),
		}}
}

func (c *datasets) Collect(ctx context.Context, s *collectors.Session) error {
	service, err := bigquery.NewService(ctx, c.access.options(s, collectors.Global, "bigquery")...)
	if err != nil {
		return err
	}
	project := s.Target().Account
	own := c.access.known(project)
	list(ctx, s, collectors.Global, "bigquery:datasets.list", kindDataset, func(ctx context.Context, token string) (page[*bigquery.DatasetListDatasets], error) {
		r, err := service.Datasets.List(project).All(true).MaxResults(1000).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[*bigquery.DatasetListDatasets]{}, err
		}
		return page[*bigquery.DatasetListDatasets]{items: r.Datasets, next: r.NextPageToken, missing: strings.Join(r.Unreachable, ", ")}, nil
	}, func(d *bigquery.DatasetListDatasets, from []string) {
		if d.DatasetReference == nil {
			s.Spoil(kindDataset, collectors.Global, errNameless)
			return
		}
		name := d.DatasetReference.DatasetId
		full := ask(ctx, s, collectors.Global, "bigquery:datasets.get", func(ctx context.Context) (*bigquery.Dataset, error) {
			return service.Datasets.Get(project, name).AccessPolicyVersion(policyVersion).Context(ctx).Do()
		})
		a := datasetAnswers{owner: owner{id: datasetID(project, name), region: place(d.Location), project: project, number: own.number}, listed: d, full: full}
		s.Emit(kindDataset, a.fact().Because(from...).Because(own.from...))
	})
	return nil
}

// datasetAnswers is everything that was asked about one dataset.
type datasetAnswers struct {
	owner  owner
	listed *bigquery.DatasetListDatasets
	full   collectors.Answer[*bigquery.Dataset]
}

func datasetID(project, name string) string {
	return "//bigquery.googleapis.com/projects/" + project + "/datasets/" + name
}

// travelDays is how long a deletion can be undone where the dataset says nothing else.
const travelDays = 7

func (a *datasetAnswers) fact() *evidence.Fact {
	d := a.listed
	f := evidence.NewFact(kindDataset, a.owner.id, d.DatasetReference.DatasetId).Because(a.full.From...)
	f.Region = a.owner.region
	f.Set("/store/class", "warehouse").Set("/store/engine", "bigquery").SetTags(d.Labels).Set("/located", []string{a.owner.region})
	f.Unknown(a.full.Row, "/copies") // no answer of this API names a dataset's replicas
	if !a.full.OK() {
		return f.Unknown(a.full.Row, "/encryption/at_rest", "/encryption/key", "/exposure/public", "/exposure/public_how",
			"/exposure/shared_with", "/protection/recoverable_days", "/origin", "/attrs/type", "/attrs/access")
	}
	full := a.full.Value
	if e := full.DefaultEncryptionConfiguration; e != nil && e.KmsKeyName != "" {
		f.Set("/encryption/at_rest", "customer_key").Set("/encryption/key", keyID(e.KmsKeyName))
	} else {
		f.Set("/encryption/at_rest", "provider_key").None(kindDataset, "/encryption/key")
	}
	if full.MaxTimeTravelHours > 0 {
		f.Set("/protection/recoverable_days", int(full.MaxTimeTravelHours/24))
	} else {
		f.Set("/protection/recoverable_days", travelDays)
	}
	switch l := full.LinkedDatasetSource; {
	case l != nil && l.SourceDataset != nil:
		f.Set("/origin", datasetID(l.SourceDataset.ProjectId, l.SourceDataset.DatasetId))
	case full.Type == "LINKED" || full.Type == "EXTERNAL": // it shows what lies elsewhere
		f.Unknown(a.full.Row, "/origin")
	default:
		f.None(kindDataset, "/origin")
	}
	setText(f, kindDataset, "/attrs/type", full.Type)
	a.setExposure(f)
	return f
}

// setExposure says whom the access list lets in. Each dataset is made with a list, and an answer of its
// metadata alone has none: without one, nothing is said.
func (a *datasetAnswers) setExposure(f *evidence.Fact) {
	if len(a.full.Value.Access) == 0 {
		f.Unknown(a.full.Row, "/attrs/access", "/exposure/public", "/exposure/public_how", "/exposure/shared_with")
		return
	}
	var public, shared, all []string
	for _, e := range a.full.Value.Access {
		whom := grantee(e, a.owner.project)
		role := e.Role
		if role == "" {
			role = "authorized"
		}
		all = append(all, role+": "+whom)
		r := reachOf([]string{whom}, a.owner.project, a.owner.number)
		for _, p := range r.public {
			public = append(public, "access list: "+role+" to "+p)
		}
		shared = append(shared, r.shared...)
	}
	f.Set("/attrs/access", sorted(all)).Set("/exposure/public", len(public) > 0).Set("/exposure/public_how", sorted(public)).Set("/exposure/shared_with", sorted(shared))
}

// ownGroups are the groups of the dataset's own project, as policies name them.
var ownGroups = map[string]string{"projectOwners": "projectOwner", "projectWriters": "projectEditor", "projectReaders": "projectViewer"}

// errNameless stands for an entry of a list that does not say what it is.
var errNameless = errors.New("an entry of the list has no name")

// grantee writes an entry of an access list as a policy would name it. Views, routines and
// datasets that are authorised stand for their project's readers.
func grantee(e *bigquery.DatasetAccess, project string) string {
	switch {
	case e.UserByEmail != "" && strings.HasSuffix(e.UserByEmail, "gserviceaccount.com"):
		return "serviceAccount:" + e.UserByEmail
	case e.UserByEmail != "":
		return "user:" + e.UserByEmail
	case e.GroupByEmail != "":
		return "group:" + e.GroupByEmail
	case e.Domain != "":
		return "domain:" + e.Domain
	case e.IamMember != "":
		return e.IamMember
	case e.View != nil:
		return "projectViewer:" + e.View.ProjectId
	case e.Routine != nil:
		return "projectViewer:" + e.Routine.ProjectId
	case e.Dataset != nil && e.Dataset.Dataset != nil:
		return "projectViewer:" + e.Dataset.Dataset.ProjectId
	case ownGroups[e.SpecialGroup] != "":
		return ownGroups[e.SpecialGroup] + ":" + project
	case e.SpecialGroup != "":
		return e.SpecialGroup
	}
	return "unknown"
}
