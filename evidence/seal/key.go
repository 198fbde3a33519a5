package seal

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

// Key is a P-256 key that signs, wherever its private half lies.
type Key struct {
	public *ecdsa.PublicKey
	hint   string
	pem    string
	anchor root.TrustedMaterial                                                 // the public half as sigstore-go takes it, without a window: windows are trust.yaml's
	sign   func(ctx context.Context, data []byte) (signature []byte, err error) // over the SHA-256 of data, in ASN.1
	ours   bool                                                                 // this process has the private half
}

// newKey refuses any curve but P-256: it is what every client of Sigstore, Rekor v2 included, reads.
func newKey(public crypto.PublicKey, sign func(context.Context, []byte) ([]byte, error)) (*Key, error) {
	p, ok := public.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T; only ECDSA keys on P-256 sign", public)
	}
	if p.Curve != elliptic.P256() {
		return nil, fmt.Errorf("it is on %s; only ECDSA keys on P-256 sign", p.Curve.Params().Name)
	}
	hint, err := hintOf(p)
	if err != nil {
		return nil, err
	}
	pem, err := cryptoutils.MarshalPublicKeyToPEM(p)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	verifier, err := signature.LoadVerifier(p, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("use public key: %w", err)
	}
	anchor := root.NewTrustedPublicKeyMaterialFromMapping(map[string]*root.ExpiringKey{hint: root.NewExpiringKey(verifier, time.Time{}, time.Time{})})
	return &Key{public: p, hint: hint, pem: string(pem), anchor: anchor, sign: sign}, nil
}

// inMemory is a key whose private half this process has.
func inMemory(private *ecdsa.PrivateKey) (*Key, error) {
	k, err := newKey(&private.PublicKey, func(_ context.Context, data []byte) ([]byte, error) {
		sum := sha256.Sum256(data)
		return ecdsa.SignASN1(rand.Reader, private, sum[:])
	})
	if err != nil {
		return nil, err
	}
	k.ours = true
	return k, nil
}

// GenerateKey makes a key pair: the private half encrypted with the passphrase, in cosign's
// format, and the public half in PEM. An empty passphrase is refused.
func GenerateKey(passphrase []byte) (private, public []byte, err error) {
	if len(passphrase) == 0 {
		return nil, nil, errors.New("generate key: the passphrase is empty")
	}
	private, public, err = cryptoutils.GeneratePEMEncodedECDSAKeyPair(elliptic.P256(), cryptoutils.StaticPasswordFunc(passphrase))
	if err != nil {
		return nil, nil, fmt.Errorf("generate key: %w", err)
	}
	return private, public, nil
}

// LoadKey opens an encrypted private key in PEM. Only P-256 keys sign.
func LoadKey(pem, passphrase []byte) (*Key, error) {
	k, err := cryptoutils.UnmarshalPEMToPrivateKey(pem, cryptoutils.StaticPasswordFunc(passphrase))
	if err != nil {
		return nil, errors.New("open signing key: wrong passphrase, or no private key in PEM") // the cause could quote the key
	}
	private, ok := k.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("open signing key: it is a %T; only ECDSA keys on P-256 sign", k)
	}
	key, err := inMemory(private)
	if err != nil {
		return nil, fmt.Errorf("open signing key: %w", err)
	}
	return key, nil
}

// EphemeralKey makes a key in memory, for a demonstration or a certificate: nothing but this
// process ever has it.
func EphemeralKey() (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return inMemory(private)
}

// PublicPEM is the public half, as trust.yaml takes it.
func (k *Key) PublicPEM() (string, error) {
	return k.pem, nil
}

// hintOf names a key by its bytes: base64 of the SHA-256 of its SPKI, as cosign does.
func hintOf(public crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("encode public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}

// keypair lets sigstore-go sign with a Key.
type keypair struct{ key *Key }

func (p keypair) GetHashAlgorithm() protocommon.HashAlgorithm {
	return protocommon.HashAlgorithm_SHA2_256
}

func (p keypair) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	return protocommon.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256
}

func (p keypair) GetHint() []byte                  { return []byte(p.key.hint) }
func (p keypair) GetKeyAlgorithm() string          { return "ECDSA" }
func (p keypair) GetPublicKey() crypto.PublicKey   { return p.key.public }
func (p keypair) GetPublicKeyPem() (string, error) { return p.key.PublicPEM() }

// SignData signs, and checks what it got: a service's answer is not believed.
func (p keypair) SignData(ctx context.Context, data []byte) (signature, digest []byte, err error) {
	if signature, err = p.key.sign(ctx, data); err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(data)
	if !p.key.ours && !ecdsa.VerifyASN1(p.key.public, sum[:], signature) {
		return nil, nil, errors.New("the signing key gave a signature that its public half does not verify")
	}
	return signature, sum[:], nil
}
