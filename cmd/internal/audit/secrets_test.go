package audit

import (
	"regexp"
	"strings"
	"testing"

	"github.com/trefoil-audit/trefoil/evidence/bundle"
)

// secrets are what AWS, Google and the like hand out and sign with: keys, tokens, the parameters of
// presigned URLs. Certificates of identity providers are public, and none of them.
var secrets = regexp.MustCompile(`(?i)AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|SecretAccessKey|SessionToken|X-Amz-Security-Token|X-Amz-Signature|X-Amz-Credential|AWS4-HMAC|AWSAccessKeyId=|` +
	`ya29\.[0-9a-z_-]{8}|(?-i:AIza[0-9A-Za-z_-]{35})|GoogleAccessId=|X-Goog-Signature|X-Goog-Credential|X-Goog-Security-Token|"private_key"|"(access|refresh|id)_token"|client_secret|` +
	`eyJ[0-9a-z_-]{10,}\.eyJ[0-9a-z_-]{10,}\.|Bearer [0-9a-z._-]{8}|Authorization"|BEGIN [A-Z ]*PRIVATE KEY|Correct-Horse|password=`)

// The scan finds what it is for, and not what is harmless.
func TestSecretScan(t *testing.T) {
	for _, secret := range []string{"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "x-amz-security-token: a", "/o?X-Amz-Signature=00", "?AWSAccessKeyId=a&Signature=b",
		"ya29.a0AfH6SMBx", "AIzaSyA1234567890123456789012345678901_-", "/o?GoogleAccessId=a", "?X-Goog-Signature=00", `{"private_key":"x"}`, `{"access_token":"x"}`,
		"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0abcd.c2ln", "Authorization: Bearer abcdefgh", "-----BEGIN EC PRIVATE KEY-----", "<SecretAccessKey>x</SecretAccessKey>"} {
		if !secrets.MatchString(secret) {
			t.Errorf("%s is not found", secret)
		}
	}
	for _, harmless := range []string{"-----BEGIN CERTIFICATE-----", "<ds:X509Certificate>MIIC</ds:X509Certificate>", "AIDAIOSFODNN7EXAMPLE", "AROAIOSFODNN7EXAMPLE", "arn:aws:kms:eu-west-1:1:key/1"} {
		if secrets.MatchString(harmless) {
			t.Errorf("%s counts as a secret", harmless)
		}
	}
}

// No credential, token or signature is in a recording.
func TestRecordingHoldsNoSecrets(t *testing.T) {
	_, r, _, _ := clover(t)
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
				if hit := secrets.Find(line); hit != nil {
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
				if hit := secrets.Find(body); hit != nil {
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
