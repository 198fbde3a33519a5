package redact

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
)

// derived is the rule of what is withheld because it tells, without a salt, what was cut.
const derived = "digests"

// digests has withheld whatever tells, without a salt, what was cut: also the digests of all that holds records, which are
// bundles, manifests, judgements and results.
func (s *source) digests() error {
	for digest, rule := range s.whole {
		s.values.add(digest, rule)
	}
	changed, told := map[string]bool{}, map[string]bool{}
	for p, err := range s.parts() {
		if err == nil {
			err = s.answers(p, changed)
		}
		if err != nil {
			return err
		}
	}
	for p, err := range s.parts() {
		if err == nil {
			err = s.requests(p, changed, told)
		}
		if err != nil {
			return err
		}
	}
	for _, f := range s.run.Record.Inputs {
		text, _, err := s.run.Input(strings.TrimPrefix(f.Path, "inputs/"))
		if err != nil {
			return err
		}
		if s.values.leaks(text) != "" {
			told[f.SHA256] = true
		}
	}
	records, err := s.judged(told)
	if err != nil {
		return err
	}
	for _, b := range s.run.Record.Bundles {
		records = append(records, b.SHA256, b.Manifest)
	}
	for _, texts := range []iter.Seq[string]{maps.Keys(changed), maps.Keys(told), slices.Values(records)} {
		for text := range texts {
			s.values.add(text, derived)
		}
	}
	return nil
}

// judged finds the files by which judgements were made that are cut: results name their lines by the files' digests. It
// gives the digests of judgements, also of those that are named as having been there, and of their results.
func (s *source) judged(told map[string]bool) (records []string, err error) {
	all, err := s.run.Judgements()
	if err != nil {
		return nil, err
	}
	for _, digest := range all {
		inputs, err := s.run.JudgementInputs(digest)
		if err != nil {
			return nil, err
		}
		for _, text := range inputs {
			if sum := evidence.Digest([]byte(text)); !told[sum] && s.values.leaks([]byte(text)) != "" {
				told[sum] = true
			}
		}
		j, err := s.run.Judgement(digest)
		if err != nil {
			return nil, err
		}
		records = append(append(records, digest, j.Results.SHA256), j.Before...)
	}
	return records, nil
}

// answers finds the answers of a part that are cut.
func (s *source) answers(p part, changed map[string]bool) error {
	for _, e := range p.Manifest().Entries {
		digest, isBody := strings.CutPrefix(e.Path, "bodies/")
		if !isBody || s.whole[digest] != "" || changed[digest] {
			continue
		}
		b, _, err := p.Body(digest)
		if err != nil {
			return err
		}
		if s.values.leaks(b) != "" {
			changed[digest] = true
		}
	}
	return nil
}

// checksum is the answer header by which DynamoDB says the CRC-32 of a body.
const checksum = "X-Amz-Crc32"

// requests finds the exchanges whose id is a digest of a request that is cut, and checksums of answers that are.
func (s *source) requests(p part, changed, told map[string]bool) error {
	if !slices.ContainsFunc(p.Manifest().Entries, func(e bundle.Entry) bool { return e.Path == bundle.ExchangesName }) {
		return nil
	}
	for line, err := range p.Lines(bundle.ExchangesName) {
		var x evidence.Exchange
		if err == nil {
			err = json.Unmarshal(line, &x)
		}
		if err != nil {
			return err
		}
		for _, text := range []string{x.Target, x.Region, x.Path, x.Query, x.Request} {
			if s.values.leaks([]byte(text)) != "" {
				told[x.ID] = true
			}
		}
		if changed[x.Body] || s.whole[x.Body] != "" {
			told[x.Answer[checksum]] = true
		}
	}
	return nil
}
