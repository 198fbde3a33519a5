package seal

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"

	"github.com/trefoil-audit/trefoil/evidence"
)

// payloadType is the DSSE payload type of an in-toto statement.
const payloadType = "application/vnd.in-toto+json"

const statementType = "https://in-toto.io/Statement/v1"

// logVersion is the version of Rekor that signatures go to.
const logVersion = 2

// Signer signs files of a run: with a key, or, where Token is set, with a key made for the
// certificate that Services.Fulcio gives for that identity. Each signature gets a time of every
// authority and, unless LogRun leaves that to the run's, an entry in every log that is named; one that cannot be had is an error, never a
// signature without. A Signer may be used by several goroutines.
type Signer struct {
	Key       *Key
	Token     Token
	Services  Services
	LogRun    bool              // only a run's signature goes to the logs: what the run names by its digests is covered by it
	Root      *Root             // what was signed is checked by it before it counts; nil: only the signature itself is
	Transport http.RoundTripper // for certificates and times; nil: the default

	certificates certificates
}

// File is what a statement is about: a file's name and SHA-256 (hex).
type File struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// Sign makes the Sigstore bundle over a file: its name and SHA-256 (hex), and a predicate (a
// JSON object) about it. What is signed says how many timestamps and log entries the signature is to carry.
func (s *Signer) Sign(ctx context.Context, kind Kind, name, sha256 string, predicate any) ([]byte, error) {
	if predicate == nil {
		predicate = map[string]any{}
	}
	return s.SignStatement(ctx, kind.PredicateType(), []File{{name, sha256}}, predicate)
}

// SignStatement makes the Sigstore bundle over an in-toto statement about several files.
func (s *Signer) SignStatement(ctx context.Context, predicateType string, files []File, predicate any) ([]byte, error) {
	logs := s.Services.Logs
	if s.LogRun && predicateType != Run.PredicateType() {
		logs = nil
	}
	b, err := s.bundle(ctx, predicateType, files, predicate, logs)
	if err != nil {
		return nil, err
	}
	text, err := write(b)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", files[0].Name, err)
	}
	return text, nil
}

func (s *Signer) bundle(ctx context.Context, predicateType string, files []File, predicate any, logs []string) (*protobundle.Bundle, error) {
	if len(files) > maxSubjects { // it would not be read again
		return nil, fmt.Errorf("sign %s: it would be about %d files, and a signature is about %d at most", files[0].Name, len(files), maxSubjects)
	}
	st := &statement{Type: statementType, PredicateType: predicateType}
	for _, f := range files {
		st.Subject = append(st.Subject, subject{f.Name, digest{f.SHA256}})
	}
	var err error
	if st.Predicate, err = (carries{LogEntries: len(logs), Timestamps: len(s.Services.Authorities)}).into(predicate); err != nil {
		return nil, fmt.Errorf("sign %s: %w", files[0].Name, err)
	}
	text, ok := st.text()
	if !ok {
		return nil, fmt.Errorf("sign %q: a name that is not UTF-8 cannot be signed", files[0].Name)
	}
	opts := sign.BundleOptions{Context: ctx}
	for _, url := range s.Services.Authorities {
		opts.TimestampAuthorities = append(opts.TimestampAuthorities, s.authority(url))
	}
	for _, url := range logs {
		opts.TransparencyLogs = append(opts.TransparencyLogs, sign.NewRekor(&sign.RekorOptions{BaseURL: url, Version: logVersion, Timeout: 60 * time.Second}))
	}
	key := s.Key
	if s.Token != nil {
		if key, opts.CertificateProvider, err = s.certificates.get(ctx, s.Services.Fulcio, s.Token, s.Transport); err != nil {
			return nil, fmt.Errorf("sign %s: %w", files[0].Name, err)
		}
	}
	if s.Root != nil {
		opts.TrustedRoot = root.TrustedMaterialCollection{s.Root.material, key.anchor}
	}
	b, err := sign.Bundle(&sign.DSSEData{Data: text, PayloadType: payloadType}, keypair{key}, opts)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", files[0].Name, err)
	}
	return b, nil
}

// How far this machine's clock may be from the timestamp authorities' when a collection begins.
const (
	maxBehind = 10 * time.Minute
	maxAhead  = 30 * time.Second // WaitFor waits that out
)

// Probe signs something that counts for nothing, before anything is asked of a cloud: a key that
// does not open, an authority that does not answer or a clock that is wrong would otherwise be
// found when the evidence is there and cannot be signed. It writes to no log.
func (s *Signer) Probe(ctx context.Context, clock func() time.Time) error {
	if _, err := s.bundle(ctx, probeType, []File{{"probe", evidence.Digest(nil)}}, map[string]any{}, nil); err != nil {
		return fmt.Errorf("before anything was asked: %w", err)
	}
	for _, url := range s.Services.Authorities {
		t, err := s.timeOf(ctx, url)
		if err != nil {
			return fmt.Errorf("before anything was asked: %w", err)
		}
		now := clock()
		if ahead := now.Sub(t); ahead > maxAhead || ahead < -maxBehind {
			return fmt.Errorf("before anything was asked: this machine's clock says %s, and timestamp authority %s says %s; set the clock right",
				now.UTC().Format(time.RFC3339), url, t.Format(time.RFC3339))
		}
	}
	return nil
}

// probeType is the predicate type of a probe: no kind has it, so it verifies as nothing.
const probeType = "https://trefoil-audit.github.io/attestation/probe/v1"

// WaitFor waits until every authority's clock has reached an instant of this machine's, which what is signed
// will name: a token that is older than that would not verify. What names the instant, in words. One that
// is further ahead than a clock may be is an error at once.
func (s *Signer) WaitFor(ctx context.Context, what string, instant time.Time) error {
	for _, url := range s.Services.Authorities {
		for try := 0; ; try++ {
			t, err := s.timeOf(ctx, url)
			if err != nil {
				return err
			}
			ahead := instant.Truncate(time.Second).Sub(t)
			if ahead <= 0 {
				break
			}
			if try > int(2*maxAhead/time.Second) || ahead > 2*maxAhead {
				return fmt.Errorf("%s %s, and timestamp authority %s says that it is %s: what is signed before its own time does not verify. Set this machine's clock right, or name an earlier instant",
					what, instant.UTC().Format(time.RFC3339), url, t.Format(time.RFC3339))
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
			}
		}
	}
	return nil
}

// timeOf asks an authority what time it is, in whole seconds.
func (s *Signer) timeOf(ctx context.Context, url string) (time.Time, error) {
	token, err := s.authority(url).GetTimestamp(ctx, []byte("what time is it"))
	if err != nil {
		return time.Time{}, fmt.Errorf("timestamp authority %s: %w", url, err)
	}
	t, err := timestamp.ParseResponse(token)
	if err != nil {
		return time.Time{}, fmt.Errorf("timestamp authority %s: %w", url, err)
	}
	return t.Time.UTC(), nil
}

func (s *Signer) authority(url string) *sign.TimestampAuthority {
	return sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: url, Timeout: 30 * time.Second, Retries: 2, Transport: s.Transport})
}
