package collectors

import (
	"bytes"
	"errors"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/cut"
)

// said is the note in which what a plug-in wrote to its standard error is kept.
const said = "stderr"

// whyMissed is where an output says why an operation missed something: a sentence of the plug-in, no value of a fact.
const whyMissed = "/missed/reason"

// told takes out of what a plug-in wrote, one JSON object a line, what is withheld, as apply does of an answer.
// What it wrote to standard error, and why an operation missed something, are sentences, and go whole. An output by
// which it failed, or that is not as the protocol says, is not kept at all.
func (w Withholding) told(x *evidence.Exchange, body []byte, read Reading) []byte {
	rules := w[x.Operation]
	if len(rules) == 0 {
		return body
	}
	marker := evidence.Marker(rules[0].Rule)
	if text := x.Answer[said]; text != "" && text != marker {
		x.Answer[said] = marker
		x.Withheld = append(x.Withheld, evidence.Withheld{Rule: rules[0].Rule, Field: said, Values: 1})
	}
	if len(body) == 0 {
		return nil
	}
	if status, _ := read(x, body); !status.Seen() {
		x.Withheld = append(x.Withheld, rules[0].nothing("it is not as the protocol says, or the plug-in failed"))
		return nil
	}
	why, err := cut.Parse(whyMissed)
	if err != nil {
		x.Withheld = append(x.Withheld, rules[0].nothing(err.Error()))
		return nil
	}
	for _, one := range append([]Withheld{{Rule: rules[0].Rule, Path: why}}, rules...) {
		out, n, err := one.lines(body)
		if err != nil {
			x.Withheld = append(x.Withheld, one.nothing(err.Error()))
			return nil
		}
		if n > 0 {
			x.Withheld = append(x.Withheld, evidence.Withheld{Rule: one.Rule, Field: one.field(), Values: n})
			body = out
		}
	}
	return body
}

// lines applies a path to each line.
func (w Withheld) lines(body []byte) (out []byte, n int, err error) {
	var b bytes.Buffer
	for line := range bytes.Lines(body) {
		cutLine, hits, err := w.Path.Replace(line, func(string) string { return evidence.Marker(w.Rule) })
		if err != nil {
			return nil, 0, errors.New("a line: " + err.Error())
		}
		n += hits
		b.Write(cutLine)
	}
	return b.Bytes(), n, nil
}

// toldNothing is why a row has no facts of what was told: the rule by which nothing of it is kept, where that is why.
func toldNothing(x *evidence.Exchange) string {
	for _, h := range x.Withheld {
		if h.Failed != "" && x.Failure == "" {
			return "rule " + h.Rule + ": " + h.Failed
		}
	}
	return x.Reason
}
