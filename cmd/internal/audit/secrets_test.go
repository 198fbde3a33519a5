package audit

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/bundle"
)

// secrets are what AWS, Google and the like hand out and sign with: keys, tokens, the parameters of
// presigned URLs. Certificates of identity providers are public, and none of them. In front of each pattern
// stands text that all have which it matches, in lower case: a pattern is tried only where that stands.
var secrets = func() map[string]*regexp.Regexp {
	out := map[string]*regexp.Regexp{}
	for text, pattern := range map[string]string{
		"akia": "AKIA[0-9A-Z]{16}", "asia": "ASIA[0-9A-Z]{16}", "secretaccesskey": "SecretAccessKey", "sessiontoken": "SessionToken", "x-amz-security-token": "X-Amz-Security-Token",
		"x-amz-signature": "X-Amz-Signature", "x-amz-credential": "X-Amz-Credential", "aws4-hmac": "AWS4-HMAC", "awsaccesskeyid=": "AWSAccessKeyId=",
		"ya29.": `ya29\.[0-9a-z_-]{8}`, "aiza": "(?-i:AIza[0-9A-Za-z_-]{35})", "googleaccessid=": "GoogleAccessId=", "x-goog-signature": "X-Goog-Signature", "x-goog-credential": "X-Goog-Credential",
		"x-goog-security-token": "X-Goog-Security-Token", `"private_key"`: `"private_key"`, `_token"`: `"(access|refresh|id)_token"`, "client_secret": "client_secret",
		"eyj": `eyJ[0-9a-z_-]{10,}\.eyJ[0-9a-z_-]{10,}\.`, "bearer ": "Bearer [0-9a-z._-]{8}", `authorization"`: `Authorization"`, "private key": "BEGIN [A-Z ]*PRIVATE KEY",
		"correct-horse": "Correct-Horse", "password=": "password=",
	} {
		out[text] = regexp.MustCompile("(?i)" + pattern)
	}
	return out
}()

// secretIn gives a secret that stands in a text; empty: none does.
func secretIn(text []byte) []byte {
	low := bytes.ToLower(bytes.ToUpper(text)) // as patterns take letters: the long s is an s, the sign of the kelvin a k
	for word, pattern := range secrets {
		if bytes.Contains(low, []byte(word)) {
			if hit := pattern.Find(text); hit != nil {
				return hit
			}
		}
	}
	return nil
}

// The scan finds what it is for, and not what is harmless.
func TestSecretScan(t *testing.T) {
	for _, secret := range []string{"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "x-amz-security-token: a", "/o?X-Amz-Signature=00", "?AWSAccessKeyId=a&Signature=b",
		"ya29.a0AfH6SMBx", "AIzaSyA1234567890123456789012345678901_-", "/o?GoogleAccessId=a", "?X-Goog-Signature=00", `{"private_key":"x"}`, `{"access_token":"x"}`,
		"/?X-Amz-Credential=a", "AWS4-HMAC-SHA256", "X-Goog-Credential=a", "x-goog-security-token: a", `{"refresh_token":"x"}`, `{"id_token":"x"}`, "client_secret=a", `{"Authorization":"x"}`, "Correct-Horse-Battery",
		"?password=a", "<\u017fe\u017f\u017fionTo\u212aen>x", "a\u017fia0123456789ABCDEF",
		"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0abcd.c2ln", "Authorization: Bearer abcdefgh", "-----BEGIN EC PRIVATE KEY-----", "<SecretAccessKey>x</SecretAccessKey>"} {
		if secretIn([]byte(secret)) == nil || secretIn([]byte("x "+strings.ToLower(secret))) == nil && !strings.HasPrefix(secret, "AIza") {
			t.Errorf("%s is not found", secret)
		}
	}
	for _, harmless := range []string{"-----BEGIN CERTIFICATE-----", "<ds:X509Certificate>MIIC</ds:X509Certificate>", "AIDAIOSFODNN7EXAMPLE", "AROAIOSFODNN7EXAMPLE", "arn:aws:kms:eu-west-1:1:key/1"} {
		if secretIn([]byte(harmless)) != nil {
			t.Errorf("%s counts as a secret", harmless)
		}
	}
}

// No credential, token or signature is in a recording.
func TestRecordingHoldsNoSecrets(t *testing.T) {
	r, _ := seen(t)
	bytesSeen := 0
	for _, target := range r.Targets() {
		parts, err := r.Bundle(target)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			for line, err := range p.Lines(bundle.ExchangesName) {
				if err != nil {
					t.Fatal(err)
				}
				bytesSeen += len(line)
				if hit := secretIn(line); hit != nil {
					t.Errorf("%s: %q in an exchange: %.200s", target, hit, line)
				}
			}
			for _, e := range p.Manifest().Entries {
				digest, ok := strings.CutPrefix(e.Path, "bodies/")
				if !ok {
					continue
				}
				body, _, err := p.Body(digest)
				if err != nil {
					t.Fatal(err)
				}
				bytesSeen += len(body)
				if hit := secretIn(body); hit != nil {
					t.Errorf("%s: %q in body %s", target, hit, digest)
				}
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if bytesSeen < 100_000 {
		t.Errorf("only %d bytes were looked at", bytesSeen)
	}
}
