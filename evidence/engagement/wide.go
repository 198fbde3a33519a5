package engagement

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// fixedText says whether a pattern holds anything but wildcards and separators, so that it cannot
// match everything.
func fixedText(pattern string) bool { return strings.Trim(pattern, "*/:? ") != "" }

// nobody is a name that nobody has. It holds each letter and digit and what names are separated by, so that a pattern
// with one of them between wildcards matches it.
const nobody = "zq-nobody-a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t-u-v-w-x-y-z_0.1.2.3.4.5.6.7.8.9"

// noRegions are of the form of regions in each part of the world and in each partition, and none is one.
var noRegions = []string{"zq-none-99", "af-south-99", "ap-east-99", "ap-northeast-99", "ap-south-99", "ap-southeast-99", "ca-central-99", "ca-west-99", "cn-north-99", "cn-northwest-99", "eu-central-99", "eu-north-99", "eu-south-99",
	"eu-west-99", "eusc-de-east-99", "il-central-99", "me-central-99", "me-south-99", "mx-central-99", "sa-east-99", "us-east-99", "us-west-99", "us-gov-east-99", "us-gov-west-99",
	"africa-south99", "asia-east99", "australia-southeast99", "europe-west99", "europe-north99", "europe-central99", "me-west99", "northamerica-northeast99", "southamerica-east99", "us-central99", "us-east99", "us-west99"}

// everyRegion gives a text with each of noRegions in the place of REGION.
func everyRegion(text string) (out []string) {
	for _, r := range noRegions {
		out = append(out, strings.ReplaceAll(text, "REGION", r))
	}
	return out
}

// each gives texts with each of some words in the place of EACH.
func each(words string, texts ...string) (out []string) {
	for _, text := range texts {
		for word := range strings.FieldsSeq(words) {
			out = append(out, strings.ReplaceAll(text, "EACH", word))
		}
	}
	return out
}

// resources gives ARNs in a region that is none, of services and how their resources' names begin.
func resources(words string) (out []string) {
	for word := range strings.FieldsSeq(words) {
		service, sort, _ := strings.Cut(word, ":")
		out = append(out, "arn:aws:"+service+":"+noRegions[0]+":000000000000:"+sort+nobody)
	}
	return out
}

// anyThings are ids of things, anyProviders and anyPeople names of identity providers and principals, anyGaps what
// could not be judged, of accounts, services and names that nobody has: a pattern that matches one of them matches
// whatever comes. Partitions and regions of an ARN are compared as [widened] gives them.
var (
	anyThings = sync.OnceValue(func() []string {
		return slices.Concat(
			[]string{"arn:aws:s3:::" + nobody, "arn:aws:zq:zq-none-99:000000000000:zq-nobody/" + nobody, "//storage.googleapis.com/" + nobody, "//zq.googleapis.com/projects/zq-nobody/zq/" + nobody,
				"//cloudkms.googleapis.com/projects/zq-nobody/locations/zq/keyRings/zq/cryptoKeys/" + nobody, "aws:000000000000", "aws:o-zqnobody", "gcp:zq-nobody", "gcp:zq-nobody#roles/zq", "gcp:organizations/0#roles/zq", "gcp:folders/0#roles/zq", "000000000000/" + nobody,
				"coverage:gcp-zq-nobody/global/zq:nobody", "coverage:plugin-zq/global/zq:Nobody", "collection:zq-nobody", "collection:aws-000000000000", "collection:gcp-zq-nobody", "legacy:zq-nobody", "legacy:arn:aws:s3:::" + nobody, "legacy://storage.googleapis.com/" + nobody,
				"guardrail:aws:000000000000", "guardrail:gcp:zq-nobody", "collector:gcp:zq-nobody", "collector:aws:000000000000", "audit_log:aws:000000000000", "audit_log:gcp:zq-nobody",
				"log_store:zq-nobody", "log_store:arn:aws:s3:::" + nobody, "log_store://storage.googleapis.com/" + nobody, "log_route://logging.googleapis.com/projects/zq-nobody/sinks/" + nobody, "log_route:arn:aws:cloudtrail:zq-none-99:000000000000:trail/" + nobody,
				"person:" + nobody, "gateway:" + nobody, "human:arn:aws:iam::000000000000:user/" + nobody},
			each("user group role policy saml-provider oidc-provider instance-profile", "arn:aws:iam::000000000000:EACH/"+nobody, "arn:aws:iam::000000000000:EACH/"+nobody+"#trust#0", "arn:aws:iam::000000000000:EACH/"+nobody+"#inline#"+nobody+"#0"),
			resources("kms:key/ kms:alias/ ec2:volume/ ec2:snapshot/ ec2:image/ rds:db: rds:cluster: rds:snapshot: rds:cluster-snapshot: rds:auto-backup: dynamodb:table/ logs:log-group: logs:destination: "+
				"cloudtrail:trail/ s3:accesspoint/ sns: sqs: lambda:function: organizations:account/ organizations:policy/"),
			each("bigquery cloudsql logging compute iam pubsub storage cloudkms", "//EACH.googleapis.com/projects/zq-nobody/zq/"+nobody),
			each("datasets instances serviceAccounts sinks topics roles locations", "//zq.googleapis.com/projects/zq-nobody/EACH/"+nobody),
			everyRegion("coverage:aws-000000000000/REGION/zq:Nobody"), everyRegion("arn:aws:zq:REGION:000000000000:zq/"+nobody), everyRegion("//zq.googleapis.com/projects/zq-nobody/locations/REGION/zq/"+nobody))
	})

	anyPeople = sync.OnceValue(func() []string {
		return slices.Concat(each("user role group", "arn:aws:iam::000000000000:EACH/"+nobody, "arn:aws:iam::000000000000:EACH/zq/"+nobody),
			each("assumed-role federated-user", "arn:aws:sts::000000000000:EACH/"+nobody+"/zq"), anyProviders(),
			[]string{"000000000000", "aws:000000000000", "user:zq-nobody@zq-nobody.example", "group:zq-nobody@zq-nobody.example", "serviceAccount:zq-nobody@zq-nobody.iam.gserviceaccount.com", "serviceAccount:000000000000-compute@developer.gserviceaccount.com",
				"principal://iam.googleapis.com/projects/0/locations/global/workloadIdentityPools/zq/subject/zq", "principal://iam.googleapis.com/locations/global/workforcePools/zq/subject/zq",
				"principalSet://iam.googleapis.com/projects/0/locations/global/workloadIdentityPools/zq/*", "principalSet://iam.googleapis.com/locations/global/workforcePools/zq/*", "gcp:zq-nobody", "allUsers", "allAuthenticatedUsers", "deleted:user:zq-nobody@zq-nobody.example?uid=0"},
			each("com org net eu example", "user:zq-nobody@zq-nobody.EACH", "group:zq-nobody@zq-nobody.EACH"))
	})

	// Some hosts have the issuers of many customers: who approves the host approves whoever comes.
	anyProviders = sync.OnceValue(func() []string {
		return slices.Concat(each("saml-provider oidc-provider", "arn:aws:iam::000000000000:EACH/"+nobody, "arn:aws:iam::000000000000:EACH/"+nobody+".example/zq"),
			each("example com org net io eu dev app", "zq-nobody.EACH", "https://zq-nobody.EACH", "http://zq-nobody.EACH/zq", "https://zq-nobody.EACH/zq/zq", "domain:zq-nobody.EACH"),
			[]string{"urn:zq:nobody", "is:C0zqnobody", "in:C0zqnobody", "under:C0zqnobody", "C0zqnobody", "in:organizations/0", "under:organizations/0", "is:organizations/0", "is:principalSet://iam.googleapis.com/organizations/0", "principalSet://iam.googleapis.com/organizations/0",
				"//iam.googleapis.com/projects/zq-nobody/locations/global/workloadIdentityPools/zq/providers/zq", "//iam.googleapis.com/locations/global/workforcePools/zq/providers/zq",
				"https://login.microsoftonline.com/zq-nobody/v2.0", "https://sts.windows.net/zq-nobody/", "https://zq-nobody.okta.com", "https://zq-nobody.auth0.com/"})
	})

	anyGaps = sync.OnceValue(func() []string {
		return slices.Concat([]string{"unread/zq.nobody", "gcp-zq-nobody/global/zq:nobody.list", "gcp-org-0/global/zq:nobody.list", "plugin-zq-nobody/global/zq:Nobody", "zq-nobody: nobody asked for it", "withheld by rule zq-nobody", "engagement.yaml zq-nobody",
			"zq was not zq, and what it is the zq of is not known: the answer zq names no zq", "only in the second source: " + nobody, "the other end was not collected: " + nobody, "scope: zq", "what it is a copy of was not collected: " + nobody, "misspelt? the register's id " + nobody + " was not found, and near it the run has " + nobody},
			each("a b c d e f g h i j k l m n o p q r s t u v w x y z", "unread/aws.EACHzq.nobody", "unread/gcp.EACHzq.nobody"),
			each("0 1 2 3 4 5 6 7 8 9", "aws-EACH00000000000/global/zq:Nobody", "aws-org-EACH00000000000/global/zq:Nobody"),
			everyRegion("aws-000000000000/REGION/zq:Nobody"), everyRegion("gcp-zq-nobody/REGION/zq:nobody.list"))
	})

	// Who may be named for all accounts to a guardrail, such as their root users, is no provider.
	anyTrusted = sync.OnceValue(func() []string { return slices.Concat(anyPeople(), []string{"arn:aws:iam::000000000000:root"}) })
	anyActions = func() []string { return []string{"zq:Nobody"} }
)

var (
	// accountOf finds what stands where an account does: in an ARN, or after aws: or aws-.
	accountOf = regexp.MustCompile(`arn:[^:]*:[^:]*:[^:]*:([0-9*]+)(?:[:/]|$)|aws(?:-org)?[:-]([0-9*]+)(?:[:/#]|$)`)
	// wholeAccount is an account, or any; the name that follows may begin with a wildcard of its own.
	wholeAccount = regexp.MustCompile(`^(?:[0-9]{12}\**|\*+)$`)
	// inAccount is an ARN up to its account.
	inAccount = regexp.MustCompile(`^(arn:[^:]*:[^:]*:[^:]*:)[0-9]{12}:`)
	// placed is an ARN with its partition and region.
	placed = regexp.MustCompile(`(arn:)([^:]*)((?::[^:]*)?)((?::[^:]*)?)`)
)

// someAccounts says whether a pattern stands for accounts by some of their digits: which they are nobody can know.
func someAccounts(pattern string) bool {
	for _, m := range accountOf.FindAllStringSubmatch(pattern, -1) {
		if account := m[1] + m[2]; strings.Contains(account, "*") && !wholeAccount.MatchString(account) {
			return true
		}
	}
	return false
}

// widened is a pattern for each partition, and for each region where it names some by a wildcard: a pattern for all
// of one partition, or of one part of the world, is for whatever comes there.
func widened(pattern string) string {
	return placed.ReplaceAllStringFunc(pattern, func(arn string) string {
		m := placed.FindStringSubmatch(arn)
		if slices.Contains(Partitions, m[2]) || strings.Contains(m[2], "*") {
			m[2] = "*"
		}
		if strings.Contains(m[4], "*") {
			m[4] = ":*"
		}
		return m[1] + m[2] + m[3] + m[4]
	})
}

// wide gives, of a pattern that is meant for some, what it would match beside them; "" where it holds fixed text enough.
func wide(pattern string, any func() []string) string {
	switch {
	case !fixedText(pattern):
		return "everything"
	case !strings.Contains(pattern, "*"):
		return ""
	case someAccounts(pattern):
		return "accounts that nobody named: write all twelve digits, or * alone"
	}
	for _, p := range []string{pattern, widened(pattern)} {
		if i := slices.IndexFunc(any(), func(s string) bool { return Match(p, s) }); i >= 0 {
			return "whatever comes, such as " + any()[i]
		}
	}
	return ""
}

// gapWords is how many letters in a row a pattern of causes must hold, spaces apart: fewer stand in any sentence.
const gapWords = 8

// wideGap does so for an accepted gap. One that begins as no row does, and names none by a slash, is for causes: it must
// hold more than words that any cause has. A kind alone, such as aws.sqs.*, matches nothing.
func wideGap(pattern string) string {
	why := wide(pattern, anyGaps)
	row := gapRow.MatchString(pattern) || strings.Contains(pattern, "/") && !strings.Contains(pattern, " ")
	kind := strings.HasPrefix(pattern, "aws.") || strings.HasPrefix(pattern, "gcp.")
	if why != "" || row || kind || !strings.Contains(pattern, "*") {
		return why
	}
	for part := range strings.SplitSeq(pattern, "*") {
		if letters(part) >= gapWords {
			return ""
		}
	}
	return "causes of all sorts"
}

// wideName says whether a pattern of names is for whatever comes: one letter or digit between wildcards is in most names.
func wideName(pattern string) bool {
	if !strings.Contains(pattern, "*") {
		return !fixedText(pattern)
	}
	for part := range strings.SplitSeq(pattern, "*") {
		if letters(part) >= 2 {
			return false
		}
	}
	return true
}

// letters counts the letters and digits of a text.
func letters(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
