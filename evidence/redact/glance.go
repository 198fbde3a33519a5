package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"html"
	"strings"
	"sync"
	"unicode/utf8"
)

// Kinds of bytes; below them stand the letters of base64, by what they say.
const (
	outside = 64 + iota // no letter
	blank               // white space within a line
	lineEnd             // white space that ends one
	percentSign
	plusSign // which may be a space, and a letter
)

// kinds gives the kind of each byte, folds the byte in lower case, where that is one of ASCII, and signs what it may be
// in a text that can be read.
var kinds, folds, signs = func() (kinds, folds, signs [256]byte) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range kinds {
		c := byte(i)
		kinds[i], folds[i], signs[i] = outside, c, none
		switch {
		case c == '\n' || c == '\r':
			kinds[i], signs[i] = lineEnd, single
		case isSpace(c):
			kinds[i], signs[i] = blank, single
		case c == '%':
			kinds[i], signs[i] = percentSign, single
		case ' ' < c && c < 0x7f:
			signs[i] = single
		case 0xc2 <= c && c <= 0xf4:
			signs[i] = first
		case 0x80 <= c && c <= 0xbf:
			signs[i] = further
		}
		if 'A' <= c && c <= 'Z' {
			folds[i] = c + 'a' - 'A'
		}
		if c >= utf8.RuneSelf {
			folds[i] = utf8.RuneSelf
		}
	}
	for i := range len(letters) {
		kinds[letters[i]] = byte(i)
	}
	kinds['-'], kinds['_'] = kinds['+'], kinds['/']
	kinds['+'] = plusSign
	return kinds, folds, signs
}()

// What a byte may be in UTF-8 that can be read, and what may stand behind it.
const (
	none = iota
	single
	first
	further
)

var behind = [...]byte{none: 0, single: 1<<single | 1<<first, first: 1 << further, further: 1<<single | 1<<first | 1<<further}

// written gives the bytes that are folded to one.
var written = func() (out [256][]byte) {
	for i, f := range folds {
		out[f] = append(out[f], byte(i))
	}
	return out
}()

// maxGlanced bounds the forms of which a glance says that they hold nothing: far fewer than are too many.
const maxGlanced = maxForms / 2

// A window is three letters, of which the first may be none. What is known of it is a bit for each of the three bytes that
// end in its last letter, the last of them in bit 0, that says that this byte and the one before it can be read; and starts.
const (
	windowBits = 18
	starts     = 1 << 3 // the third and fourth byte of a value may end in it
)

// readableWindows says of all windows what can be read.
var readableWindows = sync.OnceValue(func() []byte {
	out := make([]byte, 1<<windowBits)
	for w := range out {
		for free, unseen := range map[int]int{0: 1, 2: 1, 4: 4} { // bits behind the byte; what may stand before the window
			pair := w >> free
			for more := range unseen {
				if one, other := signs[byte(pair>>8|more<<6)], signs[byte(pair)]; behind[one]>>other&1 != 0 {
					out[w] |= 1 << (free / 2)
				}
			}
		}
	}
	return out
})

// startsTorn notes how a value begins that is found in torn base64.
func (v *values) startsTorn(low string) {
	if strings.ContainsAny(low, `"'`) {
		v.quotes = true
	}
	if len(low) < minTorn {
		return
	}
	start := fold(binary.BigEndian.Uint32([]byte(low)))
	if v.torn[start] {
		return
	}
	v.torn[start] = true
	for _, third := range written[byte(start>>8)] {
		for _, fourth := range written[byte(start)] {
			pair := int(third)<<8 | int(fourth)
			for i := range 4 {
				v.windows[i<<16|pair] |= starts
				v.windows[pair<<2|i] |= starts
			}
			for i := range 1 << 4 {
				v.windows[(pair<<4|i)&(1<<windowBits-1)] |= starts
			}
		}
	}
}

func fold(b uint32) uint32 {
	return uint32(folds[b>>24])<<24 | uint32(folds[byte(b>>16)])<<16 | uint32(folds[byte(b>>8)])<<8 | uint32(folds[byte(b)])
}

// suspect reports whether a form of a text may hold a value, or one of any of the texts of a file ([spans]), or base64 over
// its lines: where it is false, none does, and nobody need make the forms. Holds says that a value stands there plainly.
func (v *values) suspect(text []byte, holds bool) bool {
	forms := 0
	return v.glance(text, holds, &forms)
}

// glance is suspect; it counts the forms that it saw.
func (v *values) glance(text []byte, holds bool, forms *int) bool {
	// Without the backslash before a quote, and with one quote for two, the same values stand there, if none has quotes.
	if n := bytes.Count(text, []byte(`\`)); n > 0 && (holds || v.quotes || bytes.Count(text, []byte(`\"`)) != n) {
		return true
	}
	if (holds || v.quotes) && (bytes.Contains(text, []byte(`""`)) || bytes.Contains(text, []byte(`''`))) {
		return true
	}
	if bytes.IndexByte(text, '&') >= 0 && html.UnescapeString(string(text)) != string(text) {
		return true
	}
	var (
		word, begin int    // where letters begin: without white space, and over it
		n           int    // of these
		last        uint64 // ten of them; before the first stand such as say nothing
		read        uint64 // three bits of each of the last, as in windows
		prints      bool   // minPrint bytes, or more, can be read
		ended       bool   // a line ended among them
	)
	for i := 0; i <= len(text); i++ {
		kind := byte(outside)
		if i < len(text) {
			kind = kinds[text[i]]
		}
		if kind < outside {
			last = last<<6 | uint64(kind)
			known := v.windows[last&(1<<windowBits-1)]
			if ended || known&starts != 0 && v.startsIn(last) {
				return true
			}
			read = read<<3 | uint64(known&7)
			if n++; n%7 == 0 {
				prints = prints || many(read)
			}
			continue
		}
		if i-word >= minWord && v.says(text[word:i], forms) {
			return true
		}
		word = i + 1
		switch kind {
		case plusSign:
			return true
		case blank:
		case lineEnd:
			ended = n > 0
		default:
			if kind == percentSign && percent.Match(text[i:min(len(text), i+3)]) {
				return true
			}
			if (prints || many(read)) && canRead(text[begin:i]) {
				return true
			}
			begin, n, last, read, prints, ended = i+1, 0, 0, 0, false, false
		}
	}
	return false
}

// startsIn reports whether the first four bytes of a value end in the last of some letters.
func (v *values) startsIn(last uint64) bool {
	return v.torn[fold(uint32(last))] || v.torn[fold(uint32(last>>2))] || v.torn[fold(uint32(last>>4))]
}

// many reports whether minPrint bytes that stand behind one another can be read, so that all pairs of them can: each fourth
// bit. It sees those that end in the last seven letters.
func many(read uint64) bool {
	read &= read >> 4           // 2 pairs
	read &= read >> 8           // 4
	read &= read >> 16          // 8
	return read&(read>>12) != 0 // 11
}

// canRead reports whether letters say, wherever their base64 begins, what can be read.
func canRead(text []byte) bool {
	return within(letters(string(text)), func(plain []byte, _ int) bool { return len(printable(nil, plain)) > 0 })
}

// says reports whether a word that is the base64 of a text may say a value.
func (v *values) says(word []byte, forms *int) bool {
	if len(word)%4 == 1 || !readable(word) {
		return false
	}
	plain, err := base64.RawStdEncoding.AppendDecode(nil, letters(string(word)))
	if err != nil || !utf8.Valid(plain) {
		return false
	}
	if *forms++; *forms > maxGlanced || v.holds(plain) {
		return true
	}
	if !v.glance(plain, false, forms) {
		return false
	}
	found, n := v.inForms(string(plain), v.inForm) // short, by chance, most often
	*forms += n
	return found || *forms > maxGlanced
}

// readable reports whether a word of base64 may say UTF-8: whether what stands behind each byte may.
func readable(word []byte) bool {
	last, need := uint(kinds[word[0]]), 0
	for i, c := range word[1:] {
		w := last<<6 | uint(kinds[c])
		last = w & 0x3f
		var b byte
		switch i % 4 {
		case 0:
			b = byte(w >> 4)
		case 1:
			b = byte(w >> 2)
		case 2:
			b = byte(w)
		default:
			continue
		}
		switch {
		case need > 0:
			if b&0xc0 != 0x80 {
				return false
			}
			need--
		case b < utf8.RuneSelf:
		case 0xc2 <= b && b < 0xe0:
			need = 1
		case 0xe0 <= b && b < 0xf0:
			need = 2
		case 0xf0 <= b && b < 0xf5:
			need = 3
		default:
			return false
		}
	}
	return need == 0
}
