package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

// observedMax keeps a row readable; explain prints the whole.
const observedMax = 600

// reasonNames is how many missing things an item's reason names itself.
const reasonNames = 3

// observed says what the test read, and what it missed beyond what the reason names.
func observed(it *controls.Item) string {
	text := cut(members(it.Observed), observedMax)
	if len(it.Missing) > reasonNames {
		text = strings.TrimSpace(text + "\nMissing: " + some(it.Missing, 8))
	}
	return text
}

// members writes canonical JSON of what a test read, one field behind the other: encryption.at_rest:
// customer_key. What is no such object stays as it is.
func members(text string) string {
	var fields map[string]any
	if err := json.Unmarshal([]byte(text), &fields); err != nil || fields == nil {
		return text
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteString("  ·  ")
		}
		shown := strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(name, "/"), "attrs/"), "/", ".")
		b.WriteString(shown + ": " + valueText(fields[name]))
	}
	return b.String()
}

// valueText writes a value of a fact, or what a test read of it, for people.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return v
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		if len(v) == 0 {
			return "none"
		}
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = valueText(e)
		}
		if _, records := v[0].(map[string]any); records {
			return strings.Join(parts, "\n")
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		why, unknown := v["unknown"].(string)
		seen, some := v["seen"]
		switch {
		case unknown && some && len(v) == 2:
			return valueText(seen) + ", and more that was not known (" + why + ")"
		case unknown && len(v) == 1:
			return "not known (" + why + ")"
		}
		if text, flat := flatText(v); flat {
			return text
		}
	}
	b, err := evidence.Canonical(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// flatText writes a record that holds no other: active yes, id console, kind password.
func flatText(v map[string]any) (text string, flat bool) {
	if len(v) == 0 {
		return "none", true
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		switch v[name].(type) {
		case map[string]any, []any:
			return "", false
		}
		parts = append(parts, name+" "+valueText(v[name]))
	}
	return strings.Join(parts, ", "), true
}

// itemText names an item: its id, and before it a name that the id does not show.
func itemText(name, id string) string {
	if name == "" || strings.Contains(id, name) {
		return id
	}
	return name + "\n" + id
}

// everywhere is the region of global services.
const everywhere = "global"

// where says target and region in a cell.
func where(target, region string) string {
	if region == "" || region == everywhere {
		return target
	}
	return target + "\n" + region
}
