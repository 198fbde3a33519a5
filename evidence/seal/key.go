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

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// Key is a private P-256 key that signs.
type Key struct{ private *ecdsa.PrivateKey }

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
	if !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("open signing key: a %T, want an ECDSA key on P-256", k)
	}
	return &Key{private}, nil
}

// EphemeralKey makes a key in memory, for a demonstration: nothing but this process ever has it.
func EphemeralKey() (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return &Key{private}, nil
}

// PublicPEM is the public half, as trust.yaml takes it.
func (k *Key) PublicPEM() (string, error) {
	b, err := cryptoutils.MarshalPublicKeyToPEM(&k.private.PublicKey)
	return string(b), err
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
type keypair struct {
	key  *Key
	hint string
}

func (p keypair) GetHashAlgorithm() protocommon.HashAlgorithm {
	return protocommon.HashAlgorithm_SHA2_256
}

func (p keypair) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	return protocommon.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256
}

func (p keypair) GetHint() []byte                { return []byte(p.hint) }
func (p keypair) GetKeyAlgorithm() string        { return "ECDSA" }
func (p keypair) GetPublicKey() crypto.PublicKey { return &p.key.private.PublicKey }
func (p keypair) GetPublicKeyPem() (string, error) {
	return p.key.PublicPEM()
}

func (p keypair) SignData(_ context.Context, data []byte) (signature, digest []byte, err error) {
	sum := sha256.Sum256(data)
	signature, err = ecdsa.SignASN1(rand.Reader, p.key.private, sum[:])
	return signature, sum[:], err
}
