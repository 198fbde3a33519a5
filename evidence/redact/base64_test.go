package redact

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
)

// saysInBase64 looks for a text in base64 from every letter of another on, slowly.
func saysInBase64(in, text string) bool {
	in = strings.NewReplacer("-", "+", "_", "/").Replace(strings.Join(strings.Fields(in), ""))
	for i := range len(in) {
		run := in[i:min(len(in), i+4*(len(text)/3+2))]
		if end := strings.IndexFunc(run, func(c rune) bool { return !isBase64(c) }); end >= 0 {
			run = run[:end]
		}
		for ; run != ""; run = run[:len(run)-1] {
			if plain, err := base64.RawStdEncoding.DecodeString(run); err == nil {
				if bytes.Contains(plain, []byte(text)) {
					return true
				}
				break
			}
		}
	}
	return false
}

// Base64 is undone whatever stands beside it, whichever bytes stand in it, and over the ends of lines; what only looks
// like it stays.
func TestBase64BesideOthers(t *testing.T) {
	const mail = "ann@example.com"
	b := base64.StdEncoding.EncodeToString([]byte(mail))
	framed := append([]byte{0x0a, 0x8f, 0x01}, mail...)
	escaped := base64.StdEncoding.EncodeToString([]byte("\x0a\xff" + `{"mail":"ann\u0040example.com"}` + "\x8f"))
	long := base64.StdEncoding.EncodeToString([]byte("padding padding ann@example.com padding"))
	twice := base64.URLEncoding.EncodeToString([]byte("\xff" + long))
	for name, note := range map[string]string{
		"alone": b, "behind a path": "/tok/" + b, "behind a dash": "key-" + b, "before a dash": b + "-v2", "between letters": "abc" + b + "abc", "behind a line": "key\n" + b, "between words": "the key " + b + " is it",
		"binary": base64.StdEncoding.EncodeToString(framed), "binary, of URLs": base64.RawURLEncoding.EncodeToString(append([]byte{0xfb, 0xff}, framed...)), "in other letters": base64.StdEncoding.EncodeToString([]byte("\xffANN@Example.com\xff")),
		"wrapped": long[:26] + "\r\n\t" + long[26:], "wrapped anywhere": strings.Join(strings.Split(long, ""), "\n"), "escaped within": escaped, "escaped within, behind a path": "/tok/" + escaped, "twice": twice,
		"percent-encoded": "a/" + strings.ReplaceAll(base64.StdEncoding.EncodeToString(append([]byte{0xfb, 0xff, 0xfe}, framed...)), "+", "%2B"),
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(map[string]any{"users": []any{map[string]any{"email": mail}}, "note": note, "id": "AROAEXAMPLEID0123456789", "path": "/service-role/ann-example_com/YW5u/"})
			if err != nil {
				t.Fatal(err)
			}
			quoted, err := json.Marshal(note)
			if err != nil {
				t.Fatal(err)
			}
			all := copiedWithout(t, recorded{answers: []answer{{"s:List", string(text), evidence.OK}}}.made(t), mails, strings.Trim(string(quoted), `"`))
			for _, left := range []string{"AROAEXAMPLEID0123456789", "/service-role/ann-example_com/YW5u/"} {
				if !strings.Contains(all, left) {
					t.Errorf("%q is gone", left)
				}
			}
		})
	}
}

// Of a file of lines those lines go over which the base64 of a value goes, and no other.
func TestBase64OverLines(t *testing.T) {
	b := base64.StdEncoding.EncodeToString([]byte("padding padding ann@example.com padding padding padding"))
	v := newValues(make([]byte, 32), "run")
	v.add("ann@example.com", "rule")
	for name, c := range map[string]struct{ text, want string }{
		"a block of YAML": {"name: x\nnote: |\n  " + b[:20] + "\n  " + b[20:44] + "\n\n  " + b[44:] + "\nend: y\n", "name: x\nnote: |\n  " + b[:20] + "\nGONE\n\n  " + b[44:] + "\nend: y\n"},
		"over two":        {"name: x\n  " + b[:30] + "\r\n  " + b[30:] + "\r\n", "name: x\nGONE\nGONE\n"},
		"one line":        {"a: " + b + "\nb: c\n", "GONE\nb: c\n"},
		"a JSON cut off":  {"{\"a\":\n" + b[:30] + "\n" + b[30:] + "\n", "{\"a\":\nGONE\nGONE\n"},
		"none":            {"a: " + b[:20] + "\nb: " + b[44:] + "\n", "a: " + b[:20] + "\nb: " + b[44:] + "\n"},
	} {
		out, err := v.cut([]byte(c.text))
		if got := strings.ReplaceAll(string(out), v.token(0), "GONE"); err != nil || got != c.want || v.leaks(out) != "" {
			t.Errorf("%s: %q, want %q (%v, leaks %q)", name, got, c.want, err, v.leaks(out))
		}
	}
}

// What is short is undone where its base64 stands alone, and is not looked for in any letters: it would be found there.
func TestShortValuesInBase64(t *testing.T) {
	v := newValues(make([]byte, 32), "run")
	v.add("anna", "rule")
	v.add("bo", "rule")
	for text, gone := range map[string]bool{
		base64.StdEncoding.EncodeToString([]byte("user anna signed in")): true, base64.StdEncoding.EncodeToString([]byte("he is bo, yes")): true,
		base64.StdEncoding.EncodeToString([]byte("\xff anna \xff")): false, base64.StdEncoding.EncodeToString([]byte("\xff bo \xff")): false,
	} {
		out, err := v.cut([]byte(`{"a":"` + text + `"}`))
		if err != nil || gone == strings.Contains(string(out), text) {
			t.Errorf("%q: %s %v", text, out, err)
		}
	}
}

// Long texts of many letters stay as they are: what base64 says by chance is neither a value nor one form too many.
func TestLettersThatAreNoBase64(t *testing.T) {
	v := newValues(make([]byte, 32), "run")
	for i := range 1000 {
		v.add(fmt.Sprintf("p-%04d", i), "rule")
		v.add(fmt.Sprintf("ann%d@example.com", i), "rule")
	}
	blob := make([]byte, 0, 1<<18)
	for i := range 1 << 13 {
		blob = append(blob, v.mac("test", fmt.Sprint(i))...)
	}
	for name, text := range map[string]string{
		"binary": base64.StdEncoding.EncodeToString(blob), "digests": strings.Repeat(evidence.Digest(nil)+" ", 4000), "prose": strings.Repeat("the quick brown fox jumps over the lazy dog, 100% sure & more+ ", 4000), "paths": strings.Repeat("/service-role/some_name-of/things", 8000),
	} {
		for _, text := range []string{`{"a":"` + text + `"}`, strings.ReplaceAll(text, " ", "\n") + "\n"} {
			if out, err := v.cut([]byte(text)); err != nil || string(out) != text {
				t.Errorf("%s: %.80s %v", name, out, err)
			}
		}
	}
}

// However a value's base64 begins and ends, and wherever its lines do, what is left does not say it.
func FuzzBase64(f *testing.F) {
	f.Add("ann@example.com", "x,", ",y", "key-", "/v2", uint8(3), false, true)
	f.Add("ann@example.com", "\x0a\x8f\x01", "\xff", "/tok/", "", uint8(0), true, false)
	f.Add("Müller, Ann", "", "", "a", "b", uint8(40), true, true)
	f.Fuzz(func(t *testing.T, secret, pre, post, before, after string, width uint8, url, inLines bool) {
		v := newValues(make([]byte, 32), "run")
		v.add(secret, "rule")
		low := string(lower([]byte(secret)))
		if !utf8.ValidString(secret) || len(secret) < minTorn || len(secret) > 200 || len(pre)+len(post)+len(before)+len(after) > 1000 || v.disguised([]byte(v.token(0))) || strings.Contains(v.token(0), low) {
			return
		}
		enc := base64.StdEncoding
		if url {
			enc = base64.RawURLEncoding
		}
		all := enc.EncodeToString([]byte(pre + secret + post))
		if !saysInBase64(all, secret) {
			t.Fatalf("%q is not in %q", secret, all)
		}
		if width > 0 {
			var wrapped []string
			for ; len(all) > int(width); all = all[width:] {
				wrapped = append(wrapped, all[:width])
			}
			all = strings.Join(append(wrapped, all), "\n  ")
		}
		text := []byte(before + all + after)
		if !inLines {
			var err error
			if text, err = json.Marshal(string(bytes.ToValidUTF8(text, nil))); err != nil {
				t.Fatal(err)
			}
		}
		out, err := v.cut(text)
		if errors.Is(err, ErrNumber) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		_, lines := spans(text)
		if inLines && !lines { // what stands before made tags of it, or JSON
			return
		}
		if rest := strings.ReplaceAll(string(out), `\n`, "\n"); saysInBase64(rest, secret) {
			t.Fatalf("%q in %q leaves %q", secret, text, out)
		}
	})
}
