package seal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trefoil-audit/trefoil/evidence"
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
	Replay    Role = "replay"   // may sign runs that play a recording
	Demo      Role = "demo"     // may sign demonstrations
	Redactor  Role = "redactor" // may sign redacted copies
)

// Trust is a checked trust.yaml: the policy by which signatures count.
type Trust struct {
	Signers   []TrustedSigner // keys, then identities
	Timestamp string          // required, optional
	MaxDelay  time.Duration   // between the last exchange and the token
	Required  []Kind          // of which there must be a signature that counts
	RootName  string          // where the trusted root came from, with its digest; empty: there is none

	thresholds thresholds
	root       *Root
}

// TrustedSigner is one key or one identity of trust.yaml.
type TrustedSigner struct {
	Name      string
	Party     string // who holds it: a firm, an organisation; empty: not said
	Roles     []Role
	MaySign   []Kind
	NotBefore time.Time
	NotAfter  time.Time // zero: no end
	Replaces  string    // the key or identity that it took over from
	SAN       string    // of an identity: the certificate's subject, exactly
	Issuer    string    // of an identity: who vouched for it, exactly
	key       *Key      // of a key; it signs nothing here
}

// Has reports whether the signer has a role.
func (s *TrustedSigner) Has(r Role) bool { return slices.Contains(s.Roles, r) }

// may reports whether the signer's signatures of a kind count.
func (s *TrustedSigner) may(k Kind) bool { return slices.Contains(s.MaySign, k) }

// Anchor names the signer in words.
func (s *TrustedSigner) Anchor() string {
	text := "key " + s.Name
	if s.key == nil {
		text = fmt.Sprintf("identity %s: %s, vouched for by %s", s.Name, s.SAN, s.Issuer)
	}
	if s.Replaces != "" {
		text += " (took over from " + s.Replaces + ")"
	}
	return text
}

// holds reports whether the signer's window holds at an instant.
func (s *TrustedSigner) holds(at time.Time) bool {
	return !at.Before(s.NotBefore) && (s.NotAfter.IsZero() || at.Before(s.NotAfter))
}

// countsAt refuses an instant at which the signer's window does not hold.
func (s *TrustedSigner) countsAt(at time.Time) error {
	if s.holds(at) {
		return nil
	}
	return fmt.Errorf("%w: %s does not count at %s: %s", ErrTime, s.Anchor(), at.Format(time.RFC3339), s.window())
}

// SignerOf finds the entry of a key; nil where there is none.
func (t *Trust) SignerOf(k *Key) *TrustedSigner {
	for i := range t.Signers {
		if known := t.Signers[i].key; known != nil && known.hint == k.hint {
			return &t.Signers[i]
		}
	}
	return nil
}

type trustFile struct {
	Timestamp   string          `yaml:"timestamp"`
	Thresholds  thresholds      `yaml:"thresholds"`
	MaxDelay    string          `yaml:"max_signing_delay"`
	Required    []Kind          `yaml:"required"`
	TrustedRoot rootEntry       `yaml:"trusted_root"`
	Keys        []keyEntry      `yaml:"keys"`
	Identities  []identityEntry `yaml:"identities"`
}

// thresholds are the least numbers of what a signature must carry; nil: one timestamp where one is
// required, and for identities one entry in a log and one promise of a certificate log (SCT) too.
type thresholds struct {
	Timestamps *int   `yaml:"timestamps"`
	LogEntries *int   `yaml:"log_entries"`
	Logged     []Kind `yaml:"log_entries_of"` // of which kinds log entries are wanted; empty: of each
	SCTs       *int   `yaml:"scts"`
}

// maxTrust bounds trust.yaml.
const maxTrust = 8 << 20

// maxThreshold is what a Sigstore bundle can carry.
const maxThreshold = 32

// ParseTrust reads trust.yaml; name stands in errors, which are *strict.FileError. Read gives
// the bytes of a file that it names (trusted_root), relative to it. Unknown fields are errors: a
// misspelt window must not widen trust.
func ParseTrust(name string, text []byte, read func(path string) ([]byte, error)) (*Trust, error) {
	var f trustFile
	c, err := strict.Decode(name, text, maxTrust, &f)
	if err != nil {
		return nil, err
	}
	t := &Trust{Timestamp: f.Timestamp, MaxDelay: time.Hour, Required: f.Required, thresholds: f.Thresholds}
	c.Check(f.Timestamp == "required" || f.Timestamp == "optional", "$.timestamp", "say required or optional, not %q", "optional takes signatures whose times are the signer's own claim, and warns", f.Timestamp)
	if f.MaxDelay != "" {
		t.MaxDelay, err = time.ParseDuration(f.MaxDelay)
		c.Check(err == nil && t.MaxDelay > 0, "$.max_signing_delay", "%q is no duration", "write it as 1h or 30m", f.MaxDelay)
	}
	for path, n := range map[string]*int{"timestamps": f.Thresholds.Timestamps, "log_entries": f.Thresholds.LogEntries, "scts": f.Thresholds.SCTs} {
		c.Check(n == nil || *n >= 0 && *n <= maxThreshold, "$.thresholds."+path, "want a number from 0 to %d", "", maxThreshold)
	}
	for i, k := range f.Thresholds.Logged {
		c.Check(k.valid(), fmt.Sprintf("$.thresholds.log_entries_of[%d]", i), "unknown kind %q", "use some of "+kindWords(), k)
	}
	c.Check(f.Thresholds.Logged == nil || slices.Contains(f.Thresholds.Logged, Run), "$.thresholds.log_entries_of", "the run itself is not among them", "write [run], and what else must be in a log; for no log say log_entries: 0")
	for i, k := range f.Required {
		at := fmt.Sprintf("$.required[%d]", i)
		c.Check(k.valid(), at, "unknown kind %q", "use some of "+kindWords(), k)
		c.Check(k != Report, at, "no run holds a workbook, so none could meet it", "leave it out: `trefoil verify --report FILE` always wants the workbook's signature (may_sign: [report]), or with --reperform the workbook that comes out again")
		c.Check(k != Copy, at, "no run holds a copy, so none could meet it", "leave it out: a redacted copy always needs the signature of a redactor (may_sign: [copy])")
	}
	c.Check(len(f.Keys)+len(f.Identities) > 0, "$.keys", "keys or identities: none is named, so nothing could ever verify", "`trefoil init` writes a trust.yaml with the public half of a key")
	for i := range f.Keys {
		t.add(c, f.Keys[i].check(c, fmt.Sprintf("$.keys[%d]", i)), fmt.Sprintf("$.keys[%d]", i))
	}
	for i := range f.Identities {
		t.add(c, f.Identities[i].check(c, fmt.Sprintf("$.identities[%d]", i)), fmt.Sprintf("$.identities[%d]", i))
	}
	t.parties(c, f)
	if err := c.Err(); err != nil {
		return nil, err
	}
	t.root, t.RootName, err = f.TrustedRoot.load(read)
	c.Check(err == nil, "$.trusted_root", "%v", "name a trusted_root.json of Sigstore; `cosign trusted-root create` makes one", err)
	c.Check(t.root != nil || t.Timestamp != "required", "$.timestamp", "it is required, but no trusted_root names an authority", "name it: trusted_root: trusted_root.json")
	c.Check(t.root != nil || len(f.Identities) == 0, "$.identities", "no trusted_root names the authority that gives them certificates", "name it: trusted_root: trusted_root.json")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return t, nil
}

func kindWords() string {
	var words []string
	for _, k := range Kinds() {
		words = append(words, string(k))
	}
	return strings.Join(words, ", ")
}

// add keeps a signer. No name and no key or identity may stand twice: it would be unclear which
// entry counts.
func (t *Trust) add(c *strict.Checker, s TrustedSigner, at string) {
	c.Check(!slices.ContainsFunc(t.Signers, func(o TrustedSigner) bool { return o.Name == s.Name }), at+".name", "name %q stands twice", "keep one of the two", s.Name)
	c.Check(!slices.ContainsFunc(t.Signers, func(o TrustedSigner) bool {
		return s.key != nil && o.key != nil && s.key.hint == o.key.hint || s.key == nil && o.key == nil && s.SAN == o.SAN && s.Issuer == o.Issuer
	}), at, "the same key or identity stands twice", "keep one entry, with all its roles")
	t.Signers = append(t.Signers, s)
}

// parties checks what entries say of each other: who took over from whom, and that no operator of
// what is audited is also its auditor or collector.
func (t *Trust) parties(c *strict.Checker, f trustFile) {
	for i := range t.Signers {
		s, at := &t.Signers[i], fmt.Sprintf("$.keys[%d]", i)
		if i >= len(f.Keys) {
			at = fmt.Sprintf("$.identities[%d]", i-len(f.Keys))
		}
		if s.Replaces != "" {
			n := slices.IndexFunc(t.Signers, func(o TrustedSigner) bool { return o.Name == s.Replaces })
			c.Check(n >= 0 && n != i, at+".replaces", "there is no other entry named %q", "keep the entry that was replaced: what it signed in its time still counts", s.Replaces)
			c.Check(n < 0 || !t.Signers[n].NotAfter.IsZero(), at+".replaces", "%s was replaced, but its entry has no not_after", "say when it ended", s.Replaces)
		}
		for j := range t.Signers {
			o := &t.Signers[j]
			c.Check(!s.Has(Operator) || s.Party == "" || s.Party != o.Party || !o.Has(Auditor) && !o.Has(Collector), at+".roles",
				"party %q is operator here, and auditor or collector as %s: a self-review threat", "whoever runs what is audited cannot audit it", s.Party, o.Name)
		}
	}
}

// rootEntry is where the trusted root comes from: a path, a path with its digest, or the text.
type rootEntry struct {
	Path   string `yaml:"path"`
	SHA256 string `yaml:"sha256"`
	Inline string `yaml:"inline"`
}

// UnmarshalYAML takes a mere path too.
func (r *rootEntry) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&r.Path) == nil {
		return nil
	}
	r.Path = ""
	type plain rootEntry
	return unmarshal((*plain)(r))
}

// load reads the trusted root, and names it with its digest.
func (r *rootEntry) load(read func(path string) ([]byte, error)) (*Root, string, error) {
	text, name := []byte(r.Inline), "inline"
	switch {
	case r.Path != "" && r.Inline != "":
		return nil, "", fmt.Errorf("say path or inline, not both")
	case r.Path != "":
		b, err := read(r.Path)
		if err != nil {
			return nil, "", err
		}
		text, name = b, r.Path
	case r.Inline == "":
		return nil, "", nil
	}
	digest := evidence.Digest(text)
	if r.SHA256 != "" && r.SHA256 != digest {
		return nil, "", fmt.Errorf("%s: its sha256 is %s, want %s", name, digest, r.SHA256)
	}
	root, err := ParseRoot(name, text)
	return root, name + " (sha256 " + digest + ")", err
}
