package seal

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/sigstore/sigstore-go/pkg/sign"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/trefoil-audit/trefoil/evidence"
)

// payloadType is the DSSE payload type of an in-toto statement.
const payloadType = "application/vnd.in-toto+json"

const statementType = "https://in-toto.io/Statement/v1"

// Signer signs files of a run.
type Signer struct {
	Key          *Key
	TimestampURL string            // RFC 3161 authority; empty: signatures carry no time
	Transport    http.RoundTripper // for the authority; nil: the default
}

type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     any       `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// Sign makes the Sigstore bundle over a file: its name and SHA-256 (hex), and a predicate (a
// JSON object) about it. It takes a timestamp where an authority is named; that it cannot get
// one is an error, never a signature without.
func (s *Signer) Sign(ctx context.Context, kind Kind, name, sha256 string, predicate any) ([]byte, error) {
	if predicate == nil {
		predicate = struct{}{}
	}
	text, err := evidence.Canonical(statement{Type: statementType, Subject: []subject{{name, map[string]string{"sha256": sha256}}},
		PredicateType: kind.PredicateType(), Predicate: predicate})
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", name, err)
	}
	hint, err := hintOf(&s.Key.private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", name, err)
	}
	opts := sign.BundleOptions{Context: ctx}
	if s.TimestampURL != "" {
		opts.TimestampAuthorities = []*sign.TimestampAuthority{sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{
			URL: s.TimestampURL, Timeout: 30 * time.Second, Retries: 2, Transport: s.Transport})}
	}
	b, err := sign.Bundle(&sign.DSSEData{Data: text, PayloadType: payloadType}, keypair{s.Key, hint}, opts)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", name, err)
	}
	raw, err := protojson.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", name, err)
	}
	return evidence.Canonicalize(raw)
}
