// Package sealtest is a Sigstore in memory for tests: a certificate authority that speaks as
// Fulcio does and a timestamp authority, each over HTTP on this machine, with clocks that a test
// sets. Its certificates carry no SCT, and it has no log; the real services are tested by
// .ci/integration.
package sealtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	prototrustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Sigstore is one set of services. Fields may be set before each signature.
type Sigstore struct {
	Fulcio    string           // URL
	Authority string           // URL
	Now       func() time.Time // the authority's clock
	Lasts     [2]time.Time     // when certificates that are issued begin and end
	Ended     time.Time        // when the authority stopped to count, in the trusted root; zero: never
	tb        testing.TB
	ca, tsa   certificate
	stamper   certificate
}

type certificate struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// New starts the services; they end with the test.
func New(tb testing.TB) *Sigstore {
	tb.Helper()
	now := time.Now().UTC()
	s := &Sigstore{tb: tb, Now: time.Now, Lasts: [2]time.Time{now.Add(-time.Minute), now.Add(9 * time.Minute)}}
	from, until := now.AddDate(-10, 0, 0), now.AddDate(10, 0, 0)
	s.ca = s.issue(certificate{}, template("ca", from, until, true), nil)
	s.tsa = s.issue(certificate{}, template("tsa", from, until, true), nil)
	leaf := template("stamper", from, until, false)
	leaf.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: s.der([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})}}
	s.stamper = s.issue(s.tsa, leaf, nil)
	s.Fulcio = s.serve(s.certify)
	s.Authority = s.serve(s.stamp)
	return s
}

func (s *Sigstore) serve(answer func(r *http.Request) []byte) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(answer(r)) }))
	s.tb.Cleanup(server.Close)
	return server.URL
}

func (s *Sigstore) must(err error) {
	if err != nil {
		s.tb.Helper()
		s.tb.Fatal(err)
	}
}

func (s *Sigstore) der(v any) []byte {
	b, err := asn1.Marshal(v)
	s.must(err)
	return b
}

func template(name string, from, until time.Time, isCA bool) *x509.Certificate {
	t := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name, Organization: []string{"test"}},
		NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true}
	if isCA {
		t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign
	}
	return t
}

// issue makes a certificate; with no issuer it signs itself, with no public key it makes one.
func (s *Sigstore) issue(by certificate, t *x509.Certificate, public crypto.PublicKey) certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	if public == nil {
		public = &key.PublicKey
	}
	if by.key == nil {
		by = certificate{t, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, by.Certificate, public, by.key)
	s.must(err)
	cert, err := x509.ParseCertificate(der)
	s.must(err)
	return certificate{cert, key}
}

// Token is an identity token for an address, vouched for by an issuer. Nobody checks its signature.
func (s *Sigstore) Token(email, issuer string) string {
	claims, err := json.Marshal(map[string]any{"sub": email, "email": email, "email_verified": true, "iss": issuer, "aud": "sigstore"})
	s.must(err)
	return "e30." + base64.RawURLEncoding.EncodeToString(claims) + ".c2ln"
}

// certify answers as Fulcio's POST /api/v2/signingCert does.
func (s *Sigstore) certify(r *http.Request) []byte {
	var ask struct {
		PublicKeyRequest struct {
			PublicKey struct {
				Content string `json:"content"`
			} `json:"publicKey"`
		} `json:"publicKeyRequest"`
	}
	s.must(json.NewDecoder(r.Body).Decode(&ask))
	block, _ := pem.Decode([]byte(ask.PublicKeyRequest.PublicKey.Content))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	s.must(err)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(r.Header.Get("Authorization"), ".")[1])
	s.must(err)
	var claims struct{ Email, Iss string }
	s.must(json.Unmarshal(payload, &claims))
	t := template("", s.Lasts[0], s.Lasts[1], false)
	t.Subject, t.EmailAddresses, t.ExtKeyUsage = pkix.Name{}, []string{claims.Email}, []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}, Value: []byte(claims.Iss)}}
	leaf := s.issue(s.ca, t, public)
	var chain struct {
		SCT struct {
			Chain struct {
				Certificates []string `json:"certificates"`
			} `json:"chain"`
		} `json:"signedCertificateEmbeddedSct"`
	}
	for _, c := range []certificate{leaf, s.ca} {
		chain.SCT.Chain.Certificates = append(chain.SCT.Chain.Certificates, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
	}
	answer, err := json.Marshal(chain)
	s.must(err)
	return answer
}

// stamp answers as an RFC 3161 authority does.
func (s *Sigstore) stamp(r *http.Request) []byte {
	ask, err := io.ReadAll(r.Body)
	s.must(err)
	req, err := timestamp.ParseRequest(ask)
	s.must(err)
	token := timestamp.Timestamp{HashAlgorithm: req.HashAlgorithm, HashedMessage: req.HashedMessage, Time: s.Now().UTC(), Policy: asn1.ObjectIdentifier{1, 2, 3}}
	answer, err := token.CreateResponseWithOpts(s.stamper.Certificate, s.stamper.key, crypto.SHA256)
	s.must(err)
	return bytes.Clone(answer)
}

// Root is the trusted_root.json of these services.
func (s *Sigstore) Root() []byte {
	chain := func(certs ...certificate) *protocommon.X509CertificateChain {
		out := &protocommon.X509CertificateChain{}
		for _, c := range certs {
			out.Certificates = append(out.Certificates, &protocommon.X509Certificate{RawBytes: c.Raw})
		}
		return out
	}
	always := &protocommon.TimeRange{Start: timestamppb.New(s.ca.NotBefore)}
	ends := &protocommon.TimeRange{Start: always.GetStart()}
	if !s.Ended.IsZero() {
		ends.End = timestamppb.New(s.Ended)
	}
	text, err := protojson.Marshal(&prototrustroot.TrustedRoot{MediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		CertificateAuthorities: []*prototrustroot.CertificateAuthority{{Uri: s.Fulcio, CertChain: chain(s.ca), ValidFor: always}},
		TimestampAuthorities:   []*prototrustroot.CertificateAuthority{{Uri: s.Authority, CertChain: chain(s.stamper, s.tsa), ValidFor: ends}}})
	s.must(err)
	return text
}
