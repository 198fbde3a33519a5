package seal

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/sigstore/sigstore-go/pkg/sign"
)

// Token gives an OpenID Connect identity token, each time that a certificate is asked for.
type Token func(context.Context) (string, error)

// maxToken bounds an identity token.
const maxToken = 64 << 10

// TokenVariable is the environment variable that holds an identity token, as other clients of
// Sigstore take it.
const TokenVariable = "SIGSTORE_ID_TOKEN"

// audience is what an identity token for Sigstore must be made for.
const audience = "sigstore"

// TokenFromFile reads the token from a file, anew each time: whoever makes tokens replaces it.
func TokenFromFile(path string) Token {
	return func(context.Context) (string, error) {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("identity token: %w", err)
		}
		defer f.Close()
		return readToken(f, path)
	}
}

// TokenFromEnvironment takes the token from SIGSTORE_ID_TOKEN.
func TokenFromEnvironment() Token {
	return func(context.Context) (string, error) {
		return readToken(strings.NewReader(os.Getenv(TokenVariable)), "environment variable "+TokenVariable)
	}
}

func readToken(r io.Reader, from string) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxToken+1))
	if err != nil {
		return "", fmt.Errorf("identity token: %s: %w", from, err)
	}
	token := strings.TrimSpace(string(b))
	if strings.Count(token, ".") != 2 || len(b) > maxToken {
		return "", fmt.Errorf("identity token: %s holds no token (three parts with dots between them)", from) // never quote it
	}
	return token, nil
}

// TokenFromGitHub asks GitHub Actions for a token of the running job, which needs the permission
// id-token: write (docs.github.com, "OpenID Connect reference").
func TokenFromGitHub(transport http.RoundTripper) Token {
	return func(ctx context.Context) (string, error) {
		at, bearer := os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
		if at == "" || bearer == "" {
			return "", errors.New("identity token: this is no job of GitHub Actions that may ask for one; give it permissions: {id-token: write}")
		}
		u, err := url.Parse(at)
		if err != nil {
			return "", fmt.Errorf("identity token: ACTIONS_ID_TOKEN_REQUEST_URL: %w", err)
		}
		query := u.Query()
		query.Set("audience", audience)
		u.RawQuery = query.Encode()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return "", fmt.Errorf("identity token: %w", err)
		}
		req.Header.Set("Authorization", "bearer "+bearer)
		client := &http.Client{Transport: transport, Timeout: 30 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // the bearer is for that address alone
		resp, err := client.Do(req)
		if err != nil {
			return "", fmt.Errorf("identity token: ask GitHub Actions: %w", err)
		}
		defer resp.Body.Close()
		var answer struct {
			Value string `json:"value"`
		}
		if resp.StatusCode != http.StatusOK {
			return "", fmt.Errorf("identity token: GitHub Actions answered %s; give the job permissions: {id-token: write}", resp.Status)
		}
		if err := json.UnmarshalRead(io.LimitReader(resp.Body, maxToken), &answer); err != nil {
			return "", errors.New("identity token: GitHub Actions' answer holds none")
		}
		return readToken(strings.NewReader(answer.Value), "GitHub Actions' answer")
	}
}

// certificates asks a Fulcio for certificates and keeps one while it lasts: the key lives in
// memory and is made anew for each.
type certificates struct {
	mu   sync.Mutex
	key  *Key
	der  []byte
	ends time.Time
}

// spare is how long a certificate must still last when something is signed by it.
const spare = time.Minute

// get gives a key and a certificate of it that lasts.
func (c *certificates) get(ctx context.Context, fulcio string, token Token, transport http.RoundTripper) (*Key, sign.CertificateProvider, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.key != nil && time.Until(c.ends) > spare {
		return c.key, issued(c.der), nil
	}
	key, err := EphemeralKey()
	if err != nil {
		return nil, nil, err
	}
	text, err := token(ctx)
	if err != nil {
		return nil, nil, err
	}
	ca := sign.NewFulcio(&sign.FulcioOptions{BaseURL: strings.TrimSuffix(fulcio, "/"), Retries: 2, Transport: transport})
	der, err := ca.GetCertificate(ctx, keypair{key}, &sign.CertificateProviderOptions{IDToken: text})
	if err != nil {
		return nil, nil, fmt.Errorf("certificate from %s: %w", fulcio, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate from %s: %w", fulcio, err)
	}
	if !key.public.Equal(leaf.PublicKey) {
		return nil, nil, fmt.Errorf("certificate from %s: it is of another key", fulcio)
	}
	c.key, c.der, c.ends = key, der, leaf.NotAfter
	return key, issued(der), nil
}

// issued is a certificate that was got already, in the form that sigstore-go asks for one.
type issued []byte

func (i issued) GetCertificate(context.Context, sign.Keypair, *sign.CertificateProviderOptions) ([]byte, error) {
	return i, nil
}
