package run

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The report of a run that verifies says of each file by what it was held, and that it was.
func TestReportIsComplete(t *testing.T) {
	o := open(t)
	r := o.take(t, o.collector, asOf, ended.Add(time.Minute), "a run")
	judged(t, r, o.signer(o.collector))
	countersigned(t, r, o.signer(o.auditor))
	_, report, err := Verify(r.Path, o.trust(t, ""), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files(t, r.Path) {
		if !slices.ContainsFunc(report.Checks, func(c Check) bool { return c.File == name && c.Result == "ok" }) {
			t.Errorf("nothing is said of %s", name)
		}
	}
	for _, c := range report.Checks {
		if c.File == "" || c.What == "" || c.Anchor == "" || c.Detail == "" || c.Result != "ok" && c.Result != "warning" || c.Fault != nil {
			t.Errorf("not all is said: %+v", c)
		}
	}
}

// A byte that is changed in a bundle of many entries is found: the file's verdict names the entry, where
// its bytes lie, and both digests.
func TestFaultIsLocated(t *testing.T) {
	t.Parallel()
	o := open(t)
	r := o.take(t, o.collector, asOf, ended.Add(time.Minute), "a run")
	const name = "bundles/aws-1.zip"
	good := read(t, r.Path, name)
	entries, trust := map[string]bool{}, o.trust(t, "")
	for at := 0; at < len(good); at += 3 {
		bad := slices.Clone(good)
		bad[at] ^= 0xff
		write(t, r.Path, name, bad)
		_, report, err := Verify(r.Path, trust, nil, 1)
		last := report.Checks[len(report.Checks)-1]
		switch f := last.Fault; {
		case err == nil || last.File != name || f == nil || f.Bytes == nil || f.Want == "" || f.Got == "":
			t.Fatalf("byte %d: %+v, %v", at, last, err)
		case !strings.Contains(last.Detail, "; in it: "):
			entries["slack, or the manifest itself"] = true
		case int64(at) < f.Bytes.Offset || int64(at) >= f.Bytes.Offset+f.Bytes.Length:
			// A header that lies about where the next begins is found at the next.
			entries["a neighbour"] = true
		default:
			entries[f.Entry] = true
		}
	}
	for _, want := range []string{"", "exchanges.jsonl", "manifest.sigstore.json"} {
		if !entries[want] {
			t.Errorf("no fault was found in %q: %v", want, entries)
		}
	}
}
