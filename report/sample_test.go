package report

import (
	"iter"
	"maps"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

const (
	target = "aws-111122223333"
	denied = target + "/eu-north-1/s3:GetBucketTagging"
	hexA   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	hexB   = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func date(year int, month time.Month, day int) engagement.Date {
	return engagement.Date{Time: time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// stream gives a stream of what a slice holds when it is walked.
func stream[T any](all *[]T) func() iter.Seq2[T, error] {
	return func() iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			for _, v := range *all {
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

// picked opens a stream anew each time, of those whose place is wanted.
func picked(all *[]controls.Item) func(keep func(int) bool) iter.Seq2[controls.Item, error] {
	return func(keep func(int) bool) iter.Seq2[controls.Item, error] {
		return func(yield func(controls.Item, error) bool) {
			for place, v := range *all {
				if (keep == nil || keep(place)) && !yield(v, nil) {
					return
				}
			}
		}
	}
}

// parts are the sample's records, for tests that change them.
type parts struct {
	items     []controls.Item
	out       []controls.Ruled
	coverage  []evidence.Row
	facts     []*evidence.Fact
	exchanges []evidence.Exchange
}

// sample is a small engagement with one of everything: a store at home, one away, one ruled out, a
// key, people, statements, a call that was denied, a waiver, a gap. text changes each text that
// whoever is audited could have chosen; nil leaves it.
func sample(t testing.TB, text func(string) string) (Input, *parts) {
	t.Helper()
	if text == nil {
		text = func(s string) string { return s }
	}
	p := &parts{facts: sampleFacts(text), coverage: sampleCoverage(text), exchanges: sampleExchanges()}
	p.items = sampleItems(text)
	p.out = []controls.Ruled{{Record: "out", Fact: p.facts[2].ID, Kind: "aws.s3.bucket", Target: target, Name: text("site"), Rule: "website", Because: "published to everyone"}}
	kinds, err := evidence.NewKinds(
		&evidence.Kind{Name: "aws.s3.bucket", Schema: 1, Facets: []string{"store", "located", "copies", "encryption", "exposure"}},
		&evidence.Kind{Name: "aws.kms.key", Schema: 1, Facets: []string{"key", "located", "exposure"}},
		&evidence.Kind{Name: "aws.iam.user", Schema: 1, Facets: []string{"principal"}},
		&evidence.Kind{Name: "aws.iam.statement", Schema: 1, Facets: []string{"binding"}})
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Holders: map[string][]string{"arn:aws:iam::111122223333:user/" + text("ann"): {"p-1 (IE)"}}, Engagement: sampleEngagement(text), Register: sampleRegister(text), Waivers: []engagement.Waiver{{ID: "W-1", Control: "EDS-RES-01", Items: "arn:aws:s3:::away", Reason: text("moves by spring"), By: "DPO",
		Approved: date(2026, 6, 1), Until: date(2027, 1, 1)}}, Kinds: kinds, Run: sampleRun(text),
		Judgement: Judgement{AsOf: noon, Digest: hexB, Tool: Tool{Version: "v1.2.3", Binary: hexA}, Inputs: []File{{Name: "places.yaml", SHA256: hexA, Size: 10}, {Name: "register.yaml", SHA256: hexB, Size: 20}}, Siblings: 1},
		Catalogue: []Entry{{ID: "EDS-RES-01", Title: "Stores lie in allowed places", Severity: "critical"}, {ID: "EDS-EVD-02", Title: "Every planned call has an outcome", Severity: "high"}},
		Lines:     sampleLines(), Items: picked(&p.items), Out: stream(&p.out), Coverage: stream(&p.coverage), Facts: stream(&p.facts), Exchanges: stream(&p.exchanges)}
	in.Place = func(_, token string) Territory {
		return map[string]Territory{"eu-west-1": {"IE", "EU"}, "us-east-1": {"US", "third country"}}[token]
	}
	in.Gap = func(row string) *controls.Acceptance {
		if row != denied {
			return nil
		}
		return &controls.Acceptance{ID: "G-1", Counts: true, Reason: text("labels are not ours to read"), By: "A. Auditor", Approved: noon.AddDate(0, -1, 0), Until: noon.AddDate(1, 0, 0)}
	}
	in.Scope = func(f *evidence.Fact) (controls.Scope, string) {
		if f.Name == text("site") {
			return controls.Out, "website"
		}
		return controls.In, "default"
	}
	in.Standing = func(_ *evidence.Fact, who string) controls.Standing {
		return map[string]controls.Standing{"aws:222233334444": controls.Trusted, "arn:aws:iam::999999999999:root": controls.Stranger}[who]
	}
	in.BodyFile = func(target, _ string) (string, error) { return "bundles/" + target + ".zip", nil }
	return in, p
}

func sampleEngagement(text func(string) string) engagement.File {
	return engagement.File{Name: text("Sample, third quarter"), Auditor: text("Firm & Co"), Auditee: text("Clover"), Period: engagement.Period{From: date(2026, 7, 1), To: date(2026, 9, 30)},
		AWS: []engagement.AWS{{Management: "111122223333", Role: "Audit", ExternalID: "hush", Partition: "aws"}}, GCP: []engagement.GCP{{Organization: "42"}},
		Plugins: []engagement.Plugin{{Name: "inventory", Path: "read.py", SHA256: hexA}},
		Exclude: []engagement.Exclusion{{Target: "aws-999999999999", Reason: text("sold in May")}}, Signing: engagement.Signing{Key: "firm", Timestamp: "none"},
		AcceptedGaps: []engagement.AcceptedGap{{ID: "G-1", Pattern: denied, Reason: text("labels are not ours to read"), By: "A. Auditor", Approved: date(2026, 10, 1), Until: date(2027, 10, 1)}},
		Parameters:   engagement.DefaultParameters()}
}

func sampleRegister(text func(string) string) engagement.Register {
	return engagement.Register{Scope: []engagement.ScopeRule{{ID: "website", Scope: "out", Tags: map[string]string{"class": "public", "area": "*"}, Because: text("published to everyone")}},
		TrustedAccounts: []engagement.Trusted{{ID: "aws:222233334444", Name: text("partner"), Country: "IE", Because: "annex 3"}},
		Sites:           []engagement.Site{{ID: "site:dublin-1", Country: "IE", Because: text("visited in June")}},
		Gateways:        []engagement.Gateway{{ID: "gate", Operator: text("Example Operations"), Place: "site:dublin-1", Accepts: []string{"ops"}, Reaches: []string{"arn:aws:s3:::home"}}},
		Legacy:          []engagement.Legacy{{ID: "arn:aws:s3:::old", Owner: target, State: "deleted", By: date(2026, 6, 30), Why: text("moved")}}}
}

func sampleRun(text func(string) string) Run {
	return Run{Digest: hexA, AsOf: noon, Source: Live, Tool: Tool{Version: "v1.2.3", Binary: hexA}, Untimed: true,
		Overrides: []Setting{{"aws_endpoint", "http://127.0.0.1:5000"}},
		Inputs:    []File{{Name: "engagement.yaml", SHA256: hexA, Size: 100}},
		Bundles:   []Bundle{{File: target + ".zip", Target: target, SHA256: hexA, Manifest: hexB, Size: 1234567, Exchanges: 3, Facts: 6, Rows: 5}},
		Targets: []Target{{ID: target, Provider: "aws", Level: "account", Account: "111122223333", Name: text("enclave"), Regions: 3},
			{ID: "aws-999999999999", Provider: "aws", Level: "account", Account: "999999999999", Refused: "excluded by the engagement: " + text("sold in May")}}}
}

func sampleLines() []controls.Line {
	return []controls.Line{
		{Record: "control", Control: "EDS-EVD-02", Title: "Every planned call has an outcome", Verdict: controls.Insufficient, Basis: controls.Automated, Selected: true, Reason: "4 of 5 pass; 1 could not be judged.",
			Population: 5, Counts: map[controls.Verdict]int{controls.Pass: 4, controls.Insufficient: 1}, OpenGaps: 1, Completeness: "once", Witness: controls.Witness{Good: 1, Bad: 1, Unknown: 1},
			Parts: []controls.Part{{Kind: callKind, In: 5, Out: map[string]int{}, Sources: []string{}, Completeness: "once"}}},
		{Record: "control", Control: "EDS-RES-01", Title: "Stores lie in allowed places", Verdict: controls.Fail, Basis: controls.Automated, Selected: true, Reason: "1 of 2 pass; 1 fail; 1 accepted.",
			Population: 2, OutOfScope: 1, Counts: map[controls.Verdict]int{controls.Pass: 1, controls.Fail: 1}, Accepted: 1, NotLooked: []string{"aws.efs.file_system"}, Completeness: "once", Witness: controls.Witness{Good: 2, Bad: 5, Unknown: 4},
			Parts: []controls.Part{{Kind: "aws.ec2.volume", Out: map[string]int{}, Sources: []string{"aws.ec2.volume"}, Completeness: "once"},
				{Kind: "aws.s3.bucket", In: 2, Out: map[string]int{"website": 1}, Sources: []string{"aws.s3.bucket"}, Completeness: "twice, differ", OnlySecond: []string{"arn:aws:s3:::" + hexA}}}},
	}
}

func sampleItems(text func(string) string) []controls.Item {
	item := func(control, fact, kind, name, region string, v controls.Verdict, reason, observed string, from ...string) controls.Item {
		return controls.Item{Record: "item", Control: control, Fact: fact, Kind: kind, Target: target, Region: region, Name: name, Scope: controls.In, ScopeRule: "default", Verdict: v,
			Basis: controls.Automated, Reason: reason, Observed: observed, From: from}
	}
	var items []controls.Item
	for _, r := range sampleCoverage(text) {
		v, reason := controls.Pass, "It was answered."
		if r.ID == denied {
			v, reason = controls.Insufficient, "Could not be judged. Not answered: "+denied+" (denied)"
		}
		items = append(items, item("EDS-EVD-02", "coverage:"+r.ID, callKind, r.Operation, r.Region, v, reason, `{"/attrs/status":"`+string(r.Status)+`"}`, "c:"+r.ID))
	}
	away := item("EDS-RES-01", "arn:aws:s3:::"+text("away"), "aws.s3.bucket", text("away"), "us-east-1", controls.Fail, "It lies outside.", `{"/located":["us-east-1"]}`, "x:1")
	away.Accepted = &controls.Acceptance{ID: "W-1", Counts: true, Reason: text("moves by spring"), By: "DPO", Approved: date(2026, 6, 1).Time, Until: date(2027, 1, 1).Time}
	home := item("EDS-RES-01", "arn:aws:s3:::"+text("home"), "aws.s3.bucket", text("home"), "eu-west-1", controls.Pass, "It lies in an allowed place.", `{"/located":["eu-west-1"]}`, "x:1", "x:2")
	return append(items, away, home)
}

func sampleCoverage(text func(string) string) []evidence.Row {
	row := func(region, operation string, list bool, status evidence.Status, reason string, kinds ...string) evidence.Row {
		r := evidence.Row{ID: evidence.RowID(target, region, operation), Collector: "aws/s3", Target: target, Region: region, Operation: operation, List: list, Kinds: kinds, Status: status, Reason: reason}
		if status != evidence.NotEnabled {
			r.Calls = map[evidence.Status]int{status: 2}
		}
		return r
	}
	return []evidence.Row{
		row("af-south-1", "ec2:DescribeVolumes", true, evidence.NotEnabled, "not opted in", "aws.ec2.volume"),
		row("eu-north-1", "ec2:DescribeVolumes", true, evidence.Empty, "", "aws.ec2.volume"),
		row("eu-north-1", "s3:GetBucketTagging", false, evidence.Denied, text("AccessDenied")),
		row("eu-west-1", "ec2:DescribeVolumes", true, evidence.Empty, "", "aws.ec2.volume"),
		row("global", "s3:ListBuckets", true, evidence.OK, "", "aws.s3.bucket"),
	}
}

func sampleFacts(text func(string) string) []*evidence.Fact {
	fact := func(kind, id, name, region string, fields map[string]any, from ...string) *evidence.Fact {
		return &evidence.Fact{ID: id, Kind: kind, Schema: 1, Provider: "aws", Target: target, Region: region, Name: name, Seen: noon, From: from, Fields: fields}
	}
	bucket := func(name, region string, more map[string]any) *evidence.Fact {
		fields := map[string]any{"store": map[string]any{"class": "object", "engine": "s3"}, "located": []any{region}, "copies": []any{},
			"encryption": map[string]any{"at_rest": "customer_key", "key": "arn:aws:kms:eu-west-1:111122223333:key/1", "in_transit": "enforced"},
			"exposure":   map[string]any{"public": false, "public_how": []any{}, "shared_with": []any{}}}
		maps.Copy(fields, more)
		return fact("aws.s3.bucket", "arn:aws:s3:::"+text(name), text(name), region, fields, "x:1", "x:2")
	}
	away := bucket("away", "us-east-1", map[string]any{"exposure": map[string]any{"public": true, "public_how": []any{"policy"}, "shared_with": []any{"aws:222233334444", "arn:aws:iam::999999999999:root", "alias"}}})
	home := bucket("home", "eu-west-1", map[string]any{"copies": []any{map[string]any{"how": "replica", "to": "arn:aws:s3:::away", "active": false, "owner": nil, "located": []any{"us-east-1"}}}})
	home.Unknowns = map[string]string{"/copies/-": denied, "/tags": denied}
	facts := []*evidence.Fact{away, home, bucket("site", "eu-west-1", nil),
		fact("aws.kms.key", "arn:aws:kms:eu-west-1:111122223333:key/1", "1", "eu-west-1", map[string]any{"located": []any{"eu-west-1"}, "exposure": map[string]any{"public": false, "public_how": []any{}, "shared_with": []any{}},
			"key": map[string]any{"origin": "provider", "custodian": "AWS", "state": "enabled", "rotation_days": nil, "multi_region": true, "deletes_at": nil}}, "x:3"),
		fact("aws.iam.user", "arn:aws:iam::111122223333:user/"+text("ann"), text("ann"), "global", map[string]any{"principal": map[string]any{"type": "human", "idp": nil, "mfa": false,
			"credentials": []any{map[string]any{"kind": "access_key", "id": text("key 1"), "active": true, "created": "2026-01-01T00:00:00Z", "last_used": nil}}}}, "x:3"),
		fact("aws.iam.statement", "arn:aws:iam::111122223333:role/ops#trust#0", "statement 0", "global", map[string]any{"binding": map[string]any{"effect": "allow", "principals": []any{"*"}, "permissions": []any{"sts:AssumeRole"},
			"resources": []any{}, "negated": []any{"principal"}, "condition": text(`{"StringEquals":{}}`), "via_kind": "trust", "attached_to": []any{}}}, "x:3")}
	return facts
}

func sampleExchanges() []evidence.Exchange {
	call := func(id, operation, region, body string) evidence.Exchange {
		return evidence.Exchange{ID: id, Collector: "aws/s3", Target: target, Region: region, Operation: operation, Status: 200, Body: body, Outcome: evidence.OK, Start: noon}
	}
	return []evidence.Exchange{call("x:1", "s3:ListBuckets", "global", hexA), call("x:2", "s3:GetBucketEncryption", "eu-west-1", hexB), call("x:3", "iam:GetAccountAuthorizationDetails", "global", "")}
}

// fails is a stream that cannot be read.
func fails[T any](err error) func() iter.Seq2[T, error] {
	return func() iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			var none T
			yield(none, err)
		}
	}
}
