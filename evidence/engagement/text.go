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

// fixedText says whether a pattern holds anything but wildcards and separators, so that it cannot
// match everything.
func fixedText(pattern string) bool { return strings.Trim(pattern, "*/:? ") != "" }

// anyThings are ids of things, anyPeople names of principals and identity providers, of accounts, services and names
// that nobody has: a pattern that matches one of them matches whatever comes.
var (
	anyThings = []string{"arn:aws:s3:::zq-nobody", "arn:aws:zq:zq-none-9:000000000000:zq-nobody/zq-nobody", "arn:aws:iam::000000000000:user/zq-nobody",
		"arn:aws:iam::000000000000:role/zq-nobody#trust#0", "arn:aws:kms:zq-none-9:000000000000:key/zq-nobody", "arn:aws:ec2:zq-none-9:000000000000:volume/zq-nobody",
		"arn:aws:ec2:zq-none-9:000000000000:snapshot/zq-nobody", "arn:aws:rds:zq-none-9:000000000000:db:zq-nobody", "arn:aws:dynamodb:zq-none-9:000000000000:table/zq-nobody",
		"arn:aws:logs:zq-none-9:000000000000:log-group:zq-nobody", "//storage.googleapis.com/zq-nobody", "//zq.googleapis.com/projects/zq-nobody/zq/zq-nobody",
		"//cloudkms.googleapis.com/projects/zq-nobody/locations/zq/keyRings/zq/cryptoKeys/zq", "gcp:zq-nobody#roles/zq", "gcp:organizations/0#roles/zq", "000000000000/zq-nobody",
		"coverage:aws-000000000000/zq-none-9/zq:Nobody", "coverage:gcp-zq-nobody/global/zq:nobody", "collection:zq-nobody", "legacy:zq-nobody", "collector:aws:000000000000", "collector:gcp:zq-nobody",
		"guardrail:aws:000000000000", "audit_log:aws:000000000000", "audit_log:gcp:zq-nobody", "log_store:zq-nobody", "person:zq-nobody", "human:arn:aws:iam::000000000000:user/zq-nobody", "gateway:zq-nobody"}
	anyPeople = []string{"arn:aws:iam::000000000000:role/zq-nobody", "arn:aws:iam::000000000000:user/zq-nobody", "arn:aws:sts::000000000000:assumed-role/zq-nobody/zq",
		"arn:aws:iam::000000000000:saml-provider/zq-nobody", "arn:aws:iam::000000000000:oidc-provider/zq-nobody.example", "zq-nobody.example", "is:C0zqnobody", "000000000000",
		"user:zq-nobody@zq-nobody.example", "group:zq-nobody@zq-nobody.example", "serviceAccount:zq-nobody@zq-nobody.iam.gserviceaccount.com", "gcp:zq-nobody", "allUsers"}
	anyGaps    = []string{"unread/zq.nobody", "aws-000000000000/zq-none-9/zq:Nobody", "aws-000000000000/global/zq:Nobody", "gcp-zq-nobody/global/zq:nobody.list", "zq-nobody: nobody asked for it"}
	anyRoots   = []string{"arn:aws:iam::000000000000:root"}
	anyActions = []string{"zq:Nobody"}
)

// wide gives, of a pattern that is meant for some, what it would match beside them; "" where it holds fixed text enough.
func wide(pattern string, any []string) string {
	if !fixedText(pattern) {
		return "everything"
	}
	if i := slices.IndexFunc(any, func(s string) bool { return Match(pattern, s) }); i >= 0 && strings.Contains(pattern, "*") {
		return "whatever comes, such as " + any[i]
	}
	return ""
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
