package engagement

import (
	"bytes"
	"regexp"
	"slices"
)

// NotKept stands in the kept copy of engagement.yaml where an external id stood: whoever has the
// evidence must not learn what opens the roles.
const NotKept = "not-kept"

// externalID is the form of an external id (IAM, AssumeRole).
var externalID = regexp.MustCompile(`^[\w+=,.@:/-]{2,1000}$`) // AWS takes 1224; the regexp package repeats 1000 times at most

// naming finds the lines that say an external id, from the name on.
var naming = regexp.MustCompile(`(?m)external_id.*$`)

// withhold gives engagement.yaml as a run keeps it: without external ids, and otherwise as it is.
func withhold(name string, text []byte, f *File) ([]byte, error) {
	kept := text
	for _, a := range f.AWS {
		if a.ExternalID != "" {
			kept = naming.ReplaceAllFunc(kept, func(line []byte) []byte {
				return bytes.ReplaceAll(line, []byte(a.ExternalID), []byte(NotKept))
			})
		}
	}
	again, err := ParseFile(name, kept)
	if err != nil || slices.ContainsFunc(again.AWS, func(a AWS) bool { return a.ExternalID != "" && a.ExternalID != NotKept }) {
		return nil, &FileError{File: name, Cause: "an external_id cannot be kept out of the evidence", Hint: "write it plainly, on the line of its name"}
	}
	return kept, nil
}
