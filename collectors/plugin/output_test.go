package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
)

var origin = Origin{Target: "plugin-test", Exchange: "x:1", Seen: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Inputs: map[string]InputFile{"things.csv": {SHA256: "abc", Lines: 2}}}

func declared(t testing.TB) *Manifest {
	t.Helper()
	m, err := ParseManifest([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// long is an output with a record of each sort.
const long = `{"missed":{"operation":"dc:GetSize","status":"error","reason":"no size"}}
{"fact":{"id":"dc:thing/1","kind":"dc.thing","name":"one","fields":{"store":{"class":"block","engine":null},"located":["site:a"]},"unknown":{"/attrs/size":"dc:GetSize"},"lines":["things.csv#1","things.csv#2"]}}
{"fact":{"id":"dc:thing/2","kind":"dc.thing","name":"two","fields":{"store":{"class":"block","engine":"y"},"located":[],"attrs":{"size":2}}}}
{"fact":{"id":"dc:other/1","kind":"dc.other","name":"oth","fields":{"located":["site:a"]},"unknown":{"/located/-":"dc:GetSize"}}}
{"end":{"counts":{"dc.thing":2,"dc.other":1}}}
`

// An output that is cut anywhere, or that lacks a line, says nothing at all.
func TestNoPartOfAnOutputCounts(t *testing.T) {
	m := declared(t)
	out, err := m.Read(origin, []byte(long))
	if err != nil || len(out.Facts) != 3 || len(out.Missed) != 1 {
		t.Fatal(out, err)
	}
	for n := range len(long) {
		if out, err := m.Read(origin, []byte(long[:n])); err == nil || out != nil {
			t.Fatalf("cut at %d, it is taken", n)
		}
	}
	lines := strings.SplitAfter(strings.TrimSuffix(long, "\n"), "\n")
	lines[len(lines)-1] += "\n"
	for i := range lines {
		rest := strings.Join(append(append([]string{}, lines[:i]...), lines[i+1:]...), "")
		if _, err := m.Read(origin, []byte(rest)); err == nil {
			t.Errorf("without line %d it is taken", i+1)
		}
		doubled := strings.Join(append(append([]string{}, lines[:i+1]...), lines[i:]...), "")
		if _, err := m.Read(origin, []byte(doubled)); err == nil && !strings.Contains(lines[i], "missed") {
			t.Errorf("with line %d twice it is taken", i+1)
		}
	}
	// The order of what stands before the end record does not matter.
	swapped := lines[3] + lines[1] + lines[0] + lines[2] + lines[4]
	if again, err := m.Read(origin, []byte(swapped)); err != nil || len(again.Facts) != 3 {
		t.Error(err)
	}
}

func TestOutputRefuses(t *testing.T) {
	m := declared(t)
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown without a reason": {`{"missed":{"operation":"dc:GetSize","status":"error","reason":"no size"}}` + "\n", "", "nothing says was missed"},
		"unknown by what is none":  {`"/attrs/size":"dc:GetSize"`, `"/attrs/size":"dc:GetColour"`, "does not declare"},
		"unknown field of nothing": {`"/attrs/size":"dc:GetSize"`, `"/attrs/colour":"dc:GetSize"`, "/attrs/colour: unknown names no field"},
		"line that is not there":   {"things.csv#2", "things.csv#3", "no line of an input"},
		"line of another input":    {"things.csv#2", "other.csv#1", "no line of an input"},
		"said and unknown":         {`"located":["site:a"]},"unknown":{`, `"located":["site:a"],"attrs":{"size":1}},"unknown":{`, "set twice"},
		"field of the envelope":    {`"fields":{"located":["site:a"]}`, `"fields":{"located":["site:a"],"provider":"aws"}`, "no field of this kind"},
		"member":                   {`"name":"two"`, `"name":"two","target":"aws-1"`, "unknown object member"},
		"member twice":             {`"name":"two"`, `"name":"two","name":"three"`, "duplicate object member"},
		"two records":              {`{"end":{`, `{"missed":{"operation":"dc:GetSize","status":"error","reason":"x"},"end":{`, "exactly one"},
		"no record":                {`{"end":{`, "{}\n" + `{"end":{`, "exactly one"},
		"empty line":               {`{"end":{`, "\n" + `{"end":{`, "is no record"},
		"status is good":           {`"status":"error"`, `"status":"ok"`, "status ok is none of"},
		"status is ours":           {`"status":"error"`, `"status":"not_enabled"`, "regions of clouds"},
		"no reason":                {`"reason":"no size"`, `"reason":" "`, "no reason"},
		"name steers a terminal":   {`"name":"two"`, `"name":"\u001b[2J"`, "no plain text"},
		"name writes backwards":    {`"name":"two"`, `"name":"\u202etwo"`, "no plain text"},
		"id with a space":          {"dc:thing/2", "dc:thing 2", "does not begin with dc:"},
		"other kind counted":       {`"dc.other":1`, `"dc.other":1,"dc.ghost":0`, "counts a kind"},
		"kind not counted":         {`,"dc.other":1`, ``, "does not count dc.other"},
		"long line":                {`"name":"two"`, `"name":"` + strings.Repeat("x", MaxLine) + `"`, "over 1048576 bytes"},
	} {
		body := strings.Replace(long, c.old, c.new, 1)
		if body == long {
			t.Errorf("%s: nothing was changed", name)
		}
		_, err := m.Read(origin, []byte(body))
		var fault *OutputError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestManifestRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"protocol":         {`"protocol":1`, `"protocol":2`, "this build speaks 1"},
		"cloud's provider": {`"provider":"dc"`, `"provider":"aws"`, "reserved"},
		"foreign kind":     {`"name":"dc.other"`, `"name":"aws.other"`, "its name must be dc.thing"},
		"kind twice":       {`"name":"dc.other"`, `"name":"dc.thing"`, "stands twice"},
		"unlisted kind":    {`{"name":"dc:ListOthers","kinds":["dc.other"],"doc":""},`, ``, "no operation lists it"},
		"listed twice":     {`"kinds":["dc.other"]`, `"kinds":["dc.thing"]`, "listed by another"},
		"no parent":        {`"parent":"dc:ListThings"`, `"parent":"dc:GetSize"`, "lists nothing"},
		"foreign row":      {`"dc:GetSize"`, `"s3:ListBuckets"`, "not of the form dc:ListThings"},
		"unknown facet":    {`"facets":["located"]`, `"facets":["places"]`, "unknown facet"},
		"facet twice":      {`"facets":["located"]`, `"facets":["located","located"]`, "a facet stands twice"},
		"no why":           {`"/tags":"none"`, `"/tags":""`, "gives no reason"},
		"type":             {`"type":"int"`, `"type":"float"`, "unknown type"},
		"derived":          {`"type":"int"`, `"type":"int","derived":true`, "no derivation fills it"},
		"attr's name":      {`"name":"size"`, `"name":"Size"`, "lower-case"},
		"misspelt":         {`"facets":["store"`, `"facet":["store"`, "unknown object member"},
		"path as an input": {`"things.csv"`, `"../things.csv"`, "plain file name"},
	} {
		text := strings.Replace(manifest, c.old, c.new, 1)
		if text == manifest {
			t.Errorf("%s: nothing was changed", name)
		}
		_, err := ParseManifest([]byte(text))
		var fault *ManifestError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(long))
	for _, text := range modes {
		f.Add([]byte(text))
	}
	m := declared(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		out, err := m.Read(origin, body)
		var fault *OutputError
		if err != nil {
			if !errors.As(err, &fault) || out != nil {
				t.Fatalf("%v with %v", err, out)
			}
			return
		}
		ids := map[string]bool{}
		for _, fact := range out.Facts {
			k, ok := m.kind(fact.Kind)
			if !ok || fact.Check(k) != nil || ids[fact.ID] || !strings.HasPrefix(fact.ID, "dc:") {
				t.Fatalf("taken: %+v", fact)
			}
			ids[fact.ID] = true
			line, err := fact.Encode()
			if err != nil {
				t.Fatal(err)
			}
			again, err := evidence.DecodeFact(line)
			if err != nil {
				t.Fatal(err)
			}
			if second, err := again.Encode(); err != nil || !bytes.Equal(line, second) {
				t.Fatalf("%s\n%s", line, second)
			}
		}
		if n := bytes.Count(body, []byte("\n")); n != len(out.Facts)+len(out.Missed)+1 {
			t.Fatalf("%d lines gave %d facts", n, len(out.Facts))
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(manifest))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseManifest(text)
		var fault *ManifestError
		if err != nil && !errors.As(err, &fault) {
			t.Fatal(err)
		}
		if err == nil {
			if _, err := evidence.NewKinds(m.Kinds...); err != nil {
				t.Fatal(err)
			}
			(&Plugin{Manifest: m}).Info()
		}
	})
}

// How fast an output of many facts is read.
func BenchmarkRead(b *testing.B) {
	m := declared(b)
	var body strings.Builder
	const n = 10_000
	for i := range n {
		fmt.Fprintf(&body, `{"fact":{"id":"dc:thing/%d","kind":"dc.thing","name":"n","fields":{"store":{"class":"block","engine":"y"},"located":["site:a"],"attrs":{"size":2}}}}`+"\n", i)
	}
	fmt.Fprintf(&body, `{"end":{"counts":{"dc.thing":%d,"dc.other":0}}}`+"\n", n)
	text := []byte(body.String())
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := m.Read(origin, text); err != nil {
			b.Fatal(err)
		}
	}
}
