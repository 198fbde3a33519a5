package controls

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decodeRecord decodes a line of results.jsonl, whatever the order of its members.
func decodeRecord[T any](line []byte, v *T) error {
	return json.Unmarshal(line, v, json.RejectUnknownMembers(true))
}

// decodeItem decodes an item's line. There may be millions, and a workbook reads them several times: one in the form
// that appendItem writes is read straight; any other, also one that is wrong, goes to the decoder.
func decodeItem(line []byte, i *Item) error {
	if readItem(line, i) {
		return nil
	}
	*i = Item{}
	return decodeRecord(line, i)
}

// readItem reads an item that nobody accepted, in the form that appendItem writes, and says whether it is one.
func readItem(line []byte, i *Item) bool {
	r := &itemReader{rest: line}
	r.skip(`{"accepted":null`)
	i.Basis = Basis(r.text("basis"))
	i.Control = r.text("control")
	i.Fact = r.text("fact")
	i.From = r.list("from")
	i.Kind = r.text("kind")
	i.Missing = r.list("missing")
	i.Name = r.text("name")
	i.Observed = r.text("observed")
	i.Reason = r.text("reason")
	i.Record = r.text("record")
	i.Region = r.text("region")
	i.Scope = Scope(r.text("scope"))
	i.ScopeRule = r.text("scope_rule")
	i.Target = r.text("target")
	i.Verdict = Verdict(r.text("verdict"))
	r.skip("}")
	return !r.other && len(r.rest) == 0
}

// itemReader takes members from the front; other is set once the line has another form.
type itemReader struct {
	rest  []byte
	other bool
}

func (r *itemReader) skip(want string) {
	if r.other || len(r.rest) < len(want) || string(r.rest[:len(want)]) != want {
		r.other = true
		return
	}
	r.rest = r.rest[len(want):]
}

func (r *itemReader) name(name string) {
	r.skip(`,"`)
	r.skip(name)
	r.skip(`":`)
}

// quoted reads a string.
func (r *itemReader) quoted() string {
	whole := r.rest
	if r.skip(`"`); r.other {
		return ""
	}
	end, escaped := 0, false
	for {
		n := bytes.IndexByte(r.rest[end:], '"')
		if n < 0 {
			r.other = true
			return ""
		}
		end += n
		back := 0 // how many backslashes stand before the quote
		for back < end && r.rest[end-1-back] == '\\' {
			back++
		}
		escaped = escaped || back > 0
		if back%2 == 0 {
			break
		}
		end++
	}
	text := r.rest[:end]
	r.rest = r.rest[end+1:]
	plain := !escaped && utf8.Valid(text)
	for _, c := range text {
		plain = plain && c >= ' ' && c != '\\'
	}
	if plain {
		return string(text)
	}
	was, err := jsontext.AppendUnquote(nil, whole[:end+2])
	r.other = r.other || err != nil
	return string(was)
}

func (r *itemReader) text(name string) string {
	r.name(name)
	return r.quoted()
}

func (r *itemReader) list(name string) []string {
	r.name(name)
	r.skip("[")
	texts := []string{}
	for !r.other && len(r.rest) > 0 && r.rest[0] != ']' {
		if len(texts) > 0 {
			r.skip(",")
		}
		texts = append(texts, r.quoted())
	}
	r.skip("]")
	return texts
}
