package run

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// Check is one thing that verification looked at.
type Check struct {
	File   string `json:"file"`   // relative to the run
	What   string `json:"what"`   // what was checked, in words
	Anchor string `json:"anchor"` // by what: the name of a key in trust.yaml, or the file that names the digest
	Result string `json:"result"` // ok, warning, failed, unread
	Detail string `json:"detail"`
	Fault  *Fault `json:"fault,omitzero"` // of what failed
}

// Report is what verification found, in its order.
type Report struct {
	Run        string    `json:"run"` // run digest
	AsOf       time.Time `json:"as_of"`
	Source     Source    `json:"source"`
	Judgements []string  `json:"judgements"` // digests
	Seals      []Seal    `json:"seals"`
	Last       time.Time `json:"last_exchange,omitzero"` // when the last exchange ended, by the collector's clock; zero where nothing was asked
	Timestamp  time.Time `json:"timestamp,omitzero"`     // of the run's signature; zero without one
	Checks     []Check   `json:"checks"`

	read map[string]string // name → SHA-256 of what was read and verified, of what a countersignature is about
}

// Seal is a seal that counts: a countersignature, a verdict or a gap record.
type Seal struct {
	Digest    string         `json:"digest"` // of its file, which is named by it
	Kind      seal.Kind      `json:"kind"`
	Signer    string         `json:"signer"`        // in words
	Time      time.Time      `json:"time,omitzero"` // of its token; zero without one
	Files     []seal.File    `json:"files"`         // what it is about; the run's record first
	Predicate jsontext.Value `json:"predicate"`
}

// verification is one walk through a run, in the order of the architecture.
type verification struct {
	run    *Run
	trust  *seal.Trust
	report *Report
	last   time.Time       // end of the last exchange
	signed *seal.Signature // of the run
	seen   map[seal.Kind]bool
	judged map[string]time.Time // digest of a judgement → judged_as_of
}

// Verify checks a run by the trust that the caller brings, in this order: names, signature of the run
// over the digest of run.json, and only then what run.json says; inputs; the whole file of each bundle;
// contents of bundles and signatures of their manifests; judgements, seals, times. Expect names
// judgements and seals that must be there: that a whole one was removed cannot be seen otherwise.
//
// The report holds what was checked also where it fails, and is nil where there is no run to look at.
// An error that says that the evidence does not verify is a *VerifyError; any other, that it could not be read
// here (see [Refused]).
func Verify(path string, trust *seal.Trust, expect []string, workers int) (*Run, *Report, error) {
	r, err := look(path)
	v := &verification{run: r, trust: trust, report: &Report{Run: r.Digest, Judgements: []string{}, Seals: []Seal{}, Checks: []Check{}, read: map[string]string{}}, seen: map[seal.Kind]bool{}, judged: map[string]time.Time{}}
	var layout *LayoutError
	switch {
	case errors.As(err, &layout):
		v.report.Run = r.digestAtHand()
		return nil, v.report, v.fail(layout.File, "names in the run", err)
	case err != nil:
		return nil, nil, err
	}
	v.ok(".", "names in the run", "the layout of runs", "nothing is here that has no place in a run")
	for _, step := range []func() error{v.runSignature, v.source, v.files, v.collector, func() error { return v.bundles(workers) }, v.judgements, v.seals,
		v.required, v.times, func() error { return v.expected(expect) }, v.chain} {
		if err := step(); err != nil {
			return nil, v.report, err
		}
	}
	return r, v.report, nil
}

func (v *verification) ok(file, what, anchor, detail string) {
	v.report.Checks = append(v.report.Checks, Check{File: file, What: what, Anchor: anchor, Result: "ok", Detail: detail})
}

func (v *verification) warn(file, what, anchor, detail string) {
	v.report.Checks = append(v.report.Checks, Check{File: file, What: what, Anchor: anchor, Result: "warning", Detail: detail})
}

func (v *verification) fail(file, what string, err error) error {
	return v.report.Fail(file, what, err)
}

// Stopped gives the check that failed, or could not be done, and so ended the verification; ok is false where none
// did.
func (r *Report) Stopped() (c Check, ok bool) {
	i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.Result == "failed" || c.Result == Unread })
	if i < 0 {
		return c, false
	}
	return r.Checks[i], true
}

// Covers refuses files that are not those that were verified, byte for byte: a judgement or a seal that came
// in since, or a signature that was put in another's place.
func (r *Report) Covers(files []seal.File) error {
	for _, f := range files {
		switch digest, ok := r.read[f.Name]; {
		case !ok:
			return fmt.Errorf("%s came into the run while it was verified, so nobody has verified it", f.Name)
		case digest != f.SHA256:
			return fmt.Errorf("%s was changed after it was verified: its sha256 was %s, and is %s", f.Name, digest, f.SHA256)
		}
	}
	return nil
}

// Unread is the result of a check that could not be done, because the system did not let the file be read.
const Unread = "unread"

// Fail adds a check that failed, and gives its *VerifyError. What could not be read is none: it is added as
// [Unread], and the error is another.
func (r *Report) Fail(file, what string, err error) error {
	if Refused(err) {
		r.Checks = append(r.Checks, Check{File: file, What: what, Result: Unread, Detail: err.Error()})
		return fmt.Errorf("%s could not be read, so it was not checked: %w", file, err)
	}
	r.Checks = append(r.Checks, Check{File: file, What: what, Result: "failed", Detail: err.Error(), Fault: faultOf(err)})
	return &VerifyError{File: file, Err: err}
}

// runSignature checks the signature over the bytes of run.json, and only then parses them.
func (v *verification) runSignature() error {
	file, err := v.run.read(signatureName, seal.MaxSignature)
	if err != nil {
		return v.fail(signatureName, "signature of the run", err)
	}
	var parsed error
	s, err := v.trust.Verify(seal.Run, v.run.Digest, file, func() (time.Time, error) {
		parsed = v.run.parse()
		return v.run.Record.AsOf, parsed
	})
	var other *seal.SubjectError
	switch {
	case errors.As(err, &other):
		changed := &LayoutError{File: recordName, Cause: "was changed, or is of another run than " + signatureName, Want: other.Want, Got: other.Got, Bytes: evidence.Range{Length: int64(len(v.run.raw))}}
		return v.fail(recordName, "signature of the run", fmt.Errorf("%w: %w", changed, err))
	case parsed == nil && err != nil:
		return v.fail(signatureName, "signature of the run", fmt.Errorf("over %s: %w", recordName, err))
	}
	if err := cmp.Or(parsed, v.run.parse()); err != nil {
		return v.fail(recordName, "format", err)
	}
	v.signed, v.seen[seal.Run] = s, true
	v.report.read[recordName], v.report.read[signatureName] = v.run.Digest, evidence.Digest(file)
	v.report.AsOf, v.report.Source = v.run.Record.AsOf, v.run.Record.Source
	return nil
}

// source holds what sort of run it is against the signer's role, and shows what it says of itself.
func (v *verification) source() error {
	s, want := v.signed, seal.Collector
	switch src := v.run.Record.Source; {
	case src.Kind != "live" && src.Kind != "replay":
		return v.fail(recordName, "source of the run", fmt.Errorf("source %q is neither live nor replay", src.Kind))
	case (src.Kind == "replay") != (src.Of != ""):
		return v.fail(recordName, "source of the run", fmt.Errorf("source %q of run %q: a replay names the run that was played, and nothing else does", src.Kind, src.Of))
	case src.Demo:
		want = seal.Demo
	case src.Kind == "replay":
		want = seal.Replay
	}
	anchor := s.Signer.Anchor()
	if !s.Signer.Has(want) {
		return v.fail(signatureName, "role of the signer", v.noRole(seal.Run, s.Signer, want, ", and the run is "+sourceWords(v.run.Record.Source)))
	}
	v.ok(signatureName, "signature of the run", anchor, "run digest "+v.run.Digest)
	v.ok(recordName, "digest", signatureName, v.run.Digest)
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

// noRole says that a signer lacks a role, and who has it.
func (v *verification) noRole(kind seal.Kind, s *seal.TrustedSigner, want seal.Role, why string) error {
	return &seal.SignerError{Found: s.Anchor(), Allowed: v.trust.MaySign(kind, want), Cause: fmt.Sprintf("%s has no role %s%s", s.Anchor(), want, why)}
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

// files holds inputs and the whole file of each bundle against run.json.
func (v *verification) files() error {
	if err := v.run.contents(); err != nil {
		return v.fail(faultyFile(err, recordName), "digest of the whole file", v.located(err))
	}
	for _, f := range v.run.Record.Inputs {
		v.ok(f.Path, "digest", recordName, f.SHA256)
	}
	for _, b := range v.run.Record.Bundles {
		v.ok(b.Path, "digest of the whole file", recordName, b.SHA256)
	}
	return nil
}

func (v *verification) judgements() error {
	all, err := v.run.Judgements()
	if err != nil {
		return err
	}
	v.report.Judgements = append(v.report.Judgements, all...)
	for _, digest := range all {
		if err := v.judgement(digest, all); err != nil {
			return err
		}
	}
	return nil
}

// judgement checks the signature over the bytes of judgement.json, then what it says, then its results.
func (v *verification) judgement(digest string, all []string) error {
	j, err := v.run.lookJudgement(digest)
	if err != nil {
		return v.fail(faultyFile(err, JudgementFile(digest)), "judgement", err)
	}
	var parsed error
	s, err := v.trust.Verify(seal.Judgement, digest, j.signature, func() (time.Time, error) {
		parsed = j.parse()
		return j.JudgedAsOf, parsed
	})
	if parsed == nil && err != nil {
		return v.fail(j.file(judgementSignatureName), "signature of the judgement", err)
	}
	if err := cmp.Or(parsed, j.parse()); err != nil {
		return v.fail(JudgementFile(digest), "judgement", err)
	}
	if err := j.compare(); err != nil {
		return v.fail(j.file(resultsName), "digest of the results", err)
	}
	if j.JudgedAsOf.Before(v.run.Record.AsOf.Truncate(time.Second)) {
		return v.fail(JudgementFile(digest), "time of the judgement", fmt.Errorf("it is judged as of %s, before the run's as_of %s: waivers and ages would be those of another day", j.JudgedAsOf.Format(time.RFC3339), v.run.Record.AsOf.Format(time.RFC3339)))
	}
	for _, before := range j.Before {
		if !slices.Contains(all, before) {
			return v.fail(JudgementFile(before), "judgements before "+digest, layoutError(JudgementFile(before), "is missing: judgement "+digest+" names it"))
		}
	}
	// It was signed after it was made, and after the run ended.
	if err := cmp.Or(v.later(s), s.Before("it is judged as of", j.JudgedAsOf), s.Claims(latest(j.JudgedAsOf, v.last))); err != nil {
		return v.fail(j.file(judgementSignatureName), "time of the judgement", err)
	}
	v.seen[seal.Judgement], v.judged[digest] = true, j.JudgedAsOf
	v.report.read[JudgementFile(digest)], v.report.read[j.file(judgementSignatureName)] = digest, evidence.Digest(j.signature)
	v.ok(j.file(judgementSignatureName), "signature of the judgement", s.Signer.Anchor(), "judged as of "+j.JudgedAsOf.Format(time.RFC3339))
	if s.Time.IsZero() {
		v.warn(j.file(judgementSignatureName), "time of the judgement", s.Signer.Anchor(), "NO TIMESTAMP: when it was judged is the signer's claim")
	}
	v.ok(JudgementFile(digest), "digest", j.file(judgementSignatureName), digest)
	v.ok(j.file(resultsName), "digest", JudgementFile(digest), j.Results.SHA256)
	return nil
}

func (v *verification) times() error {
	at := v.signed.Time
	v.report.Last, v.report.Timestamp = v.last, at
	if err := v.signed.Claims(v.last); err != nil {
		return v.fail(signatureName, "time", fmt.Errorf("at the end of the last exchange: %w", err))
	}
	if at.IsZero() {
		v.warn(signatureName, "time", "the collector's clock", "NO TIMESTAMP: every time is the collector's claim")
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

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
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
	if (p.Verified == "absent") != (p.Digest == "") {
		return v.fail(recordName, "chain", fmt.Errorf("previous.verified is %q, and its digest is %q", p.Verified, p.Digest))
	}
	switch p.Verified {
	case "absent":
		v.ok(recordName, "chain", signatureName, "it names no run before it")
	case "yes":
		v.ok(recordName, "chain", signatureName, fmt.Sprintf("follows run %s (verified then: yes)", p.Digest))
	case "no":
		v.warn(recordName, "chain", signatureName, fmt.Sprintf("follows run %s (verified then: no)", p.Digest))
	default:
		return v.fail(recordName, "chain", fmt.Errorf("previous.verified is %q", p.Verified))
	}
	return nil
}
