package audit

import (
	"bytes"
	"errors"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/controls"
)

// An explanation has all items of a fact and no other, also where a result spells its name in another way.
func TestExplainItems(t *testing.T) {
	const id = "arn:aws:s3:::clover-london"
	_, r, j, _ := clover(t)
	var want []controls.Item
	for i, err := range j.Results.Items() {
		if err != nil {
			t.Fatal(err)
		}
		if i.Fact == id {
			want = append(want, i)
		}
	}
	if len(want) < 2 {
		t.Fatalf("%d items are of %s", len(want), id)
	}
	records := slices.Collect(func(yield func([]byte) bool) {
		n := 0
		for line, err := range j.Results.Encoded() {
			if err != nil {
				t.Error(err)
			}
			if n++; n > len(j.Results.Lines) {
				yield(bytes.Clone(line))
			}
		}
	})
	for written, as := range map[string]string{id: id, "arn:aws:s3:::": `arn:aws:s3\u003a::`, "://": `:\/\/`} {
		j.Results = controls.NewResults(j.JudgedAsOf, j.Results.Lines, func() iter.Seq2[[]byte, error] {
			return func(yield func([]byte, error) bool) {
				for _, line := range records {
					if !yield(bytes.ReplaceAll(line, []byte(written), []byte(as)), nil) {
						return
					}
				}
			}
		})
		e, err := Explain(r, j, id)
		if err != nil || e.Fact == nil || !reflect.DeepEqual(e.Items, want) {
			t.Errorf("%s written as %s: %v, %d items, want %d", written, as, err, len(e.Items), len(want))
		}
	}
	j.Results = controls.NewResults(j.JudgedAsOf, j.Results.Lines, func() iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) { yield([]byte("{"), nil) }
	})
	var none *NotThereError
	if _, err := Explain(r, j, "nothing"); err == nil || errors.As(err, &none) {
		t.Errorf("results that cannot be read: %v", err)
	}
}

// Ids of exchanges are offered to who asks for one, and to nobody else.
func TestExplainNearExchange(t *testing.T) {
	_, r, _, _ := clover(t)
	w := &world{run: r}
	for x, err := range w.exchanges() {
		if err != nil {
			t.Fatal(err)
		}
		part := x.ID[:20]
		var none *NotThereError
		if _, err := Explain(r, nil, strings.ToUpper(part)); !errors.As(err, &none) || !slices.Contains(none.Near, x.ID) {
			t.Errorf("%s: %v", part, err)
		}
		if _, err := Explain(r, nil, part[2:]); !errors.As(err, &none) || len(none.Near) > 0 {
			t.Errorf("%s: %v", part[2:], err)
		}
		break
	}
}
