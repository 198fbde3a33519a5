//go:build kms_aws && kms_vault

package seal

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence"
)

// stub is a key in a service that speaks a little of AWS KMS and of Vault's transit engine.
type stub struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	lies bool // it signs other bytes than it is asked to
}

func (s *stub) spki() []byte {
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	return der
}

func (s *stub) sign(digest []byte) []byte {
	if s.lies {
		other := sha256.Sum256([]byte("other bytes"))
		digest = other[:]
	}
	sig, err := ecdsa.SignASN1(rand.Reader, s.key, digest)
	if err != nil {
		s.t.Fatal(err)
	}
	return sig
}

func (s *stub) aws(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Message     []byte
		MessageType string
	}
	_ = json.NewDecoder(r.Body).Decode(&ask)
	const id = "arn:aws:kms:eu-west-1:111122223333:key/0"
	answers := map[string]any{
		"DescribeKey":  map[string]any{"KeyMetadata": map[string]any{"KeyId": id, "SigningAlgorithms": []string{"ECDSA_SHA_256"}, "KeyUsage": "SIGN_VERIFY"}},
		"GetPublicKey": map[string]any{"KeyId": id, "PublicKey": s.spki(), "SigningAlgorithms": []string{"ECDSA_SHA_256"}},
	}
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if call == "Sign" {
		if ask.MessageType != "DIGEST" {
			s.t.Errorf("message type %q", ask.MessageType)
		}
		answers["Sign"] = map[string]any{"KeyId": id, "Signature": s.sign(ask.Message), "SigningAlgorithm": "ECDSA_SHA_256"}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(answers[call])
}

func (s *stub) vault(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Input     string `json:"input"`
		Prehashed bool   `json:"prehashed"`
	}
	_ = json.NewDecoder(r.Body).Decode(&ask)
	data := map[string]any{"type": "ecdsa-p256", "latest_version": 1, "keys": map[string]any{"1": map[string]any{
		"public_key": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: s.spki()}))}}}
	if strings.Contains(r.URL.Path, "/sign/") {
		digest, err := base64.StdEncoding.DecodeString(ask.Input)
		if err != nil || !ask.Prehashed {
			s.t.Errorf("asked to sign %+v", ask)
		}
		data = map[string]any{"signature": "vault:v1:" + base64.StdEncoding.EncodeToString(s.sign(digest))}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}

// services starts both stubs and points Sigstore's clients at them.
func (s *stub) services() (awsURI, vaultURI string) {
	a := httptest.NewTLSServer(http.HandlerFunc(s.aws))
	v := httptest.NewServer(http.HandlerFunc(s.vault))
	s.t.Cleanup(a.Close)
	s.t.Cleanup(v.Close)
	ca := filepath.Join(s.t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw}), 0o600); err != nil {
		s.t.Fatal(err)
	}
	for name, value := range map[string]string{"AWS_CA_BUNDLE": ca, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"VAULT_ADDR": v.URL, "VAULT_TOKEN": "test"} {
		s.t.Setenv(name, value)
	}
	return "awskms://" + strings.TrimPrefix(a.URL, "https://") + "/alias/evidence", "hashivault://evidence"
}

func TestCloudKeysSign(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &stub{t: t, key: key}
	awsURI, vaultURI := s.services()
	for _, uri := range []string{awsURI, vaultURI} {
		k, err := OpenKMS(t.Context(), uri)
		if err != nil {
			t.Errorf("%s: %v", uri, err)
			continue
		}
		public, err := k.PublicPEM()
		if err != nil {
			t.Fatal(err)
		}
		s.lies = false
		if _, err := mustTrust(t, trustText(public, "collector", "run")).Verify(Run, evidence.Digest(file), mustSign(t, k, Run, file), At(now)); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
		s.lies = true
		if _, err := (&Signer{Key: k}).Sign(t.Context(), Run, "run.json", evidence.Digest(file), nil); err == nil {
			t.Errorf("%s: a signature over other bytes was taken", uri)
		}
	}
}

func TestCloudKeyOnAnotherCurve(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	awsURI, _ := (&stub{t: t, key: key}).services()
	if _, err := OpenKMS(t.Context(), awsURI); err == nil || !strings.Contains(err.Error(), "only ECDSA keys on P-256 sign") {
		t.Errorf("got %v", err)
	}
}
