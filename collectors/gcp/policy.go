package gcp

import (
	"regexp"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// policyVersion is asked for everywhere: older versions leave conditions out of the answer.
const policyVersion = 3

// binding is one role binding, in a form that the policies of all services share.
type binding struct {
	role, expression   string
	title, description string
	members            []string
}

// owner is what a policy is attached to.
type owner struct {
	id              string // fact id
	region          string
	project, number string // empty for folders and organisations
}

// attribute finds the attributes that a condition reads.
var attribute = regexp.MustCompile(`\b(?:request|resource|destination|origin|api|principal)(?:\.[A-Za-z_]+)+`)

// conditionKeys lists the attributes that a condition names, lower case, sorted. Text between
// quotes is no attribute.
func conditionKeys(expression string) []string {
	var keys []string
	for _, key := range attribute.FindAllString(unquoted(expression), -1) {
		keys = append(keys, strings.ToLower(key))
	}
	return sorted(keys)
}

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)

func unquoted(expression string) string { return quoted.ReplaceAllString(expression, `""`) }

// condition is the binding's condition in canonical JSON; empty where it has none.
func (b binding) condition() (string, error) {
	if b.expression == "" {
		return "", nil
	}
	c := map[string]string{"expression": b.expression}
	if b.title != "" {
		c["title"] = b.title
	}
	if b.description != "" {
		c["description"] = b.description
	}
	text, err := evidence.Canonical(c)
	return string(text), err
}

// bindingFacts makes one fact of each role, and of each condition on a role. Bindings that
// differ in their members alone become one.
func bindingFacts(o owner, all []binding) ([]*evidence.Fact, error) {
	type entry struct {
		binding
		condition string
	}
	byID := map[string]*entry{}
	var ids []string
	for _, b := range all {
		condition, err := b.condition()
		if err != nil {
			return nil, err
		}
		id := o.id + "#" + b.role
		if condition != "" {
			id += "#" + evidence.Digest([]byte(condition))[:8]
		}
		if same, ok := byID[id]; ok && same.condition != condition {
			id = o.id + "#" + b.role + "#" + evidence.Digest([]byte(condition)) // whoever finds two of one beginning hides neither
		}
		if same, ok := byID[id]; ok {
			same.members = slices.Concat(same.members, b.members)
			continue
		}
		byID[id], ids = &entry{binding: b, condition: condition}, append(ids, id)
	}
	slices.Sort(ids)
	var out []*evidence.Fact
	for _, id := range ids {
		e := byID[id]
		f := evidence.NewFact(kindBinding, id, e.role+" on "+o.id)
		f.Region = o.region
		setText(f, kindBinding, "/binding/condition", e.condition)
		f.Set("/binding/effect", "allow").Set("/binding/principals", sorted(e.members)).Set("/binding/permissions", []string{e.role}).
			Set("/binding/resources", []string{o.id}).Set("/binding/negated", []string{}).Set("/binding/condition_keys", conditionKeys(e.expression)).
			Set("/binding/via", o.id).Set("/binding/via_kind", "iam_policy").Set("/binding/attached_to", []string{o.id}).
			Set("/attrs/role", e.role).Set("/attrs/resource", o.id).Set("/attrs/outside", outsiders(e.members, o.project, o.number))
		out = append(out, f)
	}
	return out, nil
}

// policyReach says whom all bindings of a policy together let in from outside.
func policyReach(o owner, all []binding) (r reach, how []string) {
	var members []string
	for _, b := range all {
		members = append(members, b.members...)
		for _, m := range b.members {
			if readMember(m).public {
				how = append(how, "policy: "+b.role+" to "+m)
			}
		}
	}
	return reachOf(members, o.project, o.number), sorted(how)
}
