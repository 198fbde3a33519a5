package redact

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"iter"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/run"
	"github.com/trefoil-audit/trefoil/evidence/seal"
	"github.com/trefoil-audit/trefoil/evidence/seal/sealtest"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// person is a name that stands everywhere in the run, in every writing.
const person = "Jane.Roe+ö"

var at = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func lines(t testing.TB, all ...any) iter.Seq2[[]byte, error] {
	t.Helper()
	return func(yield func([]byte, error) bool) {
		for _, one := range all {
			if !yield(evidence.Canonical(one)) {
				return
			}
		}
	}
}

// planted is a run in which the person stands in bodies, requests, facts, coverage, results and inputs, and whose collection
// may have been redirected.
func planted(t testing.TB, overrides ...string) *run.Run {
	t.Helper()
	escaped := ""
	for _, r := range person {
		escaped += fmt.Sprintf(`\u%04x`, r)
	}
	roster := "id,team\n" + person + ",ops\nbo,ops\n"
	spelled := "<R><User><Name>" + html.EscapeString(person) + "</Name><Doc>" + url.QueryEscape(`{"user":"`+strings.ToUpper(person)+`"}`) + "</Doc></User><Numeric>&#74;ane.Roe+&#246;</Numeric></R>"
	c := recorded{engagement: "audit of " + person, overrides: overrides,
		inputs:   map[string]string{"engagement.yaml": "name: test\nauditor: \"" + person + "\"\n", "roster.csv": roster, "other.csv": "a,b\n1,2\n"},
		coverage: []any{map[string]any{"id": "aws-1/eu/s:Op1", "reason": "User: " + person + " is not authorized"}}}
	for i, body := range []string{
		`{"users":[{"name":"` + person + `","n":1},{"name":"bo"}],"note":"` + escaped + `"}`, spelled,
		"<R><Content>" + base64.StdEncoding.EncodeToString([]byte("user,arn\n"+person+",arn:x\n")) + "</Content></R>",
		`{"wrapped":"{\"name\":\"` + strings.ReplaceAll(escaped, `\`, `\\`) + `\"}"}`, `{"secret":"whole answer"}`, `{"clean":"nothing here, bob"}`,
	} {
		c.answers = append(c.answers, answer{"s:Op" + strconv.Itoa(i), body, evidence.OK})
	}
	c.asked = func(i int, x *evidence.Exchange) {
		x.Answer = map[string]string{"X-Amz-Crc32": strconv.Itoa(1234567890 + i)}
		if i == 1 {
			x.Path, x.Query, x.Request = "/users/"+url.PathEscape(person), "name="+url.QueryEscape(person), `{"name":"`+escaped+`"}`
		}
	}
	from := []string{c.exchange(1).ID}
	c.facts = []any{map[string]any{"id": "arn:user/" + person, "kind": "k.user", "schema": 1, "provider": "k", "target": "aws-1", "region": "eu", "name": person, "tags": map[string]string{"owner": strings.ToLower(person), "short": "bo"},
		"seen": at, "from": from, "attrs": map[string]any{"policy": `{"Principal":"` + escaped + `"}`, "digest": "i:" + evidence.Digest([]byte(roster)) + "#2"}}}
	c.judgements = []judgement{{map[string]string{"roster.csv": roster}, []any{map[string]any{"fact": "arn:user/" + person, "from": from}}}}
	return c.made(t)
}

const plantedRules = `
withhold:
  - id: people
    because: a test
    operations: ["s:Op0"]
    fields: [/users/*/name]
  - id: answers
    because: a test
    bodies: ["s:Op4"]
  - id: labels
    because: a test
    kinds: ["k.*"]
    facts: [/tags/owner]
    inputs: ["roster.csv#id"]
`

func parsed(t testing.TB, text string) *Rules {
	t.Helper()
	r, err := ParseRules("redact.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// maker signs copies; its trust lets it.
func maker(t testing.TB, roles ...string) (*seal.Signer, *seal.Trust) {
	t.Helper()
	key, err := seal.EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(map[string]any{"timestamp": "optional", "keys": []any{map[string]any{"name": "k", "roles": roles, "may_sign": []string{"run", "bundle", "judgement", "copy"}, "public_key": public}}})
	if err != nil {
		t.Fatal(err)
	}
	trust, err := seal.ParseTrust("trust.yaml", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &seal.Signer{Key: key}, trust
}

// kept is a copy and what its maker kept.
type kept struct {
	*Made
	Secrets []byte
}

func made(t testing.TB, r *run.Run, rules string, signer *seal.Signer) (string, kept) {
	t.Helper()
	m := making(t, r, rules, signer)
	m.Secret = bytes.Repeat([]byte{7}, 32)
	var k kept
	m.Keep = func(secrets []byte) error {
		if _, err := os.Lstat(m.Out); err == nil {
			t.Error("the copy is there before its salts are kept")
		}
		k.Secrets = secrets
		return nil
	}
	var err error
	if k.Made, err = Make(m); err != nil {
		t.Fatal(err)
	}
	return m.Out, k
}

func making(t testing.TB, r *run.Run, rules string, signer *seal.Signer) Making {
	return Making{Run: r, Rules: parsed(t, rules), Secret: make([]byte, 32), Out: filepath.Join(t.TempDir(), "copy"), Made: at,
		Sign: func(digest string) ([]byte, error) {
			return signer.Sign(context.Background(), seal.Copy, RecordName, digest, nil)
		}, Keep: func([]byte) error { return nil }}
}

// everything gives each text of a copy, unzipped, and the names of files.
func everything(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil || !strings.HasSuffix(path, ".zip") {
			out[path] = path[len(dir):] + "\n" + string(b)
			return err
		}
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return err
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				return err
			}
			text, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			out[path+"/"+f.Name] = f.Name + "\n" + string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// No writing of a planted value is left in the copy, nor a digest that tells it; looked for by the test's own means.
func TestNothingLeaks(t *testing.T) {
	r := planted(t)
	signer, trust := maker(t, "redactor")
	dir, m := made(t, r, plantedRules, signer)
	hidden := []string{strings.ToLower(person), "whole answer", "1234567890", "1234567891", "1234567892", "1234567893", "1234567894",
		evidence.Digest([]byte(`{"secret":"whole answer"}`)), evidence.Digest([]byte("id,team\n" + person + ",ops\nbo,ops\n")), r.Record.Bundles[0].SHA256, r.Record.Bundles[0].Manifest}
	all, err := r.Judgements()
	if err != nil {
		t.Fatal(err)
	}
	hidden = append(hidden, all...)
	read := everything(t, dir)
	for name, text := range read {
		forms := []string{text, html.UnescapeString(text)}
		for range 3 {
			last := forms[len(forms)-1]
			if p, err := url.PathUnescape(last); err == nil {
				forms = append(forms, p)
			}
			forms = append(forms, unquoteAll(last), strings.ReplaceAll(last, "+", " "))
		}
		for _, word := range strings.FieldsFunc(text, func(c rune) bool { return c == '<' || c == '>' || c == '"' }) {
			if b, err := base64.StdEncoding.DecodeString(word); err == nil {
				forms = append(forms, string(b))
			}
		}
		for _, form := range forms {
			for _, h := range hidden {
				if strings.Contains(strings.ToLower(form), h) {
					t.Errorf("%s holds %q", name, h)
				}
			}
		}
		for _, word := range strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !('a' <= c && c <= 'z' || '0' <= c && c <= '9') }) {
			if word == "bo" {
				t.Errorf("%s holds the short name", name)
			}
		}
	}
	var clean string
	for name, text := range read {
		if strings.Contains(name, "bodies/"+evidence.Digest([]byte(`{"clean":"nothing here, bob"}`))) {
			clean = text
		}
	}
	if !strings.Contains(clean, `{"clean":"nothing here, bob"}`) {
		t.Error("an answer that holds nothing withheld is not as it was")
	}
	v, err := Verify(dir, trust)
	if err != nil {
		t.Fatal(err)
	}
	if v.Digest != m.Digest || v.Record.Run != r.Digest || v.Tokens < 20 || len(v.Commitments) != v.Record.Values {
		t.Errorf("%+v", v)
	}
	for _, rule := range v.Record.Rules {
		if rule.Values == 0 {
			t.Errorf("%+v", rule)
		}
	}
}

func unquoteAll(s string) string {
	for i := 0; i+6 <= len(s); i++ {
		if s[i:i+2] == `\u` {
			if n, err := strconv.ParseUint(s[i+2:i+6], 16, 32); err == nil {
				s = s[:i] + string(rune(n)) + s[i+6:]
			}
		}
	}
	return strings.ReplaceAll(s, `\"`, `"`)
}

// The same secret and rules give the same copy; another secret tells nothing of it.
func TestSameSecretSameCopy(t *testing.T) {
	r := planted(t)
	signer, _ := maker(t, "redactor")
	a, first := made(t, r, plantedRules, signer)
	b, second := made(t, r, plantedRules, signer)
	if first.Digest != second.Digest || !bytes.Equal(first.Secrets, second.Secrets) {
		t.Error("the second copy is another one")
	}
	one, two := everything(t, a), everything(t, b)
	if len(one) != len(two) {
		t.Error("other files")
	}
	for name, text := range one {
		if !strings.HasSuffix(name, SignatureName) && two[b+name[len(a):]] != text {
			t.Errorf("%s differs", name)
		}
	}
	if secret, err := SecretOf(first.Secrets); err != nil || !bytes.Equal(secret, bytes.Repeat([]byte{7}, 32)) {
		t.Errorf("%x %v", secret, err)
	}
	for _, bad := range []string{"", "{}", `{"run":"a","secret":"00"}`, `{"secret":"` + strings.Repeat("0", 64) + `","x":1}`} {
		if _, err := SecretOf([]byte(bad)); err == nil {
			t.Errorf("%q is taken for a secret", bad)
		}
	}
}

// A value proves by its salt, and by nothing else: every byte of salt and value counts.
func TestReveal(t *testing.T) {
	r := planted(t)
	signer, trust := maker(t, "redactor")
	dir, m := made(t, r, plantedRules, signer)
	v, err := Verify(dir, trust)
	if err != nil {
		t.Fatal(err)
	}
	_, all, _ := bytes.Cut(m.Secrets, []byte("\n"))
	revealed, err := v.Prove("salts", all)
	if err != nil || len(revealed) != len(v.Commitments) {
		t.Fatalf("%d of %d: %v", len(revealed), len(v.Commitments), err)
	}
	var values []string
	for _, one := range revealed {
		values = append(values, one.Value)
	}
	for _, want := range []string{person, strings.ToLower(person), "bo", `{"secret":"whole answer"}`, evidence.Digest([]byte(`{"secret":"whole answer"}`))} {
		if !slices.Contains(values, want) {
			t.Errorf("%q is not among what was withheld", want)
		}
	}
	good := revealed[slices.Index(values, person)]
	damaged := map[string]Revealed{"another value": {good.ID, good.Salt, "John.Doe", nil}, "another id": {revealed[0].ID, revealed[len(revealed)-1].Salt, revealed[len(revealed)-1].Value, nil},
		"no id": {"withheld-x", good.Salt, good.Value, nil}, "no salt": {good.ID, "", good.Value, nil}, "a short salt": {good.ID, good.Salt[2:], good.Value, nil}, "two values": {good.ID, good.Salt, good.Value, []byte("x")},
		"a part of the value": {good.ID, good.Salt, good.Value[:4], nil}}
	salt, err := hex.DecodeString(good.Salt)
	if err != nil {
		t.Fatal(err)
	}
	for i := range salt {
		other := bytes.Clone(salt)
		other[i] ^= 1
		damaged["salt byte "+strconv.Itoa(i)] = Revealed{good.ID, hex.EncodeToString(other), good.Value, nil}
	}
	for name, d := range damaged {
		line, err := evidence.Canonical(d)
		if err != nil {
			t.Fatal(err)
		}
		var bad *CopyError
		var form *RevealError
		_, err = v.Prove("reveal", line)
		if formless := slices.Contains([]string{"no salt", "a short salt", "two values"}, name); formless != errors.As(err, &form) || formless == errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "x", `{"id":1}`, `{"id":"a","salt":"b","other":"c"}`, string(m.Secrets)} {
		var form *RevealError
		if _, err := v.Prove("reveal", []byte(text)); !errors.As(err, &form) || form.File != "reveal" || errors.Is(err, ErrSecret) != (text == string(m.Secrets)) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	if n := v.Digests(); n == 0 || n != m.Digests {
		t.Errorf("%d digests withheld in the copy, %d when it was made", n, m.Digests)
	}
}

// Each byte of a copy counts, and so does each file; whoever is no redactor makes none.
func TestEveryDamageIsRefused(t *testing.T) {
	r := planted(t)
	signer, trust := maker(t, "redactor")
	dir, _ := made(t, r, plantedRules, signer)
	refused := func(name, file string) {
		t.Helper()
		var bad *CopyError
		if _, err := Verify(dir, trust); !errors.As(err, &bad) || file != "" && bad.File != file {
			t.Errorf("%s: %v", name, err)
		}
	}
	names := slices.Sorted(maps.Keys(files(t, dir)))
	flipped := 0
	for _, name := range names {
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		step := max(1, len(b)/40)
		for i := 0; i < len(b); i += step {
			damaged := bytes.Clone(b)
			damaged[i] ^= 1
			put(t, path, damaged)
			want := name
			if name == RecordName || name == SignatureName {
				want = ""
			}
			refused(name+" byte "+strconv.Itoa(i), want)
			flipped++
		}
		put(t, path, append(bytes.Clone(b), '\n'))
		refused(name+" made longer", "")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		refused(name+" gone", "")
		put(t, path, b)
	}
	put(t, filepath.Join(dir, "files", "more"), []byte("x"))
	refused("a further file", "files/more")
	if err := os.Remove(filepath.Join(dir, "files", "more")); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(dir, trust); err != nil || flipped < 300 {
		t.Errorf("%d bytes flipped; put back: %v", flipped, err)
	}
	other, otherTrust := maker(t, "collector", "auditor")
	if _, err := Verify(dir, otherTrust); !errors.Is(err, seal.ErrUntrusted) {
		t.Errorf("another's trust: %v", err)
	}
	if byCollector, _ := made(t, r, plantedRules, other); func() bool { _, err := Verify(byCollector, otherTrust); return !errors.Is(err, seal.ErrUntrusted) }() {
		t.Error("a copy by whoever is no redactor verifies")
	}
	if _, err := run.Open(dir); err == nil {
		t.Error("a copy opens as a run")
	}
}

func files(t testing.TB, dir string) map[string]bool {
	out := map[string]bool{}
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out[path[len(dir)+1:]] = true
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func put(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Tokens that the table does not know, or counts otherwise, are refused though all is signed.
func TestTableAndTokensAgree(t *testing.T) {
	r := planted(t)
	signer, trust := maker(t, "redactor")
	for name, change := range map[string]func(files map[string][]byte){
		"a token more": func(f map[string][]byte) {
			f["files/inputs/other.csv"] = append(f["files/inputs/other.csv"], "withheld-TAG-0000001"...)
		},
		"an unknown": func(f map[string][]byte) {
			f["files/inputs/other.csv"] = append(f["files/inputs/other.csv"], "withheld-TAG-9999999"...)
		},
		"a token less": func(f map[string][]byte) { f["files/inputs/roster.csv"] = []byte("id,team\n") },
	} {
		dir, m := made(t, r, plantedRules, signer)
		record := m.Record
		for i, file := range record.Files {
			b, err := os.ReadFile(filepath.Join(dir, file.Path))
			if err != nil {
				t.Fatal(err)
			}
			all := map[string][]byte{file.Path: b}
			if change(all); len(all) > 1 {
				continue
			}
			b = bytes.ReplaceAll(all[file.Path], []byte("TAG"), []byte(record.Tag))
			put(t, filepath.Join(dir, file.Path), b)
			record.Files[i] = run.File{Path: file.Path, Size: int64(len(b)), SHA256: evidence.Digest(b)}
		}
		text, err := evidence.Canonical(record)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := signer.Sign(context.Background(), seal.Copy, RecordName, evidence.Digest(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, RecordName), text)
		put(t, filepath.Join(dir, SignatureName), signature)
		if _, err := Verify(dir, trust); err == nil || !strings.Contains(err.Error(), "token") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What would leave a value in the copy, or withhold nothing, makes none.
func TestNoCopyIsMade(t *testing.T) {
	r := planted(t)
	signer, _ := maker(t, "redactor")
	for name, c := range map[string]struct{ rules, says string }{
		"the reason tells it": {strings.Replace(plantedRules, "because: a test", "because: it is "+person, 1), "copy.json still holds a value that rule labels withholds"},
		"nothing found":       {strings.Replace(plantedRules, "/users/*/name", "/users/*/nam", 1), `redact.yaml:6: withhold[0].fields[0]: "/users/*/nam" finds no value`},
		"no such answer":      {strings.Replace(plantedRules, "s:Op4", "s:Op44", 1), "withhold[1].bodies[0]"},
		"no such column":      {strings.Replace(plantedRules, "roster.csv#id", "roster.csv#name", 1), "withhold[2].inputs[0]"},
		"no such input":       {strings.Replace(plantedRules, "roster.csv#id", "staff.csv", 1), "withhold[2].inputs[0]"},
		"one byte":            {"withhold:\n  - {id: a, because: b, inputs: [\"other.csv#a\"]}\n", "holds a value of 1 bytes"},
		"two literals":        {"withhold:\n  - {id: a, because: b, values: [\"2026\", \"1234567890\"]}\n", ""},
		"no such literal":     {"withhold:\n  - {id: a, because: b, values: [\"2026\", nobody]}\n", "redact.yaml:2: withhold[0].values[1]"},
		"no text":             {"withhold:\n  - {id: a, because: b, operations: [\"s:Op0\"], fields: [/users/*/n]}\n", "what the path names is no text"},
	} {
		m := making(t, r, c.rules, signer)
		_, err := Make(m)
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(filepath.Dir(m.Out)); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
	full := making(t, r, plantedRules, signer)
	full.Keep = func([]byte) error { return syscall.ENOSPC }
	if _, err := Make(full); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	if left, _ := os.ReadDir(filepath.Dir(full.Out)); len(left) > 0 {
		t.Errorf("salts that could not be kept: %v is left", left)
	}
	if _, err := Make(Making{Run: r, Secret: []byte("short")}); err == nil {
		t.Error("a short secret is taken")
	}
}

func TestParseRules(t *testing.T) {
	for text, says := range map[string]string{
		"":                                    "withhold",
		"withhold: []":                        "names nothing",
		"withhold: [{id: a, because: b}]":     "names nothing",
		"withhold: [{id: a, values: [abcd]}]": "because is missing",
		"withhold: [{id: digests, because: b, values: [abcd]}]":                                "by itself",
		"withhold: [{id: A, because: b, values: [abcd]}]":                                      "no name",
		"withhold: [{id: a, because: b, values: [a]}]":                                         "shorter than 2 bytes",
		"withhold: [{id: a, because: b, operations: [x]}]":                                     "belong together",
		"withhold: [{id: a, because: b, facts: [/a]}]":                                         "belong together",
		"withhold: [{id: a, because: b, kinds: [k], facts: [a]}]":                              "begin with /",
		"withhold: [{id: a, because: b, bodies: [\"*:*\"]}]":                                   "names everything",
		"withhold: [{id: a, because: b, value: [abcd]}]":                                       "unknown field",
		"withhold: [{id: a, because: b, values: [abcd]}, {id: a, because: b, values: [abcd]}]": "stands twice",
	} {
		var bad *strict.FileError
		if _, err := ParseRules("r.yaml", []byte(text)); !errors.As(err, &bad) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %s", text, err, says)
		}
	}
}

// Whatever rules are read, they say what they withhold and why.
func FuzzParseRules(f *testing.F) {
	f.Add([]byte(plantedRules))
	f.Add([]byte("withhold: [{id: a, because: b, values: [abcd]}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseRules("r.yaml", text)
		var bad *strict.FileError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("%T %v", err, err)
		}
		if err == nil && (len(r.Withhold) == 0 || r.Withhold[0].Because == "") {
			t.Fatalf("%+v", r)
		}
	})
}

// What is accepted survives write and read.
func FuzzParseCommitments(f *testing.F) {
	line, err := evidence.Canonical(Commitment{ID: "withheld-01020304-0000001", Rule: "r", Commitment: evidence.Digest(nil), Places: []Place{{"run.json", 2}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(line, '\n'))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := ParseCommitments(text, "01020304")
		var bad *CopyError
		if err != nil {
			if !errors.As(err, &bad) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		var again []byte
		for _, c := range all {
			line, err := json.Marshal(c, json.Deterministic(true))
			if err == nil {
				line, err = evidence.Canonicalize(line)
			}
			if err != nil {
				t.Fatal(err)
			}
			again = append(append(again, line...), '\n')
		}
		if !bytes.Equal(again, text) {
			t.Fatalf("%q, again %q", text, again)
		}
	})
}

// Nothing that was cut holds the value any more, however it was written.
func FuzzCut(f *testing.F) {
	f.Add("jane.roe", `{"a":"JANE.ROE","b":"\u006aane.roe"}`)
	f.Add("jane.roe", "<a>&#106;ane.roe</a><b>jane%2Eroe</b>")
	f.Add("jane.roe", base64.StdEncoding.EncodeToString([]byte("x,jane.roe,y")))
	f.Add("bo", "bo bob <a>bo</a>")
	f.Fuzz(func(t *testing.T, secret, text string) {
		v := newValues(make([]byte, 32), "run")
		v.add(secret, "rule")
		if len(v.lower) == 0 || strings.Contains("withheld-"+v.tag+"-0000000", string(lower([]byte(secret)))) || v.disguised([]byte(v.token(0))) {
			return
		}
		out, err := v.cut([]byte(text))
		if errors.Is(err, ErrNumber) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if v.holds(out) {
			t.Fatalf("%q of %q leaves %q", secret, text, out)
		}
	})
}

// Nothing of a value is left where a shorter one stands in it, where several overlap, or where it is written in one of
// the ways that the guide names; what is short is found as a word also beside signs that are no letters.
func TestCutLeavesNothing(t *testing.T) {
	roster := "id,employer,team\np1,Acme,r+d,arn:aws:iam::111122223333:user/ann\np2,Acme,r&d 100%,arn:aws:iam::111122223333:user/bob\n"
	words := ""
	for i := range 2 * maxForms {
		words += base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "word %d x", i)) + " "
	}
	mail := base64.StdEncoding.EncodeToString([]byte("mail ann@example.com!"))
	quoted, err := json.Marshal(roster)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		values     []string
		text, left string // of the value, in any writing
	}{
		"a shorter one in an escaped one": {[]string{"Müller, Ann", "Ann"}, `{"a":"M\u00fcller, Ann"}`, "ller"},
		"a shorter one in a whole file":   {[]string{roster, "arn:aws:iam::111122223333:user/ann"}, roster, "bob"},
		"and in the file as a string":     {[]string{roster, "arn:aws:iam::111122223333:user/ann"}, `{"roster.csv":` + string(quoted) + `}`, "bob"},
		"plainly and in a disguise":       {[]string{"jane.roe"}, `{"a":"jane.roe \u006aane.roe"}`, "ane.roe"},
		"two that overlap":                {[]string{"ann lee", "lee roe"}, "ann lee roe", "roe"},
		"two halves of a sign":            {[]string{"𠮷野家です"}, `{"a":"\ud842\udfb7\u91ce\u5bb6\u3067\u3059"}`, `\u91ce`},
		"eight digits, of YAML":           {[]string{"𠮷野家です"}, `a: "\U00020bb7\u91ce\u5bb6\u3067\u3059"`, `\u91ce`},
		"behind many other forms":         {[]string{"ann@example.com"}, `{"a":"` + words + mail + `"}`, mail},
		"beside a stray percent sign":     {[]string{"ann@example.com"}, `{"a":"100% sure: ann%40example.com"}`, "ann%40"},
		"a short one in curly quotes":     {[]string{"bo"}, `{"a":"he is “bo”, yes"}`, "bo"},
	} {
		v := newValues(make([]byte, 32), "run")
		for _, value := range c.values {
			v.add(value, "rule")
		}
		out, err := v.cut([]byte(c.text))
		if err != nil || strings.Contains(string(out), c.left) || v.leaks(out) != "" {
			t.Errorf("%s: %.200s (%v, leaks %q)", name, out, err, v.leaks(out))
		}
	}
	v := newValues(make([]byte, 32), "run")
	v.add("bo", "rule")
	if out, err := v.cut([]byte("bob, böbo and éboé")); err != nil || string(out) != "bob, böbo and éboé" {
		t.Errorf("a part of a word is cut: %s %v", out, err)
	}
}

// A copy that says that it was made after its own token was made is refused.
func TestCopyIsSignedAfterItIsMade(t *testing.T) {
	s := sealtest.New(t)
	signer, _ := maker(t, "redactor")
	signer.Services.Authorities = []string{s.Authority}
	public, err := signer.Key.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(map[string]any{"timestamp": "required", "trusted_root": "root.json", "keys": []any{map[string]any{"name": "k", "roles": []string{"redactor"}, "may_sign": []string{"copy"}, "public_key": public}}})
	if err != nil {
		t.Fatal(err)
	}
	trust, err := seal.ParseTrust("trust.yaml", text, func(string) ([]byte, error) { return s.Root(), nil })
	if err != nil {
		t.Fatal(err)
	}
	r := planted(t)
	for _, late := range []time.Duration{0, time.Second} {
		s.Now = func() time.Time { return at.Add(-late) }
		dir, _ := made(t, r, plantedRules, signer)
		_, err := Verify(dir, trust)
		if late == 0 && err != nil || late > 0 && (!errors.Is(err, seal.ErrTime) || !strings.Contains(err.Error(), "it says that it was made at")) {
			t.Errorf("signed %s before it was made: %v", late, err)
		}
	}
}

// What redirected collection is told of a copy too: by copy.json, by the run.json of one that was made by an earlier build,
// without what a rule withholds. A copy that does not let it be told is not taken for one of the provider's endpoints.
func TestRedirectedCopy(t *testing.T) {
	signer, trust := maker(t, "redactor")
	redirected := []string{"aws_endpoint = http://" + person + ".example", "proxy = http://proxy.example"}
	dir, m := made(t, planted(t, redirected...), plantedRules, signer)
	whole, err := Verify(dir, trust)
	if err != nil {
		t.Fatal(err)
	}
	if o := whole.Overrides; len(o) != 2 || o[1] != redirected[1] || !strings.Contains(o[0], "withheld-") || strings.Contains(o[0], person) || !slices.Equal(m.Record.Overrides, o) {
		t.Errorf("%q, and copy.json %q", o, m.Record.Overrides)
	}
	clean, c := made(t, planted(t), plantedRules, signer)
	if v, err := Verify(clean, trust); err != nil || v.Overrides == nil || len(v.Overrides) > 0 || c.Record.Overrides != nil {
		t.Errorf("not redirected: %+v, %v", v, err)
	}
	resign := func(change func(r *Record)) {
		t.Helper()
		r := m.Record
		change(&r)
		text, err := evidence.Canonical(r)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := signer.Sign(t.Context(), seal.Copy, RecordName, evidence.Digest(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(filepath.Join(dir, RecordName), text, 0o644), os.WriteFile(filepath.Join(dir, SignatureName), signature, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	resign(func(r *Record) { r.Overrides = nil }) // as an earlier build wrote it
	if v, err := Verify(dir, trust); err != nil || !slices.Equal(v.Overrides, whole.Overrides) {
		t.Errorf("of an earlier build: %+v, %v", v, err)
	}
	resign(func(r *Record) { r.Overrides = r.Overrides[:1] })
	if _, err := Verify(dir, trust); err == nil || !strings.Contains(err.Error(), "copy.json: its overrides are not those of files/run.json") {
		t.Errorf("copy.json says less: %v", err)
	}
	record := filepath.Join(dir, "files", "run.json")
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	hidden := bytes.Replace(text, []byte(`"overrides":[`), []byte(`"overtures":[`), 1)
	if err := os.WriteFile(record, hidden, 0o644); err != nil {
		t.Fatal(err)
	}
	resign(func(r *Record) {
		r.Overrides, r.Files = nil, slices.Clone(r.Files)
		i := slices.IndexFunc(r.Files, func(f run.File) bool { return f.Path == "files/run.json" })
		r.Files[i] = run.File{Path: r.Files[i].Path, Size: int64(len(hidden)), SHA256: evidence.Digest(hidden)}
	})
	if v, err := Verify(dir, trust); err != nil || v.Overrides != nil {
		t.Errorf("a copy that does not say: %+v, %v", v, err)
	}
}
