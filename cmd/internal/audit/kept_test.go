package audit

import (
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/store"
)

func TestKept(t *testing.T) {
	r, _ := seen(t)
	for name, c := range map[string]struct {
		about  store.Description
		said   string
		result string
		detail string
	}{
		"good":                {store.Description{Provider: true, Where: []string{"eu-west-1"}}, "eu-west-1", "ok", "eu-west-1"},
		"good, unsaid":        {store.Description{Provider: true, Where: []string{"EUROPE-WEST1"}}, "", "ok", "EUROPE-WEST1"},
		"good, other letters": {store.Description{Provider: true, Where: []string{"EUROPE-WEST1"}}, "europe-west1", "ok", ""},
		"outside":             {store.Description{Provider: true, Where: []string{"us-east-1"}}, "", "failed", "not in an allowed"},
		"outside, said so":    {store.Description{Provider: true, Where: []string{"us-east-1"}}, "us-east-1", "failed", "not in an allowed"},
		"one of two outside":  {store.Description{Provider: true, Where: []string{"EUROPE-WEST1", "US-EAST1"}}, "", "failed", ""},
		"multi-region":        {store.Description{Provider: true, Where: []string{"US"}}, "", "failed", ""},
		"other than said":     {store.Description{Provider: true, Where: []string{"eu-central-1"}}, "eu-west-1", "failed", "eu-west-1 was said, the provider says eu-central-1"},
		"unlisted":            {store.Description{Provider: true, Where: []string{"eu-moon-1"}}, "", "warning", "not in the table"},
		"nobody says":         {store.Description{}, "", "warning", "nobody says"},
		"stated":              {store.Description{}, "country:IE", "warning", "STATED"},
		"stated, outside":     {store.Description{}, "country:US", "failed", "not in an allowed"},
		"no answer":           {store.Description{Provider: true, NotSeen: []string{"location: denied"}}, "", "warning", "nobody says"},
		"another endpoint":    {store.Description{Where: []string{"eu-west-1"}}, "", "warning", "nobody says"},
		"another, outside":    {store.Description{Where: []string{"eu-west-1"}}, "us-east-1", "failed", "not in an allowed"},
		"copies":              {store.Description{Provider: true, Where: []string{"eu-west-1"}, CopiesTo: []string{"arn:aws:s3:::else"}}, "", "warning", "it copies to arn:aws:s3:::else"},
		"replication denied":  {store.Description{Provider: true, Where: []string{"eu-west-1"}, NotSeen: []string{"replication: denied"}}, "", "warning", "not seen: replication: denied"},
	} {
		got, err := Kept(r, &c.about, c.said)
		if err != nil || got.Result != c.result || !strings.Contains(got.Detail, c.detail) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
