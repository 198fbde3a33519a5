package engagement

import "testing"

func TestOwnerIn(t *testing.T) {
	for id, want := range map[string]string{
		"arn:aws:rds:us-east-1:111122223333:db:x":                        "aws-111122223333",
		"arn:aws:rds:us-east-1:111122223333:cluster-snapshot:rds:x:y":    "aws-111122223333",
		"arn:aws:s3:::bucket":                                            "",
		"arn:aws:iam::aws:policy/x":                                      "",
		"arn:aws:rds:us-east-1:111122223333":                             "",
		"111122223333/eu-west-1/rds-export/x":                            "aws-111122223333",
		"//cloudsql.googleapis.com/projects/clover-legacy/instances/old": "gcp-clover-legacy",
		"//cloudsql.googleapis.com/projects/424242/instances/old":        "gcp-424242",
		"//storage.googleapis.com/bucket":                                "",
		"dc:volume/111122223333/x":                                       "",
		"":                                                               "",
	} {
		if got := OwnerIn(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

func TestProjectIDs(t *testing.T) {
	for id, want := range map[string]bool{"mail-store": true, "example.com:mail-store": true, "mail.example.com:mail-store": true, "example:mail-store": false,
		"example.com:": false, "a:b:mail-store": false, "Example.com:mail-store": false, "../x.com:mail-store": false, "123456789012": false} {
		if projectID.MatchString(id) != want {
			t.Errorf("%s: want %v", id, want)
		}
	}
}
