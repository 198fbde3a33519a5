package cut

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, good := range []string{"/a", "/a/*/b", "/Tag[Key=owner]/Value", "/members/*[=user:*]", "/labels/a~1b", "/x/Content#user", "/a[k=x/y*]/b"} {
		if p, err := Parse(good); err != nil || p.String() != good {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, says := range map[string]string{"": "begin with /", "a": "begin with /", "/": "no name", "/a//b": "no name", "/a[": "condition", "/a[b]": "condition", "/a[b=]": "condition",
		"/a[=x]/b": "at the end", "/a#": "column", "/a#b#c": "column", "/a[=x]#b": "before #", "/a\nb": "line", "/[k=v]": "no name", strings.Repeat("/a", 33): "steps", "/" + strings.Repeat("a", 1000): "longer"} {
		if _, err := Parse(bad); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %s", bad, err, says)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		path, declared string
		want           bool
	}{
		{"/a/b", "/a/b", true}, {"/a/b", "/a/c", false}, {"/a", "/a/b", false},
		{"/Tag[Key=owner]/Value", "/Tag[Key=*]/Value", true}, {"/Tag/Value", "/Tag[Key=*]/Value", true}, {"/Tag[Name=x]/Value", "/Tag[Key=*]/Value", false},
		{"/m/*[=user:*]", "/m/*[=user:*]", true}, {"/m/*[=user:jane*]", "/m/*[=user:*]", true}, {"/m/*", "/m/*[=user:*]", false}, {"/m/*[=*]", "/m/*[=user:*]", false},
		{"/a[k=v]", "/a", false}, {"/labels/owner", "/labels/*", true}, {"/labels/*", "/labels/owner", false}, {"/a#b", "/a#b", true}, {"/a#b", "/a", false},
	} {
		p, err := Parse(c.path)
		d, err2 := Parse(c.declared)
		if err != nil || err2 != nil || p.Within(d) != c.want {
			t.Errorf("%s within %s: %v %v %v", c.path, c.declared, p.Within(d), err, err2)
		}
	}
}

func TestReplace(t *testing.T) {
	table := base64.StdEncoding.EncodeToString([]byte("user,arn\njane,a:jane\n\"x,y\",b\n"))
	tableAfter := base64.StdEncoding.EncodeToString([]byte("user,arn\nGONE,a:jane\nGONE,b\n"))
	for _, c := range []struct {
		name, path, body, want string
		n                      int
	}{
		{"members", "/a/*/e", ` {"a": [ {"e":"x"}, {"e":"","f":1}, {"e" : "y\u0041" } ] , "z":"x"} `, ` {"a": [ {"e":"GONE"}, {"e":"","f":1}, {"e" : "GONE" } ] , "z":"x"} `, 2},
		{"null stays", "/a", `{"a":null}`, `{"a":null}`, 0},
		{"absent", "/b/c", `{"a":"x"}`, `{"a":"x"}`, 0},
		{"through a text", "/a/b", `{"a":"x"}`, `{"a":"x"}`, 0},
		{"labels", "/i/*/l/owner", `{"i":[{"l":{"owner":"x","o":"y"}},{}]}`, `{"i":[{"l":{"owner":"GONE","o":"y"}},{}]}`, 1},
		{"condition", "/T/*[Key=owner]/Value", `{"T":[{"Key":"owner","Value":"x"},{"Key":"o","Value":"x"}]}`, `{"T":[{"Key":"owner","Value":"GONE"},{"Key":"o","Value":"x"}]}`, 1},
		{"condition on a number", "/T/*[id=5]/v", `{"T":[{"id":5,"v":"x"},{"id":55,"v":"x"},{"id":"5","v":"x"}]}`, `{"T":[{"id":5,"v":"GONE"},{"id":55,"v":"x"},{"id":"5","v":"GONE"}]}`, 2},
		{"self", "/m/*[=user:*]", `{"m":["user:a","allUsers","user:b"]}`, `{"m":["GONE","allUsers","GONE"]}`, 2},
		{"XML", "/B/O/N", `<?xml version="1.0"?><R xmlns="u"><B><O><N>a&amp;b</N><I>1</I></O><O><N/></O></B></R>`, `<?xml version="1.0"?><R xmlns="u"><B><O><N>GONE</N><I>1</I></O><O><N/></O></B></R>`, 1},
		{"XML condition", "/S/T[Key=owner]/Value", "<R><S><T><Key>owner</Key><Value><![CDATA[x]]></Value></T><T><Key>o</Key><Value>x</Value></T></S></R>", "<R><S><T><Key>owner</Key><Value>GONE</Value></T><T><Key>o</Key><Value>x</Value></T></S></R>", 1},
		{"XML self", "/a[=j*]", "<R><a>jane</a><a>x</a></R>", "<R><a>GONE</a><a>x</a></R>", 1},
		{"table", "/C#user", "<R><C>" + table + "</C></R>", "<R><C>" + tableAfter + "</C></R>", 2},
		{"table in JSON", "/C#user", `{"C":"` + table + `"}`, `{"C":"` + tableAfter + `"}`, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse(c.path)
			if err != nil {
				t.Fatal(err)
			}
			out, n, err := p.Replace([]byte(c.body), func(string) string { return "GONE" })
			if err != nil || n != c.n || string(out) != c.want {
				t.Errorf("%d %s %v", n, out, err)
			}
			if again, n, err := p.Replace(out, func(v string) string { return v }); err != nil || n != 0 || string(again) != string(out) {
				t.Errorf("again %d %s %v", n, again, err)
			}
		})
	}
}

func TestReplaceRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		path, body string
		want       error
	}{
		"number": {"/a", `{"a":1}`, ErrValue}, "object": {"/a", `{"a":{}}`, ErrValue}, "self of an object": {"/a[=x]", `{"a":{}}`, ErrValue},
		"element": {"/a", "<R><a><b/></a></R>", ErrValue}, "no text": {"/a", "a=b", ErrForm}, "empty": {"/a", "", ErrForm},
		"cut off": {"/a", `{"a":"x"`, ErrForm}, "cut off XML": {"/a", "<R><a>x", ErrForm}, "no column": {"/a#c", `{"a":"dXNlcgo="}`, ErrTable},
		"no base64": {"/a#c", `{"a":"?"}`, ErrTable}, "two roots": {"/a", "<R><a>x</a></R><R/>", ErrForm},
	} {
		p, err := Parse(c.path)
		if err != nil {
			t.Fatal(err)
		}
		if out, _, err := p.Replace([]byte(c.body), func(string) string { return "GONE" }); !errors.Is(err, c.want) || out != nil {
			t.Errorf("%s: %s %v", name, out, err)
		}
	}
}

// What is accepted names what it replaced, and nothing of a value that it replaced is left in its place.
func FuzzReplace(f *testing.F) {
	f.Add("/a/*/e", `{"a":[{"e":"x"}]}`)
	f.Add("/B/O/N", `<R><B><O><N>a&amp;b</N></O></B></R>`)
	f.Add("/T/*[Key=owner]/Value", `{"T":[{"Key":"owner","Value":"x"}]}`)
	f.Add("/C#user", `{"C":"dXNlcixhcm4KamFuZSxhCg=="}`)
	f.Add("/m/*[=user:*]", `{"m":["user:a","allUsers"]}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		p, err := Parse(path)
		if err != nil {
			return
		}
		const marker = "trefoil-withheld.rule."
		out, n, err := p.Replace([]byte(body), func(string) string { return marker })
		if err != nil {
			return
		}
		left := 0
		again, m, err := p.Replace(out, func(v string) string {
			if v != marker {
				left++
			}
			return v
		})
		if err != nil || m != 0 || string(again) != string(out) {
			t.Fatalf("%q of %q: a second time %q, %v", path, body, again, err)
		}
		// A condition on the value itself, or on one that was replaced, no longer finds it.
		if left > 0 && !strings.Contains(path, "[") || n == 0 && string(out) != body {
			t.Fatalf("%q of %q: %d replaced, %d left: %q", path, body, n, left, out)
		}
	})
}
