package collectors

import (
	"bytes"
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/cut"
)

// Withholding is what an engagement keeps out of the evidence: by operation, which rule withholds which
// values of its answers. It is applied to every answer before anything of it is written, and facts are made of
// what is left, so that a replay makes the same. Of an error answer of an operation that is named here only the
// code is kept, whatever the paths.
type Withholding map[string][]Withheld

// Withheld is one field of an operation's answers and the rule that withholds it. Without a path the rule
// names the operation's error answers alone.
type Withheld struct {
	Rule string
	Path cut.Path
}

// field is how the rule names what it withholds.
func (w Withheld) field() string { return cmp.Or(w.Path.String(), errorAnswer) }

// rules lists the ids of the rules, sorted.
func (w Withholding) rules() []string {
	ids := map[string]bool{}
	for _, list := range w {
		for _, one := range list {
			ids[one.Rule] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// apply takes out of an answer what is withheld, notes it in the exchange, and gives what may be
// kept. An answer that cannot be cut is not kept at all, nor one that is not genuine, such as one that
// was cut off: the values may stand in it. An error answer keeps its code.
func (w Withholding) apply(x *evidence.Exchange, header http.Header, body []byte) (kept []byte, changed bool) {
	rules := w[x.Operation]
	success := x.Status >= 200 && x.Status < 300
	switch {
	case len(rules) == 0:
		return body, false
	case !success:
		return rules[0].keepCode(x, header, body)
	case len(body) == 0:
		return body, false
	case x.Outcome == evidence.Failed:
		x.Withheld = append(x.Withheld, rules[0].nothing(x.Reason))
		return nil, true
	}
	for _, one := range rules {
		out, n, err := one.Path.Replace(body, func(string) string { return evidence.Marker(one.Rule) })
		if err != nil {
			x.Withheld = append(x.Withheld, one.nothing(err.Error()))
			return nil, true
		}
		if n > 0 {
			x.Withheld = append(x.Withheld, evidence.Withheld{Rule: one.Rule, Field: one.field(), Values: n})
			body, changed = out, true
		}
	}
	return body, changed
}

// nothing says why a rule keeps no byte of an answer.
func (w Withheld) nothing(why string) evidence.Withheld {
	return evidence.Withheld{Rule: w.Rule, Field: w.field(), Failed: "nothing of the answer is kept: " + why}
}

// keepCode keeps of an error answer what it is judged by: status and code.
func (w Withheld) keepCode(x *evidence.Exchange, header http.Header, body []byte) (kept []byte, changed bool) {
	changed = onlyCodeHeader(x, header)
	kept = onlyCode(body, evidence.Marker(w.Rule))
	if changed = changed || !bytes.Equal(kept, body); changed {
		x.Withheld = append(x.Withheld, evidence.Withheld{Rule: w.Rule, Field: errorAnswer, Values: 1})
	}
	return kept, changed
}

// checksum is the header by which DynamoDB says the CRC-32 of its answer.
const checksum = "X-Amz-Crc32"

// keep applies the rules to an answer and says what is left of it means.
func (w Withholding) keep(op Operation, x *evidence.Exchange, header http.Header, body []byte) []byte {
	x.Outcome, x.Reason = classify(op, x.Status, header, body)
	kept, changed := w.apply(x, header, body)
	if changed { // a checksum of what was there would tell it, and be refused by the SDK
		delete(x.Answer, checksum)
		header.Del(checksum)
		x.Outcome, x.Reason = classify(op, x.Status, header, kept)
	}
	return kept
}

// Withhold has the work keep values out of all that it records. It is called before anything is asked.
func (w *Work) Withhold(rules Withholding) {
	w.rules = rules.rules()
	switch s := w.source.(type) {
	case *network:
		s.withholding = rules
	case *replay:
		s.withholding = rules
	}
}

// asksWithheld reports whether a request is made of a withheld value: what it would ask is not what is
// there.
func asksWithheld(x *evidence.Exchange, rules []string) (rule string, ok bool) {
	return evidence.MarkedBy(strings.Join([]string{x.Host, x.Path, x.Query, x.Request}, "\n"), rules)
}

// noteWithheld counts in a coverage row what rules kept out of a call's answers; s.mu is not held.
func (s *Session) noteWithheld(row string, made []evidence.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rows[row]
	for _, x := range made {
		for _, h := range x.Withheld {
			if r.Withheld == nil {
				r.Withheld = map[string]int{}
			}
			r.Withheld[h.Rule] += h.Values
		}
	}
}

// hide makes unknown what a fact has from withheld values; s.mu is held.
func (s *Session) hide(f *evidence.Fact) error {
	if len(s.rules) == 0 {
		return nil
	}
	return f.Withhold(s.rules, func(rule string) string {
		for _, id := range slices.Sorted(slices.Values(f.From)) {
			if s.withheld[id] != nil && slices.Contains(s.withheld[id].rules, rule) {
				return evidence.WithheldBy(rule, s.withheld[id].row)
			}
		}
		return evidence.WithheldBy(rule, "")
	})
}

// cutAnswer is an answer out of which rules took something.
type cutAnswer struct {
	row   string
	rules []string
}

// cutOf describes an exchange out of which something was taken; nil for the others.
func cutOf(x *evidence.Exchange) *cutAnswer {
	if len(x.Withheld) == 0 {
		return nil
	}
	c := &cutAnswer{row: x.RowID()}
	for _, h := range x.Withheld {
		c.rules = append(c.rules, h.Rule)
	}
	return c
}
