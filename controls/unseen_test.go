package controls

import (
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// A reader must know whether to grant a permission or to wait for a newer build.
func TestUnseenSaysCausesApart(t *testing.T) {
	statuses := map[string]evidence.Status{"a/g/x:List": evidence.Denied, "a/g/x:Get": evidence.OK, "a/g/x:None": evidence.Empty}
	for want, missing := range map[string][]string{
		"Could not be judged. Not answered: a/g/x:List (denied)": {"a/g/x:List"},
		"Could not be judged. Answered, but not said there, or not in a way that tells (such as for whom a service acts, or whom a condition lets in): a/g/x:Get; a/g/x:None": {"a/g/x:Get", "a/g/x:None"},
		"Could not be judged. Not known: only in the second source: b": {"only in the second source: b"},
		"Could not be judged. Not answered: a/g/x:List (denied). Answered, but not said there, or not in a way that tells (such as for whom a service acts, or whom a condition lets in): a/g/x:Get. Not known: c": {"a/g/x:Get", "a/g/x:List", "c"},
		"Could not be judged": nil,
	} {
		if got := unseen(statuses, missing); got != want {
			t.Errorf("%v: %q, want %q", missing, got, want)
		}
	}
}
