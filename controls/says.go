package controls

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// placeholder stands in a sentence for a field of the fact: {attrs.lacks}.
var placeholder = regexp.MustCompile(`\{[a-z_.]*\}`)

func pointerOf(placeholder string) string {
	return "/" + strings.ReplaceAll(strings.Trim(placeholder, "{}"), ".", "/")
}

// checkSays refuses a sentence that names a field which some kind of its population lacks.
func checkSays(kinds []*evidence.Kind, all ...Says) error {
	for _, says := range all {
		for _, name := range placeholder.FindAllString(says.Pass+says.Fail, -1) {
			for _, k := range kinds {
				if f, ok := declared(k, pointerOf(name)); !ok || !k.Carries(pointerOf(name)) || f.Type == evidence.Record {
					return fmt.Errorf("says: %s is no field of %s that can be read out", name, k.Name)
				}
			}
		}
	}
	return nil
}

// sentence says a verdict of a fact: the test's own words, else the control's.
func (c *compiled) sentence(control *Control, verdict Verdict, f *evidence.Fact) string {
	own, shared := c.test.Says.Pass, control.Says.Pass
	if verdict == Fail {
		own, shared = c.test.Says.Fail, control.Says.Fail
	}
	if own == "" {
		own = shared
	}
	if !strings.Contains(own, "{") {
		return own
	}
	return placeholder.ReplaceAllStringFunc(own, func(name string) string { return readOut(f, pointerOf(name)) })
}

// readOut says in words what a fact says in a field.
func readOut(f *evidence.Fact, ptr string) string {
	v, ok := f.Get(ptr)
	list, many := v.([]any)
	switch {
	case !ok:
		return "not seen: " + reasonOf(f, ptr)
	case v == nil, many && len(list) == 0:
		return "none"
	case !many:
		return fmt.Sprint(v)
	}
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = fmt.Sprint(e)
	}
	return someOf(texts)
}
