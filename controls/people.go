package controls

import (
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence/engagement"
)

// people are those whom the roster lists, by the Google account that they hold: the countries of each one's holders.
// It is nil where there is no roster. An AWS user belongs to an account, and is judged by that.
type people map[string][]string

func peopleOf(roster []engagement.Person) people {
	if len(roster) == 0 {
		return nil
	}
	out := people{}
	for _, p := range roster {
		for _, who := range p.Principals {
			if account, ok := googleUser(who); ok {
				out[account] = append(out[account], p.Country)
			}
		}
	}
	return out
}

// googleUser gives the Google account that a policy names as a person's. Google tells capitals from small letters in no
// address.
func googleUser(who string) (account string, ok bool) {
	return strings.ToLower(who), strings.HasPrefix(who, "user:")
}

// noRoster is why it is not known whose a person's account is.
const noRoster = "engagement.yaml names no roster, or it is empty"

// of judges a named person, or a group, as trusted() does: unseen is why that is not known. Mine is false where
// the name is neither's.
func (p people) of(who string, auditors []string) (trusted bool, unseen string, mine bool) {
	account, person := googleUser(who)
	switch {
	case !person:
		for _, group := range []string{"group:", "domain:"} {
			if strings.HasPrefix(who, group) {
				return false, "who belongs to it is not collected: " + who, true
			}
		}
		return false, "", false
	case p[account] != nil:
		return true, "", true
	case matchesAny(auditors, who):
		return false, "the auditor's, whom no roster lists: " + who, true
	case p == nil:
		return false, noRoster, true
	}
	return false, "", true
}

// home says whether all who hold a person's account work in one of the countries; listed is false of somebody whom the
// roster does not list.
func (p people) home(who string, countries []string) (home, listed bool) {
	account, person := googleUser(who)
	held := p[account]
	if !person || len(held) == 0 {
		return false, false
	}
	return !slices.ContainsFunc(held, func(c string) bool { return !slices.Contains(countries, c) }), true
}
