package seal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/seal/sealtest"
)

const (
	address = "audit@firm.example"
	voucher = "https://login.firm.example"
)

// timed is a trust.yaml that requires timestamps; the root is its root.json.
func timed(t testing.TB, s *sealtest.Sigstore, keyOrIdentity string) *Trust {
	t.Helper()
	text := "timestamp: required\ntrusted_root: root.json\nthresholds: {log_entries: 0, scts: 0}\n" + keyOrIdentity
	trust, err := ParseTrust("trust.yaml", []byte(text), func(string) ([]byte, error) { return s.Root(), nil })
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func keyYAML(pem string, extra ...string) string {
	_, keys, _ := strings.Cut(trustText(pem, "collector", "run", extra...), "\n")
	return keys
}

func identityYAML(san, issuer string, extra ...string) string {
	return "identities:\n  - {name: us, roles: [collector], may_sign: [run], san: \"" + san + "\", issuer: \"" + issuer + "\"" + strings.Join(append([]string{""}, extra...), ", ") + "}\n"
}

func keylessSigner(s *sealtest.Sigstore) *Signer {
	return &Signer{Token: func(context.Context) (string, error) { return s.Token(address, voucher), nil },
		Services: Services{Fulcio: s.Fulcio, Authorities: []string{s.Authority}}}
}

func signed(t testing.TB, s *Signer, b []byte) []byte {
	t.Helper()
	out, err := s.Sign(context.Background(), Run, "run.json", evidence.Digest(b), nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// edit changes a signature file and keeps it canonical.
func edit(t *testing.T, sig []byte, change func(*protobundle.Bundle)) []byte {
	t.Helper()
	pb := &protobundle.Bundle{}
	if err := protojson.Unmarshal(sig, pb); err != nil {
		t.Fatal(err)
	}
	change(pb)
	raw, err := protojson.Marshal(pb)
	if err != nil {
		t.Fatal(err)
	}
	out, err := evidence.Canonicalize(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wants(t *testing.T, trust *Trust, sig []byte, want error, words string) {
	t.Helper()
	s, err := trust.Verify(Run, evidence.Digest(file), sig, At(now))
	switch {
	case want == nil && err != nil:
		t.Errorf("refused: %v", err)
	case want != nil && !errors.Is(err, want):
		t.Errorf("got %v (%+v), want %v", err, s, want)
	case want != nil && !strings.Contains(err.Error(), words):
		t.Errorf("got %v, want the words %q", err, words)
	}
}

func TestTimestamps(t *testing.T) {
	s := sealtest.New(t)
	k, pem := testKey(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return at }
	signer := &Signer{Key: k, Services: Services{Authorities: []string{s.Authority}}}
	sig, other := signed(t, signer, file), signed(t, signer, []byte("another"))

	got, err := timed(t, s, keyYAML(pem)).Verify(Run, evidence.Digest(file), sig, At(now))
	if err != nil || !got.Time.Equal(at) || got.Tokens != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	good := timed(t, s, keyYAML(pem))
	stripped := edit(t, sig, func(b *protobundle.Bundle) { b.VerificationMaterial.TimestampVerificationData = nil })
	swapped := edit(t, sig, func(b *protobundle.Bundle) {
		o := &protobundle.Bundle{}
		if err := protojson.Unmarshal(other, o); err != nil {
			t.Fatal(err)
		}
		b.VerificationMaterial.TimestampVerificationData = o.VerificationMaterial.TimestampVerificationData
	})
	wants(t, good, stripped, ErrTime, "trust wants 1")
	wants(t, good, swapped, ErrSignature, "timestamps")
	wants(t, mustTrust(t, trustText(pem, "collector", "run")), sig, ErrTime, "no trusted_root")
	wants(t, timed(t, sealtest.New(t), keyYAML(pem)), sig, ErrSignature, "timestamps")
	wants(t, timed(t, s, keyYAML(pem, "not_before: 2026-03-02T00:00:00Z")), sig, ErrTime, "does not count at 2026-03-01")
	wants(t, timed(t, s, keyYAML(pem, "not_after: 2026-02-28T00:00:00Z")), sig, ErrTime, "does not count at 2026-03-01")
	s.Ended = at.Add(-time.Hour)
	wants(t, timed(t, s, keyYAML(pem)), sig, ErrSignature, "timestamps")
}

// A second token must verify too, and be another authority's.
func TestSecondToken(t *testing.T) {
	s := sealtest.New(t)
	k, pem := testKey(t)
	sig := signed(t, &Signer{Key: k, Services: Services{Authorities: []string{s.Authority, s.Authority}}}, file)
	one := edit(t, sig, func(b *protobundle.Bundle) {
		d := b.VerificationMaterial.TimestampVerificationData
		d.Rfc3161Timestamps = d.Rfc3161Timestamps[:1]
	})
	text := "timestamp: required\ntrusted_root: {inline: '" + string(s.Root()) + "'}\nthresholds: {timestamps: 2}\n" + keyYAML(pem)
	two := mustTrust(t, text)
	wants(t, two, one, ErrTime, "trust wants 2")
	wants(t, two, sig, ErrSignature, "duplicate") // one authority does not count twice
	broken := edit(t, sig, func(b *protobundle.Bundle) {
		d := b.VerificationMaterial.TimestampVerificationData
		d.Rfc3161Timestamps[1].SignedTimestamp = bytes.Clone(d.Rfc3161Timestamps[1].SignedTimestamp[:20])
	})
	if _, err := timed(t, s, keyYAML(pem)).Verify(Run, evidence.Digest(file), broken, At(now)); err == nil {
		t.Error("a token that does not verify was passed over")
	}
}

func TestKeyless(t *testing.T) {
	s := sealtest.New(t)
	signer := keylessSigner(s)
	sig := signed(t, signer, file)
	good := timed(t, s, identityYAML(address, voucher))
	got, err := good.Verify(Run, evidence.Digest(file), sig, At(now))
	if err != nil || got.Signer.SAN != address || got.Time.IsZero() {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, c := range []struct {
		name, trust, words string
		want               error
	}{
		{"another subject", identityYAML("other@firm.example", voucher), address, ErrUntrusted},
		{"another issuer", identityYAML(address, "https://evil.example"), voucher, ErrUntrusted},
		{"a subject that begins alike", identityYAML(address+".evil", voucher), address, ErrUntrusted},
		{"window over", identityYAML(address, voucher, "not_after: 2026-01-01T00:00:00Z"), "does not count", ErrTime},
	} {
		wants(t, timed(t, s, c.trust), sig, c.want, c.words)
	}
	wants(t, timed(t, sealtest.New(t), identityYAML(address, voucher)), sig, ErrSignature, "")
	stripped := edit(t, sig, func(b *protobundle.Bundle) { b.VerificationMaterial.TimestampVerificationData = nil })
	wants(t, good, stripped, ErrTime, "trust wants 1")
	optional := strings.Replace("timestamp: required\ntrusted_root: {inline: '"+string(s.Root())+"'}\nthresholds: {log_entries: 0, scts: 0, timestamps: 0}\n", "required", "optional", 1)
	wants(t, mustTrust(t, optional+identityYAML(address, voucher)), stripped, ErrTime, "trust wants 1")
	strict := "timestamp: required\ntrusted_root: {inline: '" + string(s.Root()) + "'}\n" + identityYAML(address, voucher)
	wants(t, mustTrust(t, strict), sig, ErrUntrusted, "transparency logs")
	wants(t, mustTrust(t, "thresholds: {log_entries: 0}\n"+strict), sig, ErrSignature, "")
}

// A certificate that had ended, or not begun, when the authority saw the signature.
func TestCertificateMustHold(t *testing.T) {
	s := sealtest.New(t)
	good := timed(t, s, identityYAML(address, voucher))
	for _, off := range []time.Duration{-time.Hour, time.Hour} {
		s.Now = func() time.Time { return time.Now().Add(off) }
		wants(t, good, signed(t, keylessSigner(s), file), ErrSignature, "certificate")
	}
}

// One certificate serves while it lasts; then another is asked for.
func TestCertificatesAreKeptWhileTheyLast(t *testing.T) {
	s := sealtest.New(t)
	asked := 0
	signer := keylessSigner(s)
	signer.Token = func(context.Context) (string, error) { asked++; return s.Token(address, voucher), nil }
	for range 3 {
		signed(t, signer, file)
	}
	if asked != 1 {
		t.Errorf("%d certificates for three signatures", asked)
	}
	s.Lasts[1] = time.Now().Add(spare / 2)
	signer = keylessSigner(s)
	signer.Token = func(context.Context) (string, error) { asked++; return s.Token(address, voucher), nil }
	signed(t, signer, file)
	signed(t, signer, file)
	if asked != 3 {
		t.Errorf("a certificate that ends at once was used again (%d)", asked)
	}
}

// What was signed is checked by the trusted root that the engagement names, before it counts.
func TestSignerChecksWhatItSigned(t *testing.T) {
	s, other := sealtest.New(t), sealtest.New(t)
	k, _ := testKey(t)
	for name, c := range map[string]struct {
		root []byte
		good bool
	}{"its own": {s.Root(), true}, "of another instance": {other.Root(), false}} {
		root, err := ParseRoot("root.json", c.root)
		if err != nil {
			t.Fatal(err)
		}
		keyed := &Signer{Key: k, Root: root, Services: Services{Authorities: []string{s.Authority}}}
		keyless := keylessSigner(s)
		keyless.Root = root
		for _, signer := range []*Signer{keyed, keyless} {
			if _, err := signer.Sign(context.Background(), Run, "run.json", evidence.Digest(file), nil); (err == nil) != c.good {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A signer that logs runs alone asks no log for the rest; trust takes that only where it says so itself.
func TestLogOfTheRunAlone(t *testing.T) {
	s := sealtest.New(t)
	k, pem := testKey(t)
	signer := &Signer{Key: k, LogRun: true, Services: Services{Authorities: []string{s.Authority}, Logs: []string{"http://127.0.0.1:1"}}}
	if _, err := signer.Sign(t.Context(), Run, "run.json", evidence.Digest(file), nil); err == nil {
		t.Error("a run was signed though its log does not answer")
	}
	for _, kind := range []Kind{Bundle, Judgement, Report} {
		sig, err := signer.Sign(t.Context(), kind, "x", evidence.Digest(file), nil)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		for thresholds, good := range map[string]bool{"log_entries: 1": false, "{}": true, "log_entries: 1, log_entries_of: [run]": true,
			"log_entries: 1, log_entries_of: [run, " + string(kind) + "]": false} {
			keys := strings.Replace(keyYAML(pem), "[run]", "[run, bundle, judgement, report]", 1)
			trust := mustTrust(t, "timestamp: required\ntrusted_root: {inline: '"+string(s.Root())+"'}\nthresholds: {"+strings.Trim(thresholds, "{}")+"}\n"+keys)
			if _, err := trust.Verify(kind, evidence.Digest(file), sig, At(now)); (err == nil) != good || err != nil && !errors.Is(err, ErrUntrusted) {
				t.Errorf("%s by %s: %v", kind, thresholds, err)
			}
		}
	}
	unlogged := signed(t, &Signer{Key: k, Services: Services{Authorities: []string{s.Authority}}}, file)
	wants(t, mustTrust(t, "timestamp: required\ntrusted_root: {inline: '"+string(s.Root())+"'}\nthresholds: {log_entries: 1, log_entries_of: [run]}\n"+keyYAML(pem)), unlogged, ErrUntrusted, "trust wants 1")
}

func TestProbe(t *testing.T) {
	s := sealtest.New(t)
	k, _ := testKey(t)
	signer := &Signer{Key: k, Services: Services{Authorities: []string{s.Authority}}}
	if err := signer.Probe(context.Background(), time.Now); err != nil {
		t.Error(err)
	}
	for _, off := range []time.Duration{-time.Minute, time.Hour} {
		s.Now = func() time.Time { return time.Now().Add(off) }
		if err := signer.Probe(context.Background(), time.Now); err == nil || !strings.Contains(err.Error(), "set the clock right") {
			t.Errorf("authority off by %s: %v", off, err)
		}
	}
	if err := (&Signer{Key: k, Services: Services{Authorities: []string{"http://127.0.0.1:1"}}}).Probe(context.Background(), time.Now); err == nil {
		t.Error("an authority that does not answer was not missed")
	}
	s.Now = func() time.Time { return time.Now().Add(-time.Second) }
	at := time.Now()
	if err := signer.WaitFor(context.Background(), "the last exchange ended at", at); err != nil || time.Since(at) < time.Second/2 {
		t.Errorf("did not wait for the authority's clock: %v", err)
	}
}

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct{ text, want string }{"good": {"a.b.c\n", "a.b.c"}, "empty": {"", ""}, "prose": {"secret words", ""}, "huge": {strings.Repeat("a.b.c", 1<<15), ""}} {
		got, err := TokenFromFile(write(name, c.text))(t.Context())
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error quotes the token: %v", err)
		}
	}
	t.Setenv(TokenVariable, "x.y.z")
	if got, err := TokenFromEnvironment()(t.Context()); got != "x.y.z" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestServices(t *testing.T) {
	const config = `{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json",
"caUrls":[{"url":"https://fulcio.firm.example","majorApiVersion":1,"validFor":{"start":"2026-01-01T00:00:00Z"},"operator":"us"}],
"tsaUrls":[{"url":"https://timestamp.sigstore.dev/api/v1/timestamp","majorApiVersion":1,"validFor":{"start":"2026-01-01T00:00:00Z"},"operator":"public"}],
"rekorTlogUrls":[{"url":"https://rekor.firm.example","majorApiVersion":2,"validFor":{"start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z"},"operator":"us"}],
"tsaConfig":{"selector":"ANY"},"rekorTlogConfig":{"selector":"ANY"}}`
	s, err := ParseServices("signing_config.json", []byte(config), now)
	if err != nil {
		t.Fatal(err)
	}
	if s.Fulcio != "https://fulcio.firm.example" || len(s.Logs) != 1 || !slices.Equal(s.Public(), []string{"https://timestamp.sigstore.dev/api/v1/timestamp"}) {
		t.Errorf("%+v, public %v", s, s.Public())
	}
	if _, err := ParseServices("signing_config.json", []byte(config), now.AddDate(2, 0, 0)); err == nil || !strings.Contains(err.Error(), "Rekor") {
		t.Errorf("a log that has ended was taken: %v", err)
	}
	for _, bad := range []string{"", "{}", "[]"} {
		if _, err := ParseServices("signing_config.json", []byte(bad), now); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// What no wait would mend is said at once, with what to do.
func TestWaitForNothing(t *testing.T) {
	s := sealtest.New(t)
	asked := 0
	s.Now = func() time.Time { asked++; return now.Add(time.Duration(asked) * time.Second) }
	k, _ := testKey(t)
	signer := &Signer{Key: k, Services: Services{Authorities: []string{s.Authority}}}
	err := signer.WaitFor(context.Background(), "the run is to be judged as of", now.Add(time.Hour))
	if err == nil || !strings.Contains(err.Error(), "judged as of 2026-11-24T09:00:00Z, and timestamp authority "+s.Authority+" says that it is 2026-11-24T08:00:01Z") || !strings.Contains(err.Error(), "Set this machine's clock right") {
		t.Errorf("got %v", err)
	}
	if asked != 1 {
		t.Errorf("the authority was asked %d times", asked)
	}
	if err := (&Signer{Key: k}).WaitFor(context.Background(), "x", now.Add(time.Hour)); err != nil {
		t.Errorf("with no authority: %v", err)
	}
}
