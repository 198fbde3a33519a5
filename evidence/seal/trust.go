package seal

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"slices"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// Role is what a signer is in the audit.
type Role string

// The roles. Operator is whoever runs the audited gateways or clouds: as auditor or collector
// they would review themselves, and that is refused.
const (
	Collector Role = "collector"
	Auditor   Role = "auditor"
	Operator  Role = "operator"
	Replay    Role = "replay" // may sign runs that play a recording
	Demo      Role = "demo"   // may sign demonstrations
)

// Trust is a checked trust.yaml.
type Trust struct {
	Keys      []TrustedKey
	Timestamp string        // required, optional
	MaxDelay  time.Duration // between the last exchange and the token
	root      *root.TrustedRoot
}

// TrustedKey is one key of trust.yaml.
type TrustedKey struct {
	Name      string
	Roles     []Role
	MaySign   []Kind
	NotBefore time.Time
	NotAfter  time.Time // zero: no end
	public    *ecdsa.PublicKey
	hint      string
}

type trustFile struct {
	Keys        []keyEntry `yaml:"keys"`
	TrustedRoot string     `yaml:"trusted_root"`
	Timestamp   string     `yaml:"timestamp"`
	MaxDelay    string     `yaml:"max_signing_delay"`
}

type keyEntry struct {
	Name      string `yaml:"name"`
	PublicKey string `yaml:"public_key"`
	Roles     []Role `yaml:"roles"`
	MaySign   []Kind `yaml:"may_sign"`
	NotBefore string `yaml:"not_before"`
	NotAfter  string `yaml:"not_after"`
}

// maxTrust bounds trust.yaml and the files that it names.
const maxTrust = 8 << 20

// ParseTrust reads trust.yaml; name stands in errors. Read gives the bytes of a file that it
// names (trusted_root), relative to it. Errors are *strict.FileError. Unknown fields are errors:
// a misspelt window must not widen trust.
func ParseTrust(name string, text []byte, read func(path string) ([]byte, error)) (*Trust, error) {
	var f trustFile
	tree, err := strict.YAML(name, text, maxTrust, &f)
	if err != nil {
		return nil, err
	}
	fail := func(at, hint, cause string, args ...any) (*Trust, error) {
		return nil, &strict.FileError{File: name, Line: strict.Line(tree, "$."+at), Cause: at + ": " + fmt.Sprintf(cause, args...), Hint: hint}
	}
	t := &Trust{Timestamp: f.Timestamp, MaxDelay: time.Hour}
	if f.Timestamp != "required" && f.Timestamp != "optional" {
		return fail("timestamp", "say required or optional", "%q is neither", f.Timestamp)
	}
	if f.MaxDelay != "" {
		d, err := time.ParseDuration(f.MaxDelay)
		if err != nil || d <= 0 {
			return fail("max_signing_delay", "write it as 1h or 30m", "%q is no duration", f.MaxDelay)
		}
		t.MaxDelay = d
	}
	if len(f.Keys) == 0 {
		return fail("keys", "name at least one key", "none is named, so nothing could ever verify")
	}
	for i, e := range f.Keys {
		at := fmt.Sprintf("keys[%d]", i)
		k, err := e.check()
		if err != nil {
			return fail(at, "`trefoil init` writes a key with comments", "%s: %v", e.Name, err)
		}
		if slices.ContainsFunc(t.Keys, func(o TrustedKey) bool { return o.Name == k.Name || o.hint == k.hint }) {
			return fail(at, "keep one of the two", "%s: the name or the key stands twice", e.Name)
		}
		t.Keys = append(t.Keys, k)
	}
	if f.TrustedRoot != "" {
		b, err := read(f.TrustedRoot)
		if err != nil {
			return fail("trusted_root", "the path is relative to trust.yaml", "%v", err)
		}
		if t.root, err = root.NewTrustedRootFromJSON(b); err != nil {
			return fail("trusted_root", "name a Sigstore trusted root in JSON", "%s: %v", f.TrustedRoot, err)
		}
	}
	if t.Timestamp == "required" && t.root == nil {
		return fail("timestamp", "name one, or say optional", "is required, but no trusted_root names an authority")
	}
	return t, nil
}

func (e keyEntry) check() (TrustedKey, error) {
	k := TrustedKey{Name: e.Name, Roles: e.Roles, MaySign: e.MaySign}
	if e.Name == "" || len(e.Roles) == 0 {
		return k, fmt.Errorf("name and roles must be said")
	}
	for _, r := range e.Roles {
		if !slices.Contains([]Role{Collector, Auditor, Operator, Replay, Demo}, r) {
			return k, fmt.Errorf("unknown role %q", r)
		}
	}
	if slices.Contains(e.Roles, Operator) && (slices.Contains(e.Roles, Auditor) || slices.Contains(e.Roles, Collector)) {
		return k, fmt.Errorf("an operator cannot be auditor or collector too: a self-review threat")
	}
	if len(k.MaySign) == 0 {
		return k, fmt.Errorf("may_sign must be said")
	}
	for _, kind := range k.MaySign {
		if !kind.valid() {
			return k, fmt.Errorf("may_sign: unknown kind %q", kind)
		}
	}
	public, err := cryptoutils.UnmarshalPEMToPublicKey([]byte(e.PublicKey))
	if err != nil {
		return k, fmt.Errorf("public_key: no public key in PEM")
	}
	var ok bool
	if k.public, ok = public.(*ecdsa.PublicKey); !ok || k.public.Curve != elliptic.P256() {
		return k, fmt.Errorf("public_key: want an ECDSA key on P-256")
	}
	if k.hint, err = hintOf(k.public); err != nil {
		return k, err
	}
	if k.NotBefore, err = instant(e.NotBefore); err != nil {
		return k, fmt.Errorf("not_before: %w", err)
	}
	if k.NotAfter, err = instant(e.NotAfter); err != nil {
		return k, fmt.Errorf("not_after: %w", err)
	}
	if !k.NotAfter.IsZero() && !k.NotBefore.Before(k.NotAfter) {
		return k, fmt.Errorf("its window ends before it begins")
	}
	return k, nil
}

func instant(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%q is no instant such as 2026-11-24T00:00:00Z", s)
	}
	return t.UTC(), nil
}
