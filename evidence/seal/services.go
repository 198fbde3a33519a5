package seal

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
)

// Services are where signatures get their certificates, times and log entries.
type Services struct {
	Fulcio      string   // issues certificates for identities; empty: none
	Authorities []string // RFC 3161
	Logs        []string // Rekor v2
}

// ParseServices reads a signing_config.json (Sigstore's SigningConfig v0.2) and picks the services
// that are valid at that time. Name stands in errors. It is for the caller to say which of them
// the profile needs.
func ParseServices(name string, text []byte, at time.Time) (*Services, error) {
	config, err := root.NewSigningConfigFromJSON(text)
	if err != nil {
		return nil, fmt.Errorf("%s: is no signing_config.json of Sigstore: %w", name, err)
	}
	s := &Services{}
	if all := config.FulcioCertificateAuthorityURLs(); len(all) > 0 {
		one, err := root.SelectService(all, sign.FulcioAPIVersions, at)
		if err != nil {
			return nil, fmt.Errorf("%s: Fulcio: %w", name, err)
		}
		s.Fulcio = one.URL
	}
	if s.Authorities, err = pick(config.TimestampAuthorityURLs(), config.TimestampAuthorityURLsConfig(), sign.TimestampAuthorityAPIVersions, at); err != nil {
		return nil, fmt.Errorf("%s: timestamp authority: %w", name, err)
	}
	if s.Logs, err = pick(config.RekorLogURLs(), config.RekorLogURLsConfig(), []uint32{logVersion}, at); err != nil {
		return nil, fmt.Errorf("%s: Rekor v2 log: %w", name, err)
	}
	return s, nil
}

func pick(all []root.Service, how root.ServiceConfiguration, versions []uint32, at time.Time) ([]string, error) {
	if len(all) == 0 {
		return nil, nil
	}
	picked, err := root.SelectServices(all, how, versions, at)
	if err != nil {
		return nil, err
	}
	var urls []string
	for _, s := range picked {
		urls = append(urls, s.URL)
	}
	return urls, nil
}

// Public lists the services that belong to Sigstore's public instance: what goes there, the
// signer's identity and the digest of the evidence, stays public for ever.
func (s *Services) Public() []string {
	var out []string
	for _, text := range append(append([]string{s.Fulcio}, s.Authorities...), s.Logs...) {
		u, err := url.Parse(text)
		if err != nil {
			continue
		}
		if host := u.Hostname(); host == "sigstore.dev" || strings.HasSuffix(host, ".sigstore.dev") {
			out = append(out, text)
		}
	}
	return out
}

// Root is a trusted_root.json: certificate authorities, timestamp authorities and logs, each with
// the time for which it counts.
type Root struct{ material *root.TrustedRoot }

// ParseRoot reads a trusted_root.json. Name stands in errors.
func ParseRoot(name string, text []byte) (*Root, error) {
	material, err := root.NewTrustedRootFromJSON(text)
	if err != nil {
		return nil, fmt.Errorf("%s: is no trusted_root.json of Sigstore: %w", name, err)
	}
	return &Root{material}, nil
}
