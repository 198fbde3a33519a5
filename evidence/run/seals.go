package run

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// sealSuffix follows the SHA-256 that a seal's file is named by.
const sealSuffix = ".sigstore.json"

// JudgementFile is the name, inside a run, of a judgement's file.
func JudgementFile(digest string) string { return judgementsDir + "/" + digest + "/" + judgementName }

// Seals lists the digests of the run's seals, sorted.
func (r *Run) Seals() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(r.Path, sealsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	out := []string{}
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), sealSuffix))
	}
	slices.Sort(out)
	return out, nil
}

func sealName(digest string) string { return sealsDir + "/" + digest + sealSuffix }

// sealNames holds each seal against its name.
func (r *Run) sealNames() error {
	all, err := r.Seals()
	if err != nil {
		return err
	}
	for _, digest := range all {
		if _, err := r.sealText(digest); err != nil {
			return err
		}
	}
	return nil
}

// sealText reads a seal and holds it against its name.
func (r *Run) sealText(digest string) ([]byte, error) {
	text, err := r.read(sealName(digest), seal.MaxSignature)
	if err != nil {
		return nil, err
	}
	if got := evidence.Digest(text); got != digest {
		return nil, &LayoutError{File: sealName(digest), Cause: fmt.Sprintf("its sha256 is %s, not its name", got), Want: digest, Got: got, Bytes: evidence.Range{Length: int64(len(text))}}
	}
	return text, nil
}

// AddSeal lets a seal enter the run by one rename. Where a judgement is named, the seal is about
// the run's record, that judgement and its results; else about all that stands in the run: the
// record, the collector's signature, judgements and earlier seals, so that none of them can be
// dropped later without being missed. Sign makes it. AddSeal returns the seal's digest.
func (r *Run) AddSeal(judgement string, sign func(files []seal.File) ([]byte, error)) (digest string, err error) {
	unlock, err := lock(r.Path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	files, err := r.toSeal(judgement)
	if err != nil {
		return "", err
	}
	text, err := sign(files)
	if err == nil && len(text) > seal.MaxSignature {
		err = fmt.Errorf("seal: %d bytes, over %d", len(text), seal.MaxSignature)
	}
	if err != nil {
		return "", err
	}
	tmp, err := scratch(r.Path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	digest = evidence.Digest(text)
	at := filepath.Join(r.Path, sealsDir)
	if err := writeFile(filepath.Join(tmp, digest), text); err != nil {
		return "", err
	}
	if err := os.Mkdir(at, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	if err := os.Rename(filepath.Join(tmp, digest), filepath.Join(at, digest+sealSuffix)); err != nil {
		return "", fmt.Errorf("seal %s: %w", digest, err)
	}
	return digest, syncDir(at)
}

// toSeal lists what a seal shall be about; the run's record comes first. Of a judgement it is what was read, not
// what may have come into its place.
func (r *Run) toSeal(judgement string) ([]seal.File, error) {
	files := []seal.File{{Name: recordName, SHA256: r.Digest}}
	if judgement != "" {
		j, err := r.Judgement(judgement)
		if err != nil {
			return nil, err
		}
		return append(files, seal.File{Name: JudgementFile(j.Digest), SHA256: j.Digest}, seal.File{Name: j.file(resultsName), SHA256: j.Results.SHA256}), nil
	}
	names := []string{signatureName}
	judged, err := r.Judgements()
	if err != nil {
		return nil, err
	}
	sealed, err := r.Seals()
	if err != nil {
		return nil, err
	}
	for _, digest := range judged {
		names = append(names, JudgementFile(digest), judgementsDir+"/"+digest+"/"+judgementSignatureName)
	}
	for _, digest := range sealed {
		names = append(names, sealName(digest))
	}
	for _, name := range names {
		f, err := digestFile(filepath.Join(r.Path, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		files = append(files, seal.File{Name: name, SHA256: f.SHA256})
	}
	return files, nil
}

// seals checks each seal: its signature, its signer's role, its time, and that what it is about is
// still here, unchanged.
func (v *verification) seals() error {
	all, err := v.run.Seals()
	if err != nil {
		return err
	}
	for _, digest := range all {
		if err := v.seal(digest); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) seal(digest string) error {
	name := sealName(digest)
	text, err := v.run.sealText(digest)
	if err != nil {
		return v.fail(name, "digest", err)
	}
	s, err := v.trust.VerifySeal(v.run.Digest, text, seal.At(v.run.Record.AsOf))
	var other *seal.SubjectError
	if errors.As(err, &other) {
		err = fmt.Errorf("it is about another run: %w", err)
	}
	if err != nil {
		return v.fail(name, "signature of the seal", err)
	}
	what := string(s.Kind)
	var p sealPredicate
	if err := json.Unmarshal(s.Predicate, &p); err != nil {
		return v.fail(name, what, err)
	}
	claimed := []time.Time{v.last, p.Created}
	for _, f := range s.Files {
		if f.Name == JudgementFile(f.SHA256) {
			claimed = append(claimed, v.judged[f.SHA256])
		}
	}
	if err := cmp.Or(v.later(s), s.Before("it says that it was made at", p.Created), s.Claims(claimed...)); err != nil {
		return v.fail(name, "time of the "+what, err)
	}
	for _, f := range s.Files {
		if err := v.sealed(f); err != nil {
			return v.fail(faultyFile(err, name), "what the "+what+" is about", fmt.Errorf("%w, by %s", err, name))
		}
	}
	if s.Kind == seal.Countersignature {
		if err := v.countersigned(name, s); err != nil {
			return err
		}
	}
	v.seen[s.Kind] = true
	v.report.read[name] = digest
	v.report.Seals = append(v.report.Seals, Seal{digest, s.Kind, s.Signer.Anchor(), s.Time, s.Files, s.Predicate})
	v.ok(name, what, s.Signer.Anchor(), fmt.Sprintf("%s; %d files; %s", p.words(), len(s.Files), timeWords(s.Time)))
	return nil
}

// countersigned wants an auditor's signature over the record and the collector's signature.
func (v *verification) countersigned(name string, s *seal.Signature) error {
	if !s.Signer.Has(seal.Auditor) {
		return v.fail(name, "role of the countersigner", v.noRole(seal.Countersignature, s.Signer, seal.Auditor, ""))
	}
	if !slices.ContainsFunc(s.Files, func(f seal.File) bool { return f.Name == signatureName }) {
		return v.fail(name, "files that the countersignature is about", fmt.Errorf("%w: it is not about %s", seal.ErrFormat, signatureName))
	}
	if c := v.signed.Signer; c == s.Signer || c.Party != "" && c.Party == s.Signer.Party {
		v.warn(name, "independence", s.Signer.Anchor(), "the countersigner is the collector")
	}
	return nil
}

// sealed holds a file that a seal is about against what is here.
func (v *verification) sealed(f seal.File) error {
	if !places.MatchString(f.Name) {
		return fmt.Errorf("%w: %q has no place in a run", seal.ErrFormat, f.Name)
	}
	got, err := digestFile(filepath.Join(v.run.Path, filepath.FromSlash(f.Name)))
	if errors.Is(err, fs.ErrNotExist) {
		return &LayoutError{File: f.Name, Cause: "is missing: it was sealed, sha256 " + f.SHA256, Want: f.SHA256}
	}
	if err == nil && got.SHA256 != f.SHA256 {
		err = &LayoutError{File: f.Name, Cause: fmt.Sprintf("sha256 is %s, and %s was sealed", got.SHA256, f.SHA256), Want: f.SHA256, Got: got.SHA256, Bytes: evidence.Range{Length: got.Size}}
	}
	return err
}

// sealPredicate is what is shown of a seal's predicate, and when that says it was made.
type sealPredicate struct {
	Result     string    `json:"result"`
	Properties []string  `json:"properties"`
	Reason     string    `json:"reason"`
	Created    time.Time `json:"timeCreated"` // zero: it does not say
}

func (p sealPredicate) words() string {
	switch {
	case p.Result != "":
		return p.Result
	case p.Reason != "":
		return p.Reason
	}
	return strings.Join(p.Properties, ", ")
}

func timeWords(t time.Time) string {
	if t.IsZero() {
		return "NO TIMESTAMP"
	}
	return t.Format(time.RFC3339)
}
