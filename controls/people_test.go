package controls

import (
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// A named person is judged by the roster; without one, and of a group, nothing is known.
func TestPeople(t *testing.T) {
	listed := peopleOf([]engagement.Person{{Country: "IE", Principals: []string{"user:ann@example.com", "arn:aws:iam::999999999999:user/ann"}},
		{Country: "US", Principals: []string{"user:desk@example.com", "group:staff@example.com"}}, {Country: "IE", Principals: []string{"user:desk@example.com"}}})
	empty := peopleOf([]engagement.Person{{Country: "IE"}})
	type answer struct {
		trusted bool
		unseen  string
		mine    bool
		home    bool
		listed  bool
	}
	for _, c := range []struct {
		in   people
		who  string
		want answer
	}{
		{listed, "user:ann@example.com", answer{true, "", true, true, true}},
		{listed, "user:ANN@example.com", answer{true, "", true, true, true}},
		{listed, "user:desk@example.com", answer{true, "", true, false, true}}, // one who holds it works elsewhere
		{listed, "user:annabel@example.com", answer{false, "", true, false, false}},
		{listed, "user:audit@example.org", answer{false, "the auditor's, whom no roster lists: user:audit@example.org", true, false, false}},
		{listed, "group:staff@example.com", answer{false, "who belongs to it is not collected: group:staff@example.com", true, false, false}},
		{listed, "domain:example.com", answer{false, "who belongs to it is not collected: domain:example.com", true, false, false}},
		{listed, "arn:aws:iam::999999999999:user/ann", answer{}}, // of an account, by which it is judged
		{empty, "user:ann@example.com", answer{false, "", true, false, false}},
		{peopleOf(nil), "user:ann@example.com", answer{false, noRoster, true, false, false}},
	} {
		var got answer
		got.trusted, got.unseen, got.mine = c.in.of(c.who, []string{"user:audit@*"})
		got.home, got.listed = c.in.home(c.who, []string{"IE", "NO"})
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.who, got, c.want)
		}
	}
}
