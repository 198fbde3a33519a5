package engagement

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// storeForm is how the stores of one service are named.
type storeForm struct {
	after *regexp.Regexp // what stands after arn:PARTITION:SERVICE: or //SERVICE.googleapis.com/
	such  string         // for the cure
}

const (
	here    = `[a-z]{2,5}(?:-[a-z]+)+-[0-9]{1,2}:[0-9]{12}:` // region and account
	project = `projects/(?:[a-z0-9][a-z0-9.-]*\.[a-z]{2,}:)?[a-z][a-z0-9-]+[a-z0-9]/`
)

// storesOfAWS and storesOfGoogle are the services whose stores a collector reads, with all forms that ids of theirs
// have: one that has none is looked for in vain. Sources are the services' API references: S3 bucket naming (until 2018
// also capitals and _), EC2 resource ids, RDS CreateDBInstance and ARNs, DynamoDB naming rules, CloudWatch Logs
// CreateLogGroup; Cloud Storage bucket naming, Cloud SQL, BigQuery dataset and Cloud Logging bucket naming.
var (
	storesOfAWS = map[string]storeForm{
		"s3": {regexp.MustCompile(`^::[A-Za-z0-9][A-Za-z0-9._-]+[A-Za-z0-9._-]$`), "arn:aws:s3:::name"},
		"ec2": {regexp.MustCompile(`^[a-z]{2,5}(?:-[a-z]+)+-[0-9]{1,2}:(?:[0-9]{12})?:(?:volume/vol|snapshot/snap|image/ami)-(?:[0-9a-f]{8}|[0-9a-f]{17})$`),
			"arn:aws:ec2:eu-west-1:111122223333:volume/vol-0123456789abcdef0 (or snapshot/snap-…, image/ami-…)"},
		"rds": {regexp.MustCompile(`^` + here + `(?:(?:db|cluster):[a-z](?:[a-z0-9-]*[a-z0-9])?|(?:snapshot|cluster-snapshot):(?:[a-z-]+:)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?|(?:auto-backup|cluster-auto-backup):[a-z0-9][a-z0-9-]*)$`),
			"arn:aws:rds:eu-west-1:111122223333:db:name (or cluster:, snapshot:, cluster-snapshot:, auto-backup:; names in RDS have no capitals)"},
		"dynamodb": {regexp.MustCompile(`^` + here + `table/[A-Za-z0-9_.-]{3,}(?:/backup/[0-9A-Za-z-]+)?$`), "arn:aws:dynamodb:eu-west-1:111122223333:table/name"},
		"logs":     {regexp.MustCompile(`^` + here + `log-group:[A-Za-z0-9_/.#-]+$`), "arn:aws:logs:eu-west-1:111122223333:log-group:name"},
	}
	storesOfGoogle = map[string]storeForm{
		"storage":  {regexp.MustCompile(`^[a-z0-9][a-z0-9._-]+[a-z0-9](?:#[0-9]+)?$`), "//storage.googleapis.com/name"},
		"bigquery": {regexp.MustCompile(`^` + project + `datasets/[A-Za-z0-9_]+$`), "//bigquery.googleapis.com/projects/project-id/datasets/name"},
		"cloudsql": {regexp.MustCompile(`^` + project + `(?:instances/[a-z](?:[a-z0-9-]*[a-z0-9])?(?:/backupRuns/[0-9]+)?|backups/[A-Za-z0-9_-]+)$`),
			"//cloudsql.googleapis.com/projects/project-id/instances/name"},
		"logging": {regexp.MustCompile(`^(?:` + project + `|(?:folders|organizations)/[0-9]+/|billingAccounts/[0-9A-F-]+/)locations/[a-z0-9-]+/buckets/[A-Za-z0-9_.-]+$`), "//logging.googleapis.com/projects/project-id/locations/global/buckets/name"},
	}
	otherARN     = regexp.MustCompile(`^[a-z][a-z0-9-]*:[a-z0-9-]*:(?:[0-9]{12})?:[!-~]+$`)
	otherGoogle  = regexp.MustCompile(`^//[a-z][a-z0-9-]*\.googleapis\.com/[!-~]+$`)
	otherStore   = regexp.MustCompile(`^[0-9]{12}/[a-z0-9-]+/[a-z-]+/[!-~]+$`) // of AWS, where an answer gives no ARN
	pluginsStore = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}:.*[^ :/]$`)
)

// maxStore bounds ids; in the patterns bounds would take each start of the program some milliseconds.
const maxStore = 2048

const anyStore = "write the id of one store, as the workbook shows it, such as arn:aws:s3:::name or //storage.googleapis.com/name"

// StoreFault says why an id can be that of no store, and the cure; "" where it can. Of services that a collector
// reads, and that alone can be found to be gone, the form is known; of others it is only that of an id. Whether a name
// of the right form is misspelt only a run can show.
func StoreFault(id string) (why, cure string) {
	if len(id) > maxStore {
		return "is longer than any", anyStore
	}
	if strings.ContainsAny(id, " *?") {
		return "holds a space or a wildcard, and is compared letter by letter", anyStore
	}
	scheme, rest, qualified := strings.Cut(id, ":")
	switch {
	case strings.HasPrefix(id, "arn:"):
		return arnFault(rest)
	case strings.HasPrefix(id, "//"):
		host, path, _ := strings.Cut(id[2:], ".googleapis.com/")
		for service, form := range sorted(storesOfGoogle) {
			switch {
			case host == service && !form.after.MatchString(path):
				if service == "storage" && strings.Contains(path, "/") {
					return "names what lies in a bucket, and no bucket", "write it as " + form.such
				}
				return "is no id of a store of " + service, "write it as " + form.such
			case host != service && strings.TrimPrefix(host, "cloud") == strings.TrimPrefix(service, "cloud"):
				return "is of no service of Google", "write it as " + form.such
			}
		}
		if !otherGoogle.MatchString(id) {
			return "is no name of Google", anyStore
		}
	case otherStore.MatchString(id):
	case !qualified || scheme == "aws" || scheme == "gcp" || !pluginsStore.MatchString(id):
		return "is the id of no store", anyStore
	}
	return "", ""
}

// arnFault does so for an ARN, of which it is given what follows arn:.
func arnFault(rest string) (why, cure string) {
	partition, after, _ := strings.Cut(rest, ":")
	service, path, _ := strings.Cut(after, ":")
	form, read := storesOfAWS[service]
	switch {
	case !slices.Contains(Partitions, partition):
		return "is of no partition of AWS", "begin it with arn:aws:, or arn:" + strings.Join(Partitions[1:], ":, arn:") + ":"
	case service == "s3" && strings.HasPrefix(path, "::") && strings.Contains(path, "/"):
		return "names what lies in a bucket, and no bucket", "write it as " + form.such
	case service == "rds" && path != strings.ToLower(path) && form.after.MatchString(strings.ToLower(path)):
		return "holds capitals, which names in RDS have not", "write it as " + form.such
	case read && !form.after.MatchString(path):
		return "is no id of a store of " + service, "write it as " + form.such
	case !otherARN.MatchString(after):
		return "is no whole ARN", anyStore
	}
	return "", ""
}

// ASCII reports whether a text holds nothing beyond it: of what a plug-in names, letters that only look alike cannot
// be told apart.
func ASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
