package evidence

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var bucketKind = &Kind{
	Name: "aws.s3.bucket", Schema: 1,
	Facets:        []string{"store", "located", "copies", "encryption", "exposure", "protection"},
	NotApplicable: map[string]string{"/protection/recoverable_days": "S3 has no recycle bin", "/exposure/network": "S3 has one public endpoint"},
	Attrs:         []Field{str("object_ownership", ""), str("logging", "")},
}

// sample is the complete record: every field of the kind is said.
func sample() *Fact {
	k := bucketKind
	f := NewFact(k, "arn:aws:s3:::messages-dub", "messages-dub")
	f.Target, f.Region, f.Seen = "aws-111122223333", "eu-west-1", time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	return f.Because("x:8f0c").SetTags(map[string]string{"data-class": "eu-user-data"}).
		Set("/store/class", "object").Set("/store/engine", "s3").
		Set("/located", []string{"eu-west-1"}).
		Set("/copies", []map[string]any{{"how": "replica", "to": "arn:aws:s3:::drafts-copy", "active": true, "owner": nil}}).
		Set("/encryption/at_rest", "customer_key").Set("/encryption/key", "arn:aws:kms:eu-west-1:111122223333:key/1").
		Set("/encryption/in_transit", "enforced").
		Set("/exposure/public", false).None(k, "/exposure/public_how", "/exposure/shared_with").
		Set("/protection/versioned", true).Set("/protection/lock", map[string]any{"mode": "compliance", "days": 365, "until": nil}).
		Set("/protection/delete_protected", false).
		Set("/attrs/object_ownership", "BucketOwnerEnforced").
		Unknown("aws-111122223333/eu-west-1/s3:GetBucketLogging", "/attrs/logging")
}

func TestSampleIsComplete(t *testing.T) {
	if err := bucketKind.Check(); err != nil {
		t.Fatal(err)
	}
	f := sample()
	if err := f.Check(bucketKind); err != nil {
		t.Fatal(err)
	}
	line, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/fact.json")
	if err != nil || string(want) != string(line)+"\n" {
		t.Fatalf("the record is not that of testdata/fact.json (%v):\n%s", err, line)
	}
	back, err := DecodeFact(line)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Encode()
	if err != nil || string(again) != string(line) {
		t.Fatalf("decode and encode changed the record (%v):\n%s\n%s", err, line, again)
	}
	if err := back.Check(bucketKind); err != nil {
		t.Fatal(err)
	}
}

// Taking any one field away, or saying it twice, must be refused with its name.
func TestCheckRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(*Fact)
		want   string
	}{
		"forgotten field":      {func(f *Fact) { delete(f.Fields["encryption"].(map[string]any), "key") }, "/encryption/key: not set"},
		"forgotten facet":      {func(f *Fact) { delete(f.Fields, "exposure") }, "/exposure/public: not set"},
		"forgotten list":       {func(f *Fact) { delete(f.Fields, "copies") }, "/copies: not set"},
		"forgotten in element": {func(f *Fact) { delete(f.Fields["copies"].([]any)[0].(map[string]any), "owner") }, "/copies/0/owner: not set"},
		"said twice":           {func(f *Fact) { f.Set("/located", []string{"x"}) }, "/located: set twice"},
		"value and unknown":    {func(f *Fact) { f.Unknown("row", "/located") }, "/located: set twice"},
		"not applicable":       {func(f *Fact) { f.Set("/exposure/network", "open") }, "/exposure/network: not applicable"},
		"foreign field":        {func(f *Fact) { f.Set("/attrs/colour", "red") }, "/attrs/colour: no field"},
		"wrong type":           {func(f *Fact) { f.Fields["located"] = "eu-west-1" }, "/located: string is no list"},
		"null list":            {func(f *Fact) { f.Fields["copies"] = nil }, "/copies: <nil> is no list"},
		"tags forgotten":       {func(f *Fact) { f.Tags = nil }, "/tags: not set"},
		"from nowhere":         {func(f *Fact) { f.From = nil }, "/from: comes from nowhere"},
		"from a fact":          {func(f *Fact) { f.Because("f:other") }, "is no source"},
		"unknown without why":  {func(f *Fact) { f.Unknowns["/attrs/logging"] = "" }, "without a coverage row"},
		"unknown of nothing":   {func(f *Fact) { f.Unknown("row", "/attrs/nothing") }, "names no field"},
		"no time":              {func(f *Fact) { f.Seen = time.Time{} }, "/seen: not set"},
	} {
		f := sample()
		c.damage(f)
		err := f.Check(bucketKind)
		var inc *IncompleteError
		if !errors.As(err, &inc) || !slices.ContainsFunc(inc.Problems, func(p string) bool { return strings.Contains(p, c.want) }) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestUnknownFacetCovers(t *testing.T) {
	f := sample()
	delete(f.Fields, "encryption")
	f.Unknown("aws-111122223333/eu-west-1/s3:GetBucketEncryption", "/encryption")
	if err := f.Check(bucketKind); err != nil {
		t.Fatal(err)
	}
}

func TestWorse(t *testing.T) {
	order := []Status{Failed, Denied, Throttled, Unsupported, Disabled, NotEnabled, NotAttempted, OK, Empty}
	for i, a := range order {
		for _, b := range order[i:] {
			if Worse(a, b) != a || Worse(b, a) != a {
				t.Errorf("Worse(%s, %s) is not %s", a, b, a)
			}
		}
	}
	if Worse(Failed, "from-the-future") != "from-the-future" {
		t.Error("an unknown status must be the worst")
	}
}
