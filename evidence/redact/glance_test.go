package redact

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
)

// findSlowly is find, by each value at each byte.
func findSlowly(v *values, low []byte, from, least int) (at, size int, ok bool) {
	all := make([]string, 0, len(v.lower))
	for text := range v.lower {
		all = append(all, text)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for i := from; i < len(low); i++ {
		for _, want := range all {
			if !bytes.HasPrefix(low[i:], []byte(want)) || least >= MinInner && len(want) < least {
				continue
			}
			if len(want) >= MinInner || isWord(low, i, i+len(want)) {
				return i, len(want), true
			}
		}
	}
	return 0, 0, false
}

// disguisedSlowly is disguised, by all forms of a text.
func disguisedSlowly(v *values, text []byte) bool {
	found, _ := v.inForms(string(text), func(form []byte, least int) bool {
		_, _, ok := findSlowly(v, lower(form), 0, least)
		return ok
	})
	return found
}

// cutSlowly lists what regions cuts and hides in a disguise, and whether leaks finds anything, by the forms of all texts.
func cutSlowly(v *values, b []byte) (disguised []span, leaks bool) {
	_, _, leaks = findSlowly(v, lower(b), 0, MinValue)
	texts, lines := spans(b)
	for _, s := range texts {
		if text := b[s.from:s.to]; disguisedSlowly(v, text) {
			leaks = true
			if v.beyond(text) {
				disguised = append(disguised, s)
			}
		}
	}
	if lines {
		wrapped := v.wrapped(b, texts)
		leaks = leaks || len(wrapped) > 0
		disguised = append(disguised, wrapped...)
	}
	return disguised, leaks
}

// sameAsSlowly holds what is found with a glance against what is found by all forms.
func sameAsSlowly(t *testing.T, v *values, text []byte) (hidden bool) {
	t.Helper()
	low := lower(text)
	for _, least := range []int{MinValue, minTorn} {
		for from := 0; from < len(low); {
			at, size, ok := v.find(low, from, least)
			if at2, size2, ok2 := findSlowly(v, low, from, least); at != at2 || size != size2 || ok != ok2 {
				t.Fatalf("%q from %d: found at %d, %d bytes, %v, want %d, %d, %v", text, from, at, size, ok, at2, size2, ok2)
			}
			if !ok {
				break
			}
			from = at + 1
		}
	}
	disguised, leaks := cutSlowly(v, text)
	texts, _ := spans(text)
	for _, s := range texts {
		clear(v.plain)
		if got, want := v.disguised(text[s.from:s.to]), disguisedSlowly(v, text[s.from:s.to]); got != want {
			t.Fatalf("%q is disguised: %v, want %v", text[s.from:s.to], got, want)
		}
	}
	clear(v.plain)
	if got := v.leaks(text) != ""; got != leaks {
		t.Fatalf("%q leaks: %v, want %v", text, got, leaks)
	}
	clear(v.plain)
	regions := v.regions(text)
	for _, s := range disguised {
		if !slices.ContainsFunc(regions, func(r region) bool { return r.from <= s.from && s.to <= r.to && (r.whole || r.span == s) }) {
			t.Fatalf("%q: %q is not cut as a whole", text, text[s.from:s.to])
		}
	}
	for _, r := range regions {
		if r.whole && len(disguised) == 0 && v.lower[string(low[r.from:r.to])] == "" && !overlap(v, low[r.from:r.to]) {
			t.Fatalf("%q: %q is cut as a whole", text, text[r.from:r.to])
		}
	}
	return len(disguised) > 0
}

// overlap reports whether a text begins and ends with a value: several that overlap go as one.
func overlap(v *values, low []byte) bool {
	begins, ends := false, false
	for text := range v.lower {
		begins, ends = begins || bytes.HasPrefix(low, []byte(text)), ends || bytes.HasSuffix(low, []byte(text))
	}
	return begins && ends
}

// What a glance passes over holds no value in any form, and what it does not is found as before.
func TestGlanceFindsNoLess(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	secrets := []string{"ann@example.com", "Müller, Ann", "bo", "p-001", "anna", "0123456", evidence.Digest([]byte("a")), "𠮷野家です"}
	quoted := `Acme "Ireland" Ltd`
	filler := []string{"the quick brown fox", "arn:aws:iam::123456789012:role/service-role/Reader_x", evidence.Digest([]byte("b")), "sufficient", "a\n b", `{"a":1}`, "  ", "\r\n", "/", "-", "100% sure", "a&b", "&#7", "''", `""`, `\"`, `\`, "+", "é", "AAAA", "dGV4dCB0aGF0IHNheXMgbm90aGluZyBhdCBhbGw="}
	var disguise func(text string, depth int) string
	disguise = func(text string, depth int) string {
		pad := strings.Repeat(pick("x", "\xff", "\x0a", " "), r.IntN(4))
		switch r.IntN(9) {
		case 0:
			text = strings.ToUpper(text)
		case 1:
			text = base64.StdEncoding.EncodeToString([]byte(pad + text + pick("", "y", "\x8f\x01")))
		case 2:
			text = base64.RawURLEncoding.EncodeToString([]byte(pad + text + pick("", "y", "\xfe")))
		case 3:
			text = url.QueryEscape(text)
		case 4:
			text = html.EscapeString(text)
		case 5:
			if b, err := json.Marshal(string(bytes.ToValidUTF8([]byte(text), nil))); err == nil {
				text = string(b)
			}
		case 6:
			escaped := ""
			for _, c := range text {
				escaped += fmt.Sprintf(`\u%04x`, c)
			}
			text = escaped
		case 7:
			text = strings.ReplaceAll(text, `"`, `""`)
		case 8:
			if at := r.IntN(len(text) + 1); true {
				text = text[:at] + pick("\n", "\r\n", " ", "\n  ") + text[at:]
			}
		}
		if depth > 0 && r.IntN(2) == 0 {
			return disguise(text, depth-1)
		}
		return text
	}
	hidden, passed, rounds := 0, 0, 300
	for i := range rounds {
		v := newValues(make([]byte, 32), "run")
		all := slices.Clone(secrets)
		if i%3 == 0 {
			all = append(all, quoted)
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, s := range all[:1+r.IntN(len(all))] {
			v.add(s, "rule")
		}
		text := ""
		for range 1 + r.IntN(5) {
			if r.IntN(4) == 0 {
				text += disguise(all[r.IntN(len(all))], 2)
			} else {
				text += pick(filler...)
			}
			text += pick("", " ", ",", "\n")
		}
		switch r.IntN(4) {
		case 0:
			b, err := json.Marshal(map[string]any{"a": string(bytes.ToValidUTF8([]byte(text), nil)), "b": "", "n": 123456})
			if err != nil {
				t.Fatal(err)
			}
			text = string(b) + "\n"
		case 1:
			text = "<R><a>" + text + "</a>\n <b x=\"y\">" + text[:len(text)/2] + "</b></R>"
		case 2:
			text = `{"a":"` + text + `"}`
		}
		if sameAsSlowly(t, v, []byte(text)) {
			hidden++
		}
		if !v.suspect([]byte(text), v.holds([]byte(text))) {
			passed++
		}
	}
	if hidden < rounds/20 || passed < rounds/10 {
		t.Errorf("of %d texts %d hid a value and %d were passed over: that shows little", rounds, hidden, passed)
	}
}

// Each form in which a value may hide is seen, wherever in letters it stands.
func TestGlanceSeesEachForm(t *testing.T) {
	texts := map[string]string{
		"a quote escaped": `{"a":"Acme \"Ireland\" Ltd"}`, "quotes doubled": "x,\"Acme \"\"Ireland\"\" Ltd\"\n", "doubled and escaped": `{"a":"\"Acme \"\"Ireland\"\" Ltd\""}`, "in both quotes": "'O''Brien'\n",
		"percent": `{"a":"ann%40example.com"}`, "an entity": "<a>ann&#64;example.com</a>", "plus": `{"a":"Lee+Roe"}`,
	}
	noise := []byte("\xff\xfe\x80\x9c\xf8\xc0\xc1")
	for before := range 9 {
		for after := range 3 {
			for name, value := range map[string]string{"plain": "ann@example.com", "in upper case": "ANN@EXAMPLE.COM", "not of ASCII": "M\u00dcLLER, ann", "escaped": `{"mail": "ann\u0040example.com"}`} {
				text := append(bytes.Repeat(noise[:1+before%3], before), value...)
				text = append(text, bytes.Repeat(noise, 5*after)...)
				for enc, e := range map[string]*base64.Encoding{"standard": base64.StdEncoding, "of URLs": base64.RawURLEncoding} {
					texts[fmt.Sprint(name, " in base64 ", enc, ", behind ", before, ", before ", after)] = `{"a":"` + e.EncodeToString(text) + `"}`
				}
			}
		}
	}
	for name, text := range texts {
		v := newValues(make([]byte, 32), "run")
		for _, value := range []string{"ann@example.com", "müller, ann", "Lee Roe"} {
			v.add(value, "rule")
		}
		if strings.Contains(name, "quote") || strings.Contains(name, "doubled") {
			v.add(`Acme "Ireland" Ltd`, "rule")
			v.add("O'Brien", "rule")
		}
		if !sameAsSlowly(t, v, []byte(text)) {
			t.Errorf("%s: %s hides nothing", name, text)
		}
	}
}

// Whatever the text is, it is found the same.
func FuzzGlance(f *testing.F) {
	f.Add("ann@example.com", "bo", `{"a":"`+base64.StdEncoding.EncodeToString([]byte("x ann@example.com"))+`","b":"bo"}`)
	f.Add("0123456", "p-001", "key w"+base64.StdEncoding.EncodeToString([]byte("0123456"))[1:]+"\n")
	f.Add(`a"b"c`, "jane", `{"a":"{\"b\":\"jan\u0065\"}","c":""}`)
	f.Add("jane roe", "𠮷野家です", "<a>jane&#32;roe</a> jane+roe jane%20roe")
	f.Fuzz(func(t *testing.T, one, other, text string) {
		v := newValues(make([]byte, 32), "run")
		v.add(one, "rule")
		v.add(other, "rule")
		if len(text) < 2000 && len(v.lower) > 0 {
			sameAsSlowly(t, v, []byte(text))
		}
	})
}
