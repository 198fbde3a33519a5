package cut

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Causes for which a body cannot be cut. Whoever withholds must then keep none of it.
var (
	ErrForm  = errors.New("the body is neither JSON nor XML that can be read")
	ErrValue = errors.New("what the path names is no text")
	ErrTable = errors.New("the text holds no table with that column")
)

// maxDepth bounds how deep a body is walked.
const maxDepth = 256

// edit puts other bytes in the place of body[from:to].
type edit struct {
	from, to int
	with     []byte
}

// Replace puts with(value) in the place of each text that the path names, and gives the body that comes of it;
// n counts what with changed. Empty texts stay. The bytes around them stay as they are; of a
// table, the whole text is written anew. Errors are those above: then nothing is known of the body.
func (p Path) Replace(body []byte, with func(value string) string) (out []byte, n int, err error) {
	if len(p.steps) == 0 {
		return body, 0, nil
	}
	count := func(v string) string {
		if v == "" {
			return v
		}
		w := with(v)
		if w != v {
			n++
		}
		return w
	}
	leaf := func(v string) (string, error) { return count(v), nil }
	if p.column != "" {
		leaf = func(v string) (string, error) { return replaceColumn(v, p.column, count) }
	}
	var edits []edit
	switch trimmed := bytes.TrimSpace(body); {
	case bytes.HasPrefix(trimmed, []byte("<")):
		edits, err = xmlEdits(body, p.steps, leaf)
	case bytes.HasPrefix(trimmed, []byte("{")), bytes.HasPrefix(trimmed, []byte("[")):
		edits, err = jsonEdits(body, p.steps, leaf)
	default:
		err = ErrForm
	}
	if err != nil {
		return nil, 0, err
	}
	return apply(body, edits), n, nil
}

func apply(body []byte, edits []edit) []byte {
	if len(edits) == 0 {
		return body
	}
	slices.SortFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, body[at:e.from]...), e.with...)
		at = e.to
	}
	return append(out, body[at:]...)
}

// replaceColumn replaces the values of a column in a table that a text holds in base64.
func replaceColumn(text, column string, with func(string) string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return "", fmt.Errorf("%w %q: no base64", ErrTable, column)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(rows) == 0 {
		return "", fmt.Errorf("%w %q: no CSV", ErrTable, column)
	}
	at := slices.Index(rows[0], column)
	if at < 0 {
		return "", fmt.Errorf("%w %q", ErrTable, column)
	}
	changed := false
	for _, row := range rows[1:] {
		if v := with(row[at]); v != row[at] {
			row[at], changed = v, true
		}
	}
	if !changed {
		return text, nil
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		return "", fmt.Errorf("%w: %w", ErrTable, err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
