package engagement

import "slices"

// Profiles of signing: with what a signature is made, timed and logged.
const (
	KeyTime         = "key+tsa" // the default; untimed where timestamp says none
	KeyTimeLog      = "key+tsa+rekor"
	IdentityTimeLog = "keyless+tsa+rekor"
)

// Of which signatures entries go to the log.
const (
	LogEach = "each" // the default
	LogRun  = "run"  // of the run's own
)

// Where identity tokens come from, beside a file.
const (
	TokenEnvironment = "environment" // SIGSTORE_ID_TOKEN
	TokenGitHub      = "github-actions"
)

// Signing says how the run is signed. Nothing is taken for granted: who gives the time must be
// said, also that nobody does.
type Signing struct {
	Profile        string `yaml:"profile"`
	Key            string `yaml:"key"` // a name, a path, or a key in a service: awskms://, gcpkms://, azurekms://, hashivault://, X:// by the program sigstore-kms-X
	PassphraseFile string `yaml:"passphrase_file"`
	Timestamp      string `yaml:"timestamp"`       // URL of an RFC 3161 authority, none, or empty: those of services
	Services       string `yaml:"services"`        // path of a signing_config.json of Sigstore
	TrustedRoot    string `yaml:"trusted_root"`    // path of a trusted_root.json: each signature is checked by it before it counts
	LogEntries     string `yaml:"log_entries"`     // with a log: each signature, or that of the run alone
	Token          string `yaml:"token"`           // keyless: environment, github-actions, or the path of a file that holds an identity token
	PublicInstance bool   `yaml:"public_instance"` // signer and digests may go to Sigstore's public instance, where they stay for ever
}

// Keyless reports whether the signer is an identity.
func (s *Signing) Keyless() bool { return s.Profile == IdentityTimeLog }

// Logged reports whether signatures go to a transparency log.
func (s *Signing) Logged() bool { return s.Profile != KeyTime }

// Untimed reports whether nobody but the signer vouches for times.
func (s *Signing) Untimed() bool { return s.Timestamp == "none" }

// Check checks what a command's flags say; it is an error of the flags, without file and line.
func (s *Signing) Check() error {
	c := &faults{name: "signing"}
	s.check(c, "$")
	if c.err == nil {
		return nil
	}
	return c.err
}

func (s *Signing) check(c *faults, at string) {
	if s.Profile == "" {
		s.Profile = KeyTime
	}
	c.check(slices.Contains([]string{KeyTime, KeyTimeLog, IdentityTimeLog}, s.Profile), at+".profile", "%q is no profile", "use key+tsa, key+tsa+rekor or keyless+tsa+rekor", s.Profile)
	c.check(!s.Logged() || s.Services != "", at+".services", "profile %s needs services", "name a signing_config.json of Sigstore: which log, and for keyless which Fulcio", s.Profile)
	c.check(s.Timestamp != "" || s.Services != "", at+".timestamp", "must be said", "name the URL of an RFC 3161 authority, or write none; or name services")
	c.check(s.Timestamp == "" || s.Timestamp == "none" || isURL(s.Timestamp), at+".timestamp", "%q is neither a URL nor none", "write it as https://host/path", s.Timestamp)
	c.check(!s.Logged() || s.Timestamp != "none", at+".timestamp", "profile %s takes a time from an authority", "leave timestamp out: services name the authority", s.Profile)
	c.check(!s.Logged() || s.TrustedRoot != "", at+".trusted_root", "profile %s needs a trusted_root", "name a trusted_root.json: what comes back from the services is checked by it before it counts", s.Profile)
	c.check(s.LogEntries == "" || s.LogEntries == LogEach || s.LogEntries == LogRun, at+".log_entries", "%q says not of what", "write each, or run: the log then has one entry a run", s.LogEntries)
	c.check(s.LogEntries == "" || s.Logged(), at+".log_entries", "profile %s has no log", "leave it out, or use key+tsa+rekor or keyless+tsa+rekor", s.Profile)
	c.check(!s.Keyless() || s.Token != "", at+".token", "profile %s needs an identity token", "write environment (SIGSTORE_ID_TOKEN), github-actions, or the path of a file", s.Profile)
	c.check(!s.Keyless() || s.Key == "", at+".key", "profile %s makes its own keys", "leave key out, or use key+tsa+rekor", s.Profile)
	c.check(s.Keyless() || s.Token == "", at+".token", "profile %s signs with a key, not with an identity", "leave token out, or use keyless+tsa+rekor", s.Profile)
}
