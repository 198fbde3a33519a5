package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/trefoil-audit/trefoil/cmd/internal/audit"
	"github.com/trefoil-audit/trefoil/evidence/engagement"
	"github.com/trefoil-audit/trefoil/evidence/seal"
)

// signer opens what an engagement says to sign with. Nil, without an error, where it names
// nothing. Paths are relative to the file that says so.
func signer(c *cli.Context, f *engagement.File, config string) (*seal.Signer, error) {
	transport, err := audit.Network(f.Overrides, filepath.Dir(config))
	if err != nil {
		return nil, err
	}
	s := &seal.Signer{Transport: transport}
	if err := services(s, f.Signing, config); err != nil {
		return nil, err
	}
	if f.Signing.Keyless() {
		s.Token = token(f.Signing.Token, config, s)
		return s, nil
	}
	if f.Signing.Key == "" {
		return nil, nil
	}
	s.Key, err = openKey(c, f.Signing, config)
	return s, err
}

// beside is a path relative to a file.
func beside(file, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(file), name)
}

// services fills in who gives certificates, times and log entries: those that the engagement
// names, and no other.
func services(s *seal.Signer, f engagement.Signing, config string) error {
	if f.Services != "" {
		text, err := readBounded(beside(config, f.Services), maxTrustFile)
		if err != nil {
			return fmt.Errorf("signing.services: %w", err)
		}
		all, err := seal.ParseServices(f.Services, text, time.Now())
		if err != nil {
			return fmt.Errorf("signing.services: %w", err)
		}
		s.Services.Authorities = all.Authorities
		if f.Logged() {
			s.Services.Logs, s.LogRun = all.Logs, f.LogEntries == engagement.LogRun
		}
		if f.Keyless() {
			s.Services.Fulcio = all.Fulcio
		}
	}
	if f.Timestamp != "" && f.Timestamp != "none" {
		s.Services.Authorities = []string{f.Timestamp}
	}
	switch {
	case f.Timestamp == "none":
		s.Services.Authorities = nil
	case len(s.Services.Authorities) == 0:
		return lacking(f, "no timestamp authority")
	case f.Logged() && len(s.Services.Logs) == 0:
		return lacking(f, "no Rekor v2 log")
	case f.Keyless() && s.Services.Fulcio == "":
		return lacking(f, "no Fulcio")
	}
	if public := s.Services.Public(); len(public) > 0 && !f.PublicInstance {
		return &codeError{code: exitCould, message: "signing would go to Sigstore's public instance: " + strings.Join(public, ", "),
			hint: "who signs what would be public for ever; say public_instance: true under signing, or name services of your own"}
	}
	if f.TrustedRoot == "" {
		return nil
	}
	text, err := readBounded(beside(config, f.TrustedRoot), maxTrustFile)
	if err != nil {
		return fmt.Errorf("signing.trusted_root: %w", err)
	}
	s.Root, err = seal.ParseRoot(f.TrustedRoot, text)
	return err
}

func lacking(f engagement.Signing, what string) error {
	return &codeError{code: exitCould, message: fmt.Sprintf("profile %s: %s names %s that is valid now", f.Profile, f.Services, what), hint: "complete signing_config.json"}
}

// token says where identity tokens come from.
func token(name, config string, s *seal.Signer) seal.Token {
	switch name {
	case engagement.TokenEnvironment:
		return seal.TokenFromEnvironment()
	case engagement.TokenGitHub:
		return seal.TokenFromGitHub(s.Transport)
	}
	return seal.TokenFromFile(beside(config, name))
}

// openKey opens a key in a file or a service.
func openKey(c *cli.Context, f engagement.Signing, config string) (*seal.Key, error) {
	if seal.IsService(f.Key) {
		return seal.OpenKMS(c.Context, f.Key)
	}
	path, err := keyPath(f.Key, config)
	if err != nil {
		return nil, err
	}
	pem, err := readBounded(path, maxKey)
	if err != nil {
		return nil, &codeError{code: exitCould, message: fmt.Sprintf("signing key: %v", err), hint: "`trefoil init DIR` makes one; engagement.yaml names it under signing.key"}
	}
	file := c.String(passphraseF.Name)
	if file == "" && f.PassphraseFile != "" {
		file = beside(config, f.PassphraseFile)
	}
	passphrase, err := readPassphrase(c, file, "Passphrase of "+path+": ")
	if err != nil {
		return nil, err
	}
	key, err := seal.LoadKey(pem, passphrase)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}
