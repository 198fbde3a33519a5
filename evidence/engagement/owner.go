package engagement

import (
	"regexp"
	"strings"
)

// accountNumber is that of an AWS account.
var accountNumber = regexp.MustCompile(`^[0-9]{12}$`)

// ProjectTarget names the target of a Google project. The id of a domain's project, such as example.com:mail, has
// a colon, which can stand in no file's name; _ can stand in no id.
func ProjectTarget(id string) string { return "gcp-" + strings.ReplaceAll(id, ":", "_") }

// OwnerIn gives the target whose own a thing of that id is, as the id says: the account of an ARN, the
// project of a Google name. It is "" where the id names none, as that of a bucket.
func OwnerIn(id string) string {
	if parts := strings.SplitN(id, ":", 6); len(parts) == 6 && parts[0] == "arn" && accountNumber.MatchString(parts[4]) {
		return "aws-" + parts[4]
	}
	if host, path, ok := strings.Cut(id, ".googleapis.com/projects/"); ok && strings.LastIndexByte(host, '/') == 1 && strings.HasPrefix(id, "//") {
		project, _, _ := strings.Cut(path, "/")
		return ProjectTarget(project)
	}
	if first, _, ok := strings.Cut(id, "/"); ok && accountNumber.MatchString(first) {
		return "aws-" + first
	}
	return ""
}
