package engagement

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// odd says what a reader does not see in a text that is compared with others, so that it would match
// nothing; "" where there is nothing of that sort.
func odd(s string) string {
	if s != strings.TrimSpace(s) {
		return "begins or ends with a space"
	}
	for _, r := range s {
		switch {
		case r == ' ':
		case unicode.IsControl(r), unicode.IsSpace(r), unicode.In(r, unicode.Z, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return fmt.Sprintf("holds %U, which nobody sees", r)
		}
	}
	return ""
}

const oddHint = "type it anew, without spaces around it: it would match nothing"

// qualifiedID begins what the providers write in ASCII alone: ARNs, names of Google, accounts, and principals that
// have an address. What the subject of an identity pool is called is its provider's.
var qualifiedID = regexp.MustCompile(`^(arn:|aws[:-]|gcp[:-]|//|(deleted:)?(user|group|serviceAccount|domain):)`)

// alike says which letter of such an id only looks like one of ASCII, so that it would match nothing, or like
// another's; "" where there is none.
func alike(s string) string {
	if !qualifiedID.MatchString(s) {
		return ""
	}
	for _, r := range s {
		if r > unicode.MaxASCII {
			return fmt.Sprintf("holds %U (%c), which no such name has", r, r)
		}
	}
	return ""
}

const alikeHint = "type it anew in plain letters: one of another alphabet that looks the same would match nothing"

// plain refuses texts in which something stands that nobody sees.
func (f *faults) plain(path string, texts ...string) {
	for i, s := range texts {
		at := path
		if strings.HasSuffix(path, "[]") {
			at = fmt.Sprintf("%s[%d]", strings.TrimSuffix(path, "[]"), i)
		}
		why := odd(s)
		f.check(why == "", at, "%q %s", oddHint, s, why)
		why = alike(s)
		f.check(why == "", at, "%q %s", alikeHint, s, why)
	}
}

// gapRow is how the id of a row of coverage begins.
var gapRow = regexp.MustCompile(`^(aws-|gcp-|plugin-|unread\b|\*/)`)

// quotes stand in no name; where one stands, more than the name was pasted.
const quotes = "\"'`<>“”„‘’‚«»"

// member is a Google principal with an address.
var (
	memberForm = regexp.MustCompile(`^(user|group|serviceAccount|domain):`)
	address    = regexp.MustCompile(`^[^@:;,|/\\()]+@[a-z0-9.-]+$`)
)

// schemes are how principals begin, beside those of plug-ins.
var schemes = []string{"arn", "user", "group", "serviceAccount", "domain", "principal", "principalSet", "deleted"}

// principalFault says why a text of the roster can name no one principal; "" where it can.
func principalFault(who string) string {
	scheme, rest, qualified := strings.Cut(who, ":")
	i := slices.IndexFunc(schemes, func(s string) bool { return strings.EqualFold(s, scheme) })
	switch {
	case odd(who) != "":
		return odd(who)
	case alike(who) != "":
		return alike(who)
	case strings.ContainsAny(who, " *"):
		return "holds a space or a *, which no name has"
	case strings.ContainsAny(who, quotes):
		return "holds a quotation mark or bracket, which no name has"
	case strings.Count(who, "arn:") > 1, i >= 0 && separated.MatchString(rest):
		return "is more than one"
	case qualified && i >= 0 && schemes[i] != scheme:
		return "begins with " + scheme + ": where " + schemes[i] + ": is written"
	case memberForm.MatchString(who) && rest != strings.ToLower(rest):
		return "holds capitals, and Google writes addresses without"
	case memberForm.MatchString(who) && scheme != "domain" && !address.MatchString(rest):
		return "is no one address"
	}
	return ""
}

// separated finds a second principal after a separator, which a name may hold (IAM User Guide, IAM identifiers).
var separated = regexp.MustCompile(`[,;|\s]\s*[A-Za-z]+:`)
