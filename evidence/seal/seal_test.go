package seal

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
	"github.com/trefoil-audit/trefoil/evidence/strict"
)

var (
	file = []byte("the run")
	now  = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
)

func testKey(t testing.TB) (*Key, string) {
	t.Helper()
	k, err := EphemeralKey()
	if err != nil {
		t.Fatal(err)
	}
	pem, err := k.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	return k, pem
}

// trustText is a trust.yaml with one key; extra lines are fields of the key.
func trustText(pem, roles, sign string, extra ...string) string {
	text := "timestamp: optional\nkeys:\n  - name: firm\n    roles: [" + roles + "]\n    may_sign: [" + sign + "]\n    public_key: |\n"
	for line := range strings.Lines(pem) {
		text += "      " + line
	}
	for _, e := range extra {
		text += "    " + e + "\n"
	}
	return text
}

func parseText(text string) (*Trust, error) {
	return ParseTrust("trust.yaml", []byte(text), func(string) ([]byte, error) { return nil, errors.New("no file") })
}

func mustTrust(t testing.TB, text string) *Trust {
	t.Helper()
	trust, err := parseText(text)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func mustSign(t testing.TB, k *Key, kind Kind, b []byte) []byte {
	t.Helper()
	s := Signer{Key: k}
	out, err := s.Sign(context.Background(), kind, "run.json", evidence.Digest(b), map[string]string{"by": "test"})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSignAndVerify(t *testing.T) {
	k, pem := testKey(t)
	sig := mustSign(t, k, Run, file)
	s, err := mustTrust(t, trustText(pem, "collector", "run, bundle")).Verify(Run, evidence.Digest(file), sig, At(now))
	if err != nil {
		t.Fatal(err)
	}
	if s.Signer.Name != "firm" || s.Files[0].Name != "run.json" || string(s.Predicate) != `{"by":"test"}` || !s.Time.IsZero() {
		t.Errorf("%+v", s)
	}
}

func TestRefusals(t *testing.T) {
	k, pem := testKey(t)
	other, otherPEM := testKey(t)
	sig := mustSign(t, k, Run, file)
	all := "run, bundle, judgement, report, countersignature, verdict, gap"
	for name, c := range map[string]struct {
		trust string
		kind  Kind
		file  []byte
		sig   []byte
		want  error
	}{
		"other bytes":       {trustText(pem, "collector", all), Run, []byte("another run"), sig, ErrSignature},
		"other kind":        {trustText(pem, "collector", all), Bundle, file, sig, ErrSignature},
		"unknown key":       {trustText(otherPEM, "collector", all), Run, file, sig, ErrUntrusted},
		"may not sign it":   {trustText(pem, "collector", "bundle"), Run, file, sig, ErrUntrusted},
		"before its window": {trustText(pem, "collector", all, "not_before: 2026-12-01T00:00:00Z"), Run, file, sig, ErrTime},
		"after its window":  {trustText(pem, "collector", all, "not_after: 2026-11-01T00:00:00Z"), Run, file, sig, ErrTime},
		"nothing":           {trustText(pem, "collector", all), Run, file, nil, ErrFormat},
		"not canonical":     {trustText(pem, "collector", all), Run, file, append(bytes.Clone(sig), '\n'), ErrFormat},
		"forged hint":       {trustText(pem, "collector", all), Run, file, reHint(t, mustSign(t, other, Run, file), other, k), ErrSignature},
	} {
		if _, err := mustTrust(t, c.trust).Verify(c.kind, evidence.Digest(c.file), c.sig, At(now)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// reHint puts one key's hint on a signature by another.
func reHint(t *testing.T, sig []byte, from, to *Key) []byte {
	t.Helper()
	if !bytes.Contains(sig, []byte(from.hint)) {
		t.Fatal("the signature does not carry its key's hint")
	}
	return bytes.Replace(sig, []byte(from.hint), []byte(to.hint), 1)
}

// Every flipped bit, cut and added byte of a signature file is refused.
func TestDamage(t *testing.T) {
	k, pem := testKey(t)
	sig := mustSign(t, k, Run, file)
	trust := mustTrust(t, trustText(pem, "collector", "run"))
	for i := range sig {
		for bit := range 8 {
			bad := bytes.Clone(sig)
			bad[i] ^= 1 << bit
			if _, err := trust.Verify(Run, evidence.Digest(file), bad, At(now)); err == nil {
				t.Errorf("bit %d of byte %d flipped: accepted", bit, i)
			}
		}
		if _, err := trust.Verify(Run, evidence.Digest(file), sig[:i], At(now)); err == nil {
			t.Errorf("cut at %d: accepted", i)
		}
	}
}

func TestTimestampCannotBeHad(t *testing.T) {
	k, _ := testKey(t)
	s := Signer{Key: k, Services: Services{Authorities: []string{"http://127.0.0.1:1/api/v1/timestamp"}}}
	if _, err := s.Sign(context.Background(), Run, "run.json", evidence.Digest(file), nil); err == nil {
		t.Error("a signature without the time that was asked for")
	}
}

func TestTrustRefusals(t *testing.T) {
	_, pem := testKey(t)
	_, other := testKey(t)
	good := trustText(pem, "collector", "run")
	for name, c := range map[string]struct{ text, want string }{
		"unknown field":        {good + "threshold: 1\n", "threshold"},
		"no keys":              {"timestamp: optional\n", "keys"},
		"no timestamp":         {strings.Replace(good, "timestamp: optional", "timestamp: maybe", 1), "timestamp"},
		"required":             {strings.Replace(good, "optional", "required", 1), "trusted_root"},
		"self-review":          {trustText(pem, "operator, auditor", "run"), "self-review"},
		"self-review 2":        {trustText(pem, "operator, collector", "run"), "self-review"},
		"unknown role":         {trustText(pem, "king", "run"), "king"},
		"unknown kind":         {trustText(pem, "collector", "everything"), "everything"},
		"signs nothing":        {trustText(pem, "collector", ""), "may_sign"},
		"bad key":              {trustText("hello\n", "collector", "run"), "public_key"},
		"bad window":           {trustText(pem, "collector", "run", "not_before: yesterday"), "not_before"},
		"inverted window":      {trustText(pem, "collector", "run", "not_before: 2026-02-01T00:00:00Z", "not_after: 2026-01-01T00:00:00Z"), "ends before"},
		"twice":                {good + strings.TrimPrefix(good, "timestamp: optional\nkeys:\n"), "twice"},
		"bad delay":            {good + "max_signing_delay: soon\n", "max_signing_delay"},
		"party reviews itself": {trustText(pem, "operator", "run", "party: them") + "identities:\n  - {name: us, party: them, roles: [auditor], may_sign: [run], san: a, issuer: b}\n", "self-review"},
		"no issuer":            {good + "identities:\n  - {name: us, roles: [auditor], may_sign: [run], san: a}\n", "san and issuer"},
		"no authority":         {good + "identities:\n  - {name: us, roles: [auditor], may_sign: [run], san: a, issuer: b}\n", "trusted_root"},
		"identity twice":       {good + "identities:\n  - {name: us, roles: [auditor], may_sign: [run], san: a, issuer: b}\n  - {name: them, roles: [auditor], may_sign: [run], san: a, issuer: b}\n", "twice"},
		"replaces nobody":      {trustText(pem, "collector", "run", "replaces: old"), "old"},
		"replaces itself":      {trustText(pem, "collector", "run", "replaces: firm"), "firm"},
		"replaced and endless": {trustText(pem, "collector", "run", "replaces: old") + "  - name: old\n" + strings.TrimPrefix(trustText(other, "collector", "run"), "timestamp: optional\nkeys:\n  - name: firm\n"), "not_after"},
		"bad threshold":        {good + "thresholds: {timestamps: -1}\n", "thresholds.timestamps"},
		"nested misspelling":   {good + "trusted_root: {pth: root.json}\n", "pth"},
		"path and inline":      {good + "trusted_root: {path: root.json, inline: x}\n", "not both"},
		"other digest":         {good + "trusted_root: {inline: x, sha256: \"00\"}\n", "its sha256 is"},
		"unknown required":     {good + "required: [blessing]\n", "blessing"},
		"required report":      {good + "required: [report]\n", "required[0]: no run holds a workbook"},
		"required copy":        {good + "required: [run, copy]\n", "required[1]: no run holds a copy"},
		"logged without runs":  {good + "thresholds: {log_entries_of: [bundle]}\n", "thresholds.log_entries_of: the run itself is not among them"},
		"logged none":          {good + "thresholds: {log_entries_of: []}\n", "thresholds.log_entries_of"},
		"logged unknown":       {good + "thresholds: {log_entries_of: [run, blessing]}\n", "thresholds.log_entries_of[1]"},
		"missing root":         {good + "trusted_root: root.json\n", "trusted_root"},
	} {
		_, err := parseText(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "trust.yaml:") {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestKeyFile(t *testing.T) {
	if _, _, err := GenerateKey(nil); err == nil {
		t.Error("an empty passphrase was taken")
	}
	private, public, err := GenerateKey([]byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(private, []byte("ENCRYPTED")) {
		t.Error("the private key lies open")
	}
	if _, err := LoadKey(private, []byte("wrong")); err == nil {
		t.Error("a wrong passphrase opened the key")
	}
	k, err := LoadKey(private, []byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	if pem, _ := k.PublicPEM(); pem != string(public) {
		t.Error("the public half is not that of the file")
	}
}

func FuzzVerify(f *testing.F) {
	k, pem := testKey(f)
	trust := mustTrust(f, trustText(pem, "collector", "run"))
	good := mustSign(f, k, Run, file)
	f.Add(good)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := trust.Verify(Run, evidence.Digest(file), b, At(now)); err == nil && !bytes.Equal(b, good) {
			t.Fatalf("accepted %q", b)
		}
		if _, err := trust.VerifySeal(evidence.Digest(file), b, At(now)); err == nil {
			t.Fatalf("accepted as a seal: %q", b)
		}
	})
}

func FuzzTrust(f *testing.F) {
	_, pem := testKey(f)
	f.Add(trustText(pem, "collector", "run"))
	f.Add("timestamp: optional\nkeys: [{}]")
	f.Fuzz(func(t *testing.T, text string) {
		trust, err := parseText(text)
		var fault *strict.FileError
		if err != nil && !errors.As(err, &fault) {
			t.Fatalf("an error of no known type: %v", err)
		}
		if err == nil && len(trust.Signers) == 0 {
			t.Fatal("trust in nobody was taken")
		}
	})
}
