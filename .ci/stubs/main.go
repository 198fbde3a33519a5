// Command stubs is what the local Sigstore of our CI lacks: an OpenID Connect issuer that vouches
// for whoever asks, and a certificate log that signs promises (SCT, RFC 6962) and keeps no tree.
//
//	stubs DIR    leaves the log's public key in DIR/ctlog.pub and a token for audit@firm.example in DIR/token
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	stdx509 "crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
)

const issuer = "http://127.0.0.1:5556"

var b64 = base64.RawURLEncoding.EncodeToString

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func main() {
	identity := must(rsa.GenerateKey(rand.Reader, 2048))
	logKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	spki := must(stdx509.MarshalPKIXPublicKey(&logKey.PublicKey))
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), b, 0o644); err != nil {
			log.Fatal(err)
		}
	}
	write("ctlog.pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	write("token", []byte(token(identity)))
	go func() { log.Fatal(http.ListenAndServe("127.0.0.1:6962", certificateLog(logKey, spki))) }()
	log.Fatal(http.ListenAndServe("127.0.0.1:5556", issuerOf(identity)))
}

// token is an identity token (RS256) that lasts an hour.
func token(key *rsa.PrivateKey) string {
	now := time.Now().Unix()
	head := must(json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": "1"}))
	claims := must(json.Marshal(map[string]any{"iss": issuer, "sub": "audit", "email": "audit@firm.example", "email_verified": true, "aud": "sigstore", "iat": now, "nbf": now, "exp": now + 3600}))
	text := b64(head) + "." + b64(claims)
	sum := sha256.Sum256([]byte(text))
	return text + "." + b64(must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])))
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func issuerOf(key *rsa.PrivateKey) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": issuer, "jwks_uri": issuer + "/keys", "authorization_endpoint": issuer, "token_endpoint": issuer,
			"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]string{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
			"n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}})
	})
	return mux
}

// certificateLog answers add-pre-chain with a signed promise.
func certificateLog(key *ecdsa.PrivateKey, spki []byte) http.Handler {
	id := sha256.Sum256(spki)
	mux := http.NewServeMux()
	mux.HandleFunc("/test/ct/v1/add-pre-chain", func(w http.ResponseWriter, r *http.Request) {
		var ask ct.AddChainRequest
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var chain []ct.ASN1Cert
		for _, der := range ask.Chain {
			chain = append(chain, ct.ASN1Cert{Data: der})
		}
		now := uint64(time.Now().UnixMilli())
		leaf, err := ct.MerkleTreeLeafFromRawChain(chain, ct.PrecertLogEntryType, now)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		sct := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, LogID: ct.LogID{KeyID: id}, Timestamp: now}
		text := must(ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: *leaf}))
		signature := must(tls.CreateSignature(*key, tls.SHA256, text))
		answer(w, ct.AddChainResponse{SCTVersion: ct.V1, ID: id[:], Timestamp: now, Signature: must(tls.Marshal(signature))})
	})
	return mux
}
