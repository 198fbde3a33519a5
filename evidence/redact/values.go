package redact

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	commitmentDomain = "trefoil/redact/commitment/v1\n"
	saltDomain       = "trefoil/redact/salt/v1\n"
	tagDomain        = "trefoil/redact/tag/v1\n"
)

// value is one withheld value: its exact bytes.
type value struct {
	bytes string
	rule  string
	n     int // line of commitments.jsonl, from 1
	salt  [32]byte
}

// values is all that is withheld. Values are found whatever their case; each spelling has an entry of its own.
type values struct {
	secret  []byte
	run     string
	tag     string
	by      map[string]*value
	lower   map[string]string   // lower-case → rule, of all that is looked for
	starts  map[uint32][]string // by the first four bytes; words by their first two
	heads   [1 << 16]bool       // hashes of these four
	words   [1 << 16]bool       // these two
	seen    map[string]bool     // of lower, what was found anywhere
	torn    map[uint32]bool     // how values begin that are found in torn base64: their first four bytes, folded
	windows []byte              // what three letters of base64 may be part of
	quotes  bool                // a value has quotes
	plain   map[string]bool     // texts that were looked at, and hold no disguised value
}

// maxPlain bounds what is remembered of texts.
const maxPlain = 1 << 20

func newValues(secret []byte, run string) *values {
	v := &values{secret: secret, run: run, by: map[string]*value{}, lower: map[string]string{}, starts: map[uint32][]string{}, torn: map[uint32]bool{}, windows: slices.Clone(readableWindows()), plain: map[string]bool{}, seen: map[string]bool{}}
	v.tag = hex.EncodeToString(v.mac(tagDomain, "")[:4])
	return v
}

func (v *values) mac(domain, text string) []byte {
	m := hmac.New(sha256.New, v.secret)
	m.Write([]byte(domain + v.run + text))
	return m.Sum(nil)
}

// lower writes letters in lower case where that keeps their length, so that offsets stay.
func lower(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		if c >= utf8.RuneSelf {
			copy(out[i:], b[i:])
			lowerRest(out[i:])
			break
		}
		out[i] = folds[c]
	}
	return out
}

// lowerRest is lower for what is not all ASCII.
func lowerRest(out []byte) {
	for i := 0; i < len(out); {
		if c := out[i]; c < utf8.RuneSelf {
			out[i] = folds[c]
			i++
			continue
		}
		r, size := utf8.DecodeRune(out[i:])
		if low := unicode.ToLower(r); utf8.RuneLen(low) == size && r != utf8.RuneError {
			utf8.EncodeRune(out[i:], low)
		}
		i += size
	}
}

// add has a value looked for everywhere.
func (v *values) add(text, rule string) {
	low := string(lower([]byte(text)))
	if len(text) < MinValue || v.lower[low] != "" {
		return
	}
	v.lower[low] = rule
	v.startsTorn(low)
	pair := binary.LittleEndian.Uint16([]byte(low))
	key := uint32(pair)
	if len(low) >= MinInner {
		key = binary.LittleEndian.Uint32([]byte(low))
		v.heads[hashed(key)] = true
	} else {
		v.words[pair] = true
	}
	clear(v.plain)
	v.starts[key] = append(v.starts[key], low)
	slices.SortFunc(v.starts[key], func(a, b string) int { return len(b) - len(a) }) // the longest is tried first
}

// spelling gives the entry of exact bytes; new ones are found until the table is made.
func (v *values) spelling(text, rule string) *value {
	e := v.by[text]
	if e == nil {
		e = &value{bytes: text, rule: rule}
		v.by[text] = e
	}
	return e
}

// fit refuses more values than a copy may withhold: their tokens could not be told apart, and its table would be larger
// than [Verify] reads.
func (v *values) fit(most int) error {
	if len(v.by) > most {
		return fmt.Errorf("over %d values are to be withheld, more than a copy can say; withhold whole answers (bodies) or files (inputs: [roster.csv]) in the place of many values, or leave rules out", most)
	}
	return nil
}

func (v *values) token(n int) string { return fmt.Sprintf("withheld-%s-%07d", v.tag, n) }

// tokens finds the tokens of a copy.
func tokens(tag string) *regexp.Regexp {
	return regexp.MustCompile(`withheld-` + regexp.QuoteMeta(tag) + `-([0-9]{7})`)
}

// find gives the first value of at least so many bytes in a text from an offset on, already in lower case, and notes that
// it stands somewhere.
func (v *values) find(low []byte, from, least int) (at, size int, ok bool) {
	at, size, ok = v.next(low, from, least)
	if ok && !v.seen[string(low[at:at+size])] {
		v.seen[string(low[at:at+size])] = true
	}
	return at, size, ok
}

func (v *values) next(low []byte, from, least int) (at, size int, ok bool) {
	for i := from; i+MinValue <= len(low); i++ {
		if i+MinInner <= len(low) {
			if head := binary.LittleEndian.Uint32(low[i:]); v.heads[hashed(head)] {
				for _, want := range v.starts[head] {
					if len(want) >= max(MinInner, least) && len(want) <= len(low)-i && string(low[i:i+len(want)]) == want {
						return i, len(want), true
					}
				}
			}
		}
		if least >= MinInner || !v.words[binary.LittleEndian.Uint16(low[i:])] {
			continue
		}
		for _, want := range v.starts[uint32(binary.LittleEndian.Uint16(low[i:]))] {
			if len(want) <= len(low)-i && string(low[i:i+len(want)]) == want && isWord(low, i, i+len(want)) {
				return i, len(want), true
			}
		}
	}
	return 0, 0, false
}

// hashed makes four bytes two.
func hashed(b uint32) uint16 { return uint16(b * 0x9e3779b1 >> 16) }

// isWord reports whether neither a letter nor a digit stands right before or after a text.
func isWord(b []byte, from, to int) bool {
	inWord := func(r rune, _ int) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	return !inWord(utf8.DecodeLastRune(b[:from])) && !inWord(utf8.DecodeRune(b[to:]))
}

// holds reports whether a text holds any value.
func (v *values) holds(b []byte) bool {
	_, _, ok := v.next(lower(b), 0, MinValue)
	return ok
}

// found gives the values of at least so many bytes that a text holds plainly, in lower case.
func (v *values) found(b []byte, least int) map[string]bool {
	out := map[string]bool{}
	low := lower(b)
	for at, size, ok := v.find(low, 0, least); ok; at, size, ok = v.find(low, at+size, least) {
		out[string(low[at:at+size])] = true
	}
	return out
}

// replace puts tokens in the place of values.
func (v *values) replace(b []byte) []byte {
	low := lower(b)
	at, size, ok := v.find(low, 0, MinValue)
	if !ok {
		return b
	}
	var out []byte
	from := 0
	for ok {
		out = append(out, b[from:at]...)
		e := v.spelling(string(b[at:at+size]), v.lower[string(low[at:at+size])])
		out = append(out, v.token(e.n)...)
		from = at + size
		at, size, ok = v.find(low, from, MinValue)
	}
	return append(out, b[from:]...)
}

// number gives each spelling its line, in an order that tells nothing of the values, and its salt.
func (v *values) number() []*value {
	all := make([]*value, 0, len(v.by))
	for text, e := range v.by {
		sum := sha256.Sum256([]byte(text))
		e.salt = [32]byte(v.mac(saltDomain, string(sum[:])))
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *value) int { return bytes.Compare(a.salt[:], b.salt[:]) })
	for i, e := range all {
		e.n = i + 1
	}
	return all
}

// commitment is what the table says of a value.
func commitment(salt []byte, text string) string {
	h := sha256.New()
	h.Write([]byte(commitmentDomain))
	h.Write(salt)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

// isDigest reports whether a text is a SHA-256 in hexadecimal.
func isDigest(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }
