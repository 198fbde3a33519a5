package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Withheld says what a rule of the engagement kept out of one answer.
type Withheld struct {
	Rule   string `json:"rule"`
	Field  string `json:"field"`  // the path by which the rule names it
	Values int    `json:"values"` // how many values were replaced
	Failed string `json:"failed,omitempty"`
}

// The marker is what stands in an answer in the place of a withheld value: the rule's id between
// these. Its signs need no escaping in JSON, XML, CSV and URLs, and have one case.
const (
	markerStart = "trefoil-withheld."
	markerEnd   = "."
)

// Marker stands in the place of a value that a rule withholds.
func Marker(rule string) string { return markerStart + rule + markerEnd }

// IsMarker reports whether a text has the form of a marker. One that no rule put there is a text like any other.
func IsMarker(text string) bool { return strings.HasPrefix(text, markerStart) }

// MarkedBy finds the rule, among those of an engagement, whose marker a text holds. Without rules nothing
// is a marker: an answer may hold any text.
func MarkedBy(text string, rules []string) (rule string, ok bool) {
	for _, r := range rules {
		if strings.Contains(text, Marker(r)) {
			return r, true
		}
	}
	return "", false
}

const withheldBy = "withheld by rule "

// WithheldBy is why a field is not known whose value a rule withholds; row is the coverage row of the
// answer, empty where that is not known.
func WithheldBy(rule, row string) string {
	if row == "" {
		return withheldBy + rule
	}
	return withheldBy + rule + ": " + row
}

// RowOf gives the coverage row that a cause of not knowing names.
func RowOf(cause string) string {
	if rest, ok := strings.CutPrefix(cause, withheldBy); ok {
		_, row, _ := strings.Cut(rest, ": ")
		return row
	}
	return cause
}

// Withhold makes every field unknown that holds a marker of one of the rules; because says why, by the rule. A
// list of texts keeps what was seen and says that there is more. Where the fact's own id or region
// is a withheld value, it cannot be told from others, and that is an error.
func (f *Fact) Withhold(rules []string, because func(rule string) string) error {
	for name, v := range map[string]string{"id": f.ID, "region": f.Region} {
		if rule, ok := MarkedBy(v, rules); ok {
			return fmt.Errorf("rule %s withholds what the %s of a fact of kind %s is made of", rule, name, f.Kind)
		}
	}
	f.decodeAll()
	h := hider{fact: f, rules: rules, because: because}
	if rule, ok := MarkedBy(f.Name, rules); ok {
		f.Name = ""
		h.unknown("/name", rule)
	}
	for _, key := range slices.Sorted(maps.Keys(f.Tags)) {
		if rule, ok := MarkedBy(key+f.Tags[key], rules); ok {
			delete(f.Tags, key)
			h.unknown(TagPointer(key), rule)
		}
	}
	h.members("", f.Fields)
	return nil
}

// TagPointer names one label of a fact, as it stands among what is unknown.
func TagPointer(key string) string {
	if !strings.ContainsAny(key, "~/") { // asked of each fact
		return "/tags/" + key
	}
	return "/tags/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

type hider struct {
	fact    *Fact
	rules   []string
	because func(rule string) string
}

func (h *hider) unknown(ptr, rule string) {
	if h.fact.Unknowns == nil {
		h.fact.Unknowns = map[string]string{}
	}
	if h.fact.Unknowns[ptr] == "" {
		h.fact.Unknowns[ptr] = h.because(rule)
	}
}

func (h *hider) members(at string, m map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		ptr := at + "/" + name
		switch v := m[name].(type) {
		case string:
			if rule, ok := MarkedBy(v, h.rules); ok {
				delete(m, name)
				h.unknown(ptr, rule)
			}
		case map[string]any:
			h.members(ptr, v)
		case []any:
			m[name] = h.elements(ptr, v)
		}
	}
}

func (h *hider) elements(at string, list []any) []any {
	seen := make([]any, 0, len(list))
	for i, e := range list {
		switch v := e.(type) {
		case string:
			if rule, ok := MarkedBy(v, h.rules); ok {
				h.unknown(at+"/-", rule)
				continue
			}
		case map[string]any:
			h.members(at+"/"+strconv.Itoa(i), v)
		}
		seen = append(seen, e)
	}
	return seen
}
