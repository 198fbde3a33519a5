package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// bytesOf damages each file: flips all over it, cuts, additions, and its removal.
func (s *scene) bytesOf(t *testing.T) (out []tampering) {
	for _, name := range s.files {
		good := read(t, s.path, name)
		add := func(sort, what string, b []byte) {
			out = append(out, tampering{sort: sort, name: what + " of " + name, files: []string{name}, class: s.classesOf(name), change: func(t *testing.T, path string) { write(t, path, name, b) }})
		}
		for i := range 16 {
			at := i * (len(good) - 1) / 15
			b := bytes.Clone(good)
			b[at] ^= 1 << (i % 8)
			add("flip", fmt.Sprintf("bit %d of byte %d", i%8, at), b)
		}
		add("cut", "last byte", good[:len(good)-1])
		add("cut", "second half", good[:len(good)/2])
		add("cut", "all", nil)
		add("add", "a byte at the end", append(bytes.Clone(good), '\n'))
		add("add", "a byte at the begin", append([]byte{' '}, good...))
		add("add", "the file once more", append(bytes.Clone(good), good...))
		if name != s.sealed { // see "drop"
			out = append(out, tampering{sort: "drop", name: name, files: []string{name}, class: []string{"layout"}, change: func(t *testing.T, path string) {
				if err := os.Remove(filepath.Join(path, filepath.FromSlash(name))); err != nil {
					t.Fatal(err)
				}
			}})
		}
	}
	for _, name := range []string{"notes.txt", "inputs/more.yaml", "bundles/aws-3.zip", "bundles/aws-1.2.zip", "seals/x.json", "judgements/x", ".hidden", "run.json~"} {
		out = append(out, tampering{sort: "add", name: name, files: []string{name}, class: []string{"layout"}, change: func(t *testing.T, path string) { write(t, path, name, []byte("{}")) }})
	}
	return out
}

// swaps puts each file in the place of another of its sort, and of signatures of every sort, and takes
// each from the other run.
func (s *scene) swaps(t *testing.T) (out []tampering) {
	sorts := map[string][]string{}
	for _, name := range s.files {
		sort := filepath.Ext(name) + filepath.Base(name)
		switch {
		case strings.HasSuffix(name, ".sigstore.json"):
			sort = "signature"
		case strings.HasPrefix(name, bundlesDir), strings.HasPrefix(name, inputsDir):
			sort = name[:6]
		}
		sorts[sort] = append(sorts[sort], name)
		if theirs := s.theirs(t, name); theirs != nil && !bytes.Equal(theirs, read(t, s.path, name)) {
			class, at := s.classesOf(name), []string{name}
			if name == signatureName {
				at = []string{recordName} // it is good, and about another file
			}
			out = append(out, tampering{sort: "replay", name: name, files: at, class: class, change: func(t *testing.T, path string) { write(t, path, name, theirs) }})
		}
	}
	for _, sort := range slices.Sorted(maps.Keys(sorts)) {
		names := sorts[sort]
		for i, a := range names {
			for _, b := range names[i+1:] {
				at := []string{a, b}
				if a == signatureName || b == signatureName {
					at = append(at, recordName)
				}
				out = append(out, tampering{sort: "swap", name: a + " and " + b, files: at, class: slices.Concat(s.classesOf(a), s.classesOf(b)), change: func(t *testing.T, path string) {
					x, y := read(t, path, a), read(t, path, b)
					write(t, path, a, y)
					write(t, path, b, x)
				}})
			}
		}
	}
	return out
}

// theirs is the file of the other run that stands for this one's; nil where there is none.
func (s *scene) theirs(t *testing.T, name string) []byte {
	parts := strings.Split(name, "/")
	pattern := name
	switch parts[0] {
	case judgementsDir:
		pattern = "judgements/*/" + parts[2]
	case sealsDir:
		pattern = "seals/*"
	}
	found, err := filepath.Glob(filepath.Join(s.other, pattern))
	if err != nil || len(found) == 0 {
		t.Fatal(name, err)
	}
	b, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wholes replays what is whole and good, of the other run.
func (s *scene) wholes(t *testing.T) (out []tampering) {
	for _, dir := range []string{judgementsDir, sealsDir} {
		entries, err := os.ReadDir(filepath.Join(s.other, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			at, class := dir+"/"+e.Name(), "signature"
			if dir == judgementsDir {
				at, class = JudgementFile(e.Name()), "layout"
			}
			out = append(out, tampering{sort: "replay", name: "whole " + dir + "/" + e.Name(), files: []string{at}, class: []string{class}, words: "about another run", change: func(t *testing.T, path string) {
				from := filepath.Join(s.other, dir, e.Name())
				if e.IsDir() {
					if err := os.CopyFS(filepath.Join(path, dir, e.Name()), os.DirFS(from)); err != nil {
						t.Fatal(err)
					}
					return
				}
				write(t, path, dir+"/"+e.Name(), read(t, s.other, dir+"/"+e.Name()))
			}})
		}
	}
	return out
}

// signers are the keys by which things are signed again, and why they do not count.
func (s *scene) signers() map[string]*seal.Key {
	return map[string]*seal.Key{"a stranger": s.stranger, "the auditor": s.auditor, "the collector": s.collector}
}

// resigned signs each signed file again, by each key that may not.
func (s *scene) resigned(*testing.T) (out []tampering) {
	again := func(kind seal.Kind, name, signature, who string, words string) {
		key := s.signers()[who]
		out = append(out, tampering{sort: "re-sign", name: signature + " by " + who, files: []string{signature}, class: []string{"untrusted"}, words: words, change: func(t *testing.T, path string) {
			b, err := s.signer(key).Sign(context.Background(), kind, filepath.Base(name), evidence.Digest(read(t, path, name)), nil)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, signature, b)
		}})
	}
	for who, words := range map[string]string{"a stranger": "no key of trust.yaml has the hint", "the auditor": "(allowed: key firm)"} {
		again(seal.Run, recordName, signatureName, who, words)
		for _, j := range s.judgements {
			again(seal.Judgement, JudgementFile(j), judgementsDir+"/"+j+"/"+judgementSignatureName, who, words)
		}
	}
	for who, words := range map[string]string{"a stranger": "no key of trust.yaml has the hint", "the collector": "(allowed: key auditor)"} {
		out = append(out, tampering{sort: "re-sign", name: "a countersignature by " + who, files: []string{"seals/*"}, class: []string{"untrusted"}, words: words, change: func(t *testing.T, path string) {
			r, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(filepath.Join(path, sealsDir)); err != nil {
				t.Fatal(err)
			}
			countersigned(t, r, s.signer(s.signers()[who]))
		}})
	}
	for who, at := range map[string]string{"a stranger": "no key of trust.yaml", "the auditor": "may not sign a bundle"} {
		out = append(out, tampering{sort: "re-sign", name: "a whole run whose bundles are signed by " + who, files: []string{"bundles/aws-1.zip/manifest.sigstore.json"}, class: []string{"untrusted"}, words: at,
			change: s.instead(sampling{signer: s.signer(s.collector), bundles: s.signer(s.signers()[who]), name: "made up", asOf: asOf, targets: []string{"aws-1"}})},
			tampering{sort: "re-sign", name: "a whole run signed by " + who, files: []string{signatureName}, class: []string{"untrusted"}, words: "allowed: key firm",
				change: s.instead(sampling{signer: s.signer(s.signers()[who]), bundles: s.signer(s.signers()[who]), name: "made up", asOf: asOf, targets: []string{"aws-1"}})})
	}
	return out
}

// instead puts another run in the place of this one.
func (s *scene) instead(of sampling) func(t *testing.T, path string) {
	return func(t *testing.T, path string) {
		t.Helper()
		r := sampled(t, of)
		if err := errors.Join(os.RemoveAll(path), os.Rename(r.Path, path)); err != nil {
			t.Fatal(err)
		}
	}
}

// dropped takes away what only trust and the caller's expectation can miss.
func (s *scene) dropped(t *testing.T) (out []tampering) {
	dropSeal := func(t *testing.T, path string) {
		if err := os.RemoveAll(filepath.Join(path, sealsDir)); err != nil {
			t.Fatal(err)
		}
	}
	digest := strings.TrimSuffix(filepath.Base(s.sealed), sealSuffix)
	out = append(out,
		tampering{sort: "drop", name: "the countersignature, which trust requires", files: []string{"."}, class: []string{"untrusted"}, words: "requires a countersignature", trust: "required: [countersignature]\n", change: dropSeal},
		tampering{sort: "drop", name: "the countersignature, which is expected", files: []string{"."}, class: []string{"none"}, words: digest, expect: []string{digest}, change: dropSeal},
		tampering{sort: "drop", name: "a second authority's timestamp", files: []string{signatureName}, class: []string{"time"}, words: "trust wants 2", trust: "thresholds: {timestamps: 2}\n"},
		tampering{sort: "drop", name: "an entry in a log", files: []string{signatureName}, class: []string{"untrusted"}, words: "trust wants 1", trust: "thresholds: {log_entries: 1}\n"})
	for _, j := range s.judgements {
		out = append(out, tampering{sort: "drop", name: "judgement " + j, files: []string{JudgementFile(j)}, class: []string{"layout"}, words: "is missing", change: func(t *testing.T, path string) {
			if err := os.RemoveAll(filepath.Join(path, judgementsDir, j)); err != nil {
				t.Fatal(err)
			}
		}}, tampering{sort: "drop", name: "judgement and countersignature, which are expected: " + j, files: []string{".", JudgementFile(j)}, class: []string{"none", "layout"}, expect: []string{j}, change: func(t *testing.T, path string) {
			if err := os.RemoveAll(filepath.Join(path, judgementsDir, j)); err != nil {
				t.Fatal(err)
			}
			dropSeal(t, path)
		}})
	}
	return out
}

// material gives the verification material of a signature file, which tokens are a part of.
func material(t *testing.T, file []byte) (all map[string]any, of map[string]any) {
	t.Helper()
	if err := json.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	return all, all["verificationMaterial"].(map[string]any)
}

// tokens takes the timestamp of each signature away, and puts that of each other in its place.
func (s *scene) tokens(t *testing.T) (out []tampering) {
	const tokens = "timestampVerificationData"
	var signatures []string
	for _, name := range s.files {
		if strings.HasSuffix(name, ".sigstore.json") && name != s.sealed {
			signatures = append(signatures, name)
		}
	}
	for _, name := range signatures {
		for _, from := range slices.Concat(signatures, []string{"", s.sealed}) {
			if from == name {
				continue
			}
			all, mine := material(t, read(t, s.path, name))
			class, words, what := "signature", "timestamp", "the token of "+from+" in "+name
			if from == "" {
				delete(mine, tokens)
				class, words, what = "time", "no timestamp", "no token in "+name
			} else {
				_, theirs := material(t, read(t, s.path, from))
				mine[tokens] = theirs[tokens]
			}
			text, err := evidence.Canonical(all)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, tampering{sort: "token", name: what, files: []string{name}, class: []string{class}, words: words, change: func(t *testing.T, path string) { write(t, path, name, text) }})
		}
	}
	return append(out, s.untimed(t, append(signatures, s.sealed))...)
}

// untimed takes the timestamp of each signature away, where trust asks for none.
func (s *scene) untimed(t *testing.T, signatures []string) (out []tampering) {
	for _, name := range signatures {
		all, mine := material(t, read(t, s.path, name))
		delete(mine, "timestampVerificationData")
		text, err := evidence.Canonical(all)
		if err != nil {
			t.Fatal(err)
		}
		to := name
		if name == s.sealed { // which is named by its digest
			to = sealName(evidence.Digest(text))
		}
		out = append(out, tampering{sort: "token", name: "no token in " + name + ", where none is asked for", files: []string{to}, class: []string{"time"}, words: "the rest was removed", trust: "#optional \n", change: func(t *testing.T, path string) {
			if err := os.RemoveAll(filepath.Join(path, filepath.FromSlash(name))); err != nil {
				t.Fatal(err)
			}
			write(t, path, to, text)
		}})
	}
	return out
}

// forms writes signed files anew in other forms, signed by the collector: what is signed is refused all
// the same where it is not in the one form.
func (s *scene) forms(*testing.T) (out []tampering) {
	forms := map[string]func(text string) string{
		"a member twice":    func(text string) string { return strings.Replace(text, "{", `{"schema":1,`, 1) },
		"an unknown member": func(text string) string { return strings.Replace(text, "{", `{"a_new_one":1,`, 1) },
		"white space":       func(text string) string { return strings.Replace(text, ",", ", ", 1) },
		"a line end":        func(text string) string { return text + "\n" },
		"another order": func(text string) string {
			return `{"schema":1,` + strings.Replace(strings.TrimPrefix(text, "{"), `,"schema":1`, "", 1)
		},
		"another schema":      func(text string) string { return strings.Replace(text, `"schema":1`, `"schema":2`, 1) },
		"a number as text":    func(text string) string { return strings.Replace(text, `"schema":1`, `"schema":"1"`, 1) },
		"an escaped letter":   func(text string) string { return strings.Replace(text, `"schema"`, `"schem\u0061"`, 1) },
		"no JSON":             func(text string) string { return text[1:] },
		"a list":              func(text string) string { return "[" + text + "]" },
		"nothing":             func(string) string { return "null" },
		"half a letter":       func(text string) string { return strings.Replace(text, `"tool"`, "\"to\xc3ol\"", 1) },
		"a byte order mark":   func(text string) string { return "\ufeff" + text },
		"another text behind": func(text string) string { return text + "{}" },
	}
	for _, what := range slices.Sorted(maps.Keys(forms)) {
		out = append(out, tampering{sort: "form", name: what + " in run.json", files: []string{recordName}, class: []string{"layout"}, change: func(t *testing.T, path string) {
			text := []byte(forms[what](string(read(t, path, recordName))))
			b, err := s.signer(s.collector).Sign(context.Background(), seal.Run, recordName, evidence.Digest(text), nil)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, recordName, text)
			write(t, path, signatureName, b)
		}}, tampering{sort: "form", name: what + " in judgement.json", files: []string{"judgements/*/judgement.json"}, class: []string{"layout"}, change: func(t *testing.T, path string) {
			from := s.judgements[0]
			text := []byte(forms[what](string(read(t, path, JudgementFile(from)))))
			b, err := s.signer(s.collector).Sign(context.Background(), seal.Judgement, judgementName, evidence.Digest(text), nil)
			if err != nil {
				t.Fatal(err)
			}
			to := judgementsDir + "/" + evidence.Digest(text) + "/"
			write(t, path, to+judgementName, text)
			write(t, path, to+judgementSignatureName, b)
			write(t, path, to+resultsName, read(t, path, judgementsDir+"/"+from+"/"+resultsName))
		}}, tampering{sort: "form", name: what + " in run.sigstore.json", files: []string{signatureName}, class: []string{"format"}, change: func(t *testing.T, path string) {
			text := strings.ReplaceAll(string(read(t, path, signatureName)), `"mediaType"`, `"schema":1,"mediaType"`)
			write(t, path, signatureName, []byte(forms[what](text)))
		}})
	}
	return out
}

// manifests signs bundles whose manifest is not in its form, or says what no bundle holds, and a run of
// them, all by the collector.
func (s *scene) manifests(t *testing.T) (out []tampering) {
	body := "bodies/" + evidence.Digest([]byte("x"))
	entry := func(path string) bundle.Entry {
		return bundle.Entry{Path: path, Size: 1, SHA256: evidence.Digest([]byte("x"))}
	}
	base := bundle.Manifest{Schema: bundle.Schema, Target: "aws-1", Part: 1, Parts: 1, Entries: []bundle.Entry{entry(body)}}
	texts := map[string]string{}
	say := func(what string, change func(*bundle.Manifest), text func(string) string) {
		m := base
		m.Entries = slices.Clone(base.Entries)
		if change != nil {
			change(&m)
		}
		b, err := evidence.Canonical(m)
		if err != nil {
			t.Fatal(err)
		}
		texts[what] = string(b)
		if text != nil {
			texts[what] = text(string(b))
		}
	}
	for _, path := range []string{"../x", "../../etc/passwd", "/etc/passwd", `..\x`, `C:\x`, "bodies/../x", "bodies/" + strings.Repeat("A", 64), "bodies/", "bodies//" + body[7:], "manifest.json", "manifest.sigstore.json", "", ".", "a\x00b", "FACTS.JSONL"} {
		say(fmt.Sprintf("path %q", path), func(m *bundle.Manifest) { m.Entries = []bundle.Entry{entry(path)} }, nil)
	}
	say("an entry twice", func(m *bundle.Manifest) { m.Entries = append(m.Entries, m.Entries[0]) }, nil)
	say("entries out of order", func(m *bundle.Manifest) { m.Entries = append(m.Entries, entry("bodies/"+strings.Repeat("0", 64))) }, nil)
	say("an entry too many", func(m *bundle.Manifest) { m.Entries = append(m.Entries, entry("coverage.jsonl")) }, nil)
	say("no entry", func(m *bundle.Manifest) { m.Entries = []bundle.Entry{} }, nil)
	say("another size", func(m *bundle.Manifest) { m.Entries[0].Size = 2 }, nil)
	say("a negative size", func(m *bundle.Manifest) { m.Entries[0].Size = -1 }, nil)
	say("a huge size", func(m *bundle.Manifest) { m.Entries[0].Size = 1 << 50 }, nil)
	say("another digest", func(m *bundle.Manifest) { m.Entries[0].SHA256 = strings.Repeat("0", 64) }, nil)
	say("another target", func(m *bundle.Manifest) { m.Target = "aws-2" }, nil)
	say("another part", func(m *bundle.Manifest) { m.Part, m.Parts = 2, 2 }, nil)
	say("a further part", func(m *bundle.Manifest) { m.Parts = 2 }, nil)
	say("part 0", func(m *bundle.Manifest) { m.Part = 0 }, nil)
	say("another schema", func(m *bundle.Manifest) { m.Schema = 2 }, nil)
	say("a member twice", nil, func(text string) string { return strings.Replace(text, `"part":1,`, `"part":1,"part":1,`, 1) })
	say("an unknown member", nil, func(text string) string { return strings.Replace(text, "{", `{"a":1,`, 1) })
	say("white space", nil, func(text string) string { return text + "\n" })
	say("no JSON", nil, func(text string) string { return text[1:] })
	for _, what := range slices.Sorted(maps.Keys(texts)) {
		out = append(out, tampering{sort: "manifest", name: what, files: []string{"bundles/aws-1.zip", "bundles/aws-1"}, class: []string{"layout"}, change: s.instead(sampling{signer: s.signer(s.collector), name: "m", asOf: asOf, manifest: texts[what]})})
	}
	good, err := evidence.Canonical(base)
	if err != nil {
		t.Fatal(err)
	}
	r := sampled(t, sampling{signer: s.signer(s.collector), name: "m", asOf: asOf, manifest: string(good)})
	p, err := bundle.Open(filepath.Join(r.Path, bundlesDir, "aws-1.zip"))
	if err == nil {
		err = errors.Join(p.VerifyContents(1, nil), p.Close())
	}
	if err != nil {
		t.Fatalf("a bundle made by hand, with a good manifest: %v", err)
	}
	return out
}

// windows verifies by keys that had run out, or did not count yet, when the token was made, and by
// tokens of another time.
func (s *scene) windows(*testing.T) (out []tampering) {
	for what, c := range map[string]struct {
		at     time.Time
		window string
		words  string
	}{
		"a key that had run out":        {ended.Add(time.Minute), "not_after: 2026-11-23T10:00:00Z", "does not count at 2026-11-23T10:01:03Z: it counts until before 2026-11-23T10:00:00Z"},
		"a key that did not count yet":  {ended.Add(time.Minute), "not_before: 2026-11-24T00:00:00Z", "it counts from 2026-11-24T00:00:00Z"},
		"a token from before the run":   {asOf.Add(-time.Hour), "", "before the last exchange ended"},
		"a token from long after":       {ended.Add(2 * time.Hour), "", "more than 1h0m0s after the last exchange"},
		"a token from years before":     {asOf.AddDate(-3, 0, 0), "", "before the last exchange ended"},
		"a token from a second too far": {ended.Add(time.Hour + time.Second), "", "after the last exchange"},
	} {
		out = append(out, tampering{sort: "time", name: what, files: []string{signatureName}, class: []string{"time"}, words: c.words, trust: "#window " + c.window + "\n", change: func(t *testing.T, path string) {
			now := s.Now
			s.Now = func() time.Time { return c.at }
			defer func() { s.Now = now }()
			s.instead(sampling{signer: s.signer(s.collector), bundles: s.signer(s.collector), name: "w", asOf: asOf, targets: []string{"aws-1"}})(t, path)
		}})
	}
	return out
}

// certificates verifies runs that are signed keyless, by certificates that do not hold at the token's
// time, of other authorities, and for others.
func (s *scene) certificates(*testing.T) (out []tampering) {
	const who, voucher = "audit@firm.example", "https://login.firm.example"
	at := ended.Add(time.Minute)
	entry := func(san, issuer string) string {
		return "#identity   - {name: pipeline, roles: [collector], may_sign: [run, bundle], san: " + san + ", issuer: \"" + issuer + "\"}\n"
	}
	zero := "thresholds: {log_entries: 0, scts: 0}\n"
	for what, c := range map[string]struct {
		from, until  time.Time
		trust, class string
		words        string
	}{
		"a good certificate":                     {at.Add(-time.Minute), at.Add(time.Minute), zero + entry(who, voucher), "", ""},
		"a certificate that had run out":         {at.Add(-time.Hour), at.Add(-time.Minute), zero + entry(who, voucher), "signature", "identity pipeline"},
		"a certificate that did not count yet":   {at.Add(time.Minute), at.Add(time.Hour), zero + entry(who, voucher), "signature", "identity pipeline"},
		"another subject":                        {at.Add(-time.Minute), at.Add(time.Minute), zero + entry("other@firm.example", voucher), "untrusted", "allowed: key firm; identity pipeline: other@firm.example"},
		"another issuer":                         {at.Add(-time.Minute), at.Add(time.Minute), zero + entry(who, "https://login.other.example"), "untrusted", "vouched for by"},
		"a subject that begins like the other":   {at.Add(-time.Minute), at.Add(time.Minute), zero + entry(who+".evil", voucher), "untrusted", "no identity of trust.yaml"},
		"no promise of a certificate log":        {at.Add(-time.Minute), at.Add(time.Minute), "thresholds: {log_entries: 0}\n" + entry(who, voucher), "signature", ""},
		"no entry in a log":                      {at.Add(-time.Minute), at.Add(time.Minute), "thresholds: {scts: 0}\n" + entry(who, voucher), "untrusted", "trust wants 1"},
		"an authority that had stopped to count": {at.Add(-time.Minute), at.Add(time.Minute), "#ended " + zero + entry(who, voucher), "signature", "timestamp"},
	} {
		class := []string{c.class}
		if c.class == "" {
			class = nil
		}
		out = append(out, tampering{sort: "certificate", name: what, files: []string{signatureName}, class: class, words: c.words, trust: c.trust, change: func(t *testing.T, path string) {
			s.Lasts = [2]time.Time{c.from, c.until}
			keyless := &seal.Signer{Token: func(context.Context) (string, error) { return s.Token(who, voucher), nil }, Services: seal.Services{Fulcio: s.Fulcio, Authorities: []string{s.Authority}}}
			s.instead(sampling{signer: keyless, bundles: keyless, name: "c", asOf: asOf, targets: []string{"aws-1"}})(t, path)
		}})
	}
	return out
}
