package controls

import (
	"iter"
	"strings"
	"testing"
	"time"
)

// Places of items are those of records: a line of a control among them would shift all that follow, and one behind what was
// ruled out too.
func TestRecordsInOrder(t *testing.T) {
	item, err := appendItem(nil, &Item{Record: "item", From: []string{}, Missing: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	const control, out = `{"record":"control"}`, `{"because":"b","fact":"f","kind":"k","name":"n","record":"out","rule":"r","target":"t"}`
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"as written":            {[]string{string(item), string(item), out}, ""},
		"a control among items": {[]string{string(item), control, string(item)}, `kind "control" among items`},
		"a control behind them": {[]string{string(item), out, control}, `kind "control" among items`},
		"an item behind them":   {[]string{string(item), out, string(item)}, "after what was ruled out"},
		"something else":        {[]string{`{"record":"x"}`}, `kind "x"`},
	} {
		r := NewResults(time.Time{}, nil, func() iter.Seq2[[]byte, error] {
			return func(yield func([]byte, error) bool) {
				for _, line := range c.lines {
					if !yield([]byte(line), nil) {
						return
					}
				}
			}
		})
		for what, walk := range map[string]func() error{
			"items": func() error { return last(r.Items()) },
			"out":   func() error { return last(r.Out()) },
		} {
			if err := walk(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: %v, want %q", name, what, err, c.want)
			}
		}
	}
}

func last[T any](records iter.Seq2[T, error]) (err error) {
	for _, err = range records {
	}
	return err
}
