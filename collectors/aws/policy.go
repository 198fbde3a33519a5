package aws

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
)

// policyDocument is an IAM policy, as the "IAM JSON policy elements reference" defines it.
type policyDocument struct {
	Version   string               `json:"Version"`
	Statement oneOrMany[statement] `json:"Statement"`
}

type statement struct {
	Sid          string                                   `json:"Sid"`
	Effect       string                                   `json:"Effect"`
	Principal    jsontext.Value                           `json:"Principal"`
	NotPrincipal jsontext.Value                           `json:"NotPrincipal"`
	Action       oneOrMany[string]                        `json:"Action"`
	NotAction    oneOrMany[string]                        `json:"NotAction"`
	Resource     oneOrMany[string]                        `json:"Resource"`
	NotResource  oneOrMany[string]                        `json:"NotResource"`
	Condition    map[string]map[string]oneOrMany[anyText] `json:"Condition"`
}

// oneOrMany is a value or a list of them: policies may write either.
type oneOrMany[T any] []T

func (l *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}

// anyText reads a string, a number or a boolean as text: condition values may be written bare.
type anyText string

func (t *anyText) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	if len(b) > 0 && (b[0] == '{' || b[0] == '[') {
		return errors.New("a condition value must be a string, number or boolean")
	}
	*t = anyText(b)
	return nil
}

// parsePolicy reads a policy document. Unknown elements are an error: an element that we do
// not know could change what the policy means.
func parsePolicy(text string) (policyDocument, error) {
	var doc struct {
		policyDocument
		ID string `json:"Id"`
	}
	if err := json.Unmarshal([]byte(text), &doc, json.RejectUnknownMembers(true)); err != nil {
		return policyDocument{}, fmt.Errorf("policy document: %w", err)
	}
	if doc.Statement == nil { // nothing that IAM takes: it must not read as a policy that allows nothing
		return policyDocument{}, errors.New("policy document: it has no Statement")
	}
	for i, st := range doc.Statement {
		if st.Effect != "Allow" && st.Effect != "Deny" {
			return policyDocument{}, fmt.Errorf("policy document: statement %d has effect %q", i, st.Effect)
		}
	}
	return doc.policyDocument, nil
}

// principals lists whom a statement names, as written: "*", ARNs, account ids, and the others
// with their kind in front (Service:…, Federated:…, CanonicalUser:…).
func principals(raw jsontext.Value) ([]string, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var star string
	if json.Unmarshal(raw, &star) == nil {
		return []string{star}, nil
	}
	var by map[string]oneOrMany[string]
	if err := json.Unmarshal(raw, &by); err != nil {
		return nil, fmt.Errorf("principal: %w", err)
	}
	var out []string
	for kind, names := range by {
		for _, n := range names {
			if kind != "AWS" {
				n = kind + ":" + n
			}
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// binding says what a statement is for the fact of kind k at /binding. Where the statement
// cannot be read, row says why it is unknown.
func (st statement) binding(f *evidence.Fact, k *evidence.Kind, via, viaKind string, attachedTo []string) error {
	who, err := principals(st.Principal)
	if err != nil {
		return err
	}
	var negated []string
	if len(st.NotPrincipal) > 0 {
		negated = append(negated, "principal")
		if who, err = principals(st.NotPrincipal); err != nil {
			return err
		}
	}
	what, on := st.Action, st.Resource
	if len(st.NotAction) > 0 {
		negated, what = append(negated, "permission"), st.NotAction
	}
	if len(st.NotResource) > 0 {
		negated, on = append(negated, "resource"), st.NotResource
	}
	if viaKind == "trust" && len(st.NotPrincipal) == 0 && len(attachedTo) == 1 {
		who = append(who, st.behindServices(who, accountOf(attachedTo[0]))...)
	}
	f.Set("/binding/effect", strings.ToLower(st.Effect))
	if _, na := k.NotApplicable["/binding/principals"]; !na {
		f.Set("/binding/principals", nonNil(who))
	}
	f.Set("/binding/permissions", nonNil(what)).Set("/binding/resources", nonNil(on)).Set("/binding/negated", nonNil(negated)).
		Set("/binding/condition_keys", st.conditionKeys()).
		Set("/binding/via", via).Set("/binding/via_kind", viaKind).Set("/binding/attached_to", nonNil(attachedTo))
	if len(st.Condition) == 0 {
		f.None(k, "/binding/condition")
		return nil
	}
	text, err := evidence.Canonical(st.Condition)
	if err != nil {
		return err
	}
	f.Set("/binding/condition", string(text))
	return nil
}

// behindServices lists the accounts and organisations outside account for which a statement's condition has services act:
// whoever trusts the service trusts them.
func (st statement) behindServices(who []string, account string) (out []string) {
	for _, p := range who {
		service, ok := strings.CutPrefix(p, "Service:")
		if !ok {
			continue
		}
		service, _, _ = strings.Cut(service, ".")
		for _, owner := range st.limits(service, account).who {
			if !strings.Contains(owner, "=") && !slices.Contains(out, owner) && !slices.Contains(who, owner) {
				out = append(out, owner)
			}
		}
	}
	slices.Sort(out)
	return out
}

func nonNil[T ~[]string](list T) []string {
	if list == nil {
		return []string{}
	}
	return []string(list)
}

// conditionKeys lists the condition keys that a statement names, lower case, sorted.
func (st statement) conditionKeys() []string {
	keys := []string{}
	for _, by := range st.Condition {
		for key := range by {
			keys = append(keys, strings.ToLower(key))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// conditionOperator is the name of a condition operator in its parts, which IAM takes in any case.
type conditionOperator struct {
	set      string // forallvalues, foranyvalue; "" for one value
	name     string
	ifExists bool
}

func operatorOf(written string) conditionOperator {
	var op conditionOperator
	op.name = strings.ToLower(written)
	if set, name, ok := strings.Cut(op.name, ":"); ok {
		op.set, op.name = set, name
	}
	op.name, op.ifExists = strings.CutSuffix(op.name, "ifexists")
	return op
}

// whereAbsent reports whether the operator also matches a request that lacks the key: …IfExists does, and
// ForAllValues, of which no value is then one that does not match. See "Multivalued context keys" in the IAM user
// guide.
func (op conditionOperator) whereAbsent() bool { return op.ifExists || op.set == "forallvalues" }

// wants reports whether a statement demands that a request has a key (lower case), whatever its value.
func (st statement) wants(key string) bool {
	for operator, keys := range st.Condition {
		if op := operatorOf(operator); op != (conditionOperator{name: "null"}) {
			continue
		}
		for k, values := range keys {
			if strings.EqualFold(k, key) && len(values) == 1 && strings.EqualFold(string(values[0]), "false") {
				return true
			}
		}
	}
	return false
}

// statementFacts makes one fact of kind k for each statement of a policy document; ids are
// <owner>#<n>.
func statementFacts(k *evidence.Kind, text, owner, region, via, viaKind string, attachedTo []string) ([]*evidence.Fact, error) {
	doc, err := parsePolicy(text)
	if err != nil {
		return nil, err
	}
	var out []*evidence.Fact
	for i, st := range doc.Statement {
		name := st.Sid
		if name == "" {
			name = "statement " + strconv.Itoa(i)
		}
		f := evidence.NewFact(k, owner+"#"+strconv.Itoa(i), name)
		f.Region = region
		if err := st.binding(f, k, via, viaKind, attachedTo); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}
