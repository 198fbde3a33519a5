package gcp

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/collectors"
)

// removed stands where a secret stood.
const removed = "REMOVED"

// scrubbed makes an operation's answers lose the values of members of these names, wherever
// they stand, before anything is kept. Google marks them as input only; a recording must not
// depend on that.
func scrubbed(op collectors.Operation, members ...string) collectors.Operation {
	op.Scrub = func(body []byte) ([]byte, []string) {
		var v any
		if json.Unmarshal(body, &v) != nil {
			if mayHold(body, members) {
				return nil, []string{"everything"}
			}
			return body, nil
		}
		found := map[string]bool{}
		v = scrub(v, members, found)
		if len(found) == 0 {
			return body, nil
		}
		clean, err := json.Marshal(v, json.Deterministic(true), jsontext.WithIndent("  "))
		if err != nil {
			return nil, []string{"everything"}
		}
		var names []string
		for name := range found {
			names = append(names, name)
		}
		slices.Sort(names)
		return clean, names
	}
	return op
}

// mayHold says whether a text that is no JSON, being cut off or with a member twice, could hold a
// value of one of these names: where it has the name in it, or writes any character as an escape.
func mayHold(body []byte, members []string) bool {
	lower := bytes.ToLower(body)
	return bytes.ContainsRune(body, '\\') || slices.ContainsFunc(members, func(name string) bool {
		return bytes.Contains(lower, []byte(strings.ToLower(name)))
	})
}

func scrub(v any, members []string, found map[string]bool) any {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			if text, ok := e.(string); slices.Contains(members, name) && !(ok && text == "") {
				v[name], found[name] = removed, true
				continue
			}
			v[name] = scrub(e, members, found)
		}
	case []any:
		for i, e := range v {
			v[i] = scrub(e, members, found)
		}
	}
	return v
}
