package seal

import (
	"slices"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/trefoil-audit/trefoil/evidence/strict"
)

// keyEntry is one of trust.yaml's keys.
type keyEntry struct {
	Name      string `yaml:"name"`
	Party     string `yaml:"party"`
	PublicKey string `yaml:"public_key"`
	Roles     []Role `yaml:"roles"`
	MaySign   []Kind `yaml:"may_sign"`
	NotBefore string `yaml:"not_before"`
	NotAfter  string `yaml:"not_after"`
	Replaces  string `yaml:"replaces"`
}

// identityEntry is one of trust.yaml's identities: the holders of certificates.
type identityEntry struct {
	Name      string `yaml:"name"`
	Party     string `yaml:"party"`
	SAN       string `yaml:"san"`
	Issuer    string `yaml:"issuer"`
	Roles     []Role `yaml:"roles"`
	MaySign   []Kind `yaml:"may_sign"`
	NotBefore string `yaml:"not_before"`
	NotAfter  string `yaml:"not_after"`
	Replaces  string `yaml:"replaces"`
}

func (e *keyEntry) check(c *strict.Checker, at string) TrustedSigner {
	s := TrustedSigner{Name: e.Name, Party: e.Party, Roles: e.Roles, MaySign: e.MaySign, Replaces: e.Replaces}
	public, err := cryptoutils.UnmarshalPEMToPublicKey([]byte(e.PublicKey))
	c.Check(err == nil, at+".public_key", "no public key in PEM", "write it as a block: public_key: | and the lines of NAME.pub, indented")
	if err == nil {
		s.key, err = newKey(public, nil)
		c.Check(err == nil, at+".public_key", "%v", "", err)
	}
	s.check(c, at, e.NotBefore, e.NotAfter)
	return s
}

func (e *identityEntry) check(c *strict.Checker, at string) TrustedSigner {
	s := TrustedSigner{Name: e.Name, Party: e.Party, Roles: e.Roles, MaySign: e.MaySign, Replaces: e.Replaces, SAN: e.SAN, Issuer: e.Issuer}
	c.Check(e.SAN != "" && e.Issuer != "", at, "san and issuer must be said, exactly as they stand in the certificate", "a subject counts only together with who vouched for it")
	s.check(c, at, e.NotBefore, e.NotAfter)
	return s
}

// check checks what keys and identities have in common.
func (s *TrustedSigner) check(c *strict.Checker, at, from, until string) {
	c.Check(s.Name != "" && len(s.Roles) > 0, at, "name and roles must be said", "roles are collector, auditor, operator, replay, demo, redactor")
	for _, r := range s.Roles {
		c.Check(slices.Contains([]Role{Collector, Auditor, Operator, Replay, Demo, Redactor}, r), at+".roles", "unknown role %q", "roles are collector, auditor, operator, replay, demo, redactor", r)
	}
	c.Check(!s.Has(Operator) || !s.Has(Auditor) && !s.Has(Collector), at+".roles", "an operator cannot be auditor or collector too: a self-review threat", "whoever runs what is audited cannot audit it")
	c.Check(len(s.MaySign) > 0, at+".may_sign", "may_sign must be said", "name some of "+kindWords())
	for _, kind := range s.MaySign {
		c.Check(kind.valid(), at+".may_sign", "unknown kind %q", "name some of "+kindWords(), kind)
	}
	s.NotBefore = instant(c, at+".not_before", from)
	s.NotAfter = instant(c, at+".not_after", until)
	c.Check(s.NotAfter.IsZero() || s.NotBefore.Before(s.NotAfter), at+".not_after", "its window ends before it begins", "")
}

func instant(c *strict.Checker, at, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	c.Check(err == nil, at, "%q is no instant", "write it as 2026-11-24T00:00:00Z", text)
	return t.UTC()
}
