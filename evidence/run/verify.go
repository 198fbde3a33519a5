package run

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/bundle"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Check is one thing that verification looked at.
type Check struct {
	File   string `json:"file"`   // relative to the run
	What   string `json:"what"`   // what was checked, in words
	Anchor string `json:"anchor"` // by what: the name of a key in trust.yaml, or the file that names the digest
	Result string `json:"result"` // ok, warning, failed
	Detail string `json:"detail"`
}

// Report is what verification found, in its order.
type Report struct {
	Run        string    `json:"run"` // run digest
	AsOf       time.Time `json:"as_of"`
	Source     Source    `json:"source"`
	Judgements []string  `json:"judgements"` // digests
	Seals      []Seal    `json:"seals"`
	Last       time.Time `json:"last_exchange"` // when the last exchange ended, by the collector's clock
	Timestamp  time.Time `json:"timestamp"`     // of the run's signature; zero without one
	Checks     []Check   `json:"checks"`
}

// Seal is a seal that counts: a countersignature, a verdict or a gap record.
type Seal struct {
	Digest    string         `json:"digest"` // of its file, which is named by it
	Kind      seal.Kind      `json:"kind"`
	Signer    string         `json:"signer"` // in words
	Time      time.Time      `json:"time"`   // of its token; zero without one
	Files     []seal.File    `json:"files"`  // what it is about; the run's record first
	Predicate jsontext.Value `json:"predicate"`
}

// VerifyError says that the evidence does not verify, and which file is at fault.
type VerifyError struct {
	File string
	Err  error
}

func (e *VerifyError) Error() string { return fmt.Sprintf("%s: %v", e.File, e.Err) }
func (e *VerifyError) Unwrap() error { return e.Err }

// verification is one walk through a run, in the order of the architecture.
type verification struct {
	run    *Run
	trust  *seal.Trust
	report *Report
	last   time.Time       // end of the last exchange
	signed *seal.Signature // of the run
	seen   map[seal.Kind]bool
}

// Verify checks an opened run by the trust that the caller brings: signature of the run,
// contents of bundles, signatures of their manifests, judgements, times. Open has checked
// layout and digests already. Expect names judgements that must be there: that a whole one was
// removed cannot be seen otherwise. The report holds what was checked also where it fails; the
// error is then a *VerifyError.
func (r *Run) Verify(trust *seal.Trust, expect []string, workers int) (*Report, error) {
	v := &verification{run: r, trust: trust, report: &Report{Run: r.Digest, AsOf: r.Record.AsOf, Source: r.Record.Source, Judgements: []string{}, Seals: []Seal{}}, seen: map[seal.Kind]bool{}}
	for _, step := range []func() error{v.runSignature, v.files, v.collector, func() error { return v.bundles(workers) }, v.judgements, v.seals,
		v.required, v.times, func() error { return v.expected(expect) }, v.chain} {
		if err := step(); err != nil {
			return v.report, err
		}
	}
	return v.report, nil
}

func (v *verification) ok(file, what, anchor, detail string) {
	v.report.Checks = append(v.report.Checks, Check{file, what, anchor, "ok", detail})
}

func (v *verification) warn(file, what, anchor, detail string) {
	v.report.Checks = append(v.report.Checks, Check{file, what, anchor, "warning", detail})
}

func (v *verification) fail(file, what string, err error) error {
	v.report.Checks = append(v.report.Checks, Check{file, what, "", "failed", err.Error()})
	return &VerifyError{File: file, Err: err}
}

func (v *verification) runSignature() error {
	file, err := v.run.read(signatureName, seal.MaxSignature)
	if err != nil {
		return v.fail(signatureName, "signature of the run", err)
	}
	s, err := v.trust.Verify(seal.Run, v.run.Digest, file, v.run.Record.AsOf)
	if err != nil {
		return v.fail(signatureName, "signature of the run", fmt.Errorf("over %s: %w", recordName, err))
	}
	want := seal.Collector
	switch src := v.run.Record.Source; {
	case src.Demo:
		want = seal.Demo
	case src.Kind == "replay":
		want = seal.Replay
	case src.Kind != "live":
		return v.fail(recordName, "source of the run", fmt.Errorf("source %q is neither live nor replay", src.Kind))
	}
	anchor := s.Signer.Anchor()
	if !s.Signer.Has(want) {
		return v.fail(signatureName, "role of the signer", fmt.Errorf("%w: %s has no role %s, and the run is %s", seal.ErrUntrusted, anchor, want, sourceWords(v.run.Record.Source)))
	}
	v.signed, v.seen[seal.Run] = s, true
	v.ok(signatureName, "signature of the run", anchor, "run digest "+v.run.Digest)
	if want != seal.Collector {
		v.warn(recordName, "source of the run", anchor, sourceWords(v.run.Record.Source))
	}
	if v.run.Record.Source.Stopped {
		v.warn(recordName, "source of the run", anchor, "STOPPED before its end: what was not asked is not_attempted")
	}
	for _, o := range v.run.Record.Overrides {
		v.warn(recordName, "endpoint", anchor, "NOT A PROVIDER ENDPOINT: "+o)
	}
	if s.Signer.Has(seal.Collector) && s.Signer.Has(seal.Auditor) {
		v.warn(signatureName, "independence", anchor, "the collector is an auditor too")
	}
	return nil
}

func sourceWords(s Source) string {
	switch {
	case s.Demo:
		return "DEMONSTRATION"
	case s.Kind == "replay":
		return "REPLAYED RECORDING of run " + s.Of
	}
	return "live"
}

// files repeats for the report what Open has checked.
func (v *verification) files() error {
	for _, f := range v.run.Record.Inputs {
		v.ok(f.Path, "digest", recordName, f.SHA256)
	}
	for _, b := range v.run.Record.Bundles {
		v.ok(b.Path, "digest of the whole file", recordName, b.SHA256)
	}
	return nil
}

func (v *verification) bundles(workers int) error {
	for _, target := range v.run.Targets() {
		parts, err := v.run.Bundle(target)
		if err != nil {
			return v.fail(faultyFile(err, bundlesDir+"/"+target), "format", err)
		}
		err = v.parts(target, parts, workers)
		for _, p := range parts {
			err = errors.Join(err, p.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func faultyFile(err error, otherwise string) string {
	var layout *LayoutError
	if errors.As(err, &layout) {
		return layout.File
	}
	return otherwise
}

func (v *verification) parts(target string, parts []*bundle.Reader, workers int) error {
	times := exchangeTimes{asOf: v.run.Record.AsOf, last: v.last}
	for i, p := range parts {
		name := bundlesDir + "/" + partName(target, i)
		if err := p.VerifyContents(workers, map[string]func([]byte) error{bundle.ExchangesName: times.add}); err != nil {
			return v.fail(name, "contents against the manifest", err)
		}
		v.ok(name, "contents against the manifest", name+"/"+bundle.ManifestName, fmt.Sprintf("%d entries", len(p.Manifest().Entries)))
		s, err := v.trust.Verify(seal.Bundle, evidence.Digest(p.ManifestBytes()), p.SignatureBytes(), v.run.Record.AsOf)
		if err != nil {
			return v.fail(name+"/"+bundle.SignatureName, "signature of the manifest", err)
		}
		v.seen[seal.Bundle] = true
		v.ok(name, "signature of the manifest", s.Signer.Anchor(), evidence.Digest(p.ManifestBytes()))
	}
	if times.fault != nil {
		return v.fail(bundlesDir+"/"+partName(target, 0)+"/"+bundle.ExchangesName, times.what, times.fault)
	}
	v.last = times.last
	return nil
}

// exchangeTimes looks at the times of exchanges while their file is verified. What it finds is said
// after what is wrong with the file itself.
type exchangeTimes struct {
	asOf, last time.Time
	what       string
	fault      error
}

func (t *exchangeTimes) add(line []byte) error {
	if t.fault != nil {
		return nil
	}
	id, start, end, err := evidence.ExchangeSpan(line)
	switch {
	case err != nil:
		t.what, t.fault = "exchanges", err
	case start.Before(t.asOf):
		t.what, t.fault = "time", fmt.Errorf("exchange %s began at %s, before the run's as_of %s", id, start.Format(time.RFC3339Nano), t.asOf.Format(time.RFC3339Nano))
	case end.After(t.last):
		t.last = end
	}
	return nil
}

// partName is the file name of a bundle's part.
func partName(target string, i int) string {
	if i == 0 {
		return target + ".zip"
	}
	return fmt.Sprintf("%s.%d.zip", target, i+1)
}

func (v *verification) judgements() error {
	all, err := v.run.Judgements()
	if err != nil {
		return err
	}
	v.report.Judgements = append(v.report.Judgements, all...)
	for _, digest := range all {
		name := judgementsDir + "/" + digest
		j, err := v.run.openJudgement(digest)
		if err != nil {
			return v.fail(faultyFile(err, name), "judgement", err)
		}
		s, err := v.trust.Verify(seal.Judgement, digest, j.signature, j.JudgedAsOf)
		if err != nil {
			return v.fail(name+"/"+judgementSignatureName, "signature of the judgement", err)
		}
		if j.JudgedAsOf.Before(v.run.Record.AsOf.Truncate(time.Second)) {
			return v.fail(name+"/"+judgementName, "time of the judgement", fmt.Errorf("it is judged as of %s, before the run's as_of %s: waivers and ages would be those of another day", j.JudgedAsOf.Format(time.RFC3339), v.run.Record.AsOf.Format(time.RFC3339)))
		}
		for _, before := range j.Before {
			if !slices.Contains(all, before) {
				return v.fail(name, "judgements before it", fmt.Errorf("it names judgement %s, which is missing", before))
			}
		}
		if err := v.later(s); err != nil {
			return v.fail(name+"/"+judgementSignatureName, "time of the judgement", err)
		}
		v.seen[seal.Judgement] = true
		v.ok(name, "signature of the judgement", s.Signer.Anchor(), "judged as of "+j.JudgedAsOf.Format(time.RFC3339))
	}
	return nil
}

func (v *verification) times() error {
	at := v.signed.Time
	v.report.Last, v.report.Timestamp = v.last, at
	if at.IsZero() {
		v.warn(signatureName, "time", "", "NO TIMESTAMP: every time is the collector's claim")
		return nil
	}
	anchor := fmt.Sprintf("%d timestamps, by %s", v.signed.Tokens, v.trust.RootName)
	if v.signed.LogEntries > 0 {
		v.ok(signatureName, "transparency log", v.trust.RootName, fmt.Sprintf("%d entries", v.signed.LogEntries))
	}
	switch {
	case v.run.Record.Source.Kind == "replay":
		v.warn(signatureName, "time", anchor, "the token is of the replay, "+at.Format(time.RFC3339))
	case at.Before(v.last.Truncate(time.Second)): // a token says whole seconds
		return v.fail(signatureName, "time", fmt.Errorf("%w: the token is of %s, before the last exchange ended at %s", seal.ErrTime, at.Format(time.RFC3339), v.last.Format(time.RFC3339)))
	case at.After(v.last.Add(v.trust.MaxDelay)):
		return v.fail(signatureName, "time", fmt.Errorf("%w: the token is of %s, more than %s after the last exchange", seal.ErrTime, at.Format(time.RFC3339), v.trust.MaxDelay))
	default:
		v.ok(signatureName, "time", anchor, at.Format(time.RFC3339))
	}
	return nil
}

// later refuses a signature over the run, or over something about it, whose token is older than
// the run's own.
func (v *verification) later(s *seal.Signature) error {
	if s.Time.IsZero() || v.signed.Time.IsZero() || !s.Time.Before(v.signed.Time) {
		return nil
	}
	return fmt.Errorf("%w: its token is of %s, before the run's own of %s", seal.ErrTime, s.Time.Format(time.RFC3339), v.signed.Time.Format(time.RFC3339))
}

// required holds what trust wants a signature of: that a whole judgement or countersignature was
// removed cannot be seen otherwise.
func (v *verification) required() error {
	for _, kind := range v.trust.Required {
		if !v.seen[kind] {
			return v.fail(".", "required signatures", fmt.Errorf("%w: trust.yaml requires a %s, and there is none that counts", seal.ErrUntrusted, kind))
		}
		v.ok(".", "required signature is here", "trust.yaml", string(kind))
	}
	return nil
}

func (v *verification) expected(expect []string) error {
	for _, digest := range expect {
		if digest != v.run.Digest && !slices.Contains(v.report.Judgements, digest) && !slices.ContainsFunc(v.report.Seals, func(s Seal) bool { return s.Digest == digest }) {
			return v.fail(".", "expected digests", fmt.Errorf("%s is neither this run nor one of its judgements or seals", digest))
		}
		v.ok(".", "expected digest is here", "--expect", digest)
	}
	return nil
}

// chain says what is known of the run before.
func (v *verification) chain() error {
	p := v.run.Record.Previous
	switch p.Verified {
	case "absent":
		v.ok(recordName, "chain", "", "it names no run before it")
	case "yes", "no":
		v.ok(recordName, "chain", "", fmt.Sprintf("follows run %s (verified then: %s)", p.Digest, p.Verified))
	default:
		return v.fail(recordName, "chain", fmt.Errorf("previous.verified is %q", p.Verified))
	}
	return nil
}
